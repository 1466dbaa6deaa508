"""What the loops of an engine do when something goes wrong that nobody has foreseen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from athena.engine import Engine, Finished, RunContext
from athena.engine.keeping import Kept
from athena.kit.db import Database
from tests.engine.conftest import House


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    engine = Engine(database, lease_seconds=3, grace_seconds=0.2)
    yield House(engine, database)
    await engine.stop()


async def work(_: RunContext) -> Finished:
    return Finished("done")


async def rename(database: Database, former: str, new: str) -> None:
    """PgQueuer looks for the index when it begins, and refuses to go on without it."""
    async with database.system() as session:
        await session.execute("SET LOCAL ROLE NONE")
        await session.execute(f"ALTER INDEX {former} RENAME TO {new}")


async def test_the_dispatcher_goes_on_after_an_error_that_is_not_the_drivers(house: House, database: Database) -> None:
    index = "pgqueuer_log_job_id_status"
    await rename(database, index, "elsewhere")
    try:
        await house.engine.start()
        async with asyncio.timeout(20):
            while house.engine.failures["dispatcher"] < 2:  # noqa: ASYNC110 - nobody waits for a failure
                await asyncio.sleep(0.01)
        assert house.engine.problems == ["dispatcher (RuntimeError)"]
    finally:
        await rename(database, "elsewhere", index)
    run = await house.accept(work, begin_here=False)
    assert (await house.result(run)).output == "done"
    async with asyncio.timeout(20):
        while house.engine.problems:  # noqa: ASYNC110 - nor for the end of one
            await asyncio.sleep(0.05)


async def test_a_loop_is_over_when_it_returns_and_begun_again_when_it_fails() -> None:
    times = 0

    async def loop() -> None:
        nonlocal times
        times += 1
        if times < 3:
            raise LookupError

    kept = Kept("loop", loop)
    assert kept.problem is None
    await kept.task
    assert (times, kept.failures, kept.problem) == (3, 2, "LookupError")

"""Whoever ends takes along what it has started and waited for, and what that has started in turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from athena.engine import Engine, Finished, RunContext, RunFailed
from athena.engine.models import PARENT_LABEL
from athena.kit.db import Database
from tests.engine.conftest import House


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    """With a lease that is longer than any test: what is found within it is not found by chance."""
    engine = Engine(database, lease_seconds=60, grace_seconds=0.2)
    await engine.start()
    yield House(engine, database)
    await engine.stop()


async def waits(run: RunContext) -> Finished:
    await run.wait_for_signal("never")
    return Finished({})


async def works(run: RunContext) -> Finished:
    await asyncio.sleep(60)
    return Finished({})


async def child(house: House, parent: UUID, function: Any = waits) -> UUID:
    run = await house.accept(function, labels={PARENT_LABEL: str(parent)})
    await house.until(run, "waiting" if function is waits else "running")
    return run


async def statuses(house: House, *runs: UUID) -> list[str]:
    return [(await house.result(run)).status for run in runs]


@pytest.mark.parametrize("function", [waits, works])
async def test_what_a_cancelled_run_has_started_is_cancelled_down_to_the_last(house: House, function: Any) -> None:
    parent = await child(house, UUID(int=0), function)
    waiting, working = await child(house, parent), await child(house, parent, works)
    below = [await child(house, waiting, works), await child(house, working)]
    lowest = await child(house, below[1], works)
    apart = await child(house, UUID(int=1))
    assert await house.cancel(parent)
    assert await statuses(house, parent, waiting, working, *below, lowest) == ["cancelled"] * 6
    assert await house.status(apart) == "waiting"


async def test_so_it_is_when_the_time_is_up_or_the_run_fails(house: House) -> None:
    async def fails(run: RunContext) -> Finished:
        await run.wait_for_signal("go")
        raise RunFailed("broken", "It broke.")

    late = await house.accept(works, deadline_seconds=0.2)
    failing = await house.accept(fails)
    below = [await child(house, late), await child(house, failing, works)]
    await house.signal(failing, "go")
    assert await statuses(house, late, failing, *below) == ["failed", "failed", "cancelled", "cancelled"]


async def test_so_it_is_when_the_run_was_interrupted_too_often(house: House) -> None:
    parent = await house.accept(waits)
    await house.until(parent, "waiting")
    below = await child(house, parent)
    async with house.session() as session:
        await session.execute("UPDATE runs SET status = 'running', attempts = 10 WHERE uuid = $1", parent)
        await session.execute("SELECT engine_job(workspace_uuid, uuid, '0', false) FROM runs WHERE uuid = $1", parent)
    assert await statuses(house, parent, below) == ["failed", "cancelled"]


async def test_a_run_that_succeeds_or_goes_on_leaves_the_others_alone(house: House) -> None:
    async def succeeds(run: RunContext) -> Finished:
        await run.wait_for_signal("go")
        return Finished({})

    parent, failed = await house.accept(succeeds), await house.accept(works)
    below = await child(house, parent)
    await house.cancel(failed)
    assert await statuses(house, failed) == ["cancelled"]
    assert await statuses_now(house, parent, below) == ["waiting", "waiting"]


async def statuses_now(house: House, *runs: UUID) -> list[str]:
    return [await house.status(run) for run in runs]


async def test_what_was_left_behind_by_a_process_that_died_is_found(house: House, database: Database) -> None:
    parent = await house.accept(waits)
    below = await child(house, parent)
    lowest = await child(house, below)
    async with house.session() as session:
        await session.execute("UPDATE runs SET status = 'cancelled', finished_at = now() WHERE uuid = $1", parent)
    other = Engine(database, lease_seconds=3)
    other.register((await kind_of(house, below)), waits)
    other.register((await kind_of(house, lowest)), waits)
    await other.start()
    try:
        assert await statuses(house, below, lowest) == ["cancelled", "cancelled"]
    finally:
        await other.stop()


async def kind_of(house: House, run: UUID) -> str:
    async with house.session() as session:
        return await session.value("SELECT kind FROM runs WHERE uuid = $1", run)

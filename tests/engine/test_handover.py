"""A process that is told to end gives its runs to others, each at its next step: nothing is done twice."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from uuid import UUID

import pytest

from athena.engine import Engine, Event, Finished, RunContext, StepResult, StoredEvent
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from tests.engine.conftest import House, data
from tests.engine.history import calls_of
from tests.engine.theatre import Theatre

NEVER = 600.0
"""A lease that is longer than any test: what changes hands within it was handed over."""


@pytest.mark.durability
async def test_a_terminated_process_hands_each_run_over_at_its_next_step(theatre: Theatre) -> None:
    first = await theatre.start(lease=NEVER, grace=NEVER)
    quick, slow = new_uuid(), new_uuid()
    for run in (quick, slow):
        await first.do("accept", theatre.workspace, run, "relay")
        await called(theatre, run, "first")
    second = await theatre.start(lease=NEVER)
    first.signal(signal.SIGTERM)
    await there(Path(f"{theatre.calls}.ending"))

    gate(theatre, quick, "first")
    await called(theatre, quick, "second")
    gate(theatre, quick, "second")
    assert [data(event)["lease"] for event in await legs(theatre, quick)] == [1, 2], "two processes, a step each"
    async with theatre.database.system() as session:
        assert await session.value("SELECT lease_number FROM runs WHERE uuid = $1 AND status = 'running'", slow) == 1

    gate(theatre, slow, "first")
    gate(theatre, slow, "second")
    assert [data(event)["lease"] for event in await legs(theatre, slow)] == [1, 2]
    assert calls_of(theatre.calls, quick) == calls_of(theatre.calls, slow) == ["first", "second"]
    await first.died()
    await second.stop()


async def test_a_run_with_branches_is_handed_over_when_none_is_in_a_step(database: Database) -> None:
    called: list[str] = []
    both, go = asyncio.Event(), asyncio.Event()

    async def work(ctx: RunContext) -> Finished:
        async def branch(name: str) -> None:
            async def call(_: int) -> StepResult:
                called.append(name)
                if len(called) == 2:
                    both.set()
                if name == "long":
                    await go.wait()
                elif name == "short":
                    await both.wait()
                return StepResult(name, [Event("done", {"name": name})])

            await ctx.step(name, call, started=Event("begun", {}), repeatable=False)

        async def short() -> None:
            await branch("short")
            await branch("after")

        await asyncio.gather(branch("long"), short())
        return Finished()

    engine = Engine(database, lease_seconds=NEVER, grace_seconds=NEVER)
    await engine.start()
    house = House(engine, database)
    run = await house.accept(work)
    await both.wait()
    stopping = asyncio.create_task(engine.stop())
    other = Engine(database, lease_seconds=NEVER)
    async with house.session() as session:
        other.register(await session.value("SELECT kind FROM runs WHERE uuid = $1", run), work)
    await other.start()
    go.set()
    await stopping
    assert (await other.result(house.workspace, run, 20)).status == "succeeded"
    await other.stop()
    assert sorted(called) == ["after", "long", "short"]


async def test_a_step_that_outlasts_the_grace_is_begun_again_elsewhere(house: House, database: Database) -> None:
    begun = asyncio.Event()

    async def work(ctx: RunContext) -> Finished:
        async def call(attempt: int) -> StepResult:
            begun.set()
            if attempt == 1:
                await asyncio.sleep(60)
            return StepResult(attempt, [Event("done", {})])

        return Finished(await ctx.step("call", call, started=Event("begun", {})))

    run = await house.accept(work)
    await begun.wait()
    other = Engine(database, lease_seconds=NEVER)
    async with house.session() as session:
        other.register(await session.value("SELECT kind FROM runs WHERE uuid = $1", run), work)
    await other.start()
    await house.engine.stop()
    assert house.engine.problems == ["the process is about to end"]
    assert (await other.result(house.workspace, run, 20)).output == 2
    await other.stop()


def gate(theatre: Theatre, run: UUID, step: str) -> None:
    Path(f"{theatre.calls}.{run}.{step}").touch()


async def there(path: Path) -> None:
    async with asyncio.timeout(20):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
            await asyncio.sleep(0.01)


async def called(theatre: Theatre, run: UUID, step: str) -> None:
    async with asyncio.timeout(20):
        while step not in calls_of(theatre.calls, run):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)


async def legs(theatre: Theatre, run: UUID) -> list[StoredEvent]:
    return [event for event in await theatre.story(run) if event.type == "leg.completed"]

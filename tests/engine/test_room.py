"""How many runs a process is at work on at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from athena.engine import PARENT_LABEL, Engine, Finished, RunContext
from athena.kit.db import Database
from tests.engine.conftest import House

MOST = 2


@pytest.fixture
async def small(database: Database) -> AsyncIterator[House]:
    """A house whose engine has room for few runs."""
    engine = Engine(database, lease_seconds=3, grace_seconds=0.2, max_concurrent_runs=MOST)
    await engine.start()
    yield House(engine, database)
    await engine.stop()


async def test_a_process_is_at_work_on_no_more_runs_than_it_may_be(small: House) -> None:
    at_work: set[object] = set()
    most = 0

    async def work(run: RunContext) -> Finished:
        nonlocal most
        at_work.add(run.run_uuid)
        most = max(most, len(at_work))
        await asyncio.sleep(0.02)
        at_work.discard(run.run_uuid)
        return Finished()

    runs = [await small.accept(work, begin_here=False) for _ in range(5 * MOST)]
    assert {(await small.result(run)).status for run in runs} == {"succeeded"}
    assert most == MOST


async def test_what_one_process_has_no_room_for_is_begun_by_another(small: House, database: Database) -> None:
    go = asyncio.Event()

    async def long(_: RunContext) -> Finished:
        await go.wait()
        return Finished()

    async def short(_: RunContext) -> Finished:
        return Finished()

    long_runs = [await small.accept(long, begin_here=False) for _ in range(MOST)]
    for run in long_runs:
        await small.until(run, "running")
    small.engine.register("test.short", short)
    short_runs = [await small.accept_kind("test.short", begin_here=False) for _ in range(3 * MOST)]
    other = Engine(database, lease_seconds=3, grace_seconds=0.2)
    other.register("test.short", short)
    await other.start()
    assert {(await small.result(run)).status for run in short_runs} == {"succeeded"}
    assert {await small.status(run) for run in long_runs} == {"running"}
    go.set()
    assert {(await small.result(run)).status for run in long_runs} == {"succeeded"}
    await other.stop()


async def test_a_process_without_room_stops_at_once(small: House) -> None:
    async def forever(_: RunContext) -> Finished:
        await asyncio.sleep(60)
        return Finished()

    for run in [await small.accept(forever, begin_here=False) for _ in range(MOST)]:
        await small.until(run, "running")
    async with asyncio.timeout(5):
        await small.engine.stop()


async def test_runs_that_wait_for_those_that_they_start_do_not_wait_for_ever(small: House) -> None:
    async def child(_: RunContext) -> Finished:
        return Finished({"said": "child"})

    small.engine.register("test.child", child)

    async def parent(run: RunContext) -> Finished:
        labels = {PARENT_LABEL: str(run.run_uuid)}
        begun = await small.accept_kind("test.child", labels=labels)
        return Finished((await small.result(begun)).output)

    runs = [await small.accept(parent, begin_here=False) for _ in range(MOST)]
    assert [(await small.result(run)).output for run in runs] == [{"said": "child"}] * MOST

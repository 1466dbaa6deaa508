"""Processes killed and frozen, the database stopped hard: every run still has one true history."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import aclosing
from pathlib import Path
from uuid import UUID

import pytest

from athena.engine import Engine, StoredEvent
from athena.engine.crash_points import NAMES
from athena.kit.db import Database
from athena.kit.errors import Conflict, Unavailable
from athena.kit.ids import new_uuid
from athena.postgres import EmbeddedPostgres
from athena.tables import migrate
from tests.engine.history import calls_of
from tests.engine.theatre import LEASE, Nursery, Theatre
from tests.engine.worker_program import Story

pytestmark = pytest.mark.durability


async def test_twenty_kills_in_the_middle_of_a_stream(theatre: Theatre):
    moments = random.Random(20)
    worker = await theatre.start()
    for _ in range(20):
        run = new_uuid()
        watching = asyncio.create_task(theatre.story(run))
        await worker.do("accept", theatre.workspace, run)
        watching.cancel()
        watching = asyncio.create_task(theatre.story(run))
        await asyncio.sleep(moments.uniform(0.0, 0.26))
        await worker.kill()
        worker = await theatre.start()
        await theatre.check(run, await watching)
        calls = calls_of(theatre.calls, run)
        assert calls.count("plan") <= 2
        assert calls.count("tell") <= 2, "the model is called again at most once"
    await worker.stop()


@pytest.mark.parametrize("point", sorted(NAMES))
async def test_a_kill_at_each_crash_point(theatre: Theatre, point: str):
    run = new_uuid()
    if point.startswith("takeover"):
        first = await theatre.start()
        await first.do("accept", theatre.workspace, run)
        await asyncio.sleep(0.1)
        await first.kill()
    handed_over = point.startswith("handover")
    victim = await theatre.start(
        "flush." + point[6:] + ":5" if point.startswith("flush") else point, grace=0.0 if handed_over else 0.2
    )
    if point.startswith("started"):
        await theatre.queue(run)
    elif not point.startswith("takeover"):
        await victim.do("accept", theatre.workspace, run)
    if handed_over:
        await asyncio.sleep(0.05)
        victim.signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        await victim.died()
    last = await theatre.start()
    await theatre.check(run, await theatre.story(run))
    calls = calls_of(theatre.calls, run)
    assert calls.count("plan") <= 2
    assert calls.count("tell") <= 2
    if point == "result.committed":
        assert calls.count("plan") == 1, "a step whose result is known is not called again"
    if point == "end.committed":
        assert calls == ["plan", "tell"]
    await last.stop()


async def test_a_frozen_worker_writes_nothing_when_it_thaws(theatre: Theatre):
    frozen, other = await theatre.start(), await theatre.load()
    run = new_uuid()
    await frozen.do("accept", theatre.workspace, run)
    await asyncio.sleep(0.1)
    frozen.signal(signal.SIGSTOP)
    await other.do("start")
    events = await theatre.story(run)
    await theatre.check(run, events)
    async with theatre.database.system() as session:
        before = await session.fetch("SELECT * FROM run_events WHERE run_uuid = $1 ORDER BY id", run)
        row = await session.fetch_one("SELECT * FROM runs WHERE uuid = $1", run)
    frozen.signal(signal.SIGCONT)
    await asyncio.sleep(1.5)
    async with theatre.database.system() as session:
        assert await session.fetch("SELECT * FROM run_events WHERE run_uuid = $1 ORDER BY id", run) == before
        assert await session.fetch_one("SELECT * FROM runs WHERE uuid = $1", run) == row
    # It is a good worker again.
    await other.stop()
    again = new_uuid()
    await frozen.do("accept", theatre.workspace, again)
    await theatre.check(again, await theatre.story(again))
    await frozen.stop()


async def test_the_database_stopped_hard_five_times(nursery: Nursery, tmp_path: Path):
    with EmbeddedPostgres.start(tmp_path / "stopped") as server:
        await migrate(server.url)
        database = await Database.open(server.url, size=6)
        engine = Engine(database, lease_seconds=LEASE)
        engine.register("story", Story(tmp_path / "calls").run)
        await engine.start()
        theatre = Theatre(server.url, database, nursery, engine, tmp_path / "calls")
        runs: list[UUID] = []
        stories: list[asyncio.Task[list[StoredEvent]]] = []
        for number in range(5):
            for _ in range(3):
                runs.append(new_uuid())
                await accept_when_there(theatre, runs[-1])
                stories.append(asyncio.create_task(patient_story(theatre, runs[-1])))
            await asyncio.sleep(0.05 + 0.04 * number)
            os.kill(server.pid, signal.SIGKILL if number % 2 else signal.SIGQUIT)
            while server.running:  # noqa: ASYNC110 - what changes is another process
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            server.ensure_running()
        for run, story in zip(runs, stories, strict=True):
            await theatre.check(run, await story)
            calls = calls_of(theatre.calls, run)
            assert calls.count("tell") <= 2
        await engine.stop()
        await database.close()


async def accept_when_there(theatre: Theatre, run: UUID) -> None:
    """As a client does: the same request again until it is answered. The id makes a second one harmless."""
    while True:
        try:
            await theatre.queue(run)
        except Unavailable:
            await asyncio.sleep(0.05)
        except Conflict:
            return
        else:
            return


async def patient_story(theatre: Theatre, run: UUID) -> list[StoredEvent]:
    """The run as a client sees it that comes back after each error."""
    events: list[StoredEvent] = []
    async with asyncio.timeout(40):
        while not events or not events[-1].type.startswith("run.c"):
            try:
                async with aclosing(theatre.observer.subscribe(theatre.workspace, run, len(events))) as stream:
                    events.extend([event async for event in stream])
            except Unavailable:
                await asyncio.sleep(0.05)
    return events

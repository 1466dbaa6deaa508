"""Processes killed and frozen, the database stopped hard: every run still has one true history."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from athena.engine import Engine, StoredEvent
from athena.engine.crash_points import NAMES
from athena.kit.db import Database, Scope
from athena.kit.errors import Conflict, Unavailable
from athena.kit.ids import new_uuid
from athena.postgres import EmbeddedPostgres
from athena.tables import migrate
from tests.engine.history import calls_of, check_stored, check_story
from tests.engine.worker_program import Story

pytestmark = pytest.mark.durability

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("worker_program.py")
LEASE = 2.0


class Nursery:
    """Where workers come from, without loading the program anew for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM)],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    async def worker(self, url: str, calls: Path, crash_point: str) -> Worker:
        met: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        met = asyncio.get_running_loop().create_future()
        door = str(self._folder / new_uuid().hex)

        def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            met.set_result((reader, writer))

        server = await asyncio.start_unix_server(meet, door)
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps([url, LEASE, str(calls), door, crash_point]) + b"\n")
        self._process.stdin.flush()
        reader, writer = await met
        server.close()
        return Worker(int(await reader.readline()), reader, writer)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


class Worker:
    """A worker process."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._pid = pid
        self._reader = reader
        self._writer = writer

    async def do(self, *words: object) -> None:
        """Has it do something, and waits until it has, or is dead."""
        self._writer.write((" ".join(map(str, words)) + "\n").encode())
        await self._reader.readline()

    def signal(self, number: int) -> None:
        if not self._reader.at_eof():
            os.kill(self._pid, number)

    async def died(self) -> None:
        while await self._reader.readline():
            pass
        self._writer.close()

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.died()

    async def stop(self) -> None:
        self._writer.write_eof()
        await self.died()


@dataclass
class Theatre:
    """Workers on a database, watched from this process, which works on nothing."""

    url: str
    database: Database
    nursery: Nursery
    observer: Engine
    calls: Path
    workspace: UUID = field(default_factory=new_uuid)
    workers: list[Worker] = field(default_factory=list)

    async def load(self, crash_point: str = "") -> Worker:
        worker = await self.nursery.worker(self.url, self.calls, crash_point)
        self.workers.append(worker)
        return worker

    async def start(self, crash_point: str = "") -> Worker:
        worker = await self.load(crash_point)
        await worker.do("start")
        return worker

    async def story(self, run: UUID) -> list[StoredEvent]:
        """The whole run as one client sees it, who loses the connection after every tenth event."""
        events: list[StoredEvent] = []
        async with asyncio.timeout(20):
            while not events or not events[-1].type.startswith("run.c"):
                async with aclosing(self.observer.subscribe(self.workspace, run, len(events))) as stream:
                    async for event in stream:
                        events.append(event)
                        if event.id % 10 == 0:
                            break
        return events

    async def check(self, run: UUID, events: list[StoredEvent]) -> None:
        check_story(events)
        await check_stored(self.database, run)

    async def queue(self, run: UUID) -> None:
        """Accepts a run that any worker may take."""
        async with self.database.session(Scope(workspace_uuid=self.workspace)) as session:
            await self.observer.accept(
                session, kind="story", workspace_uuid=self.workspace, input={}, labels={}, run_uuid=run
            )


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    # Not in pytest's own folder, whose path may be too long for a socket.
    with tempfile.TemporaryDirectory() as folder:
        made = Nursery(Path(folder))
        yield made
        made.close()


@pytest.fixture
async def theatre(url: str, database: Database, nursery: Nursery, tmp_path: Path) -> AsyncIterator[Theatre]:
    observer = Engine(database, lease_seconds=LEASE)
    calls = tmp_path / "calls"
    observer.register("story", Story(calls).run)
    await observer.start(worker=False)
    made = Theatre(url, database, nursery, observer, calls)
    yield made
    for worker in made.workers:
        await worker.kill()
    await observer.stop()


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
    victim = await theatre.start("flush." + point[6:] + ":5" if point.startswith("flush") else point)
    if point.startswith("started"):
        await theatre.queue(run)
    elif not point.startswith("takeover"):
        await victim.do("accept", theatre.workspace, run)
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

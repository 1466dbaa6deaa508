"""Workers of the engine as processes of their own, which a test starts, watches, signals and kills."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import orjson

from athena.engine import Engine, StoredEvent
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from tests.engine.history import check_stored, check_story

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

    async def worker(
        self, url: str, calls: Path, crash_point: str = "", *, lease: float = LEASE, grace: float = 0.2
    ) -> Worker:
        met: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        met = asyncio.get_running_loop().create_future()
        door = str(self._folder / new_uuid().hex)

        def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            met.set_result((reader, writer))

        server = await asyncio.start_unix_server(meet, door)
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps([url, lease, str(calls), door, crash_point, grace]) + b"\n")
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

    async def load(self, crash_point: str = "", **seconds: float) -> Worker:
        worker = await self.nursery.worker(self.url, self.calls, crash_point, **seconds)
        self.workers.append(worker)
        return worker

    async def start(self, crash_point: str = "", **seconds: float) -> Worker:
        worker = await self.load(crash_point, **seconds)
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

"""A server and a database for the engine's tests, engines on it, and a workspace for each test."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from athena.engine import Engine, Function, OnEnd, RunRow, StoredEvent
from athena.kit.db import Database, Scope, Session
from athena.kit.ids import new_uuid
from athena.postgres import EmbeddedPostgres
from athena.tables import migrate
from tests.engine.theatre import LEASE, Nursery, Theatre
from tests.engine.worker_program import Relay, Story


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres.start(tmp_path_factory.mktemp("engine")) as started:
        yield started


@pytest.fixture(scope="session")
async def url(server: EmbeddedPostgres) -> str:
    await migrate(server.url)
    return server.url


@pytest.fixture(scope="session")
async def database(url: str) -> AsyncIterator[Database]:
    opened = await Database.open(url)
    yield opened
    await opened.close()


@dataclass
class House:
    """An engine, and a workspace that the test has for itself."""

    engine: Engine
    database: Database
    workspace: UUID = field(default_factory=new_uuid)

    def session(self) -> Session:
        return self.database.session(Scope(workspace_uuid=self.workspace))

    async def accept(self, function: Function, *, on_end: OnEnd | None = None, **options: Any) -> UUID:
        kind = f"test.{new_uuid()}"
        self.engine.register(kind, function, deadline_seconds=options.pop("deadline_seconds", None), on_end=on_end)
        return await self.accept_kind(kind, **options)

    async def accept_kind(self, kind: str, **options: Any) -> UUID:
        given: dict[str, Any] = {"input": {}, "labels": {}, **options}
        async with self.session() as session:
            return await self.engine.accept(session, kind=kind, workspace_uuid=self.workspace, **given)

    async def events(self, run: UUID, after: int = 0) -> list[StoredEvent]:
        async with asyncio.timeout(20):
            return [event async for event in self.engine.subscribe(self.workspace, run, after)]

    async def types(self, run: UUID) -> list[str]:
        return [event.type for event in await self.events(run)]

    async def result(self, run: UUID) -> RunRow:
        return await self.engine.result(self.workspace, run, 20)

    async def status(self, run: UUID) -> str:
        async with self.session() as session:
            return await session.value("SELECT status FROM runs WHERE uuid = $1", run)

    async def until(self, run: UUID, status: str) -> None:
        async with asyncio.timeout(10):
            while await self.status(run) != status:  # noqa: ASYNC110 - what changes is in the database
                await asyncio.sleep(0.01)

    async def cancel(self, run: UUID) -> bool:
        async with self.session() as session:
            return await self.engine.cancel(session, self.workspace, run)

    async def signal(self, run: UUID, name: str, payload: Any = None) -> bool:
        async with self.session() as session:
            return await self.engine.signal(session, self.workspace, run, name, payload)


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    engine = Engine(database, lease_seconds=3, grace_seconds=0.2)
    await engine.start()
    yield House(engine, database)
    await engine.stop()


def data(event: StoredEvent) -> dict[str, Any]:
    """An event's data, as JSON."""
    return orjson.loads(event.data)


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
    observer.register("relay", Relay(calls).run)
    await observer.start(worker=False)
    made = Theatre(url, database, nursery, observer, calls)
    yield made
    for worker in made.workers:
        await worker.kill()
    await observer.stop()

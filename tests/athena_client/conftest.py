"""Athena's clients on the real server with the scripted model, and a proxy that breaks connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from athena_client import AsyncAthena, Athena
from tests.conftest import Connect, Tenant
from tests.providers.conftest import built_in

__all__ = ["built_in"]

MODEL = "mock-t20-d10"
"""Twenty words, one every 10 ms."""


class Proxy:
    """Passes bytes on to the server, and ends connections as a test wants it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = ""
        self.requests: list[bytes] = []
        self.connections: set[asyncio.Task[None]] = set()
        self.cut_after: list[int | None] = []
        """Of each next connection: after how many bytes of its answer it is cut; ``None``: never."""

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.add(asyncio.create_task(self._take(reader, writer)))

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limit = self.cut_after.pop(0) if self.cut_after else None
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.port)
        up = asyncio.create_task(self._up(reader, up_writer))
        try:
            while chunk := await up_reader.read(65536):
                passed = chunk if limit is None else chunk[:limit]
                writer.write(passed)
                await writer.drain()
                limit = None if limit is None else limit - len(passed)
                if limit == 0:
                    break
        except ConnectionError:
            pass  # the client went first
        finally:
            up.cancel()
            for each in (writer, up_writer):
                each.close()
                with contextlib.suppress(ConnectionError):
                    await each.wait_closed()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            self.requests.append(chunk)
            writer.write(chunk)
            await writer.drain()


@pytest.fixture
async def proxy(server_url: str) -> AsyncIterator[Proxy]:
    made = Proxy(int(server_url.rpartition(":")[2]))
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()
    for each in made.connections:
        each.cancel()
    await asyncio.gather(*made.connections, return_exceptions=True)


@dataclass(frozen=True)
class Desk:
    """A tenant with an agent, as a client sees it."""

    tenant: Tenant
    agent_uuid: str
    server_url: str

    def client(self, url: str | None = None) -> AsyncAthena:
        return AsyncAthena(url or self.server_url, self.tenant.token)

    async def wait(self, work: Callable[[Athena], object], url: str | None = None) -> object:
        """What the waiting client makes, beside the server in this process."""

        def call() -> object:
            with Athena(url or self.server_url, self.tenant.token) as client:
                return work(client)

        return await asyncio.to_thread(call)


@pytest.fixture
async def desk(owner: Tenant, connect: Connect, server_url: str) -> Desk:
    account = await connect(owner)
    async with AsyncAthena(server_url, owner.token) as client:
        agent = await client.agents.create(name="Teller", model=MODEL, account_uuid=str(account))
    return Desk(owner, agent["uuid"], server_url)

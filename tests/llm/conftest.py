"""A mock model server in a process of its own, scripted servers, and a client."""

import asyncio
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from athena.kit.egress import Egress
from athena.llm.client import ModelClient

MOCK = Path(__file__).parent.parent / "mockllm.py"
Script = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[Script], AbstractAsyncContextManager[str]]


@pytest.fixture(scope="session")
def mock_url() -> Iterator[str]:
    """The base URL of a running mock."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(MOCK), "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
                break
            except urllib.error.URLError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
async def client() -> AsyncGenerator[ModelClient]:
    egress = Egress(["127.0.0.1"])
    yield ModelClient(egress)
    await egress.close()


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    size = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")),
        0,
    )
    return head + await reader.readexactly(size)


@pytest.fixture
def scripted() -> Serve:
    """Serves by a script: a function of the request and the connection's writer, once for each connection."""

    @asynccontextmanager
    async def serve(script: Script) -> AsyncGenerator[str]:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await script(await _read_request(reader), writer)
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        finally:
            server.close()

    return serve


@pytest.fixture
def answering(scripted: Serve) -> Callable[..., AbstractAsyncContextManager[str]]:
    """Serves one fixed answer, and then closes the connection."""

    def answer(
        body: bytes, *, content_type: str = "text/event-stream", status: int = 200, headers: str = "", length: int = -1
    ) -> AbstractAsyncContextManager[str]:
        async def script(request: bytes, writer: asyncio.StreamWriter) -> None:
            size = len(body) if length < 0 else length
            head = f"HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\ncontent-length: {size}\r\n{headers}\r\n"
            writer.write(head.encode() + body)

        return scripted(script)

    return answer

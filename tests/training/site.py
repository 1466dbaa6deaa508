"""A web site for tests: pages by their path, each with its status and type."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field


@dataclass
class FakeSite:
    """What it serves, and what was asked of it."""

    address: str = ""
    pages: dict[str, tuple[int, str, bytes]] = field(default_factory=dict[str, tuple[int, str, bytes]])
    held: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    """Pages that come when their event is set."""
    asked: list[str] = field(default_factory=list[str])
    agents: set[str] = field(default_factory=set[str])

    def put(self, path: str, content: str | bytes, kind: str = "text/html", status: int = 200) -> str:
        """Has a page there; its address."""
        self.pages[path] = (status, kind, content.encode() if isinstance(content, str) else content)
        return f"{self.address}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = lines[0].split(" ")[1]
            self.asked.append(path)
            self.agents |= {line.partition(": ")[2] for line in lines if line.lower().startswith("user-agent:")}
            if path in self.held:
                await self.held[path].wait()
            status, kind, body = self.pages.get(path, (404, "text/plain", b"There is nothing."))
            place = f"Location: {body.decode()}\r\n" if 300 <= status < 400 else ""
            head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{place}"
            writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def served() -> AsyncGenerator[FakeSite]:
    """A site on this machine."""
    site = FakeSite()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    site.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield site
        for event in site.held.values():
            event.set()

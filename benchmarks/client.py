"""A small HTTP client for load: one connection, one request at a time, as little work as possible."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


class Connection:
    """A kept-alive connection to one host."""

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(base_url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": parts.netloc, **headers}.items())
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def send(self, method: str, path: str, body: Any = None) -> tuple[int, Mapping[str, str]]:
        """Sends a request and reads the head of its answer."""
        if self.writer is None or self.writer.is_closing():
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
        content = b"" if body is None else json.dumps(body).encode()
        extra = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if body is not None else ""
        self.writer.write(f"{method} {path} HTTP/1.1\r\n{self.head}{extra}\r\n".encode() + content)
        assert self.reader is not None
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
        return int(head[0].split(" ", 2)[1]), fields

    async def request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """A request with its whole answer."""
        status, fields = await self.send(method, path, body)
        assert self.reader is not None
        if "content-length" in fields:
            return status, await self.reader.readexactly(int(fields["content-length"]))
        parts: list[bytes] = []
        while chunk := await self.chunk():
            parts.append(chunk)
        return status, b"".join(parts)

    async def json(self, method: str, path: str, body: Any = None) -> Any:
        """A request that must succeed; its answer's value."""
        status, content = await self.request(method, path, body)
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {content[:300]!r}")
        return json.loads(content) if content else None

    async def chunk(self) -> bytes:
        """The next chunk of a chunked answer; empty at its end."""
        assert self.reader is not None
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        data = await self.reader.readexactly(size + 2)
        return data[:-2]

    def close(self) -> None:
        """Closes the connection."""
        if self.writer is not None:
            self.writer.close()

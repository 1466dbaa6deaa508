"""A server of somebody else's that takes its time: python -m benchmarks.target <port> <milliseconds>

`GET /count` tells how many other requests it has answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncGenerator

from benchmarks.client import Connection
from benchmarks.program import ROOT, free_port

HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
ANSWER = f'{HEAD}11\r\n\r\n{{"ok":true}}'.encode()


class Target:
    """It answers each request after the same time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                await reader.readexactly(int(fields.get(b"content-length", 0)))
                if head.startswith(b"GET /count "):
                    told = str(self.count)
                    writer.write(f"{HEAD}{len(told)}\r\n\r\n{told}".encode())
                    continue
                if self.seconds:
                    await asyncio.sleep(self.seconds)
                self.count += 1
                writer.write(ANSWER)
        writer.close()


async def count(connection: Connection) -> int:
    """How many requests a target has answered."""
    return int((await connection.request("GET", "/count"))[1])


@contextlib.asynccontextmanager
async def running_target(milliseconds: int) -> AsyncGenerator[str]:
    """Its address, while it runs in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.target", str(port), str(milliseconds)]
    process = await asyncio.to_thread(subprocess.Popen[bytes], command, cwd=ROOT)
    try:
        for _ in range(500):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


async def main(port: int, milliseconds: int) -> None:
    """Serves until it is stopped."""
    server = await asyncio.start_server(Target(milliseconds / 1000).serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))

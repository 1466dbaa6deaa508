"""What the conventions of every operation add: an idempotency key, versions, and rate limits, together.

python -m benchmarks.conventions [rounds]

Two programs of the same kind are asked in turn: one without limits, plainly; one with limits, with a key or a version.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any
from uuid import uuid4

from benchmarks.agent_runs import median_ms, percentile_ms
from benchmarks.client import Connection
from benchmarks.program import Program, running

ROUNDS = 600
WARM = 50
OFF = {"ATHENA_RATE_LIMIT_TOKEN": "0", "ATHENA_RATE_LIMIT_WORKSPACE": "0"}


class Caller:
    """A connection with headers that change."""

    def __init__(self, program: Program) -> None:
        self.connection: Connection = program.connect()
        self._head = self.connection.head

    async def timed(self, method: str, path: str, body: Any, status: int, **headers: str) -> float:
        """The seconds that a request took."""
        added = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.connection.head = self._head + added
        begun = time.perf_counter()
        answered, content = await self.connection.request(method, path, body)
        taken = time.perf_counter() - begun
        assert answered == status, (answered, content)
        return taken

    async def thread(self) -> str:
        """A new thread's path."""
        self.connection.head = self._head
        made = await self.connection.json("POST", "/api/v1/threads", {"name": "Measured"})
        return f"/api/v1/threads/{made['data']['uuid']}"


def tell(name: str, plain: list[float], full: list[float]) -> None:
    """Prints what was added."""
    before, after = median_ms(plain), median_ms(full)
    print(
        f"{name}: {before:.2f} ms plain, {after:.2f} ms with all, added {after - before:+.2f} ms, "
        f"{after / before:.2f} times (p95 {percentile_ms(plain, 0.95):.2f} and {percentile_ms(full, 0.95):.2f} ms)"
    )


async def measure(plain: Caller, full: Caller, rounds: int) -> None:
    """Asks both in turn."""
    taken: dict[str, tuple[list[float], list[float]]] = {
        "POST, key": ([], []),
        "POST, repeated": ([], []),
        "PUT, If-Match": ([], []),
        "GET, If-None-Match": ([], []),
    }
    there, here = await plain.thread(), await full.thread()
    threads, body = "/api/v1/threads", {"name": "Measured"}
    for turn in range(rounds + WARM):
        key, revision = str(uuid4()), turn + 1
        pairs = (
            await plain.timed("POST", threads, body, 201),
            await full.timed("POST", threads, body, 201, Idempotency_Key=key),
            await plain.timed("POST", threads, body, 201),
            await full.timed("POST", threads, body, 201, Idempotency_Key=key),
            await plain.timed("PUT", there, body, 200),
            await full.timed("PUT", here, body, 200, If_Match=f'"{revision}"'),
            await plain.timed("GET", there, None, 200),
            await full.timed("GET", here, None, 200, If_None_Match=f'"{revision}"'),
        )
        if turn >= WARM:
            for number, (before, after) in enumerate(taken.values()):
                before.append(pairs[2 * number])
                after.append(pairs[2 * number + 1])
    for name, (before, after) in taken.items():
        tell(name, before, after)


async def main(rounds: int) -> None:
    """Prints the figures."""
    os.environ.update(OFF)
    async with running() as without:
        for name in OFF:
            del os.environ[name]
        async with running() as program:
            await measure(Caller(without), Caller(program), rounds)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))

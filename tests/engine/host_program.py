"""A worker on a host of its own: it works on the runs of a database that it reaches over the network, until SIGTERM.

It begins when it gets a line.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

from athena.engine import Engine, Event, Finished, RunContext, StepResult
from athena.kit.db import Database

STEPS = 4
STEP_SECONDS = 0.15
PLACES = 30


class Errand:
    """A run of some steps, each of which is written down when it is called."""

    def __init__(self, calls: Path | None = None) -> None:
        self._calls = None if calls is None else os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def run(self, ctx: RunContext) -> Finished:
        """Does the steps one after the other."""
        for number in range(STEPS):
            key = f"step{number}"
            await ctx.step(key, partial(self._step, ctx, key), started=Event("step.started", {"step": key}))
        return Finished(STEPS)

    async def _step(self, ctx: RunContext, key: str, attempt: int) -> StepResult:
        if self._calls is not None:
            os.write(self._calls, f"{ctx.run_uuid} {key} {attempt} {ctx.lease_number}\n".encode())
        await asyncio.sleep(STEP_SECONDS)
        return StepResult(key, [Event("step.completed", {"step": key})])


async def main(url: str, lease_seconds: float, calls: Path) -> None:
    """Works until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = await Database.open(url, size=8)
    engine = Engine(database, lease_seconds=lease_seconds, max_concurrent_runs=PLACES)
    engine.register("errand", Errand(calls).run)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    await engine.start()
    await stop.wait()
    await engine.stop()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])))

"""The processes of the durability tests. One loads the program and forks a worker whenever a test wants one."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from functools import partial
from pathlib import Path
from uuid import UUID

import orjson

from athena.engine import Engine, Event, Finished, RunContext, StepResult, crash_points, flusher, held, presence
from athena.engine import engine as engine_module
from athena.kit.db import Database, Scope

WORDS = [f"word{number} " for number in range(60)]
PAUSE = 0.004


class Story:
    """A run of three steps, which writes each call down before anything else happens."""

    def __init__(self, calls: Path) -> None:
        self._calls = os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def called(self, ctx: RunContext, step: str, attempt: int) -> None:
        os.write(self._calls, f"{ctx.run_uuid} {step} {attempt} {ctx.lease_number}\n".encode())

    async def run(self, ctx: RunContext) -> Finished:
        fields = {"message_uuid": str(ctx.run_uuid)}

        async def plan(attempt: int) -> StepResult:
            self.called(ctx, "plan", attempt)
            return StepResult({"words": len(WORDS)}, [Event("tool_call.completed", {"step": "plan"})])

        async def tell(attempt: int) -> StepResult:
            self.called(ctx, "tell", attempt)
            if attempt > 1:
                ctx.emit("message.restarted", fields)
            for word in WORDS[: planned["words"]]:
                ctx.append_text("message.delta", fields, "delta", word)
                await asyncio.sleep(PAUSE)
            return StepResult("".join(WORDS), [Event("message.completed", fields)], final=True)

        planned = await ctx.step("plan", plan, started=Event("tool_call.started", {"step": "plan"}))
        return Finished(await ctx.step("tell", tell, started=Event("message.started", fields)))


class Relay(Story):
    """A run of two steps that may not be repeated. Each ends when the file ``<calls>.<run>.<step>`` is there."""

    def __init__(self, calls: Path) -> None:
        super().__init__(calls)
        self._path = calls

    async def run(self, ctx: RunContext) -> Finished:
        for step in ("first", "second"):
            await ctx.step(step, partial(self._leg, ctx, step), started=Event("leg.started", {}), repeatable=False)
        return Finished()

    async def _leg(self, ctx: RunContext, step: str, attempt: int) -> StepResult:
        self.called(ctx, step, attempt)
        gate = Path(f"{self._path}.{ctx.run_uuid}.{step}")
        while not gate.exists():  # noqa: ASYNC110, ASYNC240 - what changes is a file
            await asyncio.sleep(0.005)
        return StepResult(step, [Event("leg.completed", {"lease": ctx.lease_number})])


async def work(url: str, lease_seconds: float, calls: Path, door: str, grace_seconds: float) -> None:
    """Does what comes through ``door``, a line each: ``start``, ``accept <workspace> <run> [<kind>]``.

    Stops at its end, and at SIGTERM; ``<calls>.ending`` says that it hands over what it has.
    """
    reader, writer = await asyncio.open_unix_connection(door)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, reader.feed_eof)
    writer.write(f"{os.getpid()}\n".encode())
    engine: Engine | None = None
    database: Database | None = None
    while line := (await reader.readline()).decode().split():
        if line[0] == "start":
            database = await Database.open(url, size=4)
            engine = Engine(database, lease_seconds=lease_seconds, grace_seconds=grace_seconds)
            engine.register("story", Story(calls).run)
            engine.register("relay", Relay(calls).run)
            await engine.start()
        elif engine is not None and database is not None:
            workspace, run, kind = UUID(line[1]), UUID(line[2]), line[3] if len(line) > 3 else "story"
            async with database.session(Scope(workspace_uuid=workspace)) as session:
                await engine.accept(session, kind=kind, workspace_uuid=workspace, input={}, labels={}, run_uuid=run)
        writer.write(b"done\n")
    if engine is not None and database is not None:
        ending = asyncio.create_task(engine.stop())
        while not engine.draining:  # noqa: ASYNC110 - nobody waits for it but this test
            await asyncio.sleep(0.005)
        Path(f"{calls}.ending").touch()  # noqa: ASYNC240
        await ending
        await database.close()


def nursery() -> None:
    """Makes a worker of each line on the standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        url, lease_seconds, calls, door, crash_point, grace_seconds = orjson.loads(line)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.environ["ATHENA_CRASH_POINT"] = crash_point
            importlib.reload(crash_points)
            for module in (engine_module, flusher, held, presence):
                vars(module)["reached"] = crash_points.reached
            asyncio.run(work(url, lease_seconds, Path(calls), door, grace_seconds))
            os._exit(0)


if __name__ == "__main__":
    nursery()

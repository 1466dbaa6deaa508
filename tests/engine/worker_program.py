"""A process of the durability tests: ``worker_program.py <url> <lease seconds> <file of calls>``.

It does what stands on its standard input, a line each: ``start``, ``accept <workspace> <run>``; at the end it stops.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from athena.engine import Engine, Event, Finished, RunContext, StepResult
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


async def main(url: str, lease_seconds: float, calls: Path) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sys.stdout.write("loaded\n")
    engine: Engine | None = None
    database: Database | None = None
    while line := (await reader.readline()).decode().split():
        if line[0] == "start":
            database = await Database.open(url, size=4)
            engine = Engine(database, lease_seconds=lease_seconds, grace_seconds=0.2)
            engine.register("story", Story(calls).run)
            await engine.start()
        elif engine is not None and database is not None:
            workspace, run = UUID(line[1]), UUID(line[2])
            async with database.session(Scope(workspace_uuid=workspace)) as session:
                await engine.accept(session, kind="story", workspace_uuid=workspace, input={}, labels={}, run_uuid=run)
        sys.stdout.write("done\n")
        sys.stdout.flush()
    if engine is not None and database is not None:
        await engine.stop()
        await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])))

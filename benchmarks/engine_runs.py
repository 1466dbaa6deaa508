"""The engine alone, without HTTP and models: ``python -m benchmarks.engine_runs``.

Runs a second and milliseconds per run of one step, by one caller and by 64 in a closed loop, also through the queue;
and 500 streams of 20 tokens a second: CPU of this process and of the database, and how late each token reaches its
subscriber.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

import orjson
import psutil

from athena.engine import Engine, Event, Finished, RunContext, StepResult
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.postgres import EmbeddedPostgres
from athena.tables import migrate

STREAMS = 500
TOKENS_A_SECOND = 20
SECONDS = 5


async def one_step(ctx: RunContext) -> Finished:
    async def call(_attempt: int) -> StepResult:
        return StepResult({"answer": 42}, [Event("message.completed", {"message_uuid": "m"})], final=True)

    return Finished(await ctx.step("model", call, started=Event("message.started", {"message_uuid": "m"})))


async def stream(ctx: RunContext) -> Finished:
    fields = {"message_uuid": str(ctx.run_uuid)}

    async def call(_attempt: int) -> StepResult:
        began = time.perf_counter()
        for number in range(TOKENS_A_SECOND * SECONDS):
            ctx.append_text("message.delta", fields, "delta", f"{time.perf_counter():.4f} ")
            await asyncio.sleep(max(began + (number + 1) / TOKENS_A_SECOND - time.perf_counter(), 0))
        return StepResult(None, [Event("message.completed", fields)], final=True)

    await ctx.step("model", call, started=Event("message.started", fields))
    return Finished()


class Bench:
    """An engine, and what is measured on it."""

    def __init__(self, engine: Engine, database: Database, workspace: UUID) -> None:
        self.engine, self.database, self.workspace = engine, database, workspace
        self.lateness: list[float] = []
        self.first: list[float] = []
        self.events = 0

    async def accept(self, kind: str, *, begin_here: bool = True) -> UUID:
        """A run of that kind, begun at once, or waiting in the queue."""
        first = ("model", Event("message.started", {"message_uuid": "m"}))
        async with self.database.session(Scope(workspace_uuid=self.workspace)) as session:
            return await self.engine.accept(
                session,
                kind=kind,
                workspace_uuid=self.workspace,
                input={"q": "?"},
                labels={"a": "b"},
                first_step=first,
                begin_here=begin_here,
            )

    async def closed_loop(self, callers: int, runs: int, *, begin_here: bool = True) -> None:
        """``callers`` that each wait for their run before the next."""
        took: list[float] = []

        async def caller() -> None:
            for _ in range(runs // callers):
                began = time.perf_counter()
                run = await self.accept("one_step", begin_here=begin_here)
                row = await self.engine.result(self.workspace, run, 30)
                assert row.status == "succeeded"
                took.append(time.perf_counter() - began)

        cpu, began = Cpu(), time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        elapsed = time.perf_counter() - began
        way = "" if begin_here else ", through the queue"
        print(
            f"{callers:3} callers{way}: {len(took) / elapsed:6.0f} runs/s,"
            f" {statistics.median(took) * 1000:6.2f} ms a run"
            f" (median), {cpu.since(len(took))}"
        )

    async def listen(self) -> None:
        """One stream, with how late each token came."""
        began = time.perf_counter()
        run = await self.accept("stream")
        first = True
        async for event in self.engine.subscribe(self.workspace, run):
            self.events += 1
            if event.type == "message.delta":
                seen = time.perf_counter()
                if first:
                    self.first.append(seen - began)
                    first = False
                self.lateness.extend(seen - float(text) for text in orjson.loads(event.data)["delta"].split())

    async def streams(self) -> None:
        """All streams at once, begun within a second."""
        cpu, began = Cpu(), time.perf_counter()
        listeners: list[asyncio.Task[None]] = []
        for _ in range(STREAMS):
            listeners.append(asyncio.create_task(self.listen()))
            await asyncio.sleep(1 / STREAMS)
        await asyncio.gather(*listeners)
        elapsed = time.perf_counter() - began
        late = sorted(self.lateness)
        assert len(late) == STREAMS * TOKENS_A_SECOND * SECONDS
        print(
            f"{STREAMS} streams of {TOKENS_A_SECOND} tokens/s for {SECONDS} s: {self.events / elapsed:.0f} events/s,"
            f" tokens late by {late[len(late) // 2] * 1000:.0f} ms (median),"
            f" {late[len(late) * 95 // 100] * 1000:.0f} ms (p95), {late[-1] * 1000:.0f} ms (most);"
            f" first token after {max(self.first) * 1000:.0f} ms at most;"
            f" {cpu.share(elapsed)}"
        )


class Cpu:
    """CPU time of this process and of its database, from now on."""

    def __init__(self) -> None:
        self._own, self._database = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        me = psutil.Process()
        own = me.cpu_times()
        database = 0.0
        for child in me.children(recursive=True):
            times = child.cpu_times()
            database += times.user + times.system
        return own.user + own.system, database

    def since(self, count: int) -> str:
        """Per run."""
        own, database = self._now()
        mine, theirs = (own - self._own) / count * 1000, (database - self._database) / count * 1000
        return f"{mine:.2f} ms CPU a run here, {theirs:.2f} ms in PostgreSQL"

    def share(self, elapsed: float) -> str:
        """Per second."""
        own, database = self._now()
        mine, theirs = (own - self._own) / elapsed, (database - self._database) / elapsed
        return f"{mine:.0%} of a core here, {theirs:.0%} in PostgreSQL"


async def main(url: str) -> None:
    await migrate(url)
    database = await Database.open(url)
    engine = Engine(database)
    engine.register("one_step", one_step)
    engine.register("stream", stream)
    await engine.start()
    bench = Bench(engine, database, new_uuid())
    await bench.closed_loop(1, 200)
    await bench.closed_loop(1, 1000)
    await bench.closed_loop(64, 6400)
    await bench.closed_loop(64, 3200, begin_here=False)
    await bench.streams()
    await engine.stop()
    await database.close()


if __name__ == "__main__":
    if sys.platform != "win32":
        import uvloop

        run = uvloop.run
    else:
        run = asyncio.run
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder)) as server:
        run(main(server.url))

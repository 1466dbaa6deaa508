"""What metrics and traces cost: ``python -m benchmarks.telemetry``.

CPU of this process per run of one step (the engine alone), with traces off and on in turn, and microseconds of the
calls by which metrics are counted. Other programs change the time that passes much, and CPU time less.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from athena.engine import Engine
from athena.kit import metrics, tracing
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.kit.statements import measured
from athena.postgres import EmbeddedPostgres
from athena.tables import migrate
from benchmarks.engine_runs import Bench, one_step

ROUNDS = 8
RUNS = 400
CALLERS = 8
CALLS = 100_000


class Swallowing(SpanExporter):
    """Takes spans as a collector that answers at once."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Forgets them."""
        return SpanExportResult.SUCCESS if spans else SpanExportResult.FAILURE


async def cpu_of_a_run(bench: Bench) -> float:
    """Microseconds of this process's CPU."""

    async def caller() -> None:
        for _ in range(RUNS // CALLERS):
            run = await bench.accept("one_step")
            row = await bench.engine.result(bench.workspace, run, 30)
            assert row.status == "succeeded"

    begun = time.process_time()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return (time.process_time() - begun) / RUNS * 1e6


async def runs(bench: Bench) -> None:
    """Both ways in turn, so that what else the machine does falls on both."""
    off: list[float] = []
    on: list[float] = []
    await cpu_of_a_run(bench)
    for _ in range(ROUNDS):
        off.append(await cpu_of_a_run(bench))
        tracing.start(Swallowing(), instance="benchmark")
        on.append(await cpu_of_a_run(bench))
        await tracing.stop()
    print(
        f"a run of one step, CPU here: {statistics.median(off):.0f} µs with traces off (least {min(off):.0f}),", end=" "
    )
    print(f"{statistics.median(on):.0f} µs with them (least {min(on):.0f})")


def each(what: str, call: Callable[[], object]) -> None:
    """Microseconds of one call."""
    begun = time.perf_counter()
    for _ in range(CALLS):
        call()
    print(f"{what}: {(time.perf_counter() - begun) / CALLS * 1e6:.2f} µs")


async def main() -> None:
    """Everything."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres.start(Path(folder)) as postgres:
        await migrate(postgres.url)
        database = await Database.open(postgres.url)
        engine = Engine(database)
        engine.register("one_step", one_step)
        await engine.start()
        await runs(Bench(engine, database, new_uuid()))
        await engine.stop()
        await database.close()
    counter = metrics.requests
    each("a counter with labels", lambda: counter("GET", "/api/v1/agents", "2xx").inc())
    each("a statement that is timed", lambda: measured("SELECT 1", time.perf_counter(), 1.0))
    each("a span while traces are off", lambda: tracing.span("work").__enter__())
    each("what is handed on with a run, while traces are off", lambda: tracing.handed_on("agent"))


if __name__ == "__main__":
    asyncio.run(main())

"""A run goes on in the trace that it was accepted in, also where another process takes it up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from athena.engine import Finished, RunContext
from athena.kit import tracing
from tests.engine.conftest import House

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ACCEPTED = f"00-{TRACE}-00f067aa0ba902b7-01"


def places(span: ReadableSpan) -> tuple[str, str | None]:
    """The trace of a span, and the span above it."""
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}", None if span.parent is None else f"{span.parent.span_id:016x}"


@asynccontextmanager
async def recorded(house: House) -> AsyncGenerator[list[ReadableSpan]]:
    exporter, found = InMemorySpanExporter(), list[ReadableSpan]()
    tracing.start(exporter, instance="test")
    try:
        yield found
        while house.engine._held:  # noqa: ASYNC110 - a run's result comes a moment before its span has ended
            await asyncio.sleep(0.01)
    finally:
        await tracing.stop()
        found.extend(each for each in exporter.get_finished_spans() if each.name.startswith("run test."))


async def test_a_run_that_is_taken_over_goes_on_in_its_trace(house: House) -> None:
    begun = asyncio.Event()

    async def work(ctx: RunContext) -> Finished:
        if ctx.lease_number == 1:
            begun.set()
            await asyncio.sleep(60)
        return Finished()

    async with recorded(house) as spans:
        with tracing.span("request", parent=ACCEPTED) as request:
            run = await house.accept(work)
        await begun.wait()
        house.engine.lost_everything()
        async with house.session() as session:
            await session.execute(
                "UPDATE runs SET lease_number = lease_number + 1, process_uuid = NULL WHERE uuid = $1", run
            )
            await session.execute("SELECT engine_job($1, $2, '0', false)", house.workspace, run)
        assert (await house.result(run)).status == "succeeded"
        # Something that another request does meanwhile is no part of it.
        with tracing.span("another request"):
            pass
    assert [places(each) for each in spans] == [(TRACE, request.ids["span_id"])] * 2
    leases = [each.attributes["athena.run.lease_number"] for each in spans if each.attributes]
    assert leases == [1, 2]


async def test_a_run_that_waits_is_no_span_meanwhile_and_goes_on_in_its_trace(house: House) -> None:
    async def work(ctx: RunContext) -> Finished:
        return Finished(await ctx.wait_for_signal("go"))

    async with recorded(house) as spans:
        with tracing.span("request", parent=ACCEPTED) as request:
            run = await house.accept(work)
        await house.until(run, "waiting")
        with tracing.span("another request"):
            assert await house.signal(run, "go", 1)
        assert (await house.result(run)).status == "succeeded"
    assert [places(each) for each in spans] == [(TRACE, request.ids["span_id"])] * 2


async def test_a_run_that_was_accepted_without_traces_begins_its_own(house: House) -> None:
    async def work(ctx: RunContext) -> Finished:
        return Finished(await ctx.wait_for_signal("go"))

    run = await house.accept(work)
    await house.until(run, "waiting")
    async with recorded(house) as spans:
        with tracing.span("another request") as other:
            assert await house.signal(run, "go", 1)
        assert (await house.result(run)).status == "succeeded"
    [span] = spans
    trace, above = places(span)
    assert above is None
    assert trace != other.ids["trace_id"]

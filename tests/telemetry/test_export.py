"""Spans go to a collector in the background, and whatever becomes of it, nothing else notices."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Generator

import httpx2
import prometheus_client
import pytest
import structlog
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from athena.config import Settings
from athena.kit import spans, tracing
from athena.telemetry.service import observed


@pytest.fixture
def hanging() -> Generator[str]:
    """A collector that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "STOP_SECONDS", 0.3)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")


def exported(outcome: str) -> float:
    return prometheus_client.REGISTRY.get_sample_value("athena_trace_spans_total", {"outcome": outcome}) or 0.0


async def test_spans_reach_a_collector_by_otlp(settings: Settings) -> None:
    taken: asyncio.Queue[ExportTraceServiceRequest] = asyncio.Queue()

    async def collect(request: web.Request) -> web.Response:
        taken.put_nowait(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", collect)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        async with observed(settings.model_copy(update={"otlp_endpoint": address}), "this-process"):
            with tracing.span("work", attributes={"athena.run.kind": "agent"}):
                pass
        request = await asyncio.wait_for(taken.get(), 10)
    finally:
        await runner.cleanup()
    [resource] = request.resource_spans
    told = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert (told["service.name"], told["service.instance.id"]) == ("athena", "this-process")
    [span] = resource.scope_spans[0].spans
    assert (span.name, span.attributes[0].value.string_value) == ("work", "agent")


async def test_a_collector_that_hangs_keeps_nobody(
    settings: Settings, client: httpx2.AsyncClient, hanging: str
) -> None:
    async with asyncio.timeout(20), observed(settings.model_copy(update={"otlp_endpoint": hanging}), "test"):
        assert (await client.get("/health/ready")).status_code == 200
        assert tracing.is_on()
    assert not tracing.is_on()


async def test_a_collector_that_is_down_is_counted(settings: Settings, client: httpx2.AsyncClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with observed(settings.model_copy(update={"otlp_endpoint": address}), "test"):
        assert (await client.get("/health/ready")).status_code == 200
    assert spans.otlp(address).export([]) is SpanExportResult.FAILURE


class Failing(SpanExporter):
    def __init__(self, *results: SpanExportResult | Exception) -> None:
        self.results = [*results]

    def export(self, spans: object) -> SpanExportResult:
        assert spans is not None
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def test_failures_are_counted_and_told_once_until_it_works_again() -> None:
    bad, good = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    exporter = spans.Reported(Failing(good, bad, OSError("secret address"), bad, good))
    with structlog.testing.capture_logs() as logs:
        results = [exporter.export([]) for _ in range(5)]
    assert results == [good, bad, bad, bad, good]
    assert [each["event"] for each in logs] == ["telemetry.export_fails", "telemetry.export_works"]
    assert "secret address" not in str(logs)


async def test_what_was_lost_shows_in_the_metrics() -> None:
    before = exported("failed")
    tracing.start(Failing(SpanExportResult.FAILURE), instance="test")
    tracing.span("work").end()
    await tracing.stop()
    assert exported("failed") == before + 1


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_variables_of_opentelemetry_turn_traces_on(
    settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not settings.traces
    monkeypatch.setenv(name, "http://127.0.0.1:4318")
    assert settings.traces


def test_an_endpoint_that_is_no_address_stops_the_start() -> None:
    with pytest.raises(ValueError, match="such as http"):
        Settings(_env_file=None, otlp_endpoint="collector:4318")  # pyright: ignore[reportCallIssue]

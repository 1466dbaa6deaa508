"""OpenTelemetry behind :mod:`athena.kit.tracing`, loaded only where traces are on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from athena import __version__
from athena.kit import metrics

KINDS: Final[Mapping[str, SpanKind]] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
}
SERVICE: Final = "athena"

log = structlog.get_logger(__name__)


class Reported(SpanExporter):
    """Another exporter, whose failures are counted, and told once until it works again."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._fails = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Exports; never raises."""
        try:
            result = self._inner.export(spans)
        except Exception:  # noqa: BLE001 - traces must disturb nothing
            result = SpanExportResult.FAILURE
        fails = result is not SpanExportResult.SUCCESS
        metrics.spans("failed" if fails else "sent").inc(len(spans))
        if fails is not self._fails:
            self._fails = fails
            log.warning("telemetry.export_fails" if fails else "telemetry.export_works")
        return result

    def shutdown(self) -> None:
        """Ends what is under way."""
        self._inner.shutdown()


def otlp(endpoint: str) -> SpanExporter:
    """Sends spans by OTLP over HTTP; without ``endpoint``, where OpenTelemetry's own variables say."""
    # It tells of each failure on its own, with the address and what the network said.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    return OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None)


def tracer(exporter: SpanExporter, instance: str) -> tuple[Tracer, Callable[[], None]]:
    """What makes spans for ``exporter``, and what ends that; both from the background."""
    own = {"service.version": __version__, "service.instance.id": instance}
    if "OTEL_SERVICE_NAME" not in os.environ and "service.name" not in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        own["service.name"] = SERVICE
    provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Reported(exporter)))
    return provider.get_tracer("athena", __version__), provider.shutdown


def context(traceparent: str | None) -> Context:
    """The context of a span of another process; an empty one where there is none."""
    if traceparent is None:
        return Context()
    _, trace_id, span_id, flags = traceparent.split("-")
    above = SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
    return set_span_in_context(NonRecordingSpan(above), Context())

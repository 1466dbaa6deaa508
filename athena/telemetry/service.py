"""The metrics of a process as text, and who may read them."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import math
from collections.abc import AsyncGenerator
from typing import Final

import prometheus_client

from athena import __version__
from athena.config import Settings
from athena.engine import Engine
from athena.engine import metrics as engine
from athena.kit import metrics, tracing
from athena.kit.db import Database
from athena.kit.errors import AthenaError, PermissionDenied, Unauthenticated

CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST
QUEUE_SECONDS: Final = 5.0
"""For how long the queue is not looked at again, however often the metrics are read."""
QUEUE_DEADLINE_SECONDS: Final = 2.0


def check_reader(settings: Settings, authorization: str, peer: str, *, forwarded: bool) -> None:
    """Raises unless who asks may read the metrics: by the token that is set, or else from this machine itself.

    ``peer`` is the other end of the connection, and ``forwarded`` whether it asks for somebody else.
    """
    if settings.metrics_token is not None:
        scheme, _, given = authorization.partition(" ")
        wanted = settings.metrics_token.get_secret_value()
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), wanted.encode()):
            raise Unauthenticated("The metrics need the token of ATHENA_METRICS_TOKEN, as a bearer token.")
    elif forwarded or not _is_loopback(peer):
        raise PermissionDenied("Without ATHENA_METRICS_TOKEN, the metrics are told to callers on this machine alone.")


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


class Exposition:
    """The metrics of one process, brought up to the moment in which they are read."""

    def __init__(self, database: Database, of: Engine) -> None:
        self._database = database
        self._engine = of
        self._looked_at = -math.inf

    async def text(self) -> bytes:
        """All metrics, in Prometheus' text format; also while the database is away."""
        moment = asyncio.get_running_loop().time()
        if moment - self._looked_at > QUEUE_SECONDS:
            self._looked_at = moment
            with contextlib.suppress(AthenaError, TimeoutError):
                async with asyncio.timeout(QUEUE_DEADLINE_SECONDS):
                    await engine.measure_queue(self._database, self._engine.entrypoints.values())
        self._database.measure_pool()
        return await asyncio.to_thread(prometheus_client.generate_latest)


@contextlib.asynccontextmanager
async def observed(settings: Settings, instance: str) -> AsyncGenerator[None]:
    """Measures the event loop, and makes traces where they are wanted, for as long as the context lasts."""
    metrics.build(__version__).set(1)
    if settings.traces:
        from athena.kit import spans  # noqa: PLC0415 - OpenTelemetry is loaded where it is wanted

        exporter = spans.otlp(settings.otlp_endpoint)
        tracing.start(exporter, instance=instance, content=settings.telemetry_content, hosts=settings.trace_hosts)
    measuring = asyncio.create_task(metrics.measure_loop())
    try:
        yield
    finally:
        measuring.cancel()
        if settings.traces:
            await tracing.stop()

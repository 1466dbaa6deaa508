"""Metrics of this process, in Prometheus' terms: what layers count with, and what requests and the database come to.

Labels have few values, all of them known to the code: no ids, no names that somebody has given. A metric with labels is
a cached function of them, since finding the series of some labels costs more than counting.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Final

import prometheus_client
from prometheus_client import Counter, Gauge, Histogram

# Each counter would come with a second series that says since when it counts.
prometheus_client.disable_created_metrics()

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds for what somebody waits for."""
LONG_SECONDS: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0)
"""Bounds for work in the background."""
QUERY_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0, 30.0)
LAG_LOOK_SECONDS: Final = 0.25
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

build = cache(Gauge("athena_build_info", "1, with the version that runs.", ["version"]).labels)
requests = cache(
    Counter("athena_http_requests_total", "Requests that were answered.", ["method", "route", "status"]).labels
)
request_seconds = cache(
    Histogram(
        "athena_http_request_duration_seconds",
        "From a request's head to that of its answer.",
        ["method", "route"],
        buckets=SECONDS,
    ).labels
)
requests_open = Gauge("athena_http_requests_in_progress", "Requests that are being answered, open streams included.")
queries = Histogram(
    "athena_database_query_duration_seconds", "From sending a statement to its result.", buckets=QUERY_SECONDS
)
slow_queries = Counter(
    "athena_database_slow_queries_total", "Statements slower than ATHENA_SLOW_QUERY_MS; also logged."
)
connections = cache(
    Gauge("athena_database_connections", "Connections of the pool, by state: in_use or idle.", ["state"]).labels
)
connections_most = Gauge("athena_database_connections_max", "Connections that the pool opens at most.")
connections_awaited = Gauge("athena_database_connections_awaited", "Who waits for a connection of the pool.")
loop_lag = Histogram(
    "athena_event_loop_lag_seconds", "How late the event loop was for a timer, looked at four times a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)  # fmt: skip
spans = cache(
    Counter("athena_trace_spans_total", "Spans of traces, by what became of them: sent or failed.", ["outcome"]).labels
)


async def measure_loop() -> None:
    """Measures how late the event loop is, until it is cancelled."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + LAG_LOOK_SECONDS
        await asyncio.sleep(LAG_LOOK_SECONDS)
        loop_lag.observe(max(clock() - due, 0.0))

"""What the engine counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from athena.engine import reads
from athena.engine.events import Event
from athena.engine.store import Claim
from athena.kit.clock import now
from athena.kit.db import Database
from athena.kit.metrics import LONG_SECONDS

accepted = cache(Counter("athena_runs_accepted_total", "Runs that were accepted.", ["kind"]).labels)
started = cache(Counter("athena_runs_started_total", "Runs that were begun for the first time.", ["kind"]).labels)
taken_over = cache(
    Counter("athena_runs_taken_over_total", "Runs that were taken over from a process that ended.", ["kind"]).labels
)
finished = cache(Counter("athena_runs_finished_total", "Runs that came to their end.", ["kind", "outcome"]).labels)
duration = cache(
    Histogram(
        "athena_run_duration_seconds",
        "From a run's beginning to its end, waits included.",
        ["kind"],
        buckets=LONG_SECONDS,
    ).labels
)
queue_wait = cache(
    Histogram(
        "athena_run_queue_wait_seconds", "From a run's acceptance to its beginning.", ["kind"], buckets=LONG_SECONDS
    ).labels
)
at_work = Gauge("athena_runs_at_work", "Runs that this process is at work on.")
steps = cache(Counter("athena_steps_total", "Steps that were done, by the event that tells of it.", ["event"]).labels)
leases_lost = Counter("athena_leases_lost_total", "Runs that another process took away from this one.")
jobs_waiting = Gauge("athena_jobs_waiting", "Jobs that are due and not begun, of all processes; at most 100,000.")
jobs_oldest = Gauge("athena_jobs_oldest_seconds", "How long the oldest of them has been due.")


def held(run: Claim, *, begins: bool) -> None:
    """A run is worked on here from now on; ``begins``: for the first time anywhere."""
    at_work.inc()
    if run.attempts:
        taken_over(run.kind).inc()
    if begins and run.accepted_at is not None and run.started_at is not None:
        started(run.kind).inc()
        queue_wait(run.kind).observe((run.started_at - run.accepted_at).total_seconds())


def ended(run: Claim, outcome: str) -> None:
    """A run has come to its end; one that never began has no duration."""
    finished(run.kind, outcome).inc()
    if run.started_at is not None:
        duration(run.kind).observe((now() - run.started_at).total_seconds())


def stepped(events: Sequence[Event]) -> None:
    """A step was done."""
    steps(events[-1].type if events else "none").inc()


async def measure_queue(database: Database, entrypoints: Iterable[str]) -> None:
    """Brings the metrics of the jobs of all processes up to this moment; they are unknown if it cannot."""
    jobs_waiting.set(math.nan)
    jobs_oldest.set(math.nan)
    async with database.system() as session:
        waiting, oldest = await reads.due_jobs(session, entrypoints)
    jobs_waiting.set(waiting)
    jobs_oldest.set(oldest)

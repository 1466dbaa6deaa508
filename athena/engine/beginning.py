"""How a run begins: under which lease, in which trace, and with which first rows of its log."""

from __future__ import annotations

from uuid import UUID

from athena.engine.driver import Kind
from athena.engine.events import Event, log_row
from athena.engine.store import Claim, LogRow
from athena.kit import tracing
from athena.kit.clock import now


def first_rows(run: Claim, first_step: tuple[str, Event] | None = None) -> list[LogRow]:
    """The event of its start, and the one of its first step, where that is known."""
    moment = now()
    rows = [log_row(run.uuid, run.last_event_id + 1, moment, Event("run.started", {"kind": run.kind, **run.labels}))]
    if first_step is not None:
        rows.append(log_row(run.uuid, rows[0].id + 1, moment, first_step[1])._replace(step=first_step[0]))
    return rows


def stamped(run: Claim, *, begins: bool) -> Claim:
    """A run that is accepted now, and begins with that or later."""
    moment = now()
    return run._replace(
        accepted_at=moment,
        started_at=moment if begins else None,
        traceparent=tracing.handed_on(run.kind),
    )


def next_lease(run: Claim, kind: Kind, status: str, holder: UUID | None) -> Claim:
    """The run under its next holder, when it had ``status`` and ``holder``."""
    began = status == "running"
    deadline = kind.deadline(run.input)
    return run._replace(
        # Whoever took the run from its holder has counted the lease up already.
        lease_number=run.lease_number + (0 if began and holder is None else 1),
        attempts=run.attempts + 1 if began else 0,
        deadline_at=run.deadline_at if began else now() + deadline if deadline else None,
        started_at=run.started_at or now(),
    )

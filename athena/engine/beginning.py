"""How a run begins: under which lease, and with which first rows of its log."""

from __future__ import annotations

from uuid import UUID

from athena.engine.driver import Kind
from athena.engine.events import Event, log_row
from athena.engine.store import Claim, LogRow
from athena.kit.clock import now


def started(run: Claim) -> Event:
    """The first event of every run."""
    return Event("run.started", {"kind": run.kind, **run.labels})


def first_rows(run: Claim, first_step: tuple[str, Event] | None) -> list[LogRow]:
    """What a run's log begins with, when it is begun at once."""
    moment = now()
    rows = [log_row(run.uuid, 1, moment, started(run))]
    if first_step is not None:
        rows.append(log_row(run.uuid, 2, moment, first_step[1])._replace(step=first_step[0]))
    return rows


def next_lease(run: Claim, kind: Kind, status: str, holder: UUID | None) -> Claim:
    """The run under its next holder, when it had ``status`` and ``holder``."""
    began = status == "running"
    deadline = kind.deadline(run.input)
    return run._replace(
        # Whoever took the run from its holder has counted the lease up already.
        lease_number=run.lease_number + (0 if began and holder is None else 1),
        attempts=run.attempts + 1 if began else 0,
        deadline_at=run.deadline_at if began else now() + deadline if deadline else None,
    )

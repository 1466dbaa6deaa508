"""Driving a run: its function, and the one transaction that ends it."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from athena.engine import metrics, store
from athena.engine.context import RunContext
from athena.engine.events import (
    TERMINAL,
    Apply,
    EndedRun,
    Event,
    Finished,
    LeaseLost,
    RunFailed,
    RunRow,
    Suspended,
    encode,
    log_row,
)
from athena.engine.held import HeldRun, Interruption
from athena.engine.store import Claim, Transition
from athena.kit import tracing
from athena.kit.clock import now
from athena.kit.db import Session

Function = Callable[[RunContext], Awaitable[Finished]]
OnEnd = Callable[[Session, EndedRun], Awaitable[None]]
Seconds = float | Callable[[Any], float | None] | None
"""How long runs of a kind may be at work; a function is given the run's input."""

INTERNAL_ERROR: Final = {"code": "internal_error", "message": "Something went wrong inside; the operator's log has it."}
DEADLINE_ERROR: Final = {"code": "deadline_exceeded", "message": "The run took longer than it may."}
CRASHED_ERROR: Final = {"code": "crashed", "message": "The run was interrupted too often without getting on."}
HANDOVER: Final = Transition(handover=True, progress=True, job=True, job_delay=timedelta())
TRY_AGAIN: Final = Transition(handover=True, job=True, job_delay=timedelta(seconds=1))

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """What is registered under a kind's name."""

    function: Function
    seconds: Seconds
    on_end: OnEnd | None
    queue: str

    def deadline(self, given: Any) -> timedelta | None:
        """How long a run with this input may be at work."""
        seconds = self.seconds(given) if callable(self.seconds) else self.seconds
        return None if seconds is None else timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ends."""

    status: str
    output: Any = None
    error: Mapping[str, Any] | None = None
    apply: Apply | None = None
    data: Mapping[str, Any] | None = None
    labels: Mapping[str, Any] | None = None

    @property
    def event(self) -> Event:
        """The terminal event."""
        if self.error is not None:
            return Event(TERMINAL[self.status], {"error": self.error})
        given = {"output": self.output} if self.data is None and self.status == "succeeded" else self.data
        return Event(TERMINAL[self.status], given or {})

    @property
    def transition(self) -> Transition:
        """What it makes of the run's row."""
        output = None if self.output is None else encode(self.output)
        error = None if self.error is None else encode(self.error)
        labels = encode(self.labels or {})
        return Transition(status=self.status, output=output, error=error, labels=labels, finished=True, job=True)


async def drive(run: HeldRun, kind: Kind) -> RunRow | None:
    """Calls the run's function and writes its end; ``None`` when it did not end here. Not to be cancelled itself."""
    if not tracing.is_on():
        return await _driven(run, kind)
    claim = run.claim
    told = {
        "athena.run.uuid": str(claim.uuid),
        "athena.run.lease_number": claim.lease_number,
        "athena.workspace.uuid": str(claim.workspace_uuid),
    }
    with tracing.span(f"run {claim.kind}", parent=claim.traceparent, attributes=told):
        return await _driven(run, kind)


async def _driven(run: HeldRun, kind: Kind) -> RunRow | None:
    run.task = task = asyncio.create_task(_work(run, kind))
    if run.interruption is not None:
        task.cancel()
    await asyncio.wait([task])
    run.ending = True
    try:
        if task.cancelled():
            if run.interruption is Interruption.HANDOVER:
                await run.commit(HANDOVER, point="handover")
            elif run.interruption is Interruption.LOST:
                metrics.leases_lost.inc()
            return None
        return await _end(run, kind, task.result())
    except LeaseLost:
        metrics.leases_lost.inc()
        return None
    except Suspended:
        return None


async def _work(run: HeldRun, kind: Kind) -> Outcome:
    left = None if run.claim.deadline_at is None else (run.claim.deadline_at - now()).total_seconds()
    limit = asyncio.timeout(left)
    try:
        async with limit:
            finished = await kind.function(RunContext(run))
        outcome = Outcome("succeeded", finished.output, None, finished.apply, finished.data, finished.labels)
    except asyncio.CancelledError:
        if run.interruption is not Interruption.CANCEL:
            raise
        outcome = Outcome("cancelled")
    except RunFailed as failed:
        outcome = Outcome("failed", failed.output, failed.error, failed.apply, labels=failed.labels)
    except Exception as error:  # noqa: BLE001 - whatever a function raises, the run must come to an end
        late = isinstance(error, TimeoutError) and limit.expired()
        if not late:
            _report("engine.function_failed", run.claim, error)
        outcome = Outcome("failed", error=DEADLINE_ERROR if late else INTERNAL_ERROR)
    if run.interruption is Interruption.CANCEL:
        # However the function took it, and with what it wants written.
        return Outcome("cancelled", apply=outcome.apply, labels=outcome.labels)
    return outcome


async def _end(run: HeldRun, kind: Kind, outcome: Outcome) -> RunRow | None:
    """Ends the run, as failed if what belongs to its end cannot be written."""
    internal = Outcome("failed", error=INTERNAL_ERROR)
    for way, hooked in ((outcome, True), (internal, True), (internal, False)):
        apply = way.apply
        if apply is None and hooked and kind.on_end is not None and way.status != "succeeded":
            apply = _hook(kind.on_end, run.claim, way)
        run.stage([way.event], apply)
        try:
            await run.commit(way.transition, point="end")
        except Exception as error:  # noqa: BLE001 - whatever a domain raises, the run must come to an end
            _report("engine.end_failed", run.claim, error)
        else:
            metrics.ended(run.claim, way.status)
            _tell(way)
            return RunRow(run.claim.workspace_uuid, run.uuid, way.status, way.output, way.error)
    await run.commit(TRY_AGAIN)
    return None


def _tell(outcome: Outcome) -> None:
    span = tracing.current()
    span.set({"athena.run.status": outcome.status})
    if outcome.error is not None:
        span.fail(str(outcome.error["code"]))


async def end_unheld(session: Session, run: Claim, kind: Kind, outcome: Outcome, process_uuid: UUID) -> None:
    """Ends a run that nobody holds and whose row is locked by this transaction."""
    held = run._replace(lease_number=run.lease_number + 1)
    await store.take(session, held, process_uuid, [], None)
    if kind.on_end is not None:
        await _hook(kind.on_end, run, outcome)(session)
    row = log_row(run.uuid, run.last_event_id + 1, now(), outcome.event)
    await store.commit_run(session, held, process_uuid, [row], outcome.transition)
    await store.release_queue(session, run)


def _hook(on_end: OnEnd, run: Claim, outcome: Outcome) -> Apply:
    ended = EndedRun(run.workspace_uuid, run.uuid, run.kind, outcome.status, outcome.error, run.input, run.labels)
    return lambda session: on_end(session, ended)


def _report(event: str, run: Claim, error: BaseException) -> None:
    """The error's kind and place. Its text may be a user's or a model's, so it is for debugging only."""
    places = traceback.format_list(traceback.extract_tb(error.__traceback__))
    log.error(event, run_uuid=str(run.uuid), kind=run.kind, error=type(error).__name__, trace="".join(places))
    log.debug(event, run_uuid=str(run.uuid), detail=str(error))

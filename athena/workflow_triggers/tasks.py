"""Chores that start workflows: by the clock, and for events of other resources. Each start is one transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from athena.kit import clock, logging
from athena.kit.db import SYSTEM, Database, Row, Session
from athena.kit.errors import AthenaError
from athena.triggers import schedule as times
from athena.triggers.schedule_description import describe
from athena.workflow_executions.starting import Request, accept
from athena.workflow_triggers.repository import DueRepository, fed
from athena.workflow_triggers.service import starter
from athena.workflows.service import WorkflowService
from athena.workflows.triggers import next_look, read_schedule

AT_ONCE: Final = 200
"""Starts of one turn, so that no other chore waits for long."""
DELIVERIES_KEPT: Final = timedelta(days=3)


async def start_scheduled(database: Database) -> None:
    """Starts what the clock starts. Each time starts one execution, however many processes look."""
    for _ in range(AT_ONCE):
        async with database.system() as session:
            trigger = await DueRepository(session).schedule()
            if trigger is None:
                return
            await _start_due(session, trigger)


async def _start_due(session: Session, trigger: Row) -> None:
    now = clock.now()
    config, anchor, key = trigger["config"], trigger["anchor_at"], str(trigger["workflow_uuid"])
    schedule = read_schedule(config)
    repository = DueRepository(session)
    found = times.due(schedule, trigger["last_at"], now, anchor, key)
    last = found[-1] if found else trigger["last_at"]
    if schedule.overlap == "skip" and found:
        found = [] if await repository.unfinished(trigger) else found[-1:]
    next_at = next_look(config, last, anchor, key)
    if next_at is not None and next_at <= now:
        # What was missed, and is left out by the schedule's own rule, is done with.
        last, next_at = now, next_look(config, now, anchor, key)
    await repository.looked_at(trigger, last, next_at)
    for moment in found:
        told = {"scheduled_at": clock.rfc3339(moment), "description": describe(schedule)}
        await _start(session, trigger, "schedule", told, "schedule_trigger", queued=schedule.overlap == "queue")


async def start_awaited(database: Database) -> None:
    """Starts the workflows that await events which have happened."""
    for _ in range(AT_ONCE):
        async with database.system() as session:
            event = await DueRepository(session).event()
            if event is None:
                if await DueRepository(session).waiting():
                    continue  # one whose trigger went meanwhile, or that somebody else is at
                return
            await _start(session, event, "event", dict(fed(event)), "event_trigger")


async def _start(
    session: Session, trigger: Row, kind: str, told: dict[str, Any], node_type: str, *, queued: bool = False
) -> None:
    """Accepts an execution in the name of who made the workflow; what cannot be started is told to the operator."""
    access = starter(trigger)
    session.scope = access.scope
    try:
        workflow = await WorkflowService(session, access).to_run(trigger["workflow_uuid"])
        labels = {"trigger_node_id": trigger["node_id"]}
        asked = Request(kind, told, (node_type,), trigger["node_id"], told, labels=labels, queued=queued)
        await accept(session, access, workflow, asked)
    except AthenaError as error:
        logging.logger().warning("workflow_triggers.refused", kind=kind, code=error.error_code)
    finally:
        session.scope = SYSTEM


async def sweep(database: Database) -> None:
    """Forgets old deliveries."""
    async with database.system() as session:
        await DueRepository(session).sweep(clock.now() - DELIVERIES_KEPT)

"""What starts an active workflow by itself, kept beside it: the times of its schedules, and the events it awaits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.ids import new_uuid
from athena.triggers import schedule as times
from athena.triggers.schedule import Schedule
from athena.workflows.repository import TriggerRepository

KINDS: Final[Mapping[str, str]] = {"schedule_trigger": "schedule", "event_trigger": "event"}
SCHEDULE: Final[TypeAdapter[Schedule]] = TypeAdapter(Schedule)


async def sync_triggers(session: Session, workspace_uuid: WorkspaceId, workflow: Row) -> None:
    """Makes what is kept what the workflow says now; a schedule that stays as it was goes on from where it is."""
    triggers = TriggerRepository(session, workspace_uuid)
    present = await triggers.of(workflow["uuid"])
    wanted = dict(_wanted(workflow)) if workflow["status"] == "active" else {}
    gone = [row["uuid"] for node_id, row in present.items() if not _same(row, wanted.get(node_id))]
    if gone:
        await triggers.forget(gone)
    for node_id, (kind, config) in wanted.items():
        if node_id not in present or present[node_id]["uuid"] in gone:
            placed = {"uuid": new_uuid(), "workflow_uuid": workflow["uuid"], "node_id": node_id, "kind": kind}
            await triggers.insert({**placed, "config": config, **_columns(kind, config, workflow["uuid"])})


def _wanted(workflow: Row) -> Iterator[tuple[str, tuple[str, Mapping[str, Any]]]]:
    for node in workflow["nodes"]:
        kind = KINDS.get(node["type"])
        if kind is not None and not node["disabled"]:
            yield node["id"], (kind, node["data"])


def _same(row: Row, wanted: tuple[str, Mapping[str, Any]] | None) -> bool:
    return wanted is not None and (row["kind"], row["config"]) == wanted


def _columns(kind: str, config: Mapping[str, Any], workflow_uuid: UUID) -> dict[str, Any]:
    if kind == "event":
        return {"event_types": list(config["event_types"])}
    now = clock.now()
    return {"anchor_at": now, "last_at": now, "next_at": next_look(config, now, now, str(workflow_uuid))}


def read_schedule(config: Mapping[str, Any]) -> Schedule:
    """The schedule of a trigger node's configuration."""
    return SCHEDULE.validate_python(config["schedule"])


def never_comes(config: Mapping[str, Any], now: datetime) -> bool:
    """Whether a schedule that is switched on now has no time to come."""
    return times.next_after(read_schedule(config), now, now) is None


def schedules(workflow: Row) -> dict[str, Mapping[str, Any]]:
    """The configurations of an active workflow's schedules, by node."""
    if workflow["status"] != "active":
        return {}
    return {node_id: config for node_id, (kind, config) in _wanted(workflow) if kind == "schedule"}


def next_look(config: Mapping[str, Any], last: datetime, anchor: datetime, key: str) -> datetime | None:
    """When the next time after ``last`` begins, with its jitter; ``None`` when none follows."""
    schedule = read_schedule(config)
    following = times.next_after(schedule, last, anchor)
    return None if following is None else times.fires_at(schedule, following, anchor, key)

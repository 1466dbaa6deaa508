"""The rules of command room tasks: what is kept of them, and what is suggested from them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from athena.command_room_tasks import patterns
from athena.command_room_tasks.patterns import Pattern, Step
from athena.command_room_tasks.repository import CommandRoomTaskRepository
from athena.command_room_tasks.schemas import (
    CommandRoomTaskCreate,
    CommandRoomTaskFields,
    CommandRoomTaskUpdate,
    Status,
)
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.kit.schemas import Time
from athena.users import service as users

RELATIONS = ("creator", "suggestion")
MOST_DAYS = 30
MOST_SUGGESTIONS = 50
MOST_EXAMPLES = 3
AHEAD = timedelta(days=1)
"""Clocks differ; what is further ahead was not done yet."""

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "occurred_at": "occurred_at"},
    searchable=("title", "description"),
    filters={
        "app": str,
        "action": str,
        "session_id": str,
        "status": Status,
        "creator_uuid": UUID,
        "occurred_after": Time,
        "occurred_before": Time,
    },
    columns={"occurred_after": "occurred_at > {}", "occurred_before": "occurred_at < {}"},
    relations=RELATIONS,
    default_sort="-occurred_at",
)


class CommandRoomTaskService:
    """The command room tasks of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._tasks = CommandRoomTaskRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of tasks."""
        return await self._tasks.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One task; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._tasks.get(uuid)

    async def store(self, given: CommandRoomTaskCreate) -> list[Row]:
        """Stores the caller's tasks, in the order in which they were given."""
        many = given.tasks is not None
        rows = [
            self._new(each, f"tasks.{number}.occurred_at" if many else "occurred_at")
            for number, each in enumerate(given.all)
        ]
        return await self._tasks.insert_many(rows)

    def _new(self, given: CommandRoomTaskFields, path: str) -> dict[str, Any]:
        now = clock.now()
        if given.occurred_at is not None and given.occurred_at > now + AHEAD:
            raise ValidationFailed.of(path, "It lies in the future.")
        return {
            "workspace_uuid": str(self._access.workspace_uuid),
            "uuid": str(new_uuid()),
            "created_at": now,
            "updated_at": now,
            "revision": 1,
            "title": given.title,
            "description": given.description,
            "app": given.app,
            "action": given.action,
            "url": given.url,
            "metadata": given.metadata,
            "occurred_at": given.occurred_at or now,
            "session_id": given.session_id,
            "status": given.status,
            "creator_uuid": str(self._access.user_uuid),
        }

    async def update(self, uuid: UUID, given: CommandRoomTaskUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names."""
        return await self._tasks.update(uuid, given.changes(), revision)

    async def remove(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a task."""
        await self._tasks.delete(uuid, revision)

    async def suggestions(self, days: int = MOST_DAYS) -> list[dict[str, Any]]:
        """What was done again and again within the last days, that first which would spare the most."""
        return [_present_pattern(each) for each in (await self._patterns(days))[:MOST_SUGGESTIONS]]

    async def _patterns(self, days: int = MOST_DAYS) -> list[Pattern]:
        rows = await self._tasks.steps(clock.now() - timedelta(days=days))
        return await asyncio.to_thread(lambda: patterns.find(map(_step, rows)))

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [_present(row) for row in rows]
        if "creator" in relations:
            found = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = found.get(row["creator_uuid"])
        if "suggestion" in relations and rows:
            groups = patterns.groups(await self._patterns())
            for item, row in zip(items, rows, strict=True):
                pattern = groups.get(row["uuid"])
                item["suggestion"] = {"key": pattern.key, "name": _name(pattern)} if pattern else None
        return items


def _step(row: Row) -> Step:
    """A task without a session belongs to its user's day."""
    session = f"s {row['session_id']}" if row["session_id"] else f"d {row['occurred_at'].date()}"
    return Step(row["uuid"], f"{row['creator_uuid']} {session}", row["occurred_at"], row["app"], row["action"])


def _name(pattern: Pattern) -> str:
    """The first and the last step, and how many there are between."""
    first, *between, last = (f"{step.app}: {step.action}" for step in pattern.steps)
    return " → ".join((first, *(["…"] if between else []), last))


def _present_pattern(pattern: Pattern) -> dict[str, Any]:
    name = _name(pattern)
    steps = [{"app": step.app, "action": step.action} for step in pattern.steps]
    told = ", then ".join(f"{step.action} in {step.app}" for step in pattern.steps)
    newest = list(reversed(pattern.occurrences))[:MOST_EXAMPLES]
    return {
        "key": pattern.key,
        "name": name,
        "steps": steps,
        "count": pattern.count,
        "sessions": pattern.sessions,
        "first_seen": clock.rfc3339(pattern.first_seen),
        "last_seen": clock.rfc3339(pattern.last_seen),
        "task_uuids": [uuid for times in newest for uuid in times],
        "seconds_per_run": round(pattern.seconds),
        "estimated_seconds_saved": round(pattern.seconds_saved),
        "workflow": {
            "name": name,
            "description": f"Does what was done {pattern.count} times by hand: {told}.",
            "nodes": [
                {"id": f"step_{number}", "name": f"{step['app']}: {step['action']}", **step}
                for number, step in enumerate(steps, 1)
            ],
        },
    }


def _present(row: Row) -> dict[str, Any]:
    """A task's row as the API shows it, without relations."""
    plain = ("title", "description", "app", "action", "url", "metadata", "session_id", "status", "creator_uuid")
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        **{name: row[name] for name in plain},
        "occurred_at": clock.rfc3339(row["occurred_at"]),
        "suggestion": None,
        "creator": None,
    }

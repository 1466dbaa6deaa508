"""All SQL of command room tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql

from athena.command_room_tasks.models import command_room_tasks
from athena.kit.db import Row
from athena.kit.repository import Repository

MOST_STEPS = 10_000
_DIALECT = postgresql.dialect()


class CommandRoomTaskRepository(Repository):
    """The command room tasks of one workspace."""

    table = command_room_tasks
    counted = True
    recorded = "command_room_task"

    async def insert_many(self, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Stores rows in one statement, and gives them back in their order."""
        names = list(rows[0])
        types = ", ".join(f"{name} {self.table.c[name].type.compile(dialect=_DIALECT)}" for name in names)
        stored = await self.session.fetch(
            f"INSERT INTO command_room_tasks ({', '.join(names)}) "
            f"SELECT {', '.join(f'given.{name}' for name in names)} FROM jsonb_to_recordset($1) AS given ({types}) "
            f"WHERE given.workspace_uuid = $2 RETURNING {self.columns}",
            [dict(row) for row in rows],
            self.workspace_uuid,
        )
        for row in stored:
            self.note("created", row["uuid"])
        return sorted(stored, key=lambda row: row["uuid"])

    async def steps(self, since: datetime) -> list[Row]:
        """What was done in applications since then, the latest of it first, as far as that is not too much."""
        return await self.session.fetch(
            "SELECT uuid, app, action, occurred_at, session_id, creator_uuid FROM command_room_tasks "
            "WHERE workspace_uuid = $1 AND occurred_at > $2 AND app IS NOT NULL AND action IS NOT NULL "
            f"AND status <> 'dismissed' ORDER BY occurred_at DESC, uuid DESC LIMIT {MOST_STEPS}",
            self.workspace_uuid,
            since,
        )

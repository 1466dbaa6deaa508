"""All SQL of retention, in small batches; needs the system's scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from uuid import UUID

import sqlalchemy as sa

from athena.kit.db import Row, Session
from athena.kit.tables import metadata

BATCH = 500
# Who follows a run that was cancelled with its thread is to see its end.
ENDED_SECONDS = 5
# Reached by other ways: a run's events with the run, and this list by its own work.
REACHED_OTHERWISE = frozenset({"run_events", "leftovers"})

_AT_WORK = (
    "EXISTS (SELECT FROM runs AS r WHERE r.workspace_uuid = {0}.workspace_uuid AND r.queue_key = {0}.{1}::text "
    "AND r.finished_at IS NULL)"
)


class LeftoverRepository:
    """What deletions still have to reach."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def take(self) -> Sequence[Row]:
        """Some that can be dealt with now; they come again unless this transaction is committed."""
        return await self.session.fetch(
            f"""
            DELETE FROM leftovers WHERE id IN (
                SELECT l.id FROM leftovers AS l WHERE l.due_at <= now() AND NOT (l.kind = 'run' AND EXISTS (
                    SELECT FROM runs AS r WHERE r.workspace_uuid = l.workspace_uuid AND r.uuid = l.name::uuid
                    AND (r.finished_at IS NULL OR r.finished_at > now() - interval '{ENDED_SECONDS} seconds')
                )) ORDER BY l.due_at, l.id LIMIT {BATCH} FOR UPDATE SKIP LOCKED
            ) RETURNING kind, workspace_uuid, name
            """
        )

    async def delete_runs(self, workspace_uuids: Sequence[UUID], uuids: Sequence[UUID]) -> None:
        """Runs with their logs."""
        await self.session.execute(
            "DELETE FROM runs AS r USING unnest($1::uuid[], $2::uuid[]) AS l (workspace_uuid, uuid) "
            "WHERE r.workspace_uuid = l.workspace_uuid AND r.uuid = l.uuid",
            list(workspace_uuids),
            list(uuids),
        )

    async def delete_of_workspace(self, workspace_uuid: UUID) -> None:
        """The rows of a workspace that is gone, in tables whose rows no foreign key takes along."""
        for table in _without_foreign_key():
            await self.session.execute(f"DELETE FROM {table} WHERE workspace_uuid = $1", workspace_uuid)


@cache
def _without_foreign_key() -> Sequence[str]:
    def goes_along(table: sa.Table) -> bool:
        return any(
            foreign.column.table.name == "workspaces" and foreign.ondelete == "CASCADE"
            for foreign in table.columns["workspace_uuid"].foreign_keys
        )

    return [
        table.name
        for table in metadata.sorted_tables
        if "workspace_uuid" in table.columns and table.name not in REACHED_OTHERWISE and not goes_along(table)
    ]


class RetentionRepository:
    """What has become too old. Each call deletes one batch, and says how many rows that were."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def workspaces(self) -> Sequence[Row]:
        """The workspaces that do not keep everything for ever."""
        return await self.session.fetch("SELECT uuid, retention FROM workspaces WHERE retention <> '{}'")

    async def delete_over(self) -> None:
        """Invitations long after their end, tokens that would set a password, and what clients can renew no more."""
        await self.session.execute("DELETE FROM invitations WHERE expires_at < now() - interval '30 days'")
        await self.session.execute("DELETE FROM password_resets WHERE expires_at < now()")
        # The access token, which has expired long before, goes with its grant: nobody can renew it.
        await self.session.execute(
            "DELETE FROM tokens AS t USING oauth_grants AS g WHERE g.token_uuid = t.uuid AND g.expires_at < now()"
        )

    async def delete_executions(self, workspace_uuid: UUID, before: datetime) -> int:
        """Runs that ended before a moment, with their logs."""
        return await self.session.execute(
            f"""
            DELETE FROM runs WHERE workspace_uuid = $1 AND uuid IN (
                SELECT uuid FROM runs WHERE workspace_uuid = $1 AND uuid < $3 AND finished_at < $2
                ORDER BY uuid LIMIT {BATCH} FOR UPDATE SKIP LOCKED
            )
            """,
            workspace_uuid,
            before,
            first_uuid(before),
        )

    async def delete_messages(self, workspace_uuid: UUID, before: datetime) -> int:
        """Messages that are older, of threads in which no run is at work."""
        return await self.session.execute(
            f"""
            DELETE FROM messages WHERE workspace_uuid = $1 AND uuid IN (
                SELECT m.uuid FROM messages AS m
                WHERE m.workspace_uuid = $1 AND m.uuid < $3 AND m.created_at < $2 AND m.status <> 'pending'
                AND NOT {_AT_WORK.format("m", "thread_uuid")}
                ORDER BY m.uuid LIMIT {BATCH} FOR UPDATE SKIP LOCKED
            )
            """,
            workspace_uuid,
            before,
            first_uuid(before),
        )

    async def delete_threads(self, workspace_uuid: UUID, before: datetime) -> int:
        """Threads in which nothing was said since, with the logs of their runs, but for those at work."""
        rows = await self.session.fetch(
            f"""
            DELETE FROM threads WHERE workspace_uuid = $1 AND uuid IN (
                SELECT t.uuid FROM threads AS t WHERE t.workspace_uuid = $1 AND t.last_message_at < $2
                AND NOT {_AT_WORK.format("t", "uuid")}
                ORDER BY t.last_message_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED
            ) RETURNING uuid
            """,
            workspace_uuid,
            before,
        )
        await self.session.execute(
            "DELETE FROM runs AS r USING unnest($2::uuid[]) AS t (uuid) WHERE r.workspace_uuid = $1 "
            "AND r.thread_uuid = t.uuid::text AND r.finished_at IS NOT NULL",
            workspace_uuid,
            [row["uuid"] for row in rows],
        )
        return len(rows)

    async def delete_audit_events(self, workspace_uuid: UUID, before: datetime) -> int:
        """Entries of the log of changes."""
        return await self.session.execute(
            f"""
            DELETE FROM audit_events WHERE workspace_uuid = $1 AND uuid IN (
                SELECT uuid FROM audit_events WHERE workspace_uuid = $1 AND uuid < $3 AND created_at < $2
                ORDER BY uuid LIMIT {BATCH}
            )
            """,
            workspace_uuid,
            before,
            first_uuid(before),
        )

    async def delete_unused_media(self, workspace_uuid: UUID, before: datetime) -> int:
        """Files that are older, and that nothing uses."""
        return await self.session.execute(
            f"""
            DELETE FROM media WHERE workspace_uuid = $1 AND uuid IN (
                SELECT f.uuid FROM media AS f WHERE f.workspace_uuid = $1 AND f.uuid < $3 AND f.created_at < $2
                AND {_unused()} AND f.uuid::text NOT IN (
                    SELECT part ->> 'media_uuid' FROM messages AS m, jsonb_array_elements(m.content) AS part
                    WHERE m.workspace_uuid = $1 AND jsonb_typeof(m.content) = 'array' AND part ? 'media_uuid'
                ) ORDER BY f.uuid LIMIT {BATCH} FOR UPDATE SKIP LOCKED
            )
            """,
            workspace_uuid,
            before,
            first_uuid(before),
        )


@cache
def _unused() -> str:
    """That no row refers to the file ``f``, in whatever table."""
    return " AND ".join(
        f"NOT EXISTS (SELECT FROM {table.name} AS u WHERE u.workspace_uuid = $1 AND u.{foreign.parent.name} = f.uuid)"
        for table in metadata.sorted_tables
        for foreign in table.foreign_keys
        if foreign.column.table.name == "media" and foreign.column.name == "uuid"
    )


def first_uuid(moment: datetime) -> UUID:
    """The least id that is made at ``moment``: ids grow with time, so that old rows stand first in each key."""
    # No id is older than the clock that they are made by.
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)

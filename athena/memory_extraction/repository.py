"""All SQL of extraction: which threads went quiet, what was said in them since, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from athena.kit import clock
from athena.kit.db import Row, Session
from athena.kit.ids import uuid_at

KIND = "memory_extraction"
THREADS_AT_ONCE = 50
CONTEXT = 4
"""Messages before the new ones that are shown with them, to tell what these speak of."""
AT_ONCE = 200
EXTRACTS = "memory ->> 'extract' = 'true'"


class QuietThreads:
    """Threads of every workspace; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def follow(self, now: datetime) -> list[Row]:
        """The workspaces in which agents extract, with how far each was looked at: at first, since it was switched on.

        Where no agent does any more it is forgotten, so that what is said meanwhile is never read.
        """
        await self._session.execute(
            f"DELETE FROM memory_extraction_progress AS p WHERE NOT EXISTS "
            f"(SELECT FROM agents WHERE agents.workspace_uuid = p.workspace_uuid AND {EXTRACTS})"
        )
        await self._session.execute(
            "INSERT INTO memory_extraction_progress (workspace_uuid, looked_until) "
            f"SELECT workspace_uuid, least(min(updated_at), $1) FROM agents WHERE {EXTRACTS} GROUP BY workspace_uuid "
            "ON CONFLICT (workspace_uuid) DO NOTHING",
            now,
        )
        return await self._session.fetch("SELECT workspace_uuid FROM memory_extraction_progress ORDER BY 1")

    async def lock(self, workspace_uuid: UUID) -> datetime | None:
        """How far a workspace was looked at; ``None`` where another process looks at it."""
        return await self._session.value(
            "SELECT looked_until FROM memory_extraction_progress WHERE workspace_uuid = $1 FOR UPDATE SKIP LOCKED",
            workspace_uuid,
        )

    async def quiet(self, workspace_uuid: UUID, after: datetime, until: datetime) -> list[Row]:
        """Threads whose last message lies in between, in that order, each with the agent that answered last.

        ``agent_uuid`` is null where that one does not extract, and where somebody spoke through a share: who that was
        is not known.
        """
        return await self._session.fetch(
            f"""
            SELECT t.uuid, t.last_message_at, (
                SELECT a.uuid FROM agents AS a WHERE a.workspace_uuid = t.workspace_uuid AND a.{EXTRACTS}
                AND a.uuid = (
                    SELECT m.agent_uuid FROM messages AS m WHERE m.workspace_uuid = t.workspace_uuid
                    AND m.thread_uuid = t.uuid AND m.role = 'assistant' ORDER BY m.uuid DESC LIMIT 1
                ) AND NOT EXISTS (
                    SELECT FROM runs AS r WHERE r.workspace_uuid = t.workspace_uuid AND r.thread_uuid = t.uuid::text
                    AND r.share_uuid IS NOT NULL
                )
            ) AS agent_uuid
            FROM threads AS t WHERE t.workspace_uuid = $1 AND t.last_message_at > $2 AND t.last_message_at <= $3
            ORDER BY t.last_message_at FETCH FIRST {THREADS_AT_ONCE} ROWS WITH TIES
            """,
            workspace_uuid,
            after,
            until,
        )

    async def looked(self, workspace_uuid: UUID, until: datetime) -> None:
        """Notes how far a workspace was looked at."""
        await self._session.execute(
            "UPDATE memory_extraction_progress SET looked_until = $2 WHERE workspace_uuid = $1", workspace_uuid, until
        )


class ExtractionRepository:
    """One workspace."""

    def __init__(self, session: Session, workspace_uuid: UUID) -> None:
        self._session = session
        self._workspace_uuid = workspace_uuid

    async def spent_today(self, thread_uuid: UUID | None = None) -> float:
        """What extractions that have ended cost since midnight (UTC), in dollars: all, or those of a thread."""
        midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        return await self._session.value(
            f"SELECT coalesce(sum(cost), 0)::float8 FROM runs WHERE workspace_uuid = $1 AND kind = '{KIND}' "
            "AND uuid >= $2 AND ($3::text IS NULL OR thread_uuid = $3)",
            self._workspace_uuid,
            uuid_at(midnight),
            None if thread_uuid is None else str(thread_uuid),
        )

    async def said(self, thread_uuid: UUID) -> tuple[Sequence[Row], Sequence[Row]]:
        """What was said in a thread since it was read, oldest first, and a few messages before that."""
        through = await self._session.value(
            "SELECT through_uuid FROM memory_extractions WHERE workspace_uuid = $1 AND thread_uuid = $2",
            self._workspace_uuid,
            thread_uuid,
        )
        through = through or UUID(int=0)
        said = (
            "SELECT uuid, role, creator_uuid, athena_message_text(content) AS text FROM messages "
            "WHERE workspace_uuid = $1 AND thread_uuid = $2 AND status = 'completed' AND role IN ('user', 'assistant') "
        )
        new = await self._session.fetch(
            f"{said} AND uuid > $3 ORDER BY uuid LIMIT {AT_ONCE}", self._workspace_uuid, thread_uuid, through
        )
        before = await self._session.fetch(
            f"{said} AND uuid <= $3 ORDER BY uuid DESC LIMIT {CONTEXT}", self._workspace_uuid, thread_uuid, through
        )
        return new, before[::-1]

    async def read(self, thread_uuid: UUID, through_uuid: UUID) -> bool:
        """Notes that a thread was read through a message; false when the thread is gone."""
        return bool(
            await self._session.execute(
                """
                INSERT INTO memory_extractions (workspace_uuid, thread_uuid, through_uuid)
                SELECT workspace_uuid, uuid, $3 FROM threads WHERE workspace_uuid = $1 AND uuid = $2 FOR KEY SHARE
                ON CONFLICT (workspace_uuid, thread_uuid) DO UPDATE SET through_uuid = excluded.through_uuid
                """,
                self._workspace_uuid,
                thread_uuid,
                through_uuid,
            )
        )


def until(now: datetime, quiet_seconds: float) -> datetime:
    """Up to when the last message of a thread must have been said for it to be quiet."""
    return now - timedelta(seconds=quiet_seconds)

"""All SQL of exports themselves; what goes into them is read by ``contents``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from athena.exports.models import exports
from athena.kit import clock
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.repository import Rows, Where

LEASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose exports: a workspace's, or a user's own."""

    user_uuid: UUID
    workspace_uuid: UUID | None = None


class ExportRepository(Rows):
    """The exports of one workspace, or one user's own."""

    table = exports
    recorded: ClassVar[str] = "export"
    hidden = frozenset({"attempts", "leased_until"})

    def __init__(self, session: Session, holder: Holder) -> None:
        super().__init__(session)
        self.holder = holder

    def within(self, where: Where) -> None:
        """The holder's. The database sees to it, too."""
        if self.holder.workspace_uuid is not None:
            where.add("workspace_uuid = {}", self.holder.workspace_uuid)
        else:
            where.add("workspace_uuid IS NULL AND user_uuid = {}", self.holder.user_uuid)

    @property
    def placed(self) -> Mapping[str, Any]:
        """Whose it is."""
        return {"workspace_uuid": self.holder.workspace_uuid, "user_uuid": self.holder.user_uuid}

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such export.")

    async def is_one_under_way(self) -> bool:
        """Whether one of the holder's is not finished; none is begun before this transaction ends."""
        name = f"athena.exports {self.holder.workspace_uuid or self.holder.user_uuid}"
        await self.session.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)
        where = Where()
        self.within(where)
        where.add("finished_at IS NULL")
        return await self.session.value(f"SELECT EXISTS (SELECT FROM exports WHERE {where.sql})", *where.args)

    async def delete_beyond(self, most: int) -> None:
        """Deletes the holder's but for the newest; a trigger notes their files."""
        where = Where()
        self.within(where)
        await self.session.execute(
            f"DELETE FROM exports WHERE uuid IN (SELECT uuid FROM exports WHERE {where.sql} "
            f"ORDER BY uuid DESC OFFSET {most})",
            *where.args,
        )


class WorkRepository:
    """Exports of all, for the processes that write them; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def claim(self) -> Row | None:
        """The next one that nobody writes, for this process to write."""
        return await self.session.fetch_one(
            f"""
            UPDATE exports SET status = 'running', attempts = attempts + 1, updated_at = $1, revision = revision + 1,
                leased_until = now() + interval '{LEASE_SECONDS} seconds'
            WHERE uuid = (
                SELECT uuid FROM exports WHERE finished_at IS NULL AND (status = 'queued' OR leased_until < now())
                ORDER BY uuid LIMIT 1 FOR UPDATE SKIP LOCKED
            ) RETURNING uuid, workspace_uuid, user_uuid, attempts, created_at
            """,
            clock.now(),
        )

    async def renew(self, uuid: UUID, attempt: int) -> bool:
        """Goes on writing; whether it is still this process's to write."""
        return bool(
            await self.session.execute(
                f"UPDATE exports SET leased_until = now() + interval '{LEASE_SECONDS} seconds' "
                "WHERE uuid = $1 AND attempts = $2 AND status = 'running'",
                uuid,
                attempt,
            )
        )

    async def give_back(self, uuid: UUID, attempt: int) -> None:
        """Lets somebody else try."""
        await self.session.execute(
            "UPDATE exports SET status = 'queued' WHERE uuid = $1 AND attempts = $2 AND status = 'running'",
            uuid,
            attempt,
        )

    async def finish(
        self, uuid: UUID, attempt: int, *, size: int | None, error: Mapping[str, str] | None, expires_at: datetime
    ) -> bool:
        """Ends it; whether it was still this process's to end."""
        return bool(
            await self.session.execute(
                "UPDATE exports SET status = $3, size = $4, error = $5, finished_at = $6, updated_at = $6, "
                "expires_at = $7, leased_until = NULL, revision = revision + 1 "
                "WHERE uuid = $1 AND attempts = $2 AND status = 'running'",
                uuid,
                attempt,
                "failed" if error else "succeeded",
                size,
                error,
                clock.now(),
                expires_at,
            )
        )

    async def finished(self, uuid: UUID) -> Row | None:
        """One whose file is there."""
        return await self.session.fetch_one(
            "SELECT uuid, created_at FROM exports WHERE uuid = $1 AND status = 'succeeded' AND expires_at > now()", uuid
        )

    async def expire(self) -> None:
        """Deletes those that are over; a trigger notes their files."""
        await self.session.execute("DELETE FROM exports WHERE expires_at < now()")

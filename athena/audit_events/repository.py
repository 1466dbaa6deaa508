"""All SQL that reads the log of changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from athena.audit_events.models import audit_events
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.repository import Repository, Rows, Where

HIDDEN = frozenset({"workspace_uuid", "user_uuid"})


class AuditEventRepository(Repository):
    """One workspace's log."""

    table = audit_events
    hidden = HIDDEN

    async def after(self, where: Where, place: tuple[datetime, UUID] | None, limit: int) -> Sequence[Row]:
        """The next entries behind ``place``, oldest first, narrowed by ``where``, which is used up by it."""
        self.within(where)
        if place is not None:
            where.add("(created_at, uuid) > ({}, {})", *place)
        return await self.session.fetch(
            f"SELECT {self.columns} FROM audit_events WHERE {where.sql} ORDER BY created_at, uuid LIMIT {limit}",
            *where.args,
        )


class UserEventRepository(Rows):
    """A user's own affairs, outside of any workspace."""

    table = audit_events
    hidden = HIDDEN

    def __init__(self, session: Session, user_uuid: UUID) -> None:
        super().__init__(session)
        self.user_uuid = user_uuid

    def within(self, where: Where) -> None:
        """The user's."""
        where.add("workspace_uuid IS NULL AND user_uuid = {}", self.user_uuid)

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such event.")

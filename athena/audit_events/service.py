"""The rules of the log of changes: it is read, and taken along, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from athena.audit_events.repository import AuditEventRepository, UserEventRepository
from athena.audit_events.rows import head, lines
from athena.audit_events.schemas import Export
from athena.kit import clock
from athena.kit.access import Access, Identity
from athena.kit.db import Database, Row, Session
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.kit.repository import Where
from athena.users import service as users

BATCH = 1_000
RELATIONS = ("actor",)
BY_TOKEN = "credential_kind = 'token' AND credential_uuid = {}"  # noqa: S105 - a condition, no secret

LIST = ListOptions(
    sortable={"created_at": "created_at"},
    filters={
        "action": str,
        "resource_type": str,
        "resource_uuid": UUID,
        "actor_user_uuid": UUID,
        "token_uuid": UUID,
    },
    columns={"token_uuid": BY_TOKEN},
    relations=RELATIONS,
)
USER_LIST = ListOptions(
    sortable={"created_at": "created_at"},
    filters={"action": str, "resource_type": str, "resource_uuid": UUID},
)


class AuditEventService:
    """The log of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._events = AuditEventRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of entries."""
        return await self._events.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One entry."""
        return await self._events.get(uuid)

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them; actors who have left the workspace are null."""
        items = [present(row) for row in rows]
        if "actor" in relations:
            uuids = [row["actor_user_uuid"] for row in rows if row["actor_user_uuid"]]
            people = await users.by_ids(self._session, uuids)
            for item, row in zip(items, rows, strict=True):
                item["actor"] = people.get(row["actor_user_uuid"])
        return items

    def export(self, database: Database, wanted: Export) -> AsyncGenerator[bytes]:
        """The log as it is now, as a file. That somebody takes it along is noted in it."""
        content = exported(database, self._access, wanted, clock.now())
        workspace_uuid = self._access.workspace_uuid
        self._session.record("audit_event.exported", "workspace", workspace_uuid, {"format": wanted.format})
        return content


class UserEventService:
    """The caller's own affairs, outside of any workspace."""

    def __init__(self, session: Session, identity: Identity) -> None:
        self._events = UserEventRepository(session, identity.user_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of entries."""
        return await self._events.page(query)


async def exported(database: Database, access: Access, wanted: Export, until: datetime) -> AsyncGenerator[bytes]:
    """The log as it was at ``until``, oldest first. Between batches no connection is held, as readers may be slow."""
    yield head(wanted.format)
    place: tuple[datetime, UUID] | None = None
    if wanted.created_before is not None:
        until = min(until, wanted.created_before)
    while True:
        async with database.session(access.scope) as session:
            events = AuditEventRepository(session, access.workspace_uuid)
            rows = await events.after(_narrowed(wanted, until), place, BATCH)
        if rows:
            yield lines([present(row) for row in rows], wanted.format)
            place = (rows[-1]["created_at"], rows[-1]["uuid"])
        if len(rows) < BATCH:
            return


def _narrowed(wanted: Export, until: datetime) -> Where:
    where = Where()
    where.add("created_at < {}", until)
    if wanted.created_after is not None:
        where.add("created_at > {}", wanted.created_after)
    if wanted.token_uuid is not None:
        where.add(BY_TOKEN, wanted.token_uuid)
    for name in ("action", "resource_type", "resource_uuid", "actor_user_uuid"):
        value = getattr(wanted, name)
        if value is not None:
            where.add(f"{name} = {{}}", value)
    return where


def present(row: Row) -> dict[str, Any]:
    """An entry's row as the API shows it."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "action": row["action"],
        "resource_type": row["resource_type"],
        "resource_uuid": row["resource_uuid"],
        "actor_user_uuid": row["actor_user_uuid"],
        "credential": {"kind": row["credential_kind"], "uuid": row["credential_uuid"]},
        "address": row["address"],
        "user_agent": row["user_agent"],
        "request_id": row["request_id"],
        "details": row["details"],
        "actor": None,
    }

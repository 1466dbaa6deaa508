"""The rules of threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.agents.service import AgentService
from athena.engine import Engine
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.large_language_models.parameters import merge_metadata, show_metadata
from athena.messages.service import MessageService
from athena.threads.repository import ThreadRepository
from athena.threads.schemas import ThreadCreate, ThreadUpdate
from athena.users import service as users
from athena.workspaces import service as workspaces

RELATIONS = ("creator", "agent", "attachments", "messages", "workspace")

LIST = ListOptions(
    sortable={
        "created_at": "uuid",
        "updated_at": "updated_at",
        "last_message_at": "last_message_at",
        "name": "name",
    },
    searchable=("name",),
    filters={"agent_uuid": UUID, "creator_uuid": UUID},
    relations=RELATIONS,
)

Found = Mapping[UUID, Any]


class ThreadService:
    """The threads of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._threads = ThreadRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of threads."""
        return await self._threads.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One thread; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._threads.get(uuid)

    async def called(self, name: str) -> Row | None:
        """The thread to which a program of the caller's has given this name."""
        return await self._threads.called(self._external_id(name))

    async def create(self, given: ThreadCreate, name: str | None = None) -> Row:
        """Stores a new thread of the caller; ``name``: by which :meth:`called` finds it."""
        if given.agent_uuid is not None:
            await AgentService(self._session, self._access).get(given.agent_uuid)
        return await self._threads.insert(
            {
                "uuid": new_uuid(),
                "name": given.name,
                "agent_uuid": given.agent_uuid,
                "metadata": merge_metadata({}, given.metadata.model_dump(exclude_unset=True)),
                "creator_uuid": self._access.user_uuid,
                "last_message_at": clock.now(),
                "external_id": None if name is None else self._external_id(name),
            }
        )

    async def update(self, uuid: UUID, given: ThreadUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names."""
        changes = given.changes()
        if changes.get("agent_uuid") is not None:
            await AgentService(self._session, self._access).get(changes["agent_uuid"])
        if "metadata" in changes:
            present_row = await self._threads.locked(uuid)
            changes["metadata"] = merge_metadata(present_row["metadata"], changes["metadata"])
        return await self._threads.update(uuid, changes, revision)

    async def rename(self, uuid: UUID, name: str) -> Row:
        """Gives a thread a name."""
        return await self._threads.update(uuid, {"name": name})

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a thread with its messages, and cancels what still answers in it."""
        # First the thread, so that no run is accepted, then its runs, so that none ends, then its messages: the order
        # in which runs take them, so that nobody waits in a circle.
        self._threads.check_revision(await self._threads.locked(uuid), revision)
        engine = self._session.provided(Engine)
        for run_uuid in await self._threads.lock_unfinished_runs(uuid):
            await engine.cancel(self._session, self._access.workspace_uuid, run_uuid)
        await self._threads.delete_finished_runs(uuid)
        await self._threads.delete(uuid)

    async def show(self, rows: Sequence[Row], wanted: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [present(row) for row in rows]
        if not wanted or not rows:
            return items
        loaders: Mapping[str, tuple[str, Callable[[list[UUID]], Awaitable[Found]]]] = {
            "creator": ("creator_uuid", lambda uuids: users.by_ids(self._session, uuids)),
            "agent": ("agent_uuid", AgentService(self._session, self._access).by_ids),
            "attachments": ("uuid", self._attachments),
            "messages": ("uuid", MessageService(self._session, self._access).of_threads),
            "workspace": ("workspace_uuid", lambda uuids: workspaces.by_ids(self._session, uuids)),
        }
        for name in sorted(wanted):
            column, load = loaders[name]
            found = await load(list({row[column] for row in rows if row[column] is not None}))
            for item, row in zip(items, rows, strict=True):
                item[name] = found.get(row[column])
        return items

    def _external_id(self, name: str) -> str:
        """Of the caller's own: what others call theirs is nothing to them."""
        return f"{self._access.user_uuid}/{name}"

    async def _attachments(self, uuids: list[UUID]) -> Found:
        return await MessageService(self._session, self._access).attachments("thread_uuid", uuids)


def present(row: Row) -> dict[str, Any]:
    """A thread's row as the API shows it, without relations."""
    return {
        "uuid": str(row["uuid"]),
        "name": row["name"],
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "metadata": show_metadata(row["metadata"]),
        "creator": None,
        "agent": None,
        "attachments": None,
        "messages": None,
        "workspace": None,
        "agent_uuid": row["agent_uuid"],
        "last_message_at": clock.rfc3339(row["last_message_at"]),
    }

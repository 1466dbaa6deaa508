"""The rules of sources: what is the same one again, and what a run is to learn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.agents.service import AgentService
from athena.engine import Engine
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.media.service import MediaService
from athena.permissions import Permission
from athena.threads.service import ThreadService
from athena.training.repository import AgentSourceRepository, TaughtRepository
from athena.training.schemas import (
    AgentTraining,
    MediaSource,
    QaSource,
    SourceInput,
    SourceKind,
    SourceStatus,
    TextSource,
    ThreadSource,
    UrlSource,
)
from athena.users import service as users

KIND = "training"
"""The kind of the runs."""
QUEUE = "training"
"""In which a workspace's runs wait for each other, so that none writes a source at the same time as another."""
RELATIONS = ("creator",)
NOTHING = {"chunks": 0, "positions": 0, "documents": 0, "skipped": 0, "bytes": 0}
QUESTIONS = "Questions and answers"

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "title": "title"},
    searchable=("title", "url"),
    filters={
        "type": SourceKind,
        "status": SourceStatus,
        "media_uuid": UUID,
        "thread_uuid": UUID,
        "run_uuid": UUID,
    },
    relations=RELATIONS,
)


class AgentSourceService:
    """What the agents of the caller's workspace are trained with."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access

    async def train(self, agent_uuid: UUID, given: AgentTraining) -> UUID:
        """Notes the sources, and accepts the run that learns them; its uuid."""
        await self._check(agent_uuid)
        sources = self._sources(agent_uuid)
        wanted = [await self._described(source) for source in given.sources]
        keys = [each["key"] for each in wanted]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                raise ValidationFailed.of(f"sources.{number}", "This is the same source as one before it.")
        # Sources that are not there yet have no row to be locked.
        await sources.lock()
        known = await sources.by_keys(keys)
        run_uuid = new_uuid()
        uuids: list[UUID] = []
        for each in wanted:
            values = {**each, "status": "pending", "error": None, "run_uuid": run_uuid}
            if (row := known.get(each["key"])) is not None:
                uuids.append(row["uuid"])
                await sources.update(row["uuid"], values)
            else:
                uuids.append(new_uuid())
                creator = {"creator_uuid": self._access.user_uuid, "counts": NOTHING}
                await sources.insert({"uuid": uuids[-1], **values, **creator})
        return await self._accept(agent_uuid, run_uuid, uuids)

    async def refresh(self, agent_uuid: UUID, uuid: UUID) -> UUID:
        """Has a source trained again, as it is now; the run's uuid."""
        await self._check(agent_uuid)
        run_uuid = new_uuid()
        await self._sources(agent_uuid).update(uuid, {"status": "pending", "error": None, "run_uuid": run_uuid})
        return await self._accept(agent_uuid, run_uuid, [uuid])

    async def of_agents(self, agent_uuids: Sequence[UUID]) -> list[Row]:
        """The sources of agents that exist for the caller, with what they say; oldest first."""
        reached = [row["uuid"] for row in await AgentService(self._session, self._access).rows(agent_uuids)]
        return await self._taught().of_agents(reached) if reached else []

    async def with_content(self, uuid: UUID) -> Row:
        """A source with what it says; :class:`athena.kit.errors.NotFound` when there is none for the caller."""
        row = await self._taught().get(uuid)
        await self._check(row["agent_uuid"])
        return row

    async def page(self, agent_uuid: UUID, query: ListQuery) -> RowPage:
        """One page of an agent's sources."""
        await self._check(agent_uuid)
        return await self._sources(agent_uuid).page(query)

    async def get(self, agent_uuid: UUID, uuid: UUID) -> Row:
        """One source; :class:`athena.kit.errors.NotFound` when the agent has none such."""
        await self._check(agent_uuid)
        return await self._sources(agent_uuid).get(uuid)

    async def delete(self, agent_uuid: UUID, uuid: UUID, revision: int | None) -> None:
        """Deletes a source, and with it whatever the agent has learnt from it."""
        await self._check(agent_uuid)
        await self._sources(agent_uuid).delete(uuid, revision)

    async def show(self, rows: Sequence[Row], wanted: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [present(row) for row in rows]
        if "creator" in wanted:
            found = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = found.get(row["creator_uuid"])
        return items

    async def _check(self, agent_uuid: UUID) -> None:
        """:class:`athena.kit.errors.NotFound` unless the agent exists for the caller."""
        await AgentService(self._session, self._access).get(agent_uuid)

    def _taught(self) -> TaughtRepository:
        return TaughtRepository(self._session, self._access.workspace_uuid)

    def _sources(self, agent_uuid: UUID) -> AgentSourceRepository:
        return AgentSourceRepository(self._session, self._access.workspace_uuid, agent_uuid)

    async def _accept(self, agent_uuid: UUID, run_uuid: UUID, source_uuids: Sequence[UUID]) -> UUID:
        return await self._session.provided(Engine).accept(
            self._session,
            kind=KIND,
            workspace_uuid=self._access.workspace_uuid,
            run_uuid=run_uuid,
            queue_key=QUEUE,
            labels={"agent_uuid": str(agent_uuid)},
            input={
                "agent_uuid": str(agent_uuid),
                "user_uuid": str(self._access.user_uuid),
                "source_uuids": [str(uuid) for uuid in source_uuids],
            },
        )

    async def _described(self, given: SourceInput) -> dict[str, Any]:
        """A source's columns; what it names must exist, and the caller must be allowed to see it."""
        columns: dict[str, Any] = dict.fromkeys(("url", "media_uuid", "thread_uuid", "content"))
        columns |= {"type": given.type, "options": {}}
        match given:
            case TextSource():
                columns |= {"key": f"text:{given.title}", "title": given.title, "content": given.text}
            case QaSource():
                pairs = [each.model_dump() for each in given.pairs]
                title = given.title or QUESTIONS
                columns |= {"key": f"qa:{given.title or _questions(given)}", "title": title, "content": pairs}
            case MediaSource(media_uuid=uuid):
                self._access.require(Permission.MEDIA_VIEW)
                media = await MediaService(self._session, self._access).get(uuid)
                columns |= {"key": f"media:{uuid}", "title": media["name"], "media_uuid": uuid}
                columns["options"] = {"model": given.model}
            case UrlSource():
                url = given.url.partition("#")[0]
                columns |= {"key": f"url:{url}", "title": url, "url": url}
                columns["options"] = {"sitemap": given.sitemap, "max_pages": given.max_pages}
            case ThreadSource(thread_uuid=uuid):
                self._access.require(Permission.MESSAGES_VIEW)
                thread = await ThreadService(self._session, self._access).get(uuid)
                columns |= {"key": f"thread:{uuid}", "title": thread["name"] or "Thread", "thread_uuid": uuid}
        return columns


def _questions(given: QaSource) -> str:
    """The questions in few characters; no title is so long."""
    told = "\n".join(sorted(each.question for each in given.pairs))
    return hashlib.sha256(told.encode()).hexdigest()


def present(row: Row) -> dict[str, Any]:
    """A source's row as the API shows it, without relations."""
    options: Mapping[str, Any] = row["options"]
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        **{name: row[name] for name in ("agent_uuid", "type", "title", "url", "media_uuid", "thread_uuid")},
        "sitemap": options.get("sitemap"),
        "max_pages": options.get("max_pages"),
        "status": row["status"],
        "error": row["error"],
        "counts": row["counts"],
        "content_hash": row["content_hash"],
        "run_uuid": row["run_uuid"],
        "trained_at": clock.rfc3339_or_none(row["trained_at"]),
        "creator": None,
    }

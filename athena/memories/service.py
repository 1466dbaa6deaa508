"""The rules of memories: where each counts, who knows of it, and how it is found."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.budgets.spending import Spender
from athena.embeddings import EmbeddingsUnavailable
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, PermissionDenied, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage, by_page
from athena.kit.repository import Where
from athena.memories.repository import IS_SUPERSEDED, MemoryRepository, place_of, vector_text
from athena.memories.schemas import (
    Kind,
    MemoryCreate,
    MemoryScope,
    MemoryUpdate,
    SearchText,
    SourceInput,
    SourceType,
    show_source,
)
from athena.memories.search_repository import Narrow
from athena.memories.searching import MemorySearch, Place, personal_of
from athena.memories.spaces import Meanings
from athena.users import service as users

RELATIONS = ("creator", "user")
PLACES: Mapping[MemoryScope, str | None] = {
    "workspace": None,
    "user": "user_uuid",
    "agent": "agent_uuid",
    "thread": "thread_uuid",
}
Embedding = Mapping[str, Any]
NOT_EMBEDDED: Embedding = {"embedding": None, "embedding_model": ""}
EMBED_SECONDS = 2.0
"""How long storing waits for the vector: milliseconds, unless the model has to be loaded. After that it comes later."""

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "used_count": "used_count", "score": "score"},
    searchable=("content",),
    filters={
        "query": SearchText,
        "include_superseded": bool,
        "kind": Kind,
        "scope": MemoryScope,
        "agent_uuid": UUID,
        "user_uuid": UUID,
        "thread_uuid": UUID,
        "source_type": SourceType,
        "source_uuid": UUID,
        "agent_source_uuid": UUID,
    },
    relations=RELATIONS,
)
_NO_COLUMNS = {"query", "include_superseded"}


class MemoryService:
    """The memories of the caller's workspace. Those of users are known to that user, and to owners and admins."""

    def __init__(self, session: Session, access: Access, spender: Spender | None = None) -> None:
        """``spender`` pays for what a provider tells of meanings; left out, the caller."""
        self._session = session
        self._access = access
        self._spender = spender or Spender.of(access)
        self._memories = MemoryRepository(
            session, access.workspace_uuid, personal_of=personal_of(access), reach=access.reach
        )

    async def page(self, query: ListQuery) -> tuple[RowPage, dict[UUID, float]]:
        """One page of memories, and their scores when it is a search."""
        text: str | None = query.filters.get("query")
        narrow = {key: value for key, value in query.filters.items() if key not in _NO_COLUMNS}
        plain = dataclasses.replace(query, filters=narrow)
        where = Where()
        if not query.filters.get("include_superseded"):
            where.add(f"NOT {IS_SUPERSEDED}")
        by_score = any(key.column == "score" for key in query.sort)
        if text is None:
            if by_score:
                raise ValidationFailed.of("sort", "Only what is found with `query` has a score.")
            return await self._memories.page(plain, where), {}
        if query.cursor is not None:
            raise ValidationFailed.of("cursor", "What is found with `query` comes in numbered pages.")
        if "sort" in query.raw and query.raw["sort"].strip() != "-score":
            raise ValidationFailed.of("sort", "What is found with `query` comes by `-score`.")
        self._memories.narrow(where, plain)
        search = MemorySearch(self._session, self._access, self._spender)
        found = await search.find(await search.ask(text), where, _narrow(narrow))
        first = (query.page - 1) * query.per_page
        scores = dict(found[first : first + query.per_page])
        rows = await self._memories.by_ids(list(scores))
        return by_page(query, [rows[uuid] for uuid in scores if uuid in rows], len(found)), scores

    async def search(
        self,
        text: str,
        *,
        limit: int = 10,
        agent_uuid: UUID | None = None,
        thread_uuid: UUID | None = None,
        user_uuid: UUID | None = None,
    ) -> list[tuple[Row, float]]:
        """What is known about ``text`` in a place, the best first with its score.

        That is what counts in the whole workspace, and for the agent, the thread and the user who are named; never
        what only another user should know of, whoever asks.
        """
        search = MemorySearch(self._session, self._access, self._spender)
        found = await search.known(await search.ask(text), Place(agent_uuid, thread_uuid, user_uuid))
        return await search.rows(found[:limit])

    async def touch(self, uuids: Sequence[UUID]) -> None:
        """Counts that these memories were used, in one statement."""
        if uuids:
            await self._memories.touch(uuids)

    async def newest_of(self, user_uuid: UUID, limit: int) -> list[Row]:
        """What was last kept of a user, the newest first, without what is superseded."""
        return await self._memories.newest_of(user_uuid, limit)

    async def get(self, uuid: UUID) -> Row:
        """One memory; :class:`athena.kit.errors.NotFound` when there is none for the caller."""
        return await self._memories.get(uuid)

    async def create(self, given: MemoryCreate, uuid: UUID | None = None, *, embedding: Embedding | None = None) -> Row:
        """Stores a memory. Who names its ``uuid`` may do so again: the one that is there already stays as it is.

        ``embedding`` is what :meth:`embedding` gave for its content, for who must not wait for that here.
        """
        if uuid is not None and (known := await self._memories.find(uuid)) is not None:
            return known
        values = {key: value for key, value in given.model_dump().items() if key not in {"with_", "source"}}
        if given.scope == "user" and given.user_uuid is None:
            values["user_uuid"] = self._access.user_uuid
        _check_expiry(given.expires_at)
        _check_place(values)
        embedding = embedding or await self.embedding(given.content)
        await self._check_names(values, given.source)
        if given.supersedes_uuid is not None:
            await self._check_superseded(given.supersedes_uuid, values)
        values |= {
            "uuid": uuid or new_uuid(),
            "creator_uuid": self._access.user_uuid,
            **_columns(given.source),
            **embedding,
        }
        return await self._memories.insert(values)

    async def update(self, uuid: UUID, given: MemoryUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names."""
        changes = given.changes()
        _check_expiry(changes.get("expires_at"))
        if "content" in changes:
            changes |= await self.embedding(given.content)
        row = await self._memories.get(uuid)
        if "source" in changes:
            del changes["source"]
            changes |= _columns(given.source)
        if "scope" in changes and changes["scope"] != row["scope"]:
            # The id that the former scope needed goes with it.
            changes = dict.fromkeys(filter(None, PLACES.values())) | changes
            if changes["scope"] == "user" and changes["user_uuid"] is None:
                changes["user_uuid"] = self._access.user_uuid
        merged = {**row, **changes}
        _check_place(merged)
        await self._check_names(changes, given.source)
        if given.supersedes_uuid is not None:
            await self._check_superseded(given.supersedes_uuid, merged)
        return await self._memories.update(uuid, changes, revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a memory; what it superseded is found again."""
        await self._memories.delete(uuid, revision)

    async def show(
        self, rows: Sequence[Row], wanted: frozenset[str], scores: Mapping[UUID, float] | None = None
    ) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [present(row, (scores or {}).get(row["uuid"])) for row in rows]
        if wanted:
            columns = [f"{name}_uuid" for name in sorted(wanted)]
            people = await users.by_ids(self._session, [row[c] for row in rows for c in columns if row[c]])
            for item, row in zip(items, rows, strict=True):
                for name in wanted:
                    item[name] = people.get(row[f"{name}_uuid"])
        return items

    async def embedding(self, content: str) -> Embedding:
        """A content's meaning as it is stored; an empty one when it must be read later."""
        try:
            meanings, database = self._session.provided(Meanings), self._session.database
            space, [vector] = await meanings.of(database, self._spender, [content], within=EMBED_SECONDS)
        except EmbeddingsUnavailable:
            return NOT_EMBEDDED
        return {"embedding": vector_text(vector), "embedding_model": space}

    async def _check_names(self, values: Mapping[str, Any], source: SourceInput | None) -> None:
        """What a memory names must exist in the workspace; others' own memories are for owners and admins."""
        user_uuid: UUID | None = values.get("user_uuid")
        if user_uuid is not None and user_uuid != self._access.user_uuid and personal_of(self._access) is not None:
            raise PermissionDenied("Only owners and admins keep memories of other members.")
        named = {name: values[f"{name}_uuid"] for name in ("agent", "thread", "user") if values.get(f"{name}_uuid")}
        if source is not None and source.uuid is not None:
            named[f"source {source.type}"] = source.uuid
        if named and (missing := named.keys() - await self._memories.known(named)):
            raise NotFound(f"The {min(missing)} does not exist in this workspace.")

    async def _check_superseded(self, older_uuid: UUID, values: Mapping[str, Any]) -> None:
        older = await self._memories.find(older_uuid)
        if older is None:
            raise NotFound("The superseded memory does not exist in this workspace.")
        if place_of(older) != place_of(values):
            raise ValidationFailed.of("supersedes_uuid", "A memory supersedes one of the same scope.")
        if "uuid" in values and await self._memories.supersedes(older_uuid, values["uuid"]):
            raise ValidationFailed.of("supersedes_uuid", "A memory cannot supersede itself, nor what supersedes it.")


def _narrow(filters: Mapping[str, Any]) -> Narrow:
    """What of a list's filters leads a search."""
    kinds = [filters["kind"]] if "kind" in filters else None
    for column in filter(None, PLACES.values()):
        if column in filters:
            return Narrow(kinds=kinds, **{column: filters[column]})
    return Narrow((filters["scope"],) if "scope" in filters else (), kinds=kinds)


def _check_place(values: Mapping[str, Any]) -> None:
    needed = PLACES[values["scope"]]
    for column in filter(None, PLACES.values()):
        if (values.get(column) is not None) != (column == needed):
            problem = "is needed" if column == needed else "must be left out"
            raise ValidationFailed.of(column, f"With the scope {values['scope']}, this {problem}.")


def _check_expiry(expires_at: Any) -> None:
    if expires_at is not None and expires_at <= clock.now():
        raise ValidationFailed.of("expires_at", "This is not in the future.")


def _columns(source: SourceInput | None) -> dict[str, Any]:
    """A source as its columns. What an agent was trained with and is given another source is a memory like others."""
    keys = ("type", "uuid", "url", "position", "title", "location", "parent_uuid")
    learnt = dict.fromkeys(("agent_source_uuid", "content_hash"))
    return {f"source_{key}": getattr(source, key, None) for key in keys} | learnt


def present(row: Row, score: float | None = None) -> dict[str, Any]:
    """A memory's row as the API shows it, without relations."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "content": row["content"],
        "kind": row["kind"],
        "scope": row["scope"],
        "agent_uuid": row["agent_uuid"],
        "user_uuid": row["user_uuid"],
        "thread_uuid": row["thread_uuid"],
        "source": show_source(row),
        "confidence": row["confidence"],
        "expires_at": clock.rfc3339(row["expires_at"]) if row["expires_at"] else None,
        "supersedes_uuid": row["supersedes_uuid"],
        "used_count": row["used_count"],
        "last_used_at": clock.rfc3339(row["last_used_at"]) if row["last_used_at"] else None,
        "embedding_model": row["embedding_model"] or None,
        "score": None if score is None else round(score, 4),
        "creator": None,
        "user": None,
    }

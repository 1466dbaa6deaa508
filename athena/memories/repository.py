"""All SQL of memories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.reach import Reach
from athena.kit.repository import Repository, Where
from athena.memories.models import PLACE, memories

PLACE_COLUMNS = ", ".join(PLACE)

IS_SUPERSEDED = """EXISTS (SELECT FROM memories AS newer
    WHERE newer.workspace_uuid = memories.workspace_uuid AND newer.supersedes_uuid = memories.uuid
    AND (newer.expires_at IS NULL OR newer.expires_at > now()) AND newer.scope = memories.scope
    AND num_nonnulls(newer.agent_uuid, newer.user_uuid, newer.thread_uuid) =
        num_nonnulls(newer.agent_uuid = memories.agent_uuid OR NULL, newer.user_uuid = memories.user_uuid OR NULL,
            newer.thread_uuid = memories.thread_uuid OR NULL))"""
"""Only what has the same place supersedes, so that nobody hides from others what they know."""


def vector_text(vector: Sequence[float]) -> str:
    """A vector as the database reads it."""
    return f"[{','.join(f'{value:.5f}' for value in vector)}]"


class MemoryRepository(Repository):
    """The memories of one workspace that the caller may know of."""

    table = memories
    recorded = "memory"
    hidden = frozenset(
        {
            *("words", "content_hash"),
            *("source_message_uuid", "source_thread_uuid", "source_media_uuid", "source_parent_uuid"),
        }
    )

    def __init__(
        self, session: Session, workspace_uuid: WorkspaceId, *, personal_of: UUID | None, reach: Reach | None
    ) -> None:
        """``personal_of``: whose own memories exist among those of users; ``None``: everybody's. ``reach`` as agents
        have it.
        """
        super().__init__(session, workspace_uuid)
        self.personal_of = personal_of
        self._reach = reach

    def within(self, where: Where) -> None:
        """The workspace's, but those that have expired, others' own, and those of agents out of reach."""
        super().within(where)
        where.add("(memories.expires_at IS NULL OR memories.expires_at > now())")
        if self.personal_of is not None:
            where.add("(memories.scope <> 'user' OR memories.user_uuid = {})", self.personal_of)
        if self._reach is not None:
            where.add(self._reach.sees_of(where.parameter, "memories"))

    async def insert(self, values: Mapping[str, Any], *, verb: str = "created") -> Row:
        """As every repository does; ``embedding`` is no column but a vector of the model in ``embedding_model``."""
        vector: str | None = values.get("embedding")
        row = await super().insert({name: value for name, value in values.items() if name != "embedding"}, verb=verb)
        if vector is not None:
            await self._store(row["uuid"], values["embedding_model"], vector)
        return row

    async def update(
        self, uuid: UUID, values: Mapping[str, Any], revision: int | None = None, *, verb: str = "updated"
    ) -> Row:
        """As every repository does; ``embedding`` as for :meth:`insert`. Without one the former is forgotten."""
        columns = {name: value for name, value in values.items() if name != "embedding"}
        row = await super().update(uuid, columns, revision, verb=verb)
        if "embedding" in values:
            await self.session.execute(
                "DELETE FROM memory_vectors WHERE workspace_uuid = $1 AND memory_uuid = $2", self.workspace_uuid, uuid
            )
            if values["embedding"] is not None:
                await self._store(uuid, values["embedding_model"], values["embedding"])
        elif not columns.keys().isdisjoint(PLACE):
            await self.session.execute(
                f"UPDATE memory_vectors AS v SET ({PLACE_COLUMNS}) = "
                f"(SELECT {PLACE_COLUMNS} FROM memories WHERE workspace_uuid = $1 AND uuid = $2) "
                "WHERE v.workspace_uuid = $1 AND v.memory_uuid = $2",
                self.workspace_uuid,
                uuid,
            )
        return row

    async def _store(self, uuid: UUID, model: str, vector: str) -> None:
        await self.session.execute(
            f"INSERT INTO memory_vectors (workspace_uuid, memory_uuid, model, {PLACE_COLUMNS}, embedding) "
            f"SELECT workspace_uuid, uuid, $3, {PLACE_COLUMNS}, $4::text::halfvec FROM memories "
            "WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            uuid,
            model,
            vector,
        )

    async def known(self, named: Mapping[str, UUID]) -> frozenset[str]:
        """Which of ``named`` exist in the workspace; by table, members by ``user``."""
        where = Where()
        where.parameter(self.workspace_uuid)
        reached = ""
        if self._reach is not None and "agent" in named:
            reached = f" AND {self._reach.sees(where.parameter)}"
        places = {
            "agent": f"SELECT FROM agents WHERE workspace_uuid = $1 AND uuid = {{}}{reached}",
            "thread": "SELECT FROM threads WHERE workspace_uuid = $1 AND uuid = {}",
            "user": "SELECT FROM workspace_members WHERE workspace_uuid = $1 AND user_uuid = {}",
            "source message": "SELECT FROM messages WHERE workspace_uuid = $1 AND uuid = {}",
            "source thread": "SELECT FROM threads WHERE workspace_uuid = $1 AND uuid = {}",
            "source media": "SELECT FROM media WHERE workspace_uuid = $1 AND uuid = {}",
        }
        asked = [f"EXISTS ({places[name].format(where.parameter(uuid))})" for name, uuid in named.items()]
        row = await self.session.fetch_one(f"SELECT {', '.join(asked)}", *where.args)
        return frozenset(name for name, found in zip(named, row or (), strict=True) if found)

    async def supersedes(self, uuid: UUID, other: UUID) -> bool:
        """Whether ``uuid`` supersedes ``other``, itself or through others."""
        return await self.session.value(
            """
            WITH RECURSIVE older AS (
                SELECT uuid, supersedes_uuid FROM memories WHERE workspace_uuid = $1 AND uuid = $2
                UNION
                SELECT m.uuid, m.supersedes_uuid FROM older JOIN memories m
                ON m.workspace_uuid = $1 AND m.uuid = older.supersedes_uuid
            )
            SELECT EXISTS (SELECT FROM older WHERE uuid = $3)
            """,
            self.workspace_uuid,
            uuid,
            other,
        )

    async def newest_of(self, user_uuid: UUID, limit: int) -> list[Row]:
        """A user's newest memories that nothing supersedes."""
        where = Where()
        self.within(where)
        where.add("user_uuid = {}", user_uuid)
        where.add(f"NOT {IS_SUPERSEDED}")
        return await self.session.fetch(
            f"SELECT {self.columns} FROM memories WHERE {where.sql} ORDER BY uuid DESC LIMIT {limit}", *where.args
        )

    async def touch(self, uuids: Sequence[UUID]) -> None:
        """Counts a use of each; that is no change of theirs."""
        await self.session.execute(
            "UPDATE memories SET used_count = used_count + 1, last_used_at = $3 "
            "WHERE workspace_uuid = $1 AND uuid = ANY($2)",
            self.workspace_uuid,
            list(uuids),
            clock.now(),
        )


async def store_uses(session: Session, uses: Mapping[tuple[UUID, UUID], int]) -> None:
    """Adds to the uses of memories of any workspace. What is being changed at this moment is passed over."""
    await session.execute(
        """
        UPDATE memories AS m SET used_count = m.used_count + u.count, last_used_at = $4
        FROM (
            SELECT found.workspace_uuid, found.uuid, given.count
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS given (workspace_uuid, uuid, count)
            JOIN memories AS found USING (workspace_uuid, uuid) FOR UPDATE OF found SKIP LOCKED
        ) AS u WHERE m.workspace_uuid = u.workspace_uuid AND m.uuid = u.uuid
        """,
        [workspace_uuid for workspace_uuid, _ in uses],
        [uuid for _, uuid in uses],
        list(uses.values()),
        clock.now(),
    )


class Unembedded:
    """The memories of every workspace whose meaning was not read yet, or with another model."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def some(self, model: str, limit: int) -> list[Row]:
        """Some of them, of workspaces that have chosen no model of their own. Those models' names have a colon."""
        return await self._session.fetch(
            "SELECT workspace_uuid, uuid, revision, content FROM memories AS m "
            "WHERE (embedding_model < 'account:' OR embedding_model > 'account;' AND embedding_model < $1 "
            "OR embedding_model > $1) AND (expires_at IS NULL OR expires_at > now()) AND NOT EXISTS ("
            f"SELECT FROM embedding_settings AS s WHERE s.workspace_uuid = m.workspace_uuid) LIMIT {limit}",
            model,
        )

    async def some_of(self, workspace_uuid: UUID, model: str, limit: int) -> list[Row]:
        """Some of one workspace's."""
        return await self._session.fetch(
            "SELECT workspace_uuid, uuid, revision, content FROM memories WHERE workspace_uuid = $1 "
            "AND (embedding_model < $2 OR embedding_model > $2) AND (expires_at IS NULL OR expires_at > now()) "
            f"LIMIT {limit}",
            workspace_uuid,
            model,
        )

    async def store(
        self, rows: Sequence[Row], model: str, vectors: Sequence[Sequence[float]], kept: str | None = None
    ) -> None:
        """Stores the vectors of ``rows``, but of those that have changed meanwhile; those of ``kept`` stay beside them.

        Vectors of any other model are deleted.
        """
        await self._session.execute_many(
            f"""
            WITH kept AS (
                UPDATE memories SET embedding_model = $5 WHERE workspace_uuid = $1 AND uuid = $2 AND revision = $3
                RETURNING workspace_uuid, uuid, {PLACE_COLUMNS}
            ), former AS (
                DELETE FROM memory_vectors AS v USING kept
                WHERE v.workspace_uuid = kept.workspace_uuid AND v.memory_uuid = kept.uuid AND v.model <> $5
                AND v.model IS DISTINCT FROM $6
            )
            INSERT INTO memory_vectors AS v (workspace_uuid, memory_uuid, model, {PLACE_COLUMNS}, embedding)
            SELECT workspace_uuid, uuid, $5, {PLACE_COLUMNS}, $4::text::halfvec FROM kept
            ON CONFLICT (workspace_uuid, memory_uuid, model) DO UPDATE SET embedding = excluded.embedding, cell = 0
            """,
            [
                (row["workspace_uuid"], row["uuid"], row["revision"], vector_text(vector), model, kept)
                for row, vector in zip(rows, vectors, strict=True)
            ],
        )

    async def delete_expired(self, limit: int) -> int:
        """Deletes memories whose time is over; how many it were."""
        return await self._session.execute(
            "DELETE FROM memories WHERE (workspace_uuid, uuid) IN ("
            f"SELECT workspace_uuid, uuid FROM memories WHERE expires_at <= now() LIMIT {limit})"
        )


class KnowledgeRepository:
    """The passages that one source of an agent has taught."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, agent_source_uuid: UUID) -> None:
        self._session = session
        self._of = (workspace_uuid, agent_source_uuid)

    async def known(self) -> list[Row]:
        """What it has taught, without the passages themselves."""
        return await self._session.fetch(
            "SELECT content_hash, source_position, source_location, source_title, source_url FROM memories "
            "WHERE workspace_uuid = $1 AND agent_source_uuid = $2",
            *self._of,
        )

    async def insert(self, place: Mapping[str, Any], columns: Mapping[str, tuple[str, Sequence[Any]]]) -> None:
        """Stores passages: ``place`` is the same for all, ``columns`` hold a type and a value for each of them.

        ``embedding`` is no column but a vector of the model in ``embedding_model``; null where it comes later.
        """
        own = {"workspace_uuid": self._of[0], "agent_source_uuid": self._of[1], **place}
        shared = ", ".join(f"${n}" for n in range(1, len(own) + 1))
        arrays = ", ".join(f"${n}::{kind}[]" for n, (kind, _) in enumerate(columns.values(), start=len(own) + 1))
        stored = ", ".join(name for name in columns if name != "embedding")
        await self._session.execute(
            f"""
            WITH given AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS each ({", ".join(columns)})), added AS (
                INSERT INTO memories ({", ".join(own)}, {stored}) SELECT {shared}, {stored} FROM given
                ON CONFLICT (workspace_uuid, agent_source_uuid, content_hash) WHERE agent_source_uuid IS NOT NULL
                DO NOTHING RETURNING workspace_uuid, uuid, embedding_model, {PLACE_COLUMNS}
            )
            INSERT INTO memory_vectors (workspace_uuid, memory_uuid, model, {PLACE_COLUMNS}, embedding)
            SELECT workspace_uuid, uuid, embedding_model, {PLACE_COLUMNS}, embedding::halfvec
            FROM added JOIN given USING (uuid) WHERE embedding IS NOT NULL
            """,
            *own.values(),
            *(values for _, values in columns.values()),
        )

    async def move(self, rows: list[tuple[Any, ...]]) -> None:
        """Notes where passages that stay stand now: hash, position, location, title and address of each."""
        await self._session.execute_many(
            "UPDATE memories SET source_position = $4, source_location = $5, source_title = $6, source_url = $7 "
            "WHERE workspace_uuid = $1 AND agent_source_uuid = $2 AND content_hash = $3",
            [(*self._of, *row) for row in rows],
        )

    async def forget(self, hashes: Sequence[str]) -> None:
        """Deletes passages."""
        await self._session.execute(
            "DELETE FROM memories WHERE workspace_uuid = $1 AND agent_source_uuid = $2 AND content_hash = ANY($3)",
            *self._of,
            list(hashes),
        )


def place_of(row: Mapping[str, Any] | Row) -> tuple[Any, ...]:
    """Where a memory counts."""
    return tuple(row[key] for key in ("scope", "agent_uuid", "user_uuid", "thread_uuid"))

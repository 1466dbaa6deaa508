"""All SQL of memories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.repository import Repository, Where
from athena.memories.models import memories

CANDIDATES = 200
"""How many each way of searching brings in."""
MAXIMUM_TERMS = 16
NEAR = 0.9
"""The largest distance at which a text is about the same matter at all; at 1 it has nothing to do with it."""
LEAST_SHARE = 0.2
"""How much of a query's words, by their rarity, a memory must hold to be found by them."""
LEAST_OF_BEST = 0.5
"""… and how much of what the best one holds: who asks for E-7741 does not mean every other E."""

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
            *("embedding", "words", "content_hash"),
            *("source_message_uuid", "source_thread_uuid", "source_media_uuid", "source_parent_uuid"),
        }
    )

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, *, personal_of: UUID | None) -> None:
        """``personal_of``: whose own memories exist among those of users; ``None``: everybody's."""
        super().__init__(session, workspace_uuid)
        self._personal_of = personal_of

    def within(self, where: Where) -> None:
        """The workspace's, but those that have expired, and others' own."""
        super().within(where)
        where.add("(memories.expires_at IS NULL OR memories.expires_at > now())")
        if self._personal_of is not None:
            where.add("(memories.scope <> 'user' OR memories.user_uuid = {})", self._personal_of)

    async def known(self, named: Mapping[str, UUID]) -> frozenset[str]:
        """Which of ``named`` exist in the workspace; by table, members by ``user``."""
        places = {
            "agent": "SELECT FROM agents WHERE workspace_uuid = $1 AND uuid = {}",
            "thread": "SELECT FROM threads WHERE workspace_uuid = $1 AND uuid = {}",
            "user": "SELECT FROM workspace_members WHERE workspace_uuid = $1 AND user_uuid = {}",
            "source message": "SELECT FROM messages WHERE workspace_uuid = $1 AND uuid = {}",
            "source thread": "SELECT FROM threads WHERE workspace_uuid = $1 AND uuid = {}",
            "source media": "SELECT FROM media WHERE workspace_uuid = $1 AND uuid = {}",
        }
        asked = [f"EXISTS ({places[name].format(f'${n}')})" for n, name in enumerate(named, start=2)]
        row = await self.session.fetch_one(f"SELECT {', '.join(asked)}", self.workspace_uuid, *named.values())
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

    async def terms(self, text: str) -> list[str]:
        """The different words of a text, as they are stored; at most :data:`MAXIMUM_TERMS`, the longest."""
        rows = await self.session.fetch(
            "SELECT term FROM unnest(tsvector_to_array(to_tsvector('simple', $1))) AS term "
            f"ORDER BY length(term) DESC, term LIMIT {MAXIMUM_TERMS}",
            text,
        )
        return [row["term"] for row in rows]

    async def nearest(
        self, where: Where, terms: Sequence[str], model: str, vector: Sequence[float] | None
    ) -> tuple[list[UUID], list[UUID]]:
        """The uuids of the best by meaning, and of the best by words, each in its order, in one pass over ``where``.

        Words count by how rare they are among these memories, in any language, and more in a short text (BM25).
        """
        self.within(where)
        distance = "NULL::float8"
        if vector is not None:
            # A query of its own (and so for the words) is read from text once, and not again for each row.
            asked = f"(SELECT {where.parameter(vector_text(vector))}::text::halfvec)"
            distance = f"CASE WHEN embedding_model = {where.parameter(model)} THEN embedding <=> {asked} END"
        has = [
            f"(words @@ (SELECT {where.parameter(_query(term))}::text::tsquery))::int AS t{n}"
            for n, term in enumerate(terms)
        ]
        seen = ", ".join(["uuid", f"{distance} AS distance", "length(words) AS size", *has])
        every = range(len(terms))
        rarity = [f"ln(1 + (count(*) - sum(t{n}) + 0.5) / (sum(t{n}) + 0.5))::float8 AS r{n}" for n in every]
        totals = ", ".join(["greatest(avg(size), 1)::float8 AS mean", *rarity])
        rows = await self.session.fetch(
            f"""
            WITH seen AS MATERIALIZED (SELECT {seen} FROM memories WHERE {where.sql}),
            totals AS (SELECT {totals} FROM seen),
            matches AS MATERIALIZED (
                SELECT uuid, {_sum("t{0} * r{0}", every)} AS weight, {_sum("r{0}", every)} AS most, size / mean AS size
                FROM seen, totals WHERE {_sum("t{0}", every)} > 0)
            (SELECT uuid, true AS by_meaning FROM seen WHERE distance < {NEAR}
                ORDER BY distance, uuid LIMIT {CANDIDATES})
            UNION ALL
            (SELECT uuid, false FROM matches
                WHERE weight > {LEAST_SHARE} * most AND weight > {LEAST_OF_BEST} * (SELECT max(weight) FROM matches)
                ORDER BY weight / (0.3 + 0.9 * size) DESC, uuid LIMIT {CANDIDATES})
            """,
            *where.args,
        )
        return [r["uuid"] for r in rows if r["by_meaning"]], [r["uuid"] for r in rows if not r["by_meaning"]]

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
        """Some of them."""
        return await self._session.fetch(
            "SELECT workspace_uuid, uuid, revision, content FROM memories "
            "WHERE (embedding_model < $1 OR embedding_model > $1) AND (expires_at IS NULL OR expires_at > now()) "
            f"LIMIT {limit}",
            model,
        )

    async def store(self, rows: Sequence[Row], model: str, vectors: Sequence[Sequence[float]]) -> None:
        """Stores the vectors of ``rows``, but of those that have changed meanwhile."""
        await self._session.execute_many(
            "UPDATE memories SET embedding = $4::text::halfvec, embedding_model = $5 "
            "WHERE workspace_uuid = $1 AND uuid = $2 AND revision = $3",
            [
                (row["workspace_uuid"], row["uuid"], row["revision"], vector_text(vector), model)
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
        """Stores passages: ``place`` is the same for all, ``columns`` hold a type and a value for each of them."""
        own = {"workspace_uuid": self._of[0], "agent_source_uuid": self._of[1], **place}
        shared = ", ".join(f"${n}" for n in range(1, len(own) + 1))
        arrays = ", ".join(f"${n}::{kind}[]" for n, (kind, _) in enumerate(columns.values(), start=len(own) + 1))
        values = ", ".join(f"each.{name}" if name != "embedding" else "each.embedding::halfvec" for name in columns)
        await self._session.execute(
            f"INSERT INTO memories ({', '.join([*own, *columns])}) SELECT {shared}, {values} "
            f"FROM unnest({arrays}) AS each ({', '.join(columns)}) "
            "ON CONFLICT (workspace_uuid, agent_source_uuid, content_hash) WHERE agent_source_uuid IS NOT NULL "
            "DO NOTHING",
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


def _sum(part: str, numbers: Iterable[int]) -> str:
    return " + ".join(part.format(number) for number in numbers) or "0"


def _query(term: str) -> str:
    """The query for exactly this word."""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"


def place_of(row: Mapping[str, Any] | Row) -> tuple[Any, ...]:
    """Where a memory counts."""
    return tuple(row[key] for key in ("scope", "agent_uuid", "user_uuid", "thread_uuid"))

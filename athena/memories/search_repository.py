"""All SQL of searching memories: reading each of a few, or what cells and indexes lead to among many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from athena.kit.db import Row
from athena.kit.repository import Where
from athena.memories.repository import MemoryRepository, vector_text

CANDIDATES = 200
"""How many each way of searching brings in."""
MAXIMUM_TERMS = 16
NEAR = 0.9
"""The largest distance at which a text is about the same matter at all; at 1 it has nothing to do with it."""
LEAST_SHARE = 0.2
"""How much of a query's words, by their rarity, a memory must hold to be found by them."""
LEAST_OF_BEST = 0.5
"""… and how much of what the best one holds: who asks for E-7741 does not mean every other E."""
NEAREST = 200
"""How many vectors are compared with everything that is asked for, of those that cells lead to."""
FEW = 20
"""When fewer of these fit, all memories are looked at."""
CELLS_READ = (16, 64)
"""How many of the nearest cells are read; of few vectors that may fit, more are."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """What memories and their vectors can be narrowed by alike. Nothing of it: all.

    Left are memories of any of ``scopes``, and those of the agent, the thread and the user who are named. ``learned``:
    only what the agent was trained with, or all but that.
    """

    scopes: Sequence[str] = ()
    agent_uuid: UUID | None = None
    thread_uuid: UUID | None = None
    user_uuid: UUID | None = None
    kinds: Sequence[str] | None = None
    learned: bool | None = None

    @property
    def uuids(self) -> list[UUID]:
        """Whose memories are left."""
        return [uuid for uuid in (self.agent_uuid, self.thread_uuid, self.user_uuid) if uuid is not None]

    def apply(self, where: Where) -> None:
        """Narrows ``where``, by what each has an index of memories for."""
        places = [f"scope = {where.parameter(scope)}" for scope in self.scopes]
        if self.agent_uuid is not None:
            kind = {None: "", True: " AND kind = 'knowledge'", False: " AND kind <> 'knowledge'"}[self.learned]
            places.append(f"agent_uuid = {where.parameter(self.agent_uuid)}{kind}")
        if self.thread_uuid is not None:
            places.append(f"thread_uuid = {where.parameter(self.thread_uuid)}")
        if self.user_uuid is not None:
            places.append(f"user_uuid = {where.parameter(self.user_uuid)}")
        if places:
            where.add(f"({' OR '.join(places)})")
        if self.kinds is not None:
            where.add("kind = ANY ({}::text[])", self.kinds)


class SearchRepository(MemoryRepository):
    """The memories of one workspace that the caller may know of, to be searched."""

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
        distance, vectors = "NULL::float8", ""
        if vector is not None:
            # A query of its own (and so for the words) is read from text once, and not again for each row.
            asked = f"(SELECT {where.parameter(vector_text(vector))}::text::halfvec)"
            distance = f"embedding <=> {asked}"
            vectors = (
                f"LEFT JOIN (SELECT workspace_uuid AS v_workspace_uuid, memory_uuid AS v_uuid, embedding "
                f"FROM memory_vectors WHERE model = {where.parameter(model)}) AS v "
                "ON v_workspace_uuid = memories.workspace_uuid AND v_uuid = memories.uuid"
            )
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
            WITH seen AS MATERIALIZED (SELECT {seen} FROM memories {vectors} WHERE {where.sql}),
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

    async def more_than(self, most: int, narrow: Narrow) -> bool:
        """Whether more than ``most`` memories are left; no more than these are looked at."""
        where = Where()
        where.add("workspace_uuid = {}", self.workspace_uuid)
        narrow.apply(where)
        return await self.session.value(
            f"SELECT athena_row_count('memories') > {most} AND "
            f"(SELECT count(*) > {most} FROM (SELECT FROM memories WHERE {where.sql} LIMIT {most + 1}) AS few)",
            *where.args,
        )

    async def near(self, where: Where, narrow: Narrow, model: str, vector: Sequence[float]) -> list[UUID] | None:
        """The best by meaning among very many: those of ``where`` in the cells that are nearest.

        ``None`` where what is nearest is hardly ever of ``where``, so that it must be looked for otherwise.
        """
        self.within(where)
        rows: list[Row] = []
        for cells in CELLS_READ:
            rows = await self._in_cells(where, narrow, model, vector, cells)
            if len(rows) == NEAREST:
                break
        found = [row["uuid"] for row in rows if row["fits"]]
        return None if len(found) < FEW and sum(row["near"] for row in rows) == NEAREST else found[:CANDIDATES]

    async def _in_cells(
        self, where: Where, narrow: Narrow, model: str, vector: Sequence[float], cells: int
    ) -> list[Row]:
        near = Where()
        near.args.extend(where.args)
        place, of_model = near.parameter(self.workspace_uuid), near.parameter(model)
        near.add(f"workspace_uuid = {place} AND model = {of_model}")
        asked = near.parameter(vector_text(vector))
        narrow.apply(near)
        return await self.session.fetch(
            f"""
            WITH asked AS MATERIALIZED (SELECT {asked}::text::halfvec AS vector),
            near AS MATERIALIZED (
                SELECT memory_uuid, embedding <=> (SELECT vector FROM asked) AS distance FROM memory_vectors
                WHERE {near.sql} AND cell = ANY (ARRAY(
                    SELECT 0 UNION ALL SELECT number FROM (
                        SELECT number, row_number() OVER (
                            PARTITION BY generation ORDER BY centroid <=> (SELECT vector FROM asked)) AS place
                        FROM memory_cells WHERE workspace_uuid = {place} AND model = {of_model}
                    ) AS cells WHERE place <= {cells}))
                ORDER BY 2 LIMIT {NEAREST}
            )
            SELECT memory_uuid AS uuid, distance < {NEAR} AS near, distance < {NEAR} AND EXISTS (
                SELECT FROM memories WHERE uuid = memory_uuid AND {where.sql}) AS fits
            FROM near ORDER BY distance, memory_uuid
            """,
            *near.args,
        )

    async def by_words(self, where: Where, narrow: Narrow, terms: Sequence[str]) -> list[UUID]:
        """The best by words among very many; see ``athena_memories_by_words``."""
        if not terms:
            return []
        self.within(where)
        scopes, uuids = (narrow.scopes, narrow.uuids) if narrow.scopes or narrow.uuids else (None, None)
        given = [[_query(term) for term in terms], scopes, uuids, narrow.kinds, narrow.learned]
        places = ", ".join(where.parameter(value) for value in [*given, self.personal_of, 2 * CANDIDATES])
        rows = await self.session.fetch(
            f"""
            SELECT found AS uuid FROM athena_memories_by_words({places}) CROSS JOIN LATERAL (
                -- Looked up one by one, however few memories are expected to be left.
                SELECT FROM memories WHERE uuid = found AND {where.sql} LIMIT 1
            ) AS fits ORDER BY weight DESC, found LIMIT {CANDIDATES}
            """,
            *where.args,
        )
        return [row["uuid"] for row in rows]


def _sum(part: str, numbers: Iterable[int]) -> str:
    return " + ".join(part.format(number) for number in numbers) or "0"


def _query(term: str) -> str:
    """The query for exactly this word."""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"

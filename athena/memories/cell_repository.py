"""All SQL of cells; it needs the system's scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from athena.kit.db import Row, Session
from athena.memories.repository import vector_text

CELLS_FROM = 10_000
"""With fewer memories a workspace has no cells: all of its vectors are read."""
_BITS = 16


def first_of(generation: int) -> int:
    """The least number of a cell of this generation; those of earlier ones are smaller."""
    return generation << _BITS


class CellRepository:
    """The cells of one workspace and model."""

    def __init__(self, session: Session, workspace_uuid: UUID, model: str) -> None:
        self._session = session
        self._place = (workspace_uuid, model)

    @staticmethod
    async def large(session: Session) -> list[Row]:
        """The workspaces that have so many memories, and how many."""
        return await session.fetch(
            f"SELECT workspace_uuid, count FROM row_counts WHERE table_name = 'memories' AND count >= {CELLS_FROM}"
        )

    async def lock(self) -> bool:
        """Whether nobody else arranges these until the end of the transaction."""
        return await self._session.value(
            "SELECT pg_try_advisory_xact_lock(hashtextextended($1::uuid::text || $2, 0))", *self._place
        )

    async def generation(self) -> int:
        """The newest generation; 0: none."""
        return await self._session.value(
            "SELECT coalesce(max(generation), 0) FROM memory_cells WHERE workspace_uuid = $1 AND model = $2",
            *self._place,
        )

    async def newest(self) -> list[Row]:
        """The cells of the newest generation, by number, each with its middle in binary."""
        return await self._session.fetch(
            "SELECT generation, number, halfvec_send(centroid) AS sent FROM memory_cells "
            "WHERE workspace_uuid = $1 AND model = $2 AND generation = "
            "(SELECT max(generation) FROM memory_cells WHERE workspace_uuid = $1 AND model = $2) ORDER BY number",
            *self._place,
        )

    async def sample(self, share: float, most: int) -> list[bytes]:
        """Vectors at random."""
        rows = await self._session.fetch(
            "SELECT halfvec_send(embedding) AS sent FROM memory_vectors "
            f"WHERE workspace_uuid = $1 AND model = $2 AND random() < $3 LIMIT {most}",
            *self._place,
            share,
        )
        return [row["sent"] for row in rows]

    async def add(self, generation: int, middles: Sequence[Sequence[float]]) -> None:
        """A new generation."""
        await self._session.execute(
            "INSERT INTO memory_cells (workspace_uuid, model, generation, number, centroid) "
            "SELECT $1, $2, $3, $4 + n, middle::halfvec FROM unnest($5::text[]) WITH ORDINALITY AS given (middle, n)",
            *self._place,
            generation,
            first_of(generation) - 1,
            [vector_text(middle) for middle in middles],
        )

    async def outside(self, generation: int, most: int) -> list[Row]:
        """Vectors that are in no cell of this generation."""
        return await self._session.fetch(
            "SELECT memory_uuid, halfvec_send(embedding) AS sent FROM memory_vectors "
            f"WHERE workspace_uuid = $1 AND model = $2 AND cell < $3 LIMIT {most} FOR UPDATE SKIP LOCKED",
            *self._place,
            first_of(generation),
        )

    async def put(self, uuids: Sequence[UUID], numbers: Sequence[Any]) -> None:
        """Puts vectors into cells."""
        await self._session.execute(
            "UPDATE memory_vectors AS v SET cell = given.number "
            "FROM unnest($3::uuid[], $4::int[]) AS given (uuid, number) "
            "WHERE v.workspace_uuid = $1 AND v.model = $2 AND v.memory_uuid = given.uuid",
            *self._place,
            uuids,
            numbers,
        )

    async def forget_before(self, generation: int) -> None:
        """Forgets the cells of earlier generations, unless a vector is in one."""
        await self._session.execute(
            "DELETE FROM memory_cells AS c WHERE c.workspace_uuid = $1 AND c.model = $2 AND c.generation < $3 "
            "AND NOT EXISTS (SELECT FROM memory_vectors AS v WHERE v.workspace_uuid = $1 AND v.model = $2 "
            "AND v.cell = c.number)",
            *self._place,
            generation,
        )

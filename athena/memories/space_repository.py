"""All SQL of which model tells what memories mean."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.db import Row, Session

COUNTED = 10_000


class SpaceRepository:
    """The choice of one workspace; no row: the packaged model, as ever."""

    def __init__(self, session: Session, workspace_uuid: UUID) -> None:
        self._session = session
        self._workspace_uuid = workspace_uuid

    @staticmethod
    async def every(session: Session) -> list[Row]:
        """Those of all workspaces; needs the system's scope."""
        return await session.fetch(
            "SELECT workspace_uuid, account_uuid, model, dimensions, searched, switched_at FROM embedding_settings"
        )

    async def get(self, *, lock: bool = False) -> Row | None:
        """What was chosen; with ``lock`` nobody chooses anything else before the end of the transaction."""
        return await self._session.fetch_one(
            "SELECT account_uuid, model, dimensions, searched, switched_at FROM embedding_settings "
            f"WHERE workspace_uuid = $1{' FOR UPDATE' if lock else ''}",
            self._workspace_uuid,
        )

    async def choose(self, account_uuid: UUID | None, model: str, dimensions: int | None, searched: Any) -> None:
        """Chooses; ``searched`` is what is searched until all memories are there, where nothing was chosen before."""
        await self._session.execute(
            "INSERT INTO embedding_settings (workspace_uuid, account_uuid, model, dimensions, searched, switched_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_uuid) DO UPDATE "
            "SET account_uuid = excluded.account_uuid, model = excluded.model, dimensions = excluded.dimensions",
            self._workspace_uuid,
            account_uuid,
            model,
            dimensions,
            searched,
            clock.now(),
        )

    async def switch(self, searched: Any) -> None:
        """Searches this from now on."""
        await self._session.execute(
            "UPDATE embedding_settings SET searched = $2, switched_at = $3 WHERE workspace_uuid = $1",
            self._workspace_uuid,
            searched,
            clock.now(),
        )

    async def forget(self) -> None:
        """Back to how it was when nothing had been chosen."""
        await self._session.execute("DELETE FROM embedding_settings WHERE workspace_uuid = $1", self._workspace_uuid)

    async def remaining(self, name: str) -> int:
        """How many memories are not in the space of this name; no more than :data:`COUNTED` are counted."""
        return await self._session.value(
            "SELECT count(*) FROM (SELECT FROM memories WHERE workspace_uuid = $1 AND (embedding_model < $2 OR "
            f"embedding_model > $2) AND (expires_at IS NULL OR expires_at > now()) LIMIT {COUNTED}) AS few",
            self._workspace_uuid,
            name,
        )

    async def delete_others(self, name: str, most: int) -> int:
        """Deletes vectors of other spaces, and their cells; how many vectors it were."""
        await self._session.execute(
            "DELETE FROM memory_cells WHERE workspace_uuid = $1 AND (model < $2 OR model > $2)",
            self._workspace_uuid,
            name,
        )
        return await self._session.execute(
            "DELETE FROM memory_vectors WHERE (workspace_uuid, memory_uuid, model) IN (SELECT workspace_uuid, "
            "memory_uuid, model FROM memory_vectors WHERE workspace_uuid = $1 AND (model < $2 OR model > $2) "
            f"LIMIT {most})",
            self._workspace_uuid,
            name,
        )

"""All SQL of tools."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from athena.kit.db import Row
from athena.kit.repository import Repository
from athena.tools.models import tools


class ToolRepository(Repository):
    """The tools of one workspace."""

    table = tools
    recorded = "tool"

    async def newest(self, count: int) -> list[Row]:
        """The newest ``count`` that are enabled."""
        return await self.session.fetch(
            f"SELECT {self.columns} FROM tools WHERE workspace_uuid = $1 AND enabled ORDER BY uuid DESC LIMIT $2",
            self.workspace_uuid,
            count,
        )

    async def enabled(self, uuids: Sequence[UUID]) -> list[Row]:
        """Those of ``uuids`` that are enabled, in that order."""
        return await self.session.fetch(
            f"SELECT {self.columns} FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (wanted_uuid, place) "
            "JOIN tools ON tools.workspace_uuid = $1 AND tools.uuid = wanted.wanted_uuid AND tools.enabled "
            "ORDER BY wanted.place",
            self.workspace_uuid,
            list(uuids),
        )

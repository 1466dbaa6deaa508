"""All SQL of tools."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from athena.kit.db import Row
from athena.kit.repository import Repository
from athena.tools.models import tools


class ToolRepository(Repository):
    """The tools of one workspace."""

    table = tools
    recorded = "tool"
    hidden = frozenset({"refresh_after"})

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

    async def claim_refresh(self, uuid: UUID, since: datetime, now: datetime, until: datetime) -> Row | None:
        """The tool, if its functions were found up to ``since``, and nobody claims it; nobody else does ``until``."""
        return await self.session.fetch_one(
            "UPDATE tools SET refresh_after = $5 WHERE workspace_uuid = $1 AND uuid = $2 AND refreshed_at <= $3 "
            f"AND (refresh_after IS NULL OR refresh_after <= $4) RETURNING {self.columns}",
            self.workspace_uuid,
            uuid,
            since,
            now,
            until,
        )

    async def refresh_after(self, uuid: UUID, since: datetime) -> datetime | None:
        """When a tool may be claimed whose functions were found up to ``since``; ``None`` when there is no such."""
        return await self.session.value(
            "SELECT refresh_after FROM tools WHERE workspace_uuid = $1 AND uuid = $2 AND refreshed_at <= $3",
            self.workspace_uuid,
            uuid,
            since,
        )

    async def put_off(self, uuid: UUID, until: datetime) -> None:
        """Has nobody claim a tool ``until``."""
        await self.session.execute(
            "UPDATE tools SET refresh_after = $3 WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            uuid,
            until,
        )

    async def confirm(self, uuid: UUID, moment: datetime) -> None:
        """Keeps that the functions were found to be the same, which is no change of the tool."""
        await self.session.execute(
            "UPDATE tools SET refreshed_at = $3 WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            uuid,
            moment,
        )

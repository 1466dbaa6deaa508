"""All SQL of variables."""

from __future__ import annotations

from collections.abc import Collection

from athena.kit.db import Row
from athena.kit.repository import Repository
from athena.variables.models import variables


class VariableRepository(Repository):
    """The variables of one workspace. Their sealed values are read by :meth:`values` alone."""

    table = variables
    recorded = "variable"
    hidden = frozenset({"sealed_value"})

    async def count(self) -> int:
        """How many there are."""
        return await self.session.value("SELECT count(*) FROM variables WHERE workspace_uuid = $1", self.workspace_uuid)

    async def values(self, secret_names: Collection[str]) -> list[Row]:
        """What every variable holds, and the sealed secrets among ``secret_names``; in one query."""
        return await self.session.fetch(
            "SELECT uuid, name, kind, value, sealed_value FROM variables "
            "WHERE workspace_uuid = $1 AND (kind = 'variable' OR name = ANY($2::text[]))",
            self.workspace_uuid,
            list(secret_names),
        )

    async def secrets(self, names: Collection[str]) -> frozenset[str]:
        """Those of ``names`` that secrets have."""
        rows = await self.session.fetch(
            "SELECT name FROM variables WHERE workspace_uuid = $1 AND kind = 'secret' AND name = ANY($2::text[])",
            self.workspace_uuid,
            list(names),
        )
        return frozenset(row["name"] for row in rows)

    async def kinds(self, names: Collection[str]) -> dict[str, str]:
        """Of ``names`` those that exist, with their kinds."""
        rows = await self.session.fetch(
            "SELECT name, kind FROM variables WHERE workspace_uuid = $1 AND name = ANY($2::text[])",
            self.workspace_uuid,
            list(names),
        )
        return {row["name"]: row["kind"] for row in rows}

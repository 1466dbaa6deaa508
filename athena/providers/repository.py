"""All SQL of providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.db import Session
from athena.kit.repository import Repository, Where
from athena.providers.models import providers

_SYNCHRONISED = ("name", "slug", "kind", "base_url", "authentication_config", "logo", "settings")


class ProviderRepository(Repository):
    """The workspace's own providers, and the built-in ones, which row-level security lets it read alone."""

    table = providers
    recorded = "provider"

    def within(self, where: Where) -> None:
        """The workspace's rows, and the built-in ones."""
        where.add("(workspace_uuid = {} OR workspace_uuid IS NULL)", self.workspace_uuid)

    async def slug_taken(self, slug: str, *, apart_from: UUID | None = None) -> bool:
        """Whether a provider that the workspace sees has this slug."""
        where = Where()
        self.within(where)
        where.add("slug = {}", slug)
        where.add("uuid IS DISTINCT FROM {}::uuid", apart_from)
        return await self.session.value(f"SELECT EXISTS (SELECT FROM providers WHERE {where.sql})", *where.args)

    async def lock(self, uuid: UUID) -> bool:
        """Keeps accounts from being added until the transaction ends; whether there are any."""
        await self.session.execute(
            "SELECT FROM providers WHERE workspace_uuid = $1 AND uuid = $2 FOR UPDATE", self.workspace_uuid, uuid
        )
        return await self.session.value(
            "SELECT EXISTS (SELECT FROM accounts WHERE workspace_uuid = $1 AND provider_uuid = $2)",
            self.workspace_uuid,
            uuid,
        )


async def synchronise(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores the built-in providers; those that are as they should be stay untouched. Needs a system session."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in _SYNCHRONISED)
    present, wanted = (", ".join(f"{table}.{name}" for name in _SYNCHRONISED) for table in ("providers", "excluded"))
    await session.execute(
        f"""
        INSERT INTO providers (uuid, created_at, updated_at, is_builtin, {", ".join(_SYNCHRONISED)})
        SELECT uuid, $2, $2, true, {", ".join(_SYNCHRONISED)} FROM jsonb_populate_recordset(NULL::providers, $1)
        ON CONFLICT (uuid) DO UPDATE SET {changes}, updated_at = $2, revision = providers.revision + 1
        WHERE ({present}) IS DISTINCT FROM ({wanted})
        """,
        [{**row, "uuid": str(row["uuid"])} for row in rows],
        clock.now(),
    )

"""All SQL of this dialect: what can be named as a model, in one workspace."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session

_SLUG: Final = "nullif(trim(both '-' from regexp_replace(lower(name), '[^[:alnum:]]+', '-', 'g')), '')"
_CALLABLE: Final = """status = 'active' AND EXISTS (
    SELECT FROM jsonb_array_elements(nodes) AS node
    WHERE node->>'type' = 'manual_trigger' AND NOT coalesce((node->>'disabled')::boolean, false)
)"""
_AGENTS: Final = f"""
    SELECT 'agent' AS kind, uuid, name, {_SLUG} AS slug, created_at, NULL::jsonb AS nodes
    FROM agents WHERE workspace_uuid = $1
"""
_WORKFLOWS: Final = f"""
    SELECT 'workflow' AS kind, uuid, name, {_SLUG} AS slug, created_at, nodes
    FROM workflows WHERE workspace_uuid = $1 AND {_CALLABLE}
"""
_OFFERED: Final = """
    SELECT m.name, min(p.slug) AS slug, min(m.created_at) AS created_at
    FROM accounts AS a
        JOIN providers AS p ON p.uuid = a.provider_uuid AND p.kind = 'llm'
        JOIN large_language_models AS m
            ON m.account_uuid = a.uuid OR m.account_uuid IS NULL AND m.provider_uuid = a.provider_uuid
    WHERE a.workspace_uuid = $1 AND a.status IN ('active', 'unverified')
        AND (a.expires_at IS NULL OR a.expires_at > now())
    GROUP BY m.name ORDER BY m.name LIMIT $2
"""
MOST: Final = 10_000


class NamedRepository:
    """Agents, workflows that can be called, and models of accounts."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId) -> None:
        self._session = session
        self._workspace_uuid = workspace_uuid

    async def agents(self) -> list[Row]:
        """The newest first."""
        return await self._session.fetch(f"{_AGENTS} ORDER BY uuid DESC LIMIT $2", self._workspace_uuid, MOST)

    async def workflows(self) -> list[Row]:
        """The newest first."""
        return await self._session.fetch(f"{_WORKFLOWS} ORDER BY uuid DESC LIMIT $2", self._workspace_uuid, MOST)

    async def models(self) -> list[Row]:
        """By name."""
        return await self._session.fetch(_OFFERED, self._workspace_uuid, MOST)

    async def by_uuid(self, uuid: UUID) -> list[Row]:
        """The agent or workflow with this id, if there is one."""
        sql = f"SELECT * FROM ({_AGENTS} AND uuid = $2 UNION ALL {_WORKFLOWS} AND uuid = $2) AS found"
        return await self._session.fetch(sql, self._workspace_uuid, uuid)

    async def by_slug(self, slug: str) -> list[Row]:
        """The agents and workflows whose names come to this; two are enough to know that it is not clear."""
        sql = f"SELECT * FROM ({_AGENTS} UNION ALL {_WORKFLOWS}) AS found WHERE slug = $2 LIMIT 2"
        return await self._session.fetch(sql, self._workspace_uuid, slug)

"""All SQL of the dialects: what can be named as a model, a tool or a prompt, in one workspace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.reach import Reach
from athena.kit.repository import Where

_SLUG: Final = "nullif(trim(both '-' from regexp_replace(lower(name), '[^[:alnum:]]+', '-', 'g')), '')"
"""Of prompts; agents and workflows have a column of it."""
_CALLABLE: Final = """status = 'active' AND EXISTS (
    SELECT FROM jsonb_array_elements(nodes) AS node
    WHERE node->>'type' = 'manual_trigger' AND NOT coalesce((node->>'disabled')::boolean, false)
)"""
_AGENTS: Final = """
    SELECT 'agent' AS kind, uuid, name, slug, created_at, NULL::jsonb AS nodes, description, output_schema
    FROM agents WHERE workspace_uuid = $1
"""
_WORKFLOWS: Final = f"""
    SELECT 'workflow' AS kind, uuid, name, slug, created_at, {{nodes}} AS nodes, description,
        settings->'output_schema' AS output_schema
    FROM workflows WHERE workspace_uuid = $1 AND {_CALLABLE}
"""
_PROMPTS: Final = f"""
    SELECT 'prompt' AS kind, uuid, name, {_SLUG} AS slug, created_at, description, variables
    FROM prompts WHERE workspace_uuid = $1
"""
_COUNTED: Final = "SELECT *, count(*) OVER (PARTITION BY slug) AS namesakes FROM ({}) AS every"
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

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, reach: Reach | None) -> None:
        """``reach`` as agents have it."""
        self._session = session
        self._workspace_uuid = workspace_uuid
        self._reach = reach

    async def agents(self) -> list[Row]:
        """The newest first."""
        where = Where()
        sql = f"{self._agents(where)} ORDER BY uuid DESC LIMIT {MOST}"
        return await self._session.fetch(sql, *where.args)

    async def workflows(self) -> list[Row]:
        """The newest first, without their nodes."""
        sql = f"{_WORKFLOWS.format(nodes='NULL::jsonb')} ORDER BY uuid DESC LIMIT $2"
        return await self._session.fetch(sql, self._workspace_uuid, MOST)

    async def models(self) -> list[Row]:
        """By name."""
        return await self._session.fetch(_OFFERED, self._workspace_uuid, MOST)

    async def by_uuid(self, uuid: UUID) -> list[Row]:
        """The agent or workflow with this id, if there is one."""
        where = Where()
        agents, wanted = self._agents(where), where.parameter(uuid)
        workflows = _WORKFLOWS.format(nodes="nodes")
        sql = f"SELECT * FROM ({agents} AND uuid = {wanted} UNION ALL {workflows} AND uuid = {wanted}) AS found"
        return await self._session.fetch(sql, *where.args)

    async def by_slug(self, slug: str) -> list[Row]:
        """The agents and workflows whose names come to this; two are enough to know that it is not clear."""
        where = Where()
        agents, wanted = self._agents(where), where.parameter(slug)
        workflows = _WORKFLOWS.format(nodes="nodes")
        sql = f"SELECT * FROM ({agents} AND slug = {wanted} UNION ALL {workflows} AND slug = {wanted}) AS found LIMIT 2"
        return await self._session.fetch(sql, *where.args)

    async def tools(self, kinds: Sequence[str], after: UUID | None, limit: int) -> list[Row]:
        """Agents and workflows of these kinds, the newest first, after one; ``namesakes`` have the same slug."""
        where = Where()
        every = f"{self._agents(where)} UNION ALL {_WORKFLOWS.format(nodes='nodes')}"
        condition = f"kind = ANY({where.parameter(list(kinds))})"
        return await self._counted(every, condition, where, after, limit)

    async def prompts(self, after: UUID | None, limit: int) -> list[Row]:
        """As :meth:`tools`, for prompts."""
        where = Where()
        where.parameter(self._workspace_uuid)
        return await self._counted(_PROMPTS, "TRUE", where, after, limit)

    async def prompts_called(self, name: str) -> list[Row]:
        """The prompts with this id, or whose names come to this slug; two are enough to know that it is not clear."""
        sql = f"SELECT * FROM ({_PROMPTS}) AS found WHERE uuid::text = $2 OR slug = $2 LIMIT 2"
        return await self._session.fetch(sql, self._workspace_uuid, name)

    async def labelled(self, label: str, value: str) -> UUID | None:
        """The newest run with this label."""
        sql = "SELECT uuid FROM runs WHERE workspace_uuid = $1 AND labels @> $2 ORDER BY uuid DESC LIMIT 1"
        return await self._session.value(sql, self._workspace_uuid, {label: value})

    async def is_interrupted(self, thread_uuid: UUID) -> bool:
        """Whether a run in a thread waits for people's answers."""
        sql = """
            SELECT EXISTS (
                SELECT FROM runs AS r JOIN approvals AS a ON a.workspace_uuid = r.workspace_uuid AND a.run_uuid = r.uuid
                WHERE r.workspace_uuid = $1 AND r.thread_uuid = $2 AND r.finished_at IS NULL
                    AND a.status = 'open' AND (a.expires_at IS NULL OR a.expires_at > now())
            )
        """
        return await self._session.value(sql, self._workspace_uuid, str(thread_uuid))

    async def _counted(self, every: str, condition: str, where: Where, after: UUID | None, limit: int) -> list[Row]:
        follows = "TRUE" if after is None else f"uuid < {where.parameter(after)}"
        sql = f"""
            SELECT * FROM ({_COUNTED.format(every)}) AS counted
            WHERE {condition} AND {follows} ORDER BY uuid DESC LIMIT {where.parameter(limit)}
        """
        return await self._session.fetch(sql, *where.args)

    def _agents(self, where: Where) -> str:
        """Those that exist for the caller; the workspace is the first parameter."""
        where.parameter(self._workspace_uuid)
        return _AGENTS if self._reach is None else f"{_AGENTS} AND {self._reach.sees(where.parameter)}"

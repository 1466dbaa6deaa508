"""All SQL of the sources of agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.repository import Repository, Where
from athena.training.models import agent_sources


class AgentSourceRepository(Repository):
    """The sources of one agent."""

    table = agent_sources
    recorded = "agent_source"
    hidden = frozenset({"content"})

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, agent_uuid: UUID) -> None:
        super().__init__(session, workspace_uuid)
        self._agent_uuid = agent_uuid

    def within(self, where: Where) -> None:
        """The agent's."""
        super().within(where)
        where.add("agent_uuid = {}", self._agent_uuid)

    @property
    def placed(self) -> Mapping[str, Any]:
        """The agent, too."""
        return {**super().placed, "agent_uuid": self._agent_uuid}

    async def by_keys(self, keys: Sequence[str]) -> dict[str, Row]:
        """Those that are known already, by their key; nobody else changes them before this transaction ends."""
        rows = await self.session.fetch(
            f"SELECT {self.columns} FROM agent_sources WHERE workspace_uuid = $1 AND agent_uuid = $2 "
            "AND key = ANY($3) ORDER BY uuid FOR NO KEY UPDATE",
            self.workspace_uuid,
            self._agent_uuid,
            list(keys),
        )
        return {row["key"]: row for row in rows}

    async def lock(self) -> None:
        """Has others who train this agent wait for this transaction's end."""
        await self.session.execute(
            "SELECT FROM agents WHERE workspace_uuid = $1 AND uuid = $2 FOR NO KEY UPDATE",
            self.workspace_uuid,
            self._agent_uuid,
        )


class TaughtRepository(Repository):
    """The sources of all agents, with what they say."""

    table = agent_sources
    recorded = "agent_source"

    async def of_agents(self, agent_uuids: Sequence[UUID]) -> list[Row]:
        """Those of some agents, oldest first."""
        return await self.session.fetch(
            f"SELECT {self.columns} FROM agent_sources WHERE workspace_uuid = $1 AND agent_uuid = ANY($2) "
            "ORDER BY agent_uuid, uuid",
            self.workspace_uuid,
            list(agent_uuids),
        )


class TrainedRepository:
    """The sources of one run, which may write them as long as no later one has taken them over."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, run_uuid: UUID) -> None:
        self._session = session
        self._of = (workspace_uuid, run_uuid)

    async def take(self, uuid: UUID) -> Row | None:
        """A source of the run, with its content, from now on ``processing``; ``None`` if it is the run's no more."""
        return await self._session.fetch_one(
            "UPDATE agent_sources SET status = 'processing', error = NULL, updated_at = $4, revision = revision + 1 "
            "WHERE workspace_uuid = $1 AND run_uuid = $2 AND uuid = $3 "
            "RETURNING uuid, agent_uuid, run_uuid, type, title, url, media_uuid, thread_uuid, content, options",
            *self._of,
            uuid,
            clock.now(),
        )

    async def holds(self, uuid: UUID) -> bool:
        """Whether the source is the run's; if so, it stays there until this transaction's end."""
        return (
            await self._session.fetch_one(
                "SELECT FROM agent_sources WHERE workspace_uuid = $1 AND run_uuid = $2 AND uuid = $3 FOR KEY SHARE",
                *self._of,
                uuid,
            )
            is not None
        )

    async def unfinished(self) -> list[Row]:
        """The ids of those of the run that were neither learnt nor refused, with their agents'."""
        return await self._session.fetch(
            "SELECT uuid, agent_uuid FROM agent_sources WHERE workspace_uuid = $1 AND run_uuid = $2 "
            "AND status IN ('pending', 'processing')",
            *self._of,
        )

"""All SQL of agents, their versions and channels."""

from __future__ import annotations

from uuid import UUID

from athena.agents.models import agent_channels, agent_versions, agents
from athena.kit.db import Row
from athena.kit.repository import Repository
from athena.kit.versions import ChannelRepository, VersionRepository


class AgentRepository(Repository):
    """The agents of one workspace."""

    table = agents
    recorded = "agent"

    async def locked(self, uuid: UUID) -> Row:
        """One row, which nobody else changes before this transaction ends."""
        row = await self.session.fetch_one(
            f"SELECT {self.columns} FROM agents WHERE workspace_uuid = $1 AND uuid = $2 FOR NO KEY UPDATE",
            self.workspace_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row


class AgentVersionRepository(VersionRepository):
    """The versions of one agent."""

    table = agent_versions
    owner = "agent"


class AgentChannelRepository(ChannelRepository):
    """The channels of one agent."""

    table = agent_channels
    owner = "agent"
    recorded = "agent_channel"

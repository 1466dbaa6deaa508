"""All SQL of agents, their versions and channels."""

from __future__ import annotations

from athena.agents.models import agent_channels, agent_versions, agents
from athena.kit.access import WorkspaceId
from athena.kit.db import Session
from athena.kit.reach import Reach
from athena.kit.repository import Repository, Where
from athena.kit.versions import ChannelRepository, VersionRepository


class AgentRepository(Repository):
    """The agents of one workspace that exist for the caller."""

    table = agents
    recorded = "agent"
    hidden = frozenset({"slug"})

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, reach: Reach | None) -> None:
        """``reach``: whose private agents exist; ``None``: everybody's."""
        super().__init__(session, workspace_uuid)
        self._reach = reach

    def within(self, where: Where) -> None:
        """The workspace's, but others' private ones."""
        super().within(where)
        if self._reach is not None:
            where.add(self._reach.sees(where.parameter))


class AgentVersionRepository(VersionRepository):
    """The versions of one agent."""

    table = agent_versions
    owner = "agent"


class AgentChannelRepository(ChannelRepository):
    """The channels of one agent."""

    table = agent_channels
    owner = "agent"
    recorded = "agent_channel"

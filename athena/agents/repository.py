"""All SQL of agents, their versions and channels."""

from __future__ import annotations

from athena.agents.models import agent_channels, agent_versions, agents
from athena.kit.repository import Repository
from athena.kit.versions import ChannelRepository, VersionRepository


class AgentRepository(Repository):
    """The agents of one workspace."""

    table = agents
    recorded = "agent"


class AgentVersionRepository(VersionRepository):
    """The versions of one agent."""

    table = agent_versions
    owner = "agent"


class AgentChannelRepository(ChannelRepository):
    """The channels of one agent."""

    table = agent_channels
    owner = "agent"
    recorded = "agent_channel"

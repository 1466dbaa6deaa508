"""All SQL of agents."""

from __future__ import annotations

from athena.agents.models import agents
from athena.kit.repository import Repository


class AgentRepository(Repository):
    """The agents of one workspace."""

    table = agents

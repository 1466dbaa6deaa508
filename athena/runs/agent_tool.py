"""Tools that are agents: calling one has it answer, in a run of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from athena.agents.service import AgentService
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.schemas import Uuid
from athena.runs.children import SECONDS, ask_agent
from athena.tools.base import Discovery, JsonObject, ToolCall, ToolConfig, ToolFunction, ToolKind, ToolResult
from athena.tools.naming import function_name

SPARE: Final = 0.95
"""The part of its time after which the agent is stopped, so that it is known what became of it."""
QUESTION: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "question": {
            "type": "string",
            "pattern": "\\S",
            "description": "What the agent is to answer or do. Of this conversation it knows what is said here.",
        }
    },
    "required": ["question"],
    "additionalProperties": False,
}


class AgentToolConfig(ToolConfig):
    """Which agent."""

    agent_uuid: Annotated[Uuid, Field(description="The agent that answers.")]


class AgentTool(ToolKind[AgentToolConfig]):
    """Has an agent answer."""

    type = "agent"
    config = AgentToolConfig
    seconds = SECONDS

    async def check(self, config: AgentToolConfig, session: Session, access: Access) -> None:
        """The agent must be the workspace's."""
        await AgentService(session, access).get(config.agent_uuid)

    async def functions(
        self, config: AgentToolConfig, parameters: JsonObject | None, call: Discovery
    ) -> Sequence[ToolFunction]:
        """One, named as the tool is; a run that was begun is found again."""
        del config, parameters
        return [ToolFunction(function_name(call.name), call.description, QUESTION, repeatable=True)]

    async def call(self, config: AgentToolConfig, call: ToolCall) -> ToolResult:
        """The agent's answer."""
        return await ask_agent(
            call.database,
            call.access,
            config.agent_uuid,
            call.arguments["question"],
            key=call.idempotency_key,
            parent=call.run_uuid,
            ancestors=call.ancestors,
            seconds=call.seconds * SPARE,
        )

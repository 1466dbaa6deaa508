"""Has an agent answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from athena.kit.schemas import Uuid
from athena.messages.schemas import SaidContent
from athena.node_types import child_runs, fields
from athena.node_types.base import Config, EffectCall, EffectNode, Result
from athena.node_types.failures import require
from athena.permissions import Permission
from athena.runs.schemas import AgentRun, HistoryMessage, Variable, check_answerable


class AgentConfig(Config):
    """Which agent answers to what."""

    agent_uuid: Annotated[Uuid, Field(description="The agent.")]
    input: Annotated[
        SaidContent | None,
        Field(description="What the user says: text, or parts with files.", examples=["{{ input.question }}"]),
    ] = None
    messages: Annotated[
        list[HistoryMessage] | None,
        Field(min_length=1, max_length=500, description="A whole conversation, in place of `input`."),
    ] = None
    thread_uuid: Annotated[
        Uuid | None, Field(description="The thread in which the agent answers `input`; the answer is kept there.")
    ] = None
    variables: Annotated[
        dict[str, Variable], Field(max_length=64, description="Fill `{{name}}` in the agent's system prompt.")
    ] = Field(default_factory=dict[str, str])
    model: Annotated[fields.Model, Field(description="In place of the agent's.")] = None

    @model_validator(mode="after")
    def _something_to_answer(self) -> AgentConfig:
        check_answerable(self.input, self.messages, self.thread_uuid)
        return self


class Agent(EffectNode[AgentConfig]):
    """A run of an agent."""

    type = "agent"
    name = "Agent"
    description = "Has an agent answer, in a run of its own, in a thread or without one."
    category = "ai"
    config = AgentConfig
    seconds = child_runs.SECONDS
    output_schema = child_runs.OUTPUT

    async def execute(self, config: AgentConfig, call: EffectCall) -> Result:
        """The agent's answer."""
        require(call, Permission.AGENTS_RUN)
        names = ("input", "messages", "thread_uuid", "variables", "model")
        given = AgentRun.model_validate({name: getattr(config, name) for name in names})
        return await child_runs.answered(call, lambda _, service: service.run_agent(config.agent_uuid, given))

"""How an agent is described, and what a model made of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from athena.accounts.schemas import Account
from athena.agents.schemas import AgentChange, AgentLimits, AgentMemory, AgentReflection, FallbackModel, Visibility
from athena.budgets.schemas import Budget
from athena.kit.schemas import Input, Output, Timestamp, Uuid
from athena.large_language_models.parameters import ModelName, ShownMetadata
from athena.media.schemas import Media
from athena.messages.schemas import Usage
from athena.tools.schemas import Tool
from athena.users.schemas import Person


class AgentGeneration(Input):
    """A description of an agent, or of a change of one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "description": "Helps the customers of a bicycle shop to find the right tyres. Friendly and brief.",
                    "model": "gpt-4o",
                    "save": True,
                }
            ]
        }
    )

    description: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]
    agent_uuid: Annotated[
        Uuid | None, Field(description="The agent to change, so that what is described holds. Left out: a new one.")
    ] = None
    model: Annotated[
        ModelName | None,
        Field(
            description="Drafts the agent, and becomes a new one's model. Left out: that of the agent to change, the "
            "account's only one, or the local one."
        ),
    ] = None
    account_uuid: Annotated[
        Uuid | None, Field(description="The account that pays, also for a new agent. Left out: that of the model.")
    ] = None
    max_repairs: Annotated[
        int, Field(ge=0, le=6, description="How often the model is shown what is wrong with its draft.")
    ] = 3
    save: Annotated[bool, Field(description="Keep it: as a new agent, or as a new version of the agent.")] = False


class TrialMessage(Output):
    """A message of the test conversation."""

    role: Literal["user", "assistant"]
    content: str


class AgentGenerationReport(Output):
    """How the model got there, and how the agent did."""

    model: str
    repairs: int
    usage: Usage
    conversation_starters: list[str]
    test_conversation: Annotated[
        list[TrialMessage],
        Field(description="It was held before the agent was answered; its tools were only rehearsed."),
    ]
    assessment: Annotated[str, Field(description="What the model made of the conversation.")]
    changes: Annotated[
        list[AgentChange] | None, Field(description="Of a changed agent: what is different, as versions are compared.")
    ]
    summary: Annotated[list[str] | None, Field(description="The same in words, a line each.")]


class GeneratedAgent(Output):
    """A complete agent that answered sensibly. What is not saved has no uuid."""

    uuid: UUID | None
    created_at: Timestamp | None
    updated_at: Timestamp | None
    name: str
    description: str
    model: str | None
    account_uuid: UUID | None
    system_prompt: str | None
    metadata: Annotated[ShownMetadata, Field(description="`conversation_starters` are there, one a line.")]
    tags: list[str]
    visibility: Visibility
    version: int | None
    tool_uuids: list[UUID]
    guardrail_uuids: list[UUID]
    team_uuids: list[UUID]
    output_schema: dict[str, Any] | None
    fallback_models: list[FallbackModel]
    memory: AgentMemory
    limits: AgentLimits
    reflection: AgentReflection | None
    tools: list[Tool] | None = None
    budgets: list[Budget] | None = None
    avatar: Media | None = None
    account: Account | None = None
    creator: Person | None = None
    generation: AgentGenerationReport

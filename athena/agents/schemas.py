"""What an agent looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from athena.accounts.schemas import Account
from athena.budgets.schemas import Budget
from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Text, Uuid, With
from athena.large_language_models.parameters import ModelMetadata, ModelName, ShownMetadata
from athena.llm.structured import InvalidSchema, Schema
from athena.media.schemas import Media
from athena.tools.schemas import Tool
from athena.users.schemas import Person

Tag = Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]
Cause = Literal["error", "rate_limit", "context_too_long", "refusal"]
Visibility = Literal["workspace", "private"]


def _each_once(uuids: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(uuids))


Uuids = Annotated[list[Uuid], Field(max_length=64), AfterValidator(_each_once)]
GivenVisibility = Annotated[
    Visibility,
    Field(
        description="For whom it exists: every member, or with `private` its creator, owners and admins, and those "
        "whom it is shared with. Only its creator, owners and admins change this."
    ),
]


class FallbackModel(Input):
    """A model that answers when the one before it did not."""

    model: ModelName
    account_uuid: Annotated[
        Uuid | None, Field(description="The account that pays. Left out: the newest one that offers the model.")
    ] = None
    causes: Annotated[
        list[Cause],
        Field(min_length=1, max_length=4, description="What it stands in for. Left out: everything but refusals."),
    ] = Field(default_factory=lambda: list[Cause](("error", "rate_limit", "context_too_long")))


class AgentMemory(Input):
    """What an agent remembers, and whether what is said to it becomes memories."""

    recall: Annotated[bool, Field(description="Whether what fits the conversation is recalled for each answer.")] = (
        False
    )
    extract: Annotated[
        bool, Field(description="Whether facts, preferences and episodes are kept once a thread has gone quiet.")
    ] = False
    extract_model: Annotated[ModelName | None, Field(description="The model that reads. Left out: the agent's.")] = None
    limit: Annotated[int, Field(ge=1, le=50, description="How much is recalled at most.")] = 8


class AgentLimits(Input):
    """How far one run may go. Whichever is reached first ends it."""

    turns: Annotated[int, Field(ge=1, le=100, description="Calls of the model.")] = 20
    tool_calls: Annotated[int, Field(ge=0, le=1_000)] = 50
    tokens: Annotated[int | None, Field(ge=1, le=2**53, description="Of input and output, in all.")] = None
    cost: Annotated[float | None, Field(gt=0, le=1_000_000, allow_inf_nan=False, description="US dollars.")] = None
    seconds: Annotated[int | None, Field(ge=1, le=86_400, description="At work; waiting does not count.")] = None


class AgentReflection(Input):
    """Before it answers, the agent plans, and checks what it did, in rounds that are shown as events."""

    rounds: Annotated[int, Field(ge=1, le=5, description="How often an answer is checked and made anew at most.")] = 1


def _json_schema(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    try:
        Schema(schema)
    except InvalidSchema as error:
        raise ValueError(f"This is no JSON Schema: {error}") from error
    return schema


OutputSchema = Annotated[
    dict[str, JsonValue],
    Field(max_length=64, description="A JSON Schema that each answer fits; the answer is JSON then."),
    AfterValidator(_json_schema),
]


class AgentCreate(Input):
    """A new agent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Support",
                    "model": "gpt-4o-mini",
                    "system_prompt": "You help customers of a bicycle shop. Be brief and kind.",
                    "metadata": {"temperature": 0.3},
                }
            ]
        }
    )

    name: Name
    description: ShortText = ""
    model: ModelName | None = None
    account_uuid: Annotated[
        Uuid | None, Field(description="The account that pays. Left out: the newest one that offers the model.")
    ] = None
    system_prompt: Text | None = None
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)
    tags: Annotated[list[Tag], Field(max_length=32)] = Field(default_factory=list[str])
    tool_uuids: Annotated[Uuids, Field(description="The tools that it may use.")] = Field(default_factory=list[UUID])
    guardrail_uuids: Annotated[Uuids, Field(description="What is checked, in this order.")] = Field(
        default_factory=list[UUID]
    )
    team_uuids: Annotated[Uuids, Field(description="The agents that it may ask, or hand the conversation over to.")] = (
        Field(default_factory=list[UUID])
    )
    output_schema: OutputSchema | None = None
    fallback_models: Annotated[
        list[FallbackModel], Field(max_length=8, description="In the order in which they are tried.")
    ] = Field(default_factory=list[FallbackModel])
    memory: AgentMemory = Field(default_factory=AgentMemory)
    limits: AgentLimits = Field(default_factory=AgentLimits)
    reflection: Annotated[AgentReflection | None, Field(description="Null: it answers at once.")] = None
    avatar_uuid: Annotated[Uuid | None, Field(description="An uploaded image.")] = None
    visibility: GivenVisibility = "workspace"
    with_: With = Field(default=None, alias="with")


class AgentUpdate(Input):
    """Changes of an agent; what is not named stays. Keys of ``metadata`` that are not named stay too."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"system_prompt": "Answer in one sentence.", "metadata": {"temperature": 0.1}}]}
    )

    name: Name = ""
    description: ShortText = ""
    model: ModelName | None = None
    account_uuid: Uuid | None = None
    system_prompt: Text | None = None
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)
    tags: Annotated[list[Tag], Field(max_length=32)] = Field(default_factory=list[str])
    tool_uuids: Annotated[Uuids, Field(description="The tools that it may use.")] = Field(default_factory=list[UUID])
    guardrail_uuids: Annotated[Uuids, Field(description="What is checked, in this order.")] = Field(
        default_factory=list[UUID]
    )
    team_uuids: Annotated[Uuids, Field(description="The agents that it may ask, or hand the conversation over to.")] = (
        Field(default_factory=list[UUID])
    )
    output_schema: OutputSchema | None = None
    fallback_models: Annotated[
        list[FallbackModel], Field(max_length=8, description="In the order in which they are tried.")
    ] = Field(default_factory=list[FallbackModel])
    memory: AgentMemory = Field(default_factory=AgentMemory)
    limits: AgentLimits = Field(default_factory=AgentLimits)
    reflection: Annotated[AgentReflection | None, Field(description="Null: it answers at once.")] = None
    avatar_uuid: Uuid | None = None
    visibility: GivenVisibility = "workspace"
    with_: With = Field(default=None, alias="with")


class AgentDefinition(Resource):
    """What decides how an agent answers."""

    model: str | None
    account_uuid: UUID | None
    system_prompt: str | None
    metadata: ShownMetadata
    tool_uuids: list[UUID]
    guardrail_uuids: list[UUID]
    team_uuids: list[UUID]
    output_schema: dict[str, Any] | None
    fallback_models: list[FallbackModel]
    memory: AgentMemory
    limits: AgentLimits
    reflection: AgentReflection | None


class Agent(AgentDefinition):
    """An agent. Relations are null unless ``with`` names them."""

    name: str
    description: str
    tags: list[str]
    version: Annotated[int, Field(description="The newest version: grows with each change of how it answers.")]
    visibility: Visibility
    tools: list[Tool] | None = None
    budgets: list[Budget] | None = None
    avatar: Media | None = None
    account: Account | None = None
    creator: Person | None = None


class AgentVersion(AgentDefinition):
    """How an agent answered at one time. It never changes, except that what is deleted falls out of it."""

    agent_uuid: UUID
    number: int
    creator: Person | None = None


class AgentChange(Output):
    """One difference between two versions."""

    path: Annotated[str, Field(examples=["metadata.temperature"])]
    before: Any
    after: Any
    lines: Annotated[
        list[str] | None, Field(description="Of longer texts: the lines that changed, as a unified difference.")
    ]


class AgentComparison(Output):
    """What changed from one version to another."""

    before: int
    after: int
    changes: list[AgentChange]
    summary: Annotated[list[str], Field(description="The same in words, a line each.")]

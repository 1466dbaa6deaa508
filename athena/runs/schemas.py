"""What a run looks like, and what may be said to start one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator
from pydantic.config import JsonDict

from athena.approvals.schemas import Decision
from athena.kit.schemas import Input, Resource, ShortText, Timestamp, Uuid
from athena.kit.versions import ChannelName, VersionNumber
from athena.large_language_models.parameters import ModelMetadata, ModelName
from athena.messages.schemas import MessageContent, MessageError, Part, Said, SaidContent, Usage, shape

RunStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
RunKind = Literal["agent", "thread", "prompt", "workflow", "training", "evaluation", "memory_extraction"]
Variable = Annotated[str, Field(max_length=20_000)]


# The rules of :meth:`RunOptions._one_way` and :meth:`AgentRun._something_to_answer`, for who reads the schema.
ONE_WAY: JsonDict = {
    "not": {
        "properties": {"stream": {"const": True}, "background": {"const": True}},
        "required": ["stream", "background"],
    }
}
SOMETHING_TO_ANSWER: JsonDict = {
    "oneOf": [
        {"properties": {"input": {"not": {"type": "null"}}}, "required": ["input"]},
        {"properties": {"messages": {"type": "array"}, "thread_uuid": {"type": "null"}}, "required": ["messages"]},
    ]
}


class RunOptions(Input):
    """How to run, and how to be answered."""

    model: Annotated[ModelName | None, Field(description="In place of the agent's.")] = None
    metadata: Annotated[
        ModelMetadata, Field(default_factory=ModelMetadata, description="Overrides the thread's and the agent's.")
    ]
    variables: Annotated[
        dict[str, Variable], Field(max_length=64, description="Fill `{{name}}` in the system prompt.")
    ] = Field(default_factory=dict[str, str])
    stream: Annotated[bool, Field(description="Answer with server-sent events.")] = False
    background: Annotated[bool, Field(description="Answer 202 with the run at once.")] = False

    @property
    def asked(self) -> dict[str, Any]:
        """The run's own settings, which go over all others."""
        return self.metadata.model_dump(exclude_unset=True) | ({"model": self.model} if self.model else {})

    @model_validator(mode="after")
    def _one_way(self) -> RunOptions:
        if self.stream and self.background:
            raise ValueError("Give either stream or background.")
        return self


class AgentRunOptions(RunOptions):
    """How an agent runs, and as which of its versions."""

    version: Annotated[
        VersionNumber | None, Field(description="The agent as of this version. Left out: the newest.")
    ] = None
    channel: Annotated[
        ChannelName | None, Field(description="The agent's version to which this channel leads, instead of `version`.")
    ] = None


class ThreadRun(AgentRunOptions):
    """Has a thread answered."""

    model_config = ConfigDict(
        json_schema_extra={**ONE_WAY, "examples": [{"message": "Which tyres for gravel?", "stream": True}]}
    )

    message: Annotated[
        Annotated[Annotated[Said, Tag("text")] | Annotated[MessageContent, Tag("message")], Discriminator(shape)]
        | None,
        Field(description="What the user says. Left out, the last user message is answered (again)."),
    ] = None
    agent_uuid: Annotated[Uuid | None, Field(description="Who answers, in place of the thread's agent.")] = None
    parent_uuid: Annotated[
        Uuid | None,
        Field(
            description="With `message`: what it follows, null for a new root (an edit makes a branch). Without: the "
            "user message to answer (again)."
        ),
    ] = None


class HistoryMessage(Input):
    """A message of a conversation that is given with the request, and not kept in a thread."""

    role: Literal["system", "user", "assistant"]
    content: SaidContent


class AgentRun(AgentRunOptions):
    """Runs an agent, in a thread or without one."""

    model_config = ConfigDict(
        json_schema_extra={**ONE_WAY, **SOMETHING_TO_ANSWER, "examples": [{"input": "Which tyres for gravel?"}]}
    )

    input: Annotated[SaidContent | None, Field(description="What the user says.")] = None
    messages: Annotated[
        list[HistoryMessage] | None,
        Field(min_length=1, max_length=500, description="A whole conversation, instead of `input`."),
    ] = None
    thread_uuid: Annotated[Uuid | None, Field(description="The thread in which the agent answers `input`.")] = None

    @model_validator(mode="after")
    def _something_to_answer(self) -> AgentRun:
        check_answerable(self.input, self.messages, self.thread_uuid)
        return self


def check_answerable(said: object, messages: Sequence[HistoryMessage] | None, thread_uuid: UUID | None) -> None:
    """:class:`ValueError` unless an agent is given one thing to answer."""
    if (said is None) == (messages is None):
        raise ValueError("Give either input or messages.")
    if messages is not None and thread_uuid is not None:
        raise ValueError("A thread has its own messages; give input.")
    if messages is not None and messages[-1].role != "user":
        raise ValueError("The last message must be the user's.")


class PromptRun(RunOptions):
    """Runs a prompt with values for its variables."""

    model_config = ConfigDict(
        json_schema_extra={**ONE_WAY, "examples": [{"variables": {"text": "It rained all day.", "sentences": 1}}]}
    )

    model: Annotated[ModelName | None, Field(description="In place of the prompt's.")] = None
    metadata: Annotated[ModelMetadata, Field(default_factory=ModelMetadata, description="Overrides the prompt's.")]
    variables: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride] - these have types
        dict[str, JsonValue], Field(max_length=64, description="Values of the prompt's variables, of their types.")
    ] = Field(default_factory=dict[str, JsonValue])
    version: Annotated[
        int | None, Field(ge=1, le=2**31 - 1, description="The prompt as of this version. Left out: as it is now.")
    ] = None
    channel: Annotated[
        ChannelName | None, Field(description="The prompt's version to which this channel leads, instead of `version`.")
    ] = None
    account_uuid: Annotated[
        Uuid | None, Field(description="The account that pays. Left out: the newest one that offers the model.")
    ] = None


class NameGeneration(Input):
    """How to name a thread."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": "gpt-4o-mini"}]})

    model: Annotated[ModelName | None, Field(description="In place of the thread's.")] = None


class RunApproval(Input):
    """An answer to what a run waits to have approved."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "approved"}]})

    node_id: Annotated[
        str | None, Field(max_length=64, description="The node or the tool call that asks, where several do at once.")
    ] = None
    decision: Decision
    comment: ShortText = ""
    payload: Annotated[
        JsonValue, Field(description="What is approved, in place of what was shown, where that is `editable`.")
    ] = None


class RecalledSource(Input):
    """A memory that the agent was told of before it answered."""

    number: Annotated[int, Field(description="By which the answer cites it, such as `[1]`.")]
    memory_uuid: UUID
    kind: str
    score: float
    source: Annotated[dict[str, Any] | None, Field(description="Where the memory is from.")]
    cited: Annotated[bool, Field(description="Whether the answer names its number.")]


class RunMessage(Input):
    """The answer, as far as it is there."""

    uuid: UUID
    role: Literal["assistant"]
    content: Annotated[str, Field(description="The answer's text.")]
    model: str
    finish_reason: str
    usage: Usage
    parts: Annotated[
        list[Part] | None, Field(description="All that was said and done, in order, where tools were used.")
    ] = None
    sources: Annotated[
        list[RecalledSource] | None, Field(description="What was recalled for it, where the agent recalls.")
    ] = None
    data: Annotated[JsonValue, Field(description="The answer as JSON, where the agent has an `output_schema`.")] = None


class RunOutput(Input):
    """What a finished run gave."""

    message: RunMessage


class Run(Resource):
    """One execution, followed through `GET /api/v1/runs/{run_uuid}/events`."""

    kind: RunKind
    status: RunStatus
    agent_uuid: UUID | None
    agent_version: Annotated[int | None, Field(description="The version that answers.")]
    thread_uuid: UUID | None
    workflow_uuid: UUID | None
    workflow_version: int | None
    prompt_uuid: UUID | None
    prompt_version: int | None
    share_uuid: Annotated[UUID | None, Field(description="The share through which it was started.")]
    message_uuid: Annotated[UUID | None, Field(description="The answer's message.")]
    model: str | None
    output: Annotated[RunOutput | JsonValue, Field(description="Of a workflow, whatever its last node gave.")]
    error: MessageError | None
    usage: Usage | None
    started_at: Timestamp | None
    finished_at: Timestamp | None
    duration_ms: int | None


RunInput = dict[str, Any]

"""What a front end sends, in version 1.0 of the protocol. What a later version adds is left aside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.alias_generators import to_camel

from athena.dialects.checking import AnyJson, Nested
from athena.kit.schemas import Text

VERSION = "1.0"
"""Of the protocol."""

Id = Annotated[str, Field(min_length=1, max_length=256)]
ToolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Sent(BaseModel):
    """Anything that is sent."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class TextPart(Sent):
    """Text."""

    type: Literal["text"]
    text: Text


class Source(Sent):
    """Where a file is: in the request as base64, at an address, or among the workspace's media, by its uuid."""

    type: Literal["data", "url", "file"]
    value: str
    mime_type: Annotated[str | None, Field(max_length=255)] = None


class FilePart(Sent):
    """A file."""

    type: Literal["image", "document"]
    source: Source


Content = Text | Annotated[list[Annotated[TextPart | FilePart, Field(discriminator="type")]], Field(min_length=1)]


class Instruction(Sent):
    """What holds for the whole conversation."""

    role: Literal["system", "developer"]
    content: Text


class UserMessage(Sent):
    """What the user says."""

    role: Literal["user"]
    content: Content


class Function(Sent):
    """A function that was called."""

    name: ToolName
    arguments: Text


class Call(Sent):
    """A call."""

    id: Id
    function: Function


class AssistantMessage(Sent):
    """What was answered before."""

    role: Literal["assistant"]
    content: Text | None = None
    tool_calls: Annotated[list[Call] | None, Field(max_length=128)] = None


class ToolMessage(Sent):
    """What a function gave."""

    role: Literal["tool"]
    tool_call_id: Id
    content: Text | Annotated[list[TextPart], Field(min_length=1)]


class OtherMessage(Sent):
    """What a front end shows beside the conversation; no model reads it."""

    role: Literal["activity", "reasoning"]


Message = Annotated[
    Instruction | UserMessage | AssistantMessage | ToolMessage | OtherMessage, Field(discriminator="role")
]


class Tool(Sent):
    """A function of the front end's."""

    name: ToolName
    description: Text = ""
    parameters: Nested | None = None

    @property
    def as_wished(self) -> dict[str, Any]:
        """As a run's wishes have it."""
        parameters = self.parameters or {"type": "object", "properties": {}}
        return {"name": self.name, "description": self.description, "parameters": parameters}


class Context(Sent):
    """Something that the model is to know."""

    description: Text
    value: Text


class Resume(Sent):
    """The answer to an interrupt."""

    interrupt_id: Id
    status: Literal["resolved", "cancelled"]
    payload: AnyJson = None


class RunAgentInput(Sent):
    """A request."""

    thread_id: Id
    run_id: Id
    protocol_version: Annotated[str | None, Field(max_length=32)] = None
    messages: Annotated[list[Message], Field(max_length=500)]
    state: AnyJson = None
    tools: Annotated[list[Tool] | None, Field(max_length=128)] = None
    context: Annotated[list[Context] | None, Field(max_length=64)] = None
    forwarded_props: JsonValue = None
    resume: Annotated[list[Resume] | None, Field(max_length=64)] = None

    @model_validator(mode="after")
    def _something_to_do(self) -> RunAgentInput:
        if not self.resume and not self.messages:
            raise ValueError("Give messages, or answers to interrupts.")
        return self

"""What a request of this dialect may hold. What would be ignored although it matters is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue, model_validator

from athena.dialects.checking import Nested
from athena.kit.schemas import Input, Text, Uuid
from athena.large_language_models.parameters import ModelName

Key = Annotated[str, Field(min_length=1, max_length=64)]
Metadata = Annotated[dict[Key, Annotated[str, Field(max_length=512)]], Field(max_length=16)]
CallId = Annotated[str, Field(min_length=1, max_length=128)]
FunctionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Zero = Annotated[float | None, Field(ge=0, le=0)]
Stop = Annotated[str, Field(min_length=1, max_length=255)]


class TextPart(Input):
    """Text."""

    type: Literal["text"]
    text: Text


class ImageUrl(Input):
    """The bytes of an image, as a data URL."""

    url: Annotated[str, Field(pattern=r"^data:image/[a-z.+-]+;base64,")]
    detail: Literal["auto", "low", "high"] | None = None


class ImagePart(Input):
    """An image."""

    type: Literal["image_url"]
    image_url: ImageUrl


class FileData(Input):
    """A file: an uploaded one, or its bytes as a data URL."""

    file_id: str | None = None
    file_data: str | None = None
    filename: Annotated[str | None, Field(min_length=1, max_length=255)] = None

    @model_validator(mode="after")
    def _one(self) -> FileData:
        if (self.file_id is None) == (self.file_data is None):
            raise ValueError("Give either file_id or file_data.")
        return self


class FilePart(Input):
    """A file that the model is to read."""

    type: Literal["file"]
    file: FileData


Parts = Annotated[list[Annotated[TextPart | ImagePart | FilePart, Field(discriminator="type")]], Field(min_length=1)]
Texts = Annotated[list[TextPart], Field(min_length=1)]


class Instruction(Input):
    """What holds for the whole conversation."""

    role: Literal["system", "developer"]
    content: Text | Texts
    name: str | None = None


class UserMessage(Input):
    """What the user says."""

    role: Literal["user"]
    content: Text | Parts
    name: str | None = None


class CalledFunction(Input):
    """A function that a model called."""

    name: FunctionName
    arguments: Text


class FunctionCall(Input):
    """A model's call."""

    id: CallId
    type: Literal["function"] = "function"
    function: CalledFunction


class AssistantMessage(Input):
    """What a model answered before; fields of answers that say nothing may be sent back."""

    role: Literal["assistant"]
    content: Text | Texts | None = None
    tool_calls: Annotated[list[FunctionCall] | None, Field(max_length=128)] = None
    name: str | None = None
    refusal: None = None
    annotations: list[JsonValue] | None = None
    audio: None = None
    function_call: None = None

    @model_validator(mode="after")
    def _says_something(self) -> AssistantMessage:
        if not self.content and not self.tool_calls:
            raise ValueError("Give content or tool_calls.")
        return self


class ToolMessage(Input):
    """What a function answered."""

    role: Literal["tool"]
    tool_call_id: CallId
    content: Text | Texts


Message = Annotated[
    Instruction | UserMessage | AssistantMessage | ToolMessage,
    Field(discriminator="role"),
]


class Function(Input):
    """A function of the caller's."""

    name: FunctionName
    description: Text | None = None
    parameters: Nested | None = None
    strict: bool | None = None

    @property
    def as_wished(self) -> dict[str, Any]:
        """As a run's wishes have it."""
        return {
            "name": self.name,
            "description": self.description or "",
            "parameters": self.parameters or {"type": "object", "properties": {}},
        }


class Tool(Input):
    """What the model may call; the caller does it."""

    type: Literal["function"]
    function: Function


class NamedFunction(Input):
    """One function by its name."""

    name: FunctionName


class ForcedTool(Input):
    """The one function that must be called."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchema(Input):
    """What an answer must fit."""

    name: FunctionName
    description: Text | None = None
    schema_: Annotated[Nested, Field(alias="schema")]
    strict: bool | None = None


class TextFormat(Input):
    """Free text."""

    type: Literal["text"]


class ObjectFormat(Input):
    """Any JSON object."""

    type: Literal["json_object"]


class SchemaFormat(Input):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


class StreamOptions(Input):
    """How to stream."""

    include_usage: bool | None = None
    include_obfuscation: Literal[False] | None = None


class ThreadMetadata(Input):
    """Where the conversation is kept. Other keys are taken, and kept nowhere."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, str] = Field(init=False)  # pyright: ignore[reportIncompatibleVariableOverride]

    thread_uuid: Uuid | None = None


class ChatRequest(Input):
    """A chat completion."""

    model: ModelName
    messages: Annotated[list[Message], Field(min_length=1, max_length=500)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2, allow_inf_nan=False)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    response_format: Annotated[TextFormat | ObjectFormat | SchemaFormat | None, Field(discriminator="type")] = None
    tools: Annotated[list[Tool] | None, Field(max_length=128)] = None
    tool_choice: Literal["none", "auto", "required"] | ForcedTool | None = None
    parallel_tool_calls: Literal[True] | None = None
    metadata: ThreadMetadata | None = None
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    frequency_penalty: Zero = None
    presence_penalty: Zero = None
    store: Literal[False] | None = None
    modalities: list[Literal["text"]] | None = None
    service_tier: Literal["auto", "default"] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> ChatRequest:
        if self.tool_choice is not None and not self.tools:
            raise ValueError("tool_choice needs tools.")
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options needs stream.")
        return self

    @property
    def stops(self) -> Sequence[str]:
        """Where the model is to stop."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def wanted_schema(self) -> dict[str, Any] | None:
        """What the answer must fit."""
        match self.response_format:
            case SchemaFormat(json_schema=given):
                return given.schema_
            case ObjectFormat():
                return {"type": "object"}
            case _:
                return None

    @property
    def asked(self) -> dict[str, Any]:
        """The settings that go over the agent's."""
        limit = self.max_completion_tokens or self.max_tokens
        given = {"temperature": self.temperature, "max_tokens": limit}
        return {name: value for name, value in given.items() if value is not None}


class EmbeddingRequest(Input):
    """What is to be turned into vectors."""

    model: ModelName
    input: (
        Annotated[str, Field(min_length=1)]
        | Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1, max_length=2_048)]
    )
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int | None, Field(ge=1)] = None
    user: str | None = None

    @property
    def texts(self) -> list[str]:
        """The texts, one at least."""
        return [self.input] if isinstance(self.input, str) else self.input

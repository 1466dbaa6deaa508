"""What a request for a response may hold. What would be ignored although it matters is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from athena.dialects.openai.items import Item
from athena.dialects.openai.schemas import Function, FunctionName, Metadata, Nested, ObjectFormat, TextFormat
from athena.kit.schemas import Input, Text
from athena.large_language_models.parameters import ModelName
from athena.messages.schemas import Said, shape

Items = Annotated[list[Item], Field(min_length=1, max_length=400)]
OwnId = Annotated[str, Field(min_length=1, max_length=128)]
Include = list[
    Literal[
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
    ]
]
"""What may be asked for beside, none of which there is here."""


class FunctionTool(Function):
    """A function of the caller's."""

    type: Literal["function"]
    defer_loading: Literal[False] | None = None


def _a_function(value: object) -> object:
    kind: object = value.get("type") if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if kind != "function":
        raise ValueError("Functions of the caller's alone are taken; an agent has its own tools.")
    return value  # pyright: ignore[reportUnknownVariableType]


class NamedTool(Input):
    """The one function that must be called."""

    type: Literal["function"]
    name: FunctionName


class SchemaText(Input):
    """JSON that fits a schema."""

    type: Literal["json_schema"]
    name: FunctionName
    description: Text | None = None
    schema_: Annotated[Nested, Field(alias="schema")]
    strict: bool | None = None


class TextConfig(Input):
    """What form the answer's text has."""

    format: Annotated[TextFormat | ObjectFormat | SchemaText | None, Field(discriminator="type")] = None
    verbosity: Literal["medium"] | None = None


class Reasoning(Input):
    """How to think before answering: as the model does anyway."""

    effort: None = None
    summary: Literal["auto"] | None = None
    generate_summary: None = None


class StreamOptions(Input):
    """How to stream."""

    include_obfuscation: Literal[False] | None = None


class ConversationId(Input):
    """A conversation by its id."""

    id: OwnId


class ResponseRequest(Input):
    """A response."""

    model: ModelName
    input: Annotated[Annotated[Said, Tag("text")] | Annotated[Items, Tag("parts")], Discriminator(shape)]
    instructions: Annotated[Text, Field(min_length=1)] | None = None
    metadata: Metadata | None = None
    previous_response_id: OwnId | None = None
    conversation: (
        Annotated[Annotated[OwnId, Tag("text")] | Annotated[ConversationId, Tag("message")], Discriminator(shape)]
        | None
    ) = None
    store: bool | None = None
    background: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2, allow_inf_nan=False)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    max_output_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    text: TextConfig | None = None
    reasoning: Reasoning | None = None
    tools: Annotated[list[Annotated[FunctionTool, BeforeValidator(_a_function)]] | None, Field(max_length=128)] = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: Literal[True] | None = None
    include: Include | None = None
    truncation: Literal["auto"] | None = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=0)] = None
    service_tier: Literal["auto", "default"] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> ResponseRequest:
        if self.previous_response_id is not None and self.conversation is not None:
            raise ValueError("Give either previous_response_id or conversation.")
        if self.background and self.store is False:
            raise ValueError("A response in the background must be stored.")
        if (self.tool_choice == "required" or isinstance(self.tool_choice, NamedTool)) and not self.tools:
            raise ValueError("This tool_choice needs tools.")
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options needs stream.")
        return self

    @property
    def conversation_id(self) -> str | None:
        """In which conversation it stands."""
        given = self.conversation
        return given.id if isinstance(given, ConversationId) else given

    @property
    def functions(self) -> Sequence[dict[str, Any]]:
        """The caller's functions as a run takes them."""
        return [each.as_wished for each in self.tools or ()]

    @property
    def wanted_schema(self) -> dict[str, Any] | None:
        """What the answer must fit."""
        match self.text.format if self.text else None:
            case SchemaText(schema_=schema):
                return schema
            case ObjectFormat():
                return {"type": "object"}
            case _:
                return None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that go over the agent's."""
        given = {"temperature": self.temperature, "max_tokens": self.max_output_tokens}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def shown(self) -> dict[str, Any]:
        """What of it a response shows again."""
        choice = self.tool_choice
        return {
            "background": bool(self.background),
            "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens,
            "metadata": self.metadata or {},
            "model": self.model,
            "parallel_tool_calls": True,
            "previous_response_id": self.previous_response_id,
            "prompt_cache_key": self.prompt_cache_key,
            "safety_identifier": self.safety_identifier,
            "store": self.store is not False,
            "temperature": self.temperature,
            "text": _text(self.text),
            "tool_choice": choice.model_dump() if isinstance(choice, NamedTool) else choice or "auto",
            "tools": [_tool(each) for each in self.tools or ()],
            "top_p": self.top_p,
            "user": self.user,
        }


def _text(given: TextConfig | None) -> dict[str, Any]:
    form = given.format if given else None
    return {"format": form.model_dump(by_alias=True, exclude_none=True) if form else {"type": "text"}}


def _tool(given: FunctionTool) -> dict[str, Any]:
    return {**given.model_dump(include={"type", "name", "description", "parameters"}), "strict": bool(given.strict)}

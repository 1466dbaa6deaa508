"""What requests about assistants, threads, messages and runs may hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, JsonValue, Tag

from athena.dialects.openai.schemas import ImagePart, Metadata, ObjectFormat, SchemaFormat, TextFormat
from athena.kit.schemas import Input, ShortText, Text
from athena.large_language_models.parameters import ModelName
from athena.messages.schemas import shape

Id = Annotated[str, Field(min_length=1, max_length=128)]
Nothing = Annotated[list[JsonValue], Field(max_length=0)]
"""What would have to be done by OpenAI, or by the caller in the midst of a run."""
Temperature = Annotated[float | None, Field(ge=0, le=2, allow_inf_nan=False)]
One = Annotated[float | None, Field(ge=1, le=1)]
Formats = Annotated[TextFormat | ObjectFormat | SchemaFormat, Field(discriminator="type")]
ResponseFormat = Annotated[
    Annotated[Literal["auto"], Tag("text")] | Annotated[Formats, Tag("message")], Discriminator(shape)
]


class NoResources(Input):
    """Files and stores for tools that are not here: none."""

    code_interpreter: None = None
    file_search: None = None


class AssistantFields(Input):
    """What an assistant is made of; what is not named stays as it is."""

    name: Annotated[str | None, Field(min_length=1, max_length=255, pattern=r"\S")] = None
    description: ShortText | None = None
    instructions: Text | None = None
    tools: Nothing | None = None
    tool_resources: NoResources | None = None
    metadata: Metadata | None = None
    temperature: Temperature = None
    top_p: One = None
    response_format: ResponseFormat | None = None
    reasoning_effort: None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The agent's fields that are named, but its metadata."""
        given = self.model_fields_set
        values: dict[str, Any] = {
            "name": self.name or "Assistant",
            "description": self.description or "",
            "system_prompt": self.instructions,
            "output_schema": schema_of(self.response_format),
        }
        names = {"instructions": "system_prompt", "response_format": "output_schema"}
        return {name: values[name] for each in given if (name := names.get(each, each)) in values}


class AssistantCreate(AssistantFields):
    """A new assistant."""

    model: ModelName


class AssistantUpdate(AssistantFields):
    """Changes of an assistant."""

    model: ModelName | None = None


def schema_of(form: TextFormat | ObjectFormat | SchemaFormat | str | None) -> dict[str, Any] | None:
    """What an answer must fit."""
    match form:
        case SchemaFormat(json_schema=given):
            return given.schema_
        case ObjectFormat():
            return {"type": "object"}
        case _:
            return None


class TextPart(Input):
    """Text."""

    type: Literal["text"]
    text: Text


class NamedImage(Input):
    """An uploaded image."""

    file_id: Id
    detail: Literal["auto", "low", "high"] | None = None


class ImageFilePart(Input):
    """An uploaded image."""

    type: Literal["image_file"]
    image_file: NamedImage


Part = Annotated[TextPart | ImageFilePart | ImagePart, Field(discriminator="type")]
Parts = Annotated[list[Part], Field(min_length=1, max_length=64)]


class Attachment(Input):
    """A file that comes with a message, and is shown to the model with it."""

    file_id: Id
    tools: Nothing | None = None


class MessageCreate(Input):
    """A message."""

    role: Literal["user", "assistant"]
    content: Annotated[Annotated[Text, Tag("text")] | Annotated[Parts, Tag("parts")], Discriminator(shape)]
    attachments: Annotated[list[Attachment] | None, Field(max_length=16)] = None
    metadata: Metadata | None = None


class MetadataUpdate(Input):
    """Other metadata."""

    metadata: Metadata | None = None
    tool_resources: NoResources | None = None


class ThreadCreate(Input):
    """A new thread."""

    messages: Annotated[list[MessageCreate] | None, Field(max_length=64)] = None
    metadata: Metadata | None = None
    tool_resources: NoResources | None = None


class Truncation(Input):
    """What of a long thread is left out: its beginning."""

    type: Literal["auto"]
    last_messages: None = None


class RunFields(Input):
    """How an assistant is to answer."""

    assistant_id: Id
    model: ModelName | None = None
    instructions: Annotated[Text | None, Field(min_length=1)] = None
    metadata: Metadata | None = None
    stream: bool | None = None
    temperature: Temperature = None
    top_p: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    max_completion_tokens: Annotated[int | None, Field(ge=256, le=10_000_000)] = None
    response_format: ResponseFormat | None = None
    truncation_strategy: Truncation | None = None
    tools: Nothing | None = None
    tool_choice: Literal["auto", "none"] | None = None
    parallel_tool_calls: Literal[True] | None = None
    reasoning_effort: None = None


class RunCreate(RunFields):
    """A run of an assistant in a thread."""

    additional_instructions: Annotated[Text | None, Field(min_length=1)] = None
    additional_messages: Annotated[list[MessageCreate] | None, Field(max_length=64)] = None


class ThreadRunCreate(RunFields):
    """A new thread, and a run of an assistant in it."""

    thread: ThreadCreate = Field(default_factory=ThreadCreate)
    tool_resources: NoResources | None = None

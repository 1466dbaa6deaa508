"""What a message looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator
from pydantic.config import JsonDict

from athena.kit.nesting import is_nested_within
from athena.kit.schemas import Input, Output, Resource, ShortText, Text, Timestamp, Uuid, With
from athena.media.schemas import Media
from athena.users.schemas import Person

Role = Literal["system", "user", "assistant", "tool"]
Status = Literal["pending", "completed", "failed", "cancelled"]

ToolName = Annotated[str, Field(min_length=1, max_length=128)]
MAXIMUM_DEPTH = 16


def _shallow(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not all(is_nested_within(each, MAXIMUM_DEPTH - 1) for each in value.values()):
        raise ValueError(f"Values can be nested {MAXIMUM_DEPTH} deep.")
    return value


FreeMetadata = Annotated[dict[str, JsonValue], Field(max_length=64), AfterValidator(_shallow)]


class TextContent(Input):
    """Text."""

    type: Literal["text"]
    text: Text


class MediaContent(Input):
    """An uploaded file: an image for models that see, or a text file for all."""

    type: Literal["image", "file"]
    media_uuid: Uuid


class ToolCallContent(Input):
    """An assistant's call of a tool; ``arguments`` is JSON text."""

    type: Literal["tool_call"]
    id: ToolName
    name: ToolName
    arguments: Text


class ToolResultContent(Input):
    """What a tool answered."""

    type: Literal["tool_result"]
    tool_call_id: ToolName
    content: Text
    is_error: bool = False


Part = Annotated[TextContent | MediaContent | ToolCallContent | ToolResultContent, Field(discriminator="type")]
Parts = Annotated[list[Part], Field(min_length=1, max_length=4_096)]


def shape(value: object) -> str:
    """Which of two ways to say something ``value`` is meant for, so that errors speak of that one alone."""
    return "text" if isinstance(value, str) else "parts" if isinstance(value, list) else "message"


Content = Annotated[Annotated[Text, Tag("text")] | Annotated[Parts, Tag("parts")], Discriminator(shape)]
Said = Annotated[Text, Field(min_length=1, pattern=r"\S")]
SaidContent = Annotated[Annotated[Said, Tag("text")] | Annotated[Parts, Tag("parts")], Discriminator(shape)]


class AttachmentInput(Input):
    """A file that comes with a message."""

    media_uuid: Uuid
    name: Annotated[str | None, Field(min_length=1, max_length=255, description="Left out: the file's own.")] = None


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("Input should be -1 or 1")  # noqa: TRY004 - what pydantic takes for a wrong value
    return value


class Feedback(Input):
    """What a user thinks of an assistant's answer. The last one counts."""

    rating: Annotated[Literal[-1, 1], BeforeValidator(_no_truth)]
    comment: ShortText | None = None


class GivenFeedback(Output):
    """What a user thinks of an answer, who it is, and since when."""

    rating: Literal[-1, 1]
    comment: str | None
    user_uuid: UUID | None
    created_at: Timestamp | None


# The rule of :meth:`MessageContent._says_something`, for who reads the schema.
SAYS_SOMETHING: JsonDict = {
    "anyOf": [
        {"properties": {"content": {"anyOf": [{"type": "array"}, {"type": "string", "pattern": r"\S"}]}}},
        {"properties": {"attachments": {"minItems": 1}}, "required": ["attachments"]},
    ]
}


class MessageContent(Input):
    """What is said, without where."""

    model_config = ConfigDict(json_schema_extra=SAYS_SOMETHING)

    content: Content
    attachments: Annotated[list[AttachmentInput], Field(max_length=16)] = Field(default_factory=list[AttachmentInput])
    metadata: FreeMetadata = Field(default_factory=dict[str, JsonValue])

    @model_validator(mode="after")
    def _says_something(self) -> MessageContent:
        if isinstance(self.content, str) and not self.content.strip() and not self.attachments:
            raise ValueError("A message needs content or attachments.")
        return self


class MessageCreate(MessageContent):
    """A new message. Nobody answers it before the thread is run."""

    model_config = ConfigDict(
        json_schema_extra={
            **SAYS_SOMETHING,
            "examples": [{"thread_uuid": "01980000-0000-7000-8000-000000000000", "role": "user", "content": "Hello!"}],
        }
    )

    thread_uuid: Uuid
    role: Role = "user"
    parent_uuid: Annotated[
        Uuid | None,
        Field(description="What it follows; null begins a new branch. Left out: the thread's latest message."),
    ] = None
    with_: With = Field(default=None, alias="with")


class MessageUpdate(Input):
    """Changes of a message; what is not named stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"feedback": {"rating": 1, "comment": "Just what I needed."}}]}
    )

    content: Content = ""
    metadata: FreeMetadata = Field(default_factory=dict[str, JsonValue])
    feedback: Annotated[Feedback | None, Field(description="For an assistant's message alone; null takes it back.")] = (
        None
    )
    with_: With = Field(default=None, alias="with")


class Usage(Output):
    """Tokens and cost of an answer, as far as they are known; ``cost`` in US dollars."""

    input_tokens: int | None
    output_tokens: int | None
    cost: float | None


class MessageError(Output):
    """Why an answer failed."""

    code: str
    message: str


class Attachment(Output):
    """A file that came with a message."""

    uuid: UUID
    name: str
    media: Media


class Message(Resource):
    """A message. Relations are null unless ``with`` names them."""

    thread_uuid: UUID
    parent_uuid: UUID | None
    run_uuid: UUID | None
    agent_uuid: UUID | None
    role: Role
    content: str | list[Part]
    model: str | None
    usage: Usage | None
    status: Status
    error: MessageError | None
    metadata: dict[str, Any]
    feedback: GivenFeedback | None
    attachments: list[Attachment] | None = None
    creator: Person | None = None

"""What may stand among the items of an input. What answers hold may be sent back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, JsonValue, Tag, model_validator

from athena.dialects.openai.schemas import CallId, FunctionName
from athena.kit.schemas import Input, Text
from athena.messages.schemas import shape

ItemId = Annotated[str, Field(min_length=1, max_length=128)]
ItemStatus = Literal["in_progress", "completed", "incomplete"]


class InputText(Input):
    """Text that the model reads."""

    type: Literal["input_text"]
    text: Text
    prompt_cache_breakpoint: None = None


class InputImage(Input):
    """An image: its bytes as a data URL, or an uploaded file."""

    type: Literal["input_image"]
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal["auto", "low", "high", "original"] | None = None

    @model_validator(mode="after")
    def _one(self) -> InputImage:
        if (self.image_url is None) == (self.file_id is None):
            raise ValueError("Give either image_url or file_id.")
        return self


class InputFile(Input):
    """A text file or image: an uploaded one, or its bytes as a data URL."""

    type: Literal["input_file"]
    file_id: str | None = None
    file_data: str | None = None
    filename: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    detail: Literal["auto", "low", "high"] | None = None

    @model_validator(mode="after")
    def _one(self) -> InputFile:
        if (self.file_id is None) == (self.file_data is None):
            raise ValueError("Give either file_id or file_data.")
        return self


class OutputText(Input):
    """Text that was answered."""

    type: Literal["output_text"]
    text: Text
    annotations: list[JsonValue] | None = None
    logprobs: list[JsonValue] | None = None


Part = Annotated[InputText | InputImage | InputFile | OutputText, Field(discriminator="type")]
Parts = Annotated[list[Part], Field(min_length=1, max_length=256)]
Texts = Annotated[list[InputText], Field(min_length=1, max_length=256)]


class MessageItem(Input):
    """A message."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: Annotated[Annotated[Text, Tag("text")] | Annotated[Parts, Tag("parts")], Discriminator(shape)]
    id: ItemId | None = None
    status: ItemStatus | None = None
    phase: Literal["commentary", "final_answer"] | None = None

    @model_validator(mode="after")
    def _fits(self) -> MessageItem:
        if not self.content:
            raise ValueError("A message needs content.")
        if self.role != "user" and any(isinstance(part, InputImage | InputFile) for part in self.content):
            raise ValueError("Images and files come with the user's messages.")
        return self


class FunctionCallItem(Input):
    """A model's call of a function of the caller's."""

    type: Literal["function_call"]
    call_id: CallId
    name: FunctionName
    arguments: Text
    id: ItemId | None = None
    status: ItemStatus | None = None
    caller: JsonValue = None
    namespace: None = None


class FunctionOutputItem(Input):
    """What the function gave."""

    type: Literal["function_call_output"]
    call_id: CallId
    output: Annotated[Annotated[Text, Tag("text")] | Annotated[Texts, Tag("parts")], Discriminator(shape)]
    id: ItemId | None = None
    status: ItemStatus | None = None
    caller: JsonValue = None

    @property
    def text(self) -> str:
        """It as text."""
        return self.output if isinstance(self.output, str) else "\n\n".join(part.text for part in self.output)


class ReferenceItem(Input):
    """An item of a stored response's output."""

    type: Literal["item_reference"]
    id: ItemId


def _kind(value: object) -> object:
    """A message may leave its type out."""
    if not isinstance(value, dict):
        return getattr(value, "type", None)
    fields: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
    return fields.get("type") or ("message" if "role" in fields else None)


def _a_reference(value: Any) -> Any:
    """Its type may be left out or null, too."""
    if not isinstance(value, dict):
        return value
    fields: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
    is_one = fields.keys() <= {"type", "id"} and fields.get("type") is None
    return {**fields, "type": "item_reference"} if is_one else fields


Item = Annotated[
    Annotated[
        Annotated[MessageItem, Tag("message")]
        | Annotated[FunctionCallItem, Tag("function_call")]
        | Annotated[FunctionOutputItem, Tag("function_call_output")]
        | Annotated[ReferenceItem, Tag("item_reference")],
        Discriminator(_kind),
    ],
    BeforeValidator(_a_reference),
]

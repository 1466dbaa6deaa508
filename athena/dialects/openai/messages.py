"""A request's messages as runs take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from athena.dialects.files import part_of
from athena.dialects.openai.schemas import (
    AssistantMessage,
    FilePart,
    ImagePart,
    Instruction,
    Message,
    TextPart,
    ToolMessage,
    UserMessage,
)
from athena.dialects.openai.uploads import Uploads
from athena.kit.errors import ValidationFailed

Content = str | list[dict[str, Any]]


@dataclass(slots=True)
class Conversation:
    """``system``: the instructions that come first. ``said``: all the rest, with ``role`` and stored ``content``."""

    system: str | None = None
    said: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


async def conversation(messages: Sequence[Message], uploads: Uploads) -> Conversation:
    """The messages; images are stored as the workspace's media. Results stand in the message that called for them."""
    first = next((at for at, each in enumerate(messages) if not isinstance(each, Instruction)), len(messages))
    told = Conversation("\n\n".join(text_of(each.content) for each in messages[:first]) or None)
    for number, message in enumerate(messages[first:], first):
        match message:
            case Instruction():
                told.said.append({"role": "system", "content": text_of(message.content)})
            case UserMessage():
                content = message.content
                said = content if isinstance(content, str) else await _parts(content, uploads, number)
                told.said.append({"role": "user", "content": said})
            case AssistantMessage():
                told.said.append({"role": "assistant", "content": _answer(message)})
            case ToolMessage():
                _add_result(told.said, message, number)
    return told


def text_of(content: str | Sequence[TextPart | ImagePart | FilePart] | None) -> str:
    """The text alone."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "\n\n".join(part.text for part in content if isinstance(part, TextPart))


def _answer(message: AssistantMessage) -> Content:
    text = text_of(message.content)
    if not message.tool_calls:
        return text
    calls = [{"type": "tool_call", "id": each.id, **each.function.model_dump()} for each in message.tool_calls]
    return [*([{"type": "text", "text": text}] if text else []), *calls]


def _add_result(said: Sequence[Mapping[str, Any]], message: ToolMessage, number: int) -> None:
    content: Content = said[-1]["content"] if said else ""
    calls = [] if isinstance(content, str) else [each for each in content if each["type"] == "tool_call"]
    if isinstance(content, str) or message.tool_call_id not in {each["id"] for each in calls}:
        problem = "The message before it calls for no such result."
        raise ValidationFailed.of(f"messages.{number}.tool_call_id", problem)
    result = {"type": "tool_result", "tool_call_id": message.tool_call_id, "content": text_of(message.content)}
    content.append(result)


async def _parts(parts: Sequence[TextPart | ImagePart | FilePart], uploads: Uploads, number: int) -> Content:
    if all(isinstance(part, TextPart) for part in parts):
        return text_of(parts)
    content: list[dict[str, Any]] = []
    for place, part in enumerate(parts):
        where = f"messages.{number}.content.{place}"
        match part:
            case TextPart():
                content.append({"type": "text", "text": part.text})
            case ImagePart():
                content.append(part_of(await uploads.stored(part.image_url.url, f"{where}.image_url.url")))
            case FilePart(file=file) if file.file_id is not None:
                content.append(part_of(await uploads.named(file.file_id, f"{where}.file.file_id")))
            case FilePart(file=file):
                row = await uploads.stored(file.file_data or "", f"{where}.file.file_data", file.filename)
                content.append(part_of(row))
    return content

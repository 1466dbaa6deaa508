"""A request's messages as runs take them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson

from athena.dialects import files
from athena.dialects.ag_ui.schemas import (
    AssistantMessage,
    FilePart,
    Instruction,
    OtherMessage,
    RunAgentInput,
    TextPart,
    ToolMessage,
    UserMessage,
)
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.media.service import MediaService
from athena.permissions import Permission

DATA_URL: Final = re.compile(r"data:[a-z]+/[A-Za-z0-9.+-]+;base64,")


@dataclass(slots=True)
class Conversation:
    """``told``: what goes beside the instructions. ``said``: all the rest, with ``role`` and stored ``content``."""

    told: str
    said: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


class Reader:
    """Reads a request, whose files become media of the workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._count = files.FileCount()

    async def conversation(self, given: RunAgentInput, *, last_alone: bool = False) -> Conversation:
        """What is said. ``last_alone``: what was said before is here already."""
        found = Conversation(_told(given))
        spoken = [each for each in enumerate(given.messages) if not isinstance(each[1], Instruction | OtherMessage)]
        for at, message in spoken[-1:] if last_alone else spoken:
            match message:
                case UserMessage():
                    content = await self._content(message, f"messages.{at}.content")
                    found.said.append({"role": "user", "content": content})
                case AssistantMessage():
                    if answer := _answer(message):
                        found.said.append({"role": "assistant", "content": answer})
                case ToolMessage():
                    _add_result(found.said, message, at)
                case _:
                    pass
        return found

    async def _content(self, message: UserMessage, where: str) -> str | list[dict[str, str]]:
        if isinstance(message.content, str):
            return message.content
        found = [await self._part(part, f"{where}.{at}") for at, part in enumerate(message.content)]
        if all(each["type"] == "text" for each in found):
            return "\n\n".join(each["text"] for each in found)
        return found

    async def _part(self, part: TextPart | FilePart, where: str) -> dict[str, str]:
        if isinstance(part, TextPart):
            return {"type": "text", "text": part.text}
        source, where = part.source, f"{where}.source.value"
        self._count.add(where)
        match source.type:
            case "file":
                row = await self._named(source.value, where)
            case "data":
                row = await files.stored(self._session, self._access, source.value, where, part.type)
            case "url":
                found = DATA_URL.match(source.value)
                if found is None:
                    raise ValidationFailed.of(where, "Give a data URL with base64: other addresses are not fetched.")
                content = source.value[found.end() :]
                row = await files.stored(self._session, self._access, content, where, part.type)
        return files.part_of(row)

    async def _named(self, uuid: str, where: str) -> Row:
        self._access.require(Permission.MEDIA_VIEW)
        try:
            return files.readable(await MediaService(self._session, self._access).get(UUID(uuid)), where)
        except (NotFound, ValueError):
            raise ValidationFailed.of(where, "There is no such file.") from None


def _told(given: RunAgentInput) -> str:
    """The instructions among the messages, the context, and the state, where there is any."""
    told = [each.content for each in given.messages if isinstance(each, Instruction)]
    told += [f"{each.description}:\n{each.value}" for each in given.context or ()]
    if given.state:
        told.append(f"The state of the application:\n{orjson.dumps(given.state).decode()}")
    return "\n\n".join(filter(None, told))


def _answer(message: AssistantMessage) -> str | list[dict[str, Any]]:
    text = message.content or ""
    if not message.tool_calls:
        return text
    calls = [{"type": "tool_call", "id": each.id, **each.function.model_dump()} for each in message.tool_calls]
    return [*([{"type": "text", "text": text}] if text else []), *calls]


def _add_result(said: Sequence[dict[str, Any]], message: ToolMessage, at: int) -> None:
    content: Any = said[-1]["content"] if said else ""
    calls = [] if isinstance(content, str) else [each["id"] for each in content if each["type"] == "tool_call"]
    if isinstance(content, str) or message.tool_call_id not in calls:
        raise ValidationFailed.of(f"messages.{at}.toolCallId", "The message before it calls for no such result.")
    given = message.content
    text = given if isinstance(given, str) else "\n\n".join(part.text for part in given)
    content.append({"type": "tool_result", "tool_call_id": message.tool_call_id, "content": text})

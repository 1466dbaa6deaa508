"""Parts of messages: what is said, and what an approval is answered with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import ValidationError

from athena.approvals.schemas import ApprovalAnswerCreate
from athena.dialects import files
from athena.dialects.a2a.card import JSON
from athena.dialects.a2a.errors import ContentTypeNotSupported
from athena.dialects.a2a.schemas import Message, Part
from athena.dialects.questions import answer_of
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.media.service import MediaService
from athena.permissions import Permission

MEDIA: Final = re.compile(r".*/api/v1/media/([0-9a-fA-F-]{36})/?")
WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("approve", "approved", "yes", "ok"), "approved"),
    **dict.fromkeys(("refuse", "refused", "reject", "no"), "refused"),
}
"""What answers an approval as text."""
NAME: Final = "approval_uuid"
"""The key by which an answer names the approval that it is about."""


class Reader:
    """Reads the parts of a message, whose files become media of the workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access

    async def content(self, message: Message) -> str | list[dict[str, str]]:
        """What is said, as messages are stored: text alone where there is nothing else."""
        found = [await self._read(part, f"message.parts.{at}") for at, part in enumerate(message.parts)]
        if all(each["type"] == "text" for each in found):
            return "\n\n".join(each["text"] for each in found)
        return found

    async def _read(self, part: Part, where: str) -> dict[str, str]:
        if part.text is not None:
            return {"type": "text", "text": part.text}
        if part.raw is not None:
            name = part.filename or "file"
            return files.part_of(await files.stored(self._session, self._access, part.raw, f"{where}.raw", name))
        if part.url is not None:
            return files.part_of(await self._media(part.url, f"{where}.url"))
        return {"type": "text", "text": orjson.dumps(part.data).decode()}

    async def _media(self, url: str, where: str) -> Row:
        """A file that is here already; others are not fetched."""
        match = MEDIA.fullmatch(url)
        if match is None:
            raise ContentTypeNotSupported("Files come as bytes (raw), or as addresses of this server's media.")
        self._access.require(Permission.MEDIA_VIEW)
        try:
            return files.readable(await MediaService(self._session, self._access).get(UUID(match[1])), where)
        except (NotFound, ValueError) as error:
            raise ValidationFailed.of(where, "There is no such file.") from error


def kept(message: Message, content: str | Sequence[Mapping[str, str]], base_url: str) -> dict[str, Any]:
    """A message as tasks show it again: files by their addresses here."""
    parts = message.parts
    stored = content if not isinstance(content, str) else [{"type": "text"}] * len(parts)
    return {
        "messageId": message.message_id,
        "role": "ROLE_USER",
        "parts": [_kept(part, each, base_url) for part, each in zip(parts, stored, strict=True)],
        **({"metadata": message.metadata} if message.metadata else {}),
    }


def _kept(part: Part, stored: Mapping[str, str], base_url: str) -> dict[str, Any]:
    if stored["type"] == "text":
        return part.model_dump(by_alias=True, exclude_unset=True)
    about = part.model_dump(by_alias=True, exclude_unset=True, include={"filename", "media_type"})
    return {**about, "url": f"{base_url.rstrip('/')}/api/v1/media/{stored['media_uuid']}"}


def text(value: str) -> dict[str, Any]:
    """A part of text."""
    return {"text": value}


def data(value: Any) -> dict[str, Any]:
    """A part of JSON."""
    return {"data": value, "mediaType": JSON}


def answered(message: Message, open_ones: Sequence[Row]) -> tuple[UUID, ApprovalAnswerCreate]:
    """Which of the open approvals a message answers, and how; :class:`ValidationFailed` where it does not say."""
    given = next((part.data for part in message.parts if isinstance(part.data, dict)), None)
    content: dict[str, Any] = dict(given) if given is not None else _spoken(message)
    row = _meant(content.pop(NAME, None), open_ones)
    try:
        return row["uuid"], answer_of(row["kind"], content)
    except ValidationError as error:
        problem = str(error.errors()[0]["msg"])
        hint = "Answer with a data part that fits the schema in the task's status."
        raise ValidationFailed.of("message.parts", f"{problem}. {hint}") from error


def _meant(name: object, open_ones: Sequence[Row]) -> Row:
    if name is None and len(open_ones) == 1:
        return open_ones[0]
    found = next((row for row in open_ones if str(row["uuid"]) == name), None)
    if found is None:
        ones = ", ".join(str(row["uuid"]) for row in open_ones)
        raise ValidationFailed.of("message.parts", f"Name the one that is answered as {NAME}: {ones}.")
    return found


def _spoken(message: Message) -> dict[str, Any]:
    words = " ".join(part.text or "" for part in message.parts).strip()
    decision = WORDS.get(words.rstrip(".!").lower())
    return {"decision": decision or words}

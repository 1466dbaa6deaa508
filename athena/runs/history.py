"""Loads the conversation that leads to an answer, with its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import NotFound
from athena.media.service import MediaService
from athena.messages.service import MessageService
from athena.runs.conversation import File
from athena.runs.prompt import History

MAXIMUM_FILE_BYTES = 64 * 1024 * 1024
"""Of all files of a conversation together, each counted as often as it stands there."""
LEFT_OUT = b"[Left out: the files of this conversation are too large together.]"


async def load(session: Session, access: Access, given: Mapping[str, Any]) -> History:
    """The messages that lead to the answer, with the files of each."""
    rows: list[dict[str, Any]]
    attached: dict[UUID, list[Any]] = {}
    if given["thread_uuid"] is None:
        rows = [{"uuid": None, "status": "completed", **message} for message in given["messages"]]
    else:
        messages = MessageService(session, access)
        # What leads to the answer's place now: a message before it may have been deleted since.
        rows = [dict(row) for row in await messages.branch(UUID(given["message_uuid"]))]
        if not rows:
            raise NotFound("The message was deleted before it was answered.", code="message_deleted")
        attached = await messages.attached_media([row["uuid"] for row in rows])
    mentions = [uuid for row in reversed(rows) for uuid in _mentioned(row, attached)]
    if not mentions:
        return History(rows)
    media = MediaService(session, access)
    found = await media.rows(mentions)
    await session.commit()
    read = _within(mentions, {uuid: row["size"] for uuid, row in found.items()})
    bytes_of = {uuid: await media.content(row) if uuid in read else LEFT_OUT for uuid, row in found.items()}

    def file(uuid: UUID, name: str) -> File:
        return File(name, found[uuid]["mime_type"] if uuid in read else "text/plain", bytes_of[uuid])

    files = {
        message: [file(uuid, name) for uuid, name in given_files if uuid in found]
        for message, given_files in attached.items()
    }
    return History(rows, files, {str(uuid): file(uuid, row["name"]) for uuid, row in found.items()})


def _mentioned(row: Mapping[str, Any], attached: Mapping[UUID, Sequence[tuple[UUID, str]]]) -> list[UUID]:
    """The files of one message, each as often as it stands there."""
    content: list[dict[str, Any]] = [] if isinstance(row["content"], str) else row["content"]
    inline = [UUID(part["media_uuid"]) for part in content if "media_uuid" in part]
    return [*inline, *(uuid for uuid, _ in attached.get(row["uuid"], ()))]


def _within(mentions: Sequence[UUID], sizes: Mapping[UUID, int]) -> frozenset[UUID]:
    """The files that are read, the newest first: a text that stands there a thousand times is a thousand texts."""
    left = MAXIMUM_FILE_BYTES
    read: set[UUID] = set()
    for uuid, times in Counter(mentions).items():
        taken = sizes.get(uuid, 0) * times
        if taken <= left:
            read.add(uuid)
            left -= taken
    return frozenset(read)

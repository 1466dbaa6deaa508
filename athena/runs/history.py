"""Loads the conversation that leads to an answer, with its files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.errors import NotFound
from athena.media.service import MediaService
from athena.messages.service import MessageService
from athena.runs.conversation import File
from athena.runs.prompt import History


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
    named = [
        UUID(part["media_uuid"])
        for row in rows
        if not isinstance(row["content"], str)
        for part in row["content"]
        if "media_uuid" in part
    ]
    if not attached and not named:
        return History(rows)
    media = MediaService(session, access)
    found = await media.rows([*named, *(uuid for files in attached.values() for uuid, _ in files)])
    await session.commit()
    bytes_of = {uuid: await media.content(row) for uuid, row in found.items()}
    files = {
        message: [File(name, found[uuid]["mime_type"], bytes_of[uuid]) for uuid, name in given_files if uuid in found]
        for message, given_files in attached.items()
    }
    inline = {str(uuid): File(row["name"], row["mime_type"], bytes_of[uuid]) for uuid, row in found.items()}
    return History(rows, files, inline)

"""Files within a request: named by their ids, or with their bytes as data URLs, which become the workspace's media."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from athena.dialects.openai.ids import unknown, uuid_of
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.media.service import MediaService
from athena.media.storage import DOCUMENTS
from athena.permissions import Permission

DATA_URL: Final = re.compile(r"data:([a-z]+)/([A-Za-z0-9.+-]+);base64,")


class Uploads:
    """The files that one request brings along or names."""

    def __init__(self, session: Session, access: Access) -> None:
        self._access = access
        self._media = MediaService(session, access)

    async def stored(self, url: str, where: str, name: str | None = None) -> Row:
        """The file of a data URL; ``where``: the request's field, for errors."""
        found = DATA_URL.match(url)
        if found is None:
            raise ValidationFailed.of(where, "Give a data URL with base64, or upload the file and give its file_id.")
        self._access.require(Permission.MEDIA_CREATE)
        try:
            content = base64.b64decode(url[found.end() :], validate=True)
        except binascii.Error as error:
            raise ValidationFailed.of(where, "The data is not base64.") from error
        row = await self._media.upload(name or f"{found[1]}.{found[2]}", content)
        return _readable(row, where)

    async def named(self, file_id: str, where: str) -> Row:
        """The file with this id."""
        try:
            row = await self._media.get(uuid_of("file-", file_id))
        except NotFound as error:
            raise unknown("file-", file_id, where) from error
        return _readable(row, where)


def _readable(row: Row, where: str) -> Row:
    if row["mime_type"] in DOCUMENTS:
        raise ValidationFailed.of(where, "Models are shown images and text. Train an agent with a PDF or DOCX.")
    return row


def part_of(row: Row) -> dict[str, str]:
    """A file as a stored message names it."""
    kind = "image" if row["mime_type"].startswith("image/") else "file"
    return {"type": kind, "media_uuid": str(row["uuid"])}


def part_of_file(part: Mapping[str, Any]) -> dict[str, str]:
    """As :func:`part_of`, from a part that names the file by its id in this dialect."""
    kind = "image" if part["type"] == "input_image" else "file"
    return {"type": kind, "media_uuid": str(uuid_of("file-", part["file_id"]))}

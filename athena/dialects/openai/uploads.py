"""Files within a request: named by their ids, or with their bytes as data URLs, which become the workspace's media."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from athena.dialects.files import FileCount, readable, stored
from athena.dialects.openai.ids import unknown, uuid_of
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.media.service import MediaService

DATA_URL: Final = re.compile(r"data:([a-z]+)/([A-Za-z0-9.+-]+);base64,")


class Uploads:
    """The files that one request brings along or names."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._media = MediaService(session, access)
        self._count = FileCount()

    async def stored(self, url: str, where: str, name: str | None = None) -> Row:
        """The file of a data URL; ``where``: the request's field, for errors."""
        self._count.add(where)
        found = DATA_URL.match(url)
        if found is None:
            raise ValidationFailed.of(where, "Give a data URL with base64, or upload the file and give its file_id.")
        return await stored(self._session, self._access, url[found.end() :], where, name or f"{found[1]}.{found[2]}")

    async def named(self, file_id: str, where: str) -> Row:
        """The file with this id."""
        self._count.add(where)
        try:
            row = await self._media.get(uuid_of("file-", file_id))
        except NotFound as error:
            raise unknown("file-", file_id, where) from error
        return readable(row, where)


def part_of_file(part: Mapping[str, Any]) -> dict[str, str]:
    """As `files.part_of`, from a part that names the file by its id in this dialect."""
    kind = "image" if part["type"] == "input_image" else "file"
    return {"type": kind, "media_uuid": str(uuid_of("file-", part["file_id"]))}

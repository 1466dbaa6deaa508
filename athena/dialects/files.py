"""Files that come with a request, as stored messages name them."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.media.service import MediaService
from athena.media.storage import DOCUMENTS
from athena.permissions import Permission

MOST: Final = 256
"""Files of a request."""


async def stored(session: Session, access: Access, content: str, where: str, name: str) -> Row:
    """The file of these bytes, which are base64, as media of the workspace; ``where``: the request's field."""
    access.require(Permission.MEDIA_CREATE)
    try:
        found = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValidationFailed.of(where, "The data is not base64.") from error
    return readable(await MediaService(session, access).upload(name, found), where)


class FileCount:
    """How many files a request brings along or names, however often each: models are shown all of them."""

    def __init__(self) -> None:
        self._left = MOST

    def add(self, where: str) -> None:
        """Counts one; :class:`ValidationFailed`, which names its place, for one too many."""
        self._left -= 1
        if self._left < 0:
            raise ValidationFailed.of(where, f"A request has at most {MOST} files.")


def readable(row: Row, where: str) -> Row:
    """A file that models can be shown; :class:`ValidationFailed` for others."""
    if row["mime_type"] in DOCUMENTS:
        raise ValidationFailed.of(where, "Models are shown images and text. Train an agent with a PDF or DOCX.")
    return row


def part_of(row: Row) -> dict[str, str]:
    """A file as a stored message names it."""
    kind = "image" if row["mime_type"].startswith("image/") else "file"
    return {"type": kind, "media_uuid": str(row["uuid"])}

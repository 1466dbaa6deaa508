"""Files: the workspace's media."""

from __future__ import annotations

from typing import Any, Final

from athena.dialects.openai.folding import page
from athena.dialects.openai.ids import id_of, unknown, uuid_of
from athena.dialects.openai.slices import has_more, slice_of
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.media.service import LIST, MediaService

PURPOSE: Final = "user_data"
"""What all files are for: they may be used anywhere."""


class FileService:
    """The media of the caller's workspace, as files."""

    def __init__(self, session: Session, access: Access) -> None:
        self._media = MediaService(session, access)

    async def upload(self, name: str, content: bytes) -> Row:
        """Stores a file."""
        return await self._media.upload(name, content)

    async def get(self, file_id: str) -> Row:
        """One file's row."""
        try:
            return await self._media.get(uuid_of("file-", file_id))
        except NotFound as error:
            raise unknown("file-", file_id) from error

    async def content(self, row: Row) -> bytes:
        """The bytes of a file."""
        return await self._media.content(row)

    async def delete(self, file_id: str) -> None:
        """Deletes a file. Messages that it came with stay, without it."""
        await self._media.delete((await self.get(file_id))["uuid"], None)

    async def listed(self, *, after: str | None, limit: int, ascending: bool) -> dict[str, Any]:
        """A page of files."""
        place = None if after is None else uuid_of("file-", after)
        found = await self._media.page(slice_of(LIST, after=place, limit=limit, ascending=ascending))
        return page([show(row) for row in found.rows], has_more=has_more(found))


def show(row: Row) -> dict[str, Any]:
    """A file's row in this dialect."""
    return {
        "id": id_of("file-", row["uuid"]),
        "object": "file",
        "bytes": row["size"],
        "created_at": int(row["created_at"].timestamp()),
        "expires_at": None,
        "filename": row["name"],
        "purpose": PURPOSE,
        "status": "processed",
        "status_details": None,
    }

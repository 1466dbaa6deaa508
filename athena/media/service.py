"""The rules of media: checked by content, shown by short-lived signed addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.media.repository import MediaRepository
from athena.media.storage import MediaStorage, inspect

MAXIMUM_NAME = 255

LIST = ListOptions(
    sortable={"created_at": "uuid"},
    searchable=("name",),
    filters={"mime_type": str, "creator_uuid": UUID, "sha256": str},
)


class MediaService:
    """The files of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._media = MediaRepository(session, access.workspace_uuid)
        self._storage = session.provided(MediaStorage)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of files."""
        return await self._media.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One file's row; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._media.get(uuid)

    async def upload(self, name: str, content: bytes) -> Row:
        """Stores a file, its bytes once per workspace."""
        if not content:
            raise ValidationFailed.of("file", "The file is empty.")
        if "\0" in name:
            raise ValidationFailed.of("file", "The name must not contain the NUL character.")
        mime_type, sha256 = await asyncio.to_thread(inspect, content, name)
        workspace_uuid = self._access.workspace_uuid
        await self._storage.put(workspace_uuid, sha256, content)
        # The slow writing is done. Whoever deletes the last file of these bytes now waits, or has done so before.
        await self._media.lock_content(sha256)
        await self._storage.put(workspace_uuid, sha256, content)
        return await self._media.insert(
            {
                "uuid": new_uuid(),
                "name": plain_name(name),
                "mime_type": mime_type,
                "size": len(content),
                "sha256": sha256,
                "creator_uuid": self._access.user_uuid,
            }
        )

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a file, and its bytes once nothing else holds them."""
        row = await self._media.get(uuid)
        await self._media.lock_content(row["sha256"])
        await self._media.delete(uuid, revision)
        # The bytes go after the row is gone for good, and only if nobody has stored the same again meanwhile.
        await self._session.commit()
        await self._media.lock_content(row["sha256"])
        if await self._media.uses_of(row["sha256"]) == 0:
            await self._storage.remove(self._access.workspace_uuid, row["sha256"])

    async def rows(self, uuids: Sequence[UUID]) -> dict[UUID, Row]:
        """The rows that exist among ``uuids``."""
        return await self._media.by_ids(uuids)

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Files as the API shows them, by uuid, in one query."""
        rows = await self._media.by_ids(uuids)
        return {uuid: self.show(row) for uuid, row in rows.items()}

    async def content(self, row: Row) -> bytes:
        """The bytes of a file; :class:`athena.kit.errors.NotFound` when they are gone."""
        return await read(self._storage, row)

    def show(self, row: Row) -> dict[str, Any]:
        """A file's row as the API shows it."""
        return {
            "uuid": str(row["uuid"]),
            "created_at": clock.rfc3339(row["created_at"]),
            "updated_at": clock.rfc3339(row["updated_at"]),
            "name": row["name"],
            "mime_type": row["mime_type"],
            "size": row["size"],
            "sha256": row["sha256"],
            "url": self._storage.link(row["workspace_uuid"], row["uuid"]),
        }


def plain_name(name: str) -> str:
    """A file's name without folders and control characters, which only mislead whoever saves it."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(char for char in last if char.isprintable()).strip()[:MAXIMUM_NAME]
    return plain if plain.strip(".") else "file"


async def read(storage: MediaStorage, row: Row) -> bytes:
    """The bytes of a file's row."""
    try:
        return await storage.get(row["workspace_uuid"], row["sha256"])
    except FileNotFoundError as error:
        raise NotFound("The file's content is gone.") from error


async def forget_content(session: Session, workspace_uuid: UUID, sha256: str) -> None:
    """Removes bytes that nothing holds any more; needs the system's scope."""
    media = MediaRepository(session, WorkspaceId(workspace_uuid))
    await media.lock_content(sha256)
    if await media.uses_of(sha256) == 0:
        await session.provided(MediaStorage).remove(workspace_uuid, sha256)


async def by_link(session: Session, workspace_uuid: UUID, uuid: UUID, signature: str) -> tuple[Row, bytes]:
    """A file by its signed address, which stands for credentials."""
    storage = session.provided(MediaStorage)
    if not storage.admits(workspace_uuid, uuid, signature):
        raise NotFound("This address has expired or is not one of ours.")
    row = await MediaRepository(session, WorkspaceId(workspace_uuid)).get(uuid)
    await session.commit()
    return row, await read(storage, row)

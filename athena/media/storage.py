"""Where the bytes of uploaded files lie: in the data folder, by workspace and content hash."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import filetype

from athena.kit import clock
from athena.kit.crypto import Keyring
from athena.kit.errors import UnsupportedMediaType

SNIFFED_BYTES = 8192
ALLOWED = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types that are recognised by their first bytes. Beside them: text in UTF-8."""
TEXT_TYPES = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".xml": "application/xml",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


LINK_SECONDS = 900
PURPOSE = "media"


@dataclass(frozen=True, slots=True)
class MediaStorage:
    """The files below ``root``, and the signed addresses under which they are given out."""

    root: Path
    keyring: Keyring
    base_url: str

    def link(self, workspace_uuid: UUID, uuid: UUID) -> str:
        """An address that gives the bytes without credentials, for a quarter of an hour."""
        signature = self.keyring.sign(
            PURPOSE, f"{workspace_uuid}/{uuid}", clock.now() + timedelta(seconds=LINK_SECONDS)
        )
        return f"{self.base_url}/api/v1/media/{uuid}/content?workspace_uuid={workspace_uuid}&signature={signature}"

    def admits(self, workspace_uuid: UUID, uuid: UUID, signature: str) -> bool:
        """Whether ``signature`` was made by :meth:`link` and still holds."""
        return self.keyring.verify(PURPOSE, f"{workspace_uuid}/{uuid}", signature)

    def path(self, workspace_uuid: UUID, sha256: str) -> Path:
        """Where a file lies."""
        return self.root / str(workspace_uuid) / sha256[:2] / sha256

    async def put(self, workspace_uuid: UUID, content: bytes) -> str:
        """Stores bytes durably; their SHA-256 in hexadecimal."""
        sha256 = hashlib.sha256(content).hexdigest()
        await asyncio.to_thread(_write, self.path(workspace_uuid, sha256), content)
        return sha256

    async def get(self, workspace_uuid: UUID, sha256: str) -> bytes:
        """The bytes of a file; :class:`FileNotFoundError` when they are gone."""
        return await asyncio.to_thread(self.path(workspace_uuid, sha256).read_bytes)

    async def remove(self, workspace_uuid: UUID, sha256: str) -> None:
        """Removes a file; that it is gone already is no error."""
        await asyncio.to_thread(self.path(workspace_uuid, sha256).unlink, missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{id(content)}")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def media_type(content: bytes, name: str) -> str:
    """The type of ``content`` by what it holds; the name only tells kinds of text apart.

    :class:`UnsupportedMediaType` for anything but images that models read, and text in UTF-8.
    """
    found = cast("str | None", filetype.guess_mime(content[:SNIFFED_BYTES]))  # pyright: ignore[reportUnknownMemberType]
    if found is not None:
        if found in ALLOWED:
            return found
        raise UnsupportedMediaType(f"Files of type {found} are not taken; images and text are.")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UnsupportedMediaType("The file is neither an image nor text in UTF-8.") from error
    if "\0" in text:
        raise UnsupportedMediaType("The file is neither an image nor text in UTF-8.")
    return TEXT_TYPES.get(Path(name).suffix.lower(), "text/plain")

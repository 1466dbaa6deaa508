"""Where the bytes of uploaded files lie: in the data folder, by workspace and content hash."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
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
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
DOCUMENTS = frozenset({"application/pdf", DOCX})
"""Types that no model is shown as they are; agents are trained with them."""
ALLOWED = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", *DOCUMENTS})
"""Types that are recognised by their first bytes, or a part's name. Beside them: text in UTF-8."""
NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Control characters that no text has, but for a terminal's escape."""
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

    async def put(self, workspace_uuid: UUID, sha256: str, content: bytes) -> None:
        """Stores bytes durably; nothing happens when they are there."""
        await asyncio.to_thread(_write, self.path(workspace_uuid, sha256), content)

    async def get(self, workspace_uuid: UUID, sha256: str) -> bytes:
        """The bytes of a file; :class:`FileNotFoundError` when they are gone."""
        return await asyncio.to_thread(self.path(workspace_uuid, sha256).read_bytes)

    async def remove(self, workspace_uuid: UUID, sha256: str) -> None:
        """Removes a file; that it is gone already is no error."""
        await asyncio.to_thread(self.path(workspace_uuid, sha256).unlink, missing_ok=True)

    async def remove_all(self, workspace_uuid: UUID) -> None:
        """Removes every file of a workspace."""
        await asyncio.to_thread(shutil.rmtree, self.root / str(workspace_uuid), ignore_errors=True)


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


def inspect(content: bytes, name: str) -> tuple[str, str]:
    """The type of ``content`` by what it holds, where the name only tells kinds of text apart, and its SHA-256.

    :class:`UnsupportedMediaType` for anything but images that models read, PDF, DOCX, and text in UTF-8.
    """
    return _media_type(content, name), hashlib.sha256(content).hexdigest()


def _media_type(content: bytes, name: str) -> str:
    # Text first: what begins with "BM", "GIF" or "MZ" may be about cars.
    if _is_text(content):
        return TEXT_TYPES.get(Path(name).suffix.lower(), "text/plain")
    if content.startswith(b"PK\x03\x04") and b"word/document.xml" in content:
        return DOCX
    found = cast("str | None", filetype.guess_mime(content[:SNIFFED_BYTES]))  # pyright: ignore[reportUnknownMemberType]
    if found in ALLOWED:
        return found
    if found is not None:
        raise UnsupportedMediaType(f"Files of type {found} are not taken; images, PDF, DOCX and text are.")
    raise UnsupportedMediaType("The file is neither an image, nor a PDF or DOCX, nor text in UTF-8.")


def _is_text(content: bytes) -> bool:
    try:
        return NO_TEXT.search(content.decode()) is None
    except UnicodeDecodeError:
        return False

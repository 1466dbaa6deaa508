"""The file of an export: a zip that is written piece by piece, so that its size never matters to the memory."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from athena.kit import clock

CHUNK = 1024 * 1024


class ArchiveTooLarge(Exception):
    """The file would be larger than it may."""


class Archive:
    """A zip that is being written; not there under its name before it is whole."""

    def __init__(self, path: Path, limit: int, attempt: int) -> None:
        self._path = path
        self._limit = limit
        self._partial = path.with_name(f"{path.stem}.{attempt}.part")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in path.parent.glob(f"{path.stem}.*.part"):
            # Of a writer that was killed.
            left.unlink(missing_ok=True)
        self._raw = self._partial.open("wb")
        self._zip = zipfile.ZipFile(self._raw, "w", zipfile.ZIP_DEFLATED, compresslevel=4)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._zip.close()
        self._raw.close()
        self._partial.unlink(missing_ok=True)

    def begin(self, name: str) -> IO[bytes]:
        """Begins an entry, to be written by :meth:`add` and closed before the next one."""
        # Entries may pass 4 GiB, which must be known at their beginning.
        return self._zip.open(self._entry(name), "w", force_zip64=True)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        now = clock.now()
        entry = zipfile.ZipInfo(name, (now.year, now.month, now.day, now.hour, now.minute, now.second))
        entry.compress_type = zipfile.ZIP_DEFLATED
        return entry

    def add(self, entry: IO[bytes], lines: Iterable[str]) -> None:
        """Adds lines to an entry."""
        entry.write("".join(f"{line}\n" for line in lines).encode())
        self._check()

    def copy(self, name: str, source: Path) -> bool:
        """Adds a file as it is; whether it was there."""
        try:
            file = source.open("rb")
        except FileNotFoundError:
            return False
        with file, self.begin(name) as entry:
            while chunk := file.read(CHUNK):
                entry.write(chunk)
                self._check()
        return True

    def write(self, name: str, content: bytes) -> None:
        """Adds an entry at once."""
        self._zip.writestr(self._entry(name), content)
        self._check()

    def finish(self) -> int:
        """Puts the whole file, durably, under its name; its size."""
        self._zip.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        size = self._raw.tell()
        self._raw.close()
        self._partial.replace(self._path)
        return size

    def _check(self) -> None:
        if self._raw.tell() > self._limit:
            raise ArchiveTooLarge

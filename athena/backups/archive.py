"""The file of a backup: a tar with the database's dump, the uploaded files, and a manifest of what it must hold.

The manifest comes last: a file that ends too early has none. Uploaded files are named by their hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from athena.kit.errors import StartupError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
KEYS: Final = "secret-key"
MEDIA: Final = re.compile(r"media/[0-9a-f-]{36}/[0-9a-f]{2}/([0-9a-f]{64})")
SMALL: Final = 1024 * 1024
"""Bytes that a manifest or a file of keys has at most."""
CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    version: str
    """Athena's."""
    revision: str
    """The database's."""
    made_at: str
    dump_sha256: str
    media: int
    """How many uploaded files there are in it."""
    missing: int
    """How many the database knew of that were not in the data folder."""
    owned: list[str] = field(default_factory=list[str])
    """The functions that belong to the role ``athena_system``, with their arguments' types."""
    format: int = FORMAT


class Writer:
    """A new backup; its parts in the order of the methods."""

    def __init__(self, file: BinaryIO) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by `finish`
        self.media = 0

    def add_media(self, root: Path) -> None:
        """All files below ``root``, which is the folder ``media`` or has its form."""
        for path in sorted(root.rglob("*")):
            name = f"media/{path.relative_to(root).as_posix()}"
            if path.is_file() and MEDIA.fullmatch(name):
                self._tar.add(path, name, recursive=False, filter=_plain)
                self.media += 1

    def add_keys(self, keys: bytes) -> None:
        """The secret keys."""
        self._add(KEYS, keys)

    def add_dump(self, path: Path) -> str:
        """The database's dump; its hash."""
        self._tar.add(path, DUMP, recursive=False, filter=_plain)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def finish(self, manifest: Manifest) -> None:
        """The manifest, and the end."""
        self._add(MANIFEST, json.dumps(asdict(manifest), indent=2).encode())
        self._tar.close()

    def _add(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mode = 0o600
        self._tar.addfile(info, BytesIO(content))


def _plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """A file without who owned it."""
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


@contextmanager
def written(path: Path) -> Generator[BinaryIO]:
    """A new file at ``path``, readable for its owner alone, which is there whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise StartupError(f"the backup cannot be written to {path.parent}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise StartupError(f"the backup cannot be written to {path}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Contents:
    """A backup that was read and found whole, its parts in a folder."""

    manifest: Manifest
    dump: Path
    media: Path
    files: frozenset[str]
    """Their names below ``media``."""
    keys: list[str]


def unpack(path: Path, folder: Path) -> Contents:
    """Reads a backup into ``folder``; :class:`StartupError` when it is none, is damaged, or is of a newer kind."""
    try:
        with tarfile.open(path, mode="r:") as tar:
            manifest = _manifest(tar)
            dump, keys, files = folder / DUMP, "", set[str]()
            for info in tar:
                if info.name == DUMP and info.isfile():
                    _expect(_copied(tar, info, dump) == manifest.dump_sha256)
                elif info.name == KEYS:
                    keys = _small(tar, info).decode("ascii")
                elif found := MEDIA.fullmatch(info.name):
                    _expect(info.isfile() and _copied(tar, info, folder / info.name) == found.group(1))
                    files.add(info.name.removeprefix("media/"))
                else:
                    _expect(info.name == MANIFEST)
            _expect(dump.is_file() and len(files) == manifest.media)
    except (tarfile.TarError, UnicodeDecodeError, EOFError) as error:
        raise StartupError(f"{path} is no backup of Athena, or is damaged") from error
    except _Damaged:
        raise StartupError(f"{path} is damaged: it does not hold what its manifest says") from None
    except OSError as error:
        raise StartupError(f"{path} cannot be read: {error.strerror or error}") from error
    return Contents(manifest, dump, folder / "media", frozenset(files), keys.split())


class _Damaged(Exception):
    """A part is not what it should be."""


def _expect(condition: bool) -> None:  # noqa: FBT001 - what an assertion takes
    if not condition:
        raise _Damaged


def _manifest(tar: tarfile.TarFile) -> Manifest:
    try:
        read = json.loads(_small(tar, tar.getmember(MANIFEST)))
        if read["format"] > FORMAT:
            raise StartupError("the backup was made by a newer Athena; restore it with that version")
        return Manifest(**read)
    except (KeyError, TypeError, ValueError) as error:
        raise _Damaged from error


def _small(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(info)
    _expect(file is not None and info.size <= SMALL)
    return file.read() if file else b""


def _copied(tar: tarfile.TarFile, info: tarfile.TarInfo, target: Path) -> str:
    """Writes a part to ``target``; its hash."""
    source = tar.extractfile(info)
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with target.open("wb") as file:
        while source and (chunk := source.read(CHUNK)):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()

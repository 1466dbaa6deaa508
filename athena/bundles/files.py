"""The files of a bundle, from a folder or a zip, within limits; and the zip that is made of them."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from athena.bundles.errors import BundleError

MANIFEST: Final = "bundle.yaml"
MAXIMUM_ARCHIVE: Final = 16 * 1024 * 1024
MAXIMUM_FILES: Final = 2_000
MAXIMUM_FILE: Final = 2 * 1024 * 1024
MAXIMUM_TOTAL: Final = 16 * 1024 * 1024
_LINK: Final = 0o120000
_TYPE: Final = 0o170000
_TIME: Final = (1980, 1, 1, 0, 0, 0)


def read_files(source: Path | bytes) -> dict[str, str]:
    """Texts by path, with ``/``, from a folder, a zip's path or a zip's bytes.

    Hidden files are left out, and texts that are no part of a bundle such as ``README.md``.
    """
    if isinstance(source, bytes):
        found = _within_limits(_zip_entries(source))
    elif source.is_dir():
        found = _within_limits(_folder_entries(source))
    else:
        found = _within_limits(_zip_entries(_archive(source)))
    if MANIFEST not in found:
        raise BundleError(f"There is no {MANIFEST}: this is no bundle.")
    return found


def write_zip(files: Mapping[str, str]) -> bytes:
    """The same files always make the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[path].encode())
    return buffer.getvalue()


def _archive(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAXIMUM_ARCHIVE + 1)
    except OSError as error:
        raise BundleError(f"It cannot be read: {error.strerror}.", str(path)) from error


def _within_limits(entries: Iterator[tuple[str, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    total = 0
    for path, content in entries:
        if len(content) > MAXIMUM_FILE:
            raise BundleError(f"A file has at most {MAXIMUM_FILE:,} bytes.", path)
        total += len(content)
        if total > MAXIMUM_TOTAL:
            raise BundleError(f"A bundle has at most {MAXIMUM_TOTAL:,} bytes in all.")
        if path in found:
            raise BundleError("It is in the archive twice.", path)
        try:
            found[path] = content.decode()
        except UnicodeDecodeError as error:
            raise BundleError("It is no text in UTF-8.", path) from error
        if "\0" in found[path]:
            raise BundleError("Text must not contain the NUL character.", path)
    return found


def _folder_entries(folder: Path) -> Iterator[tuple[str, bytes]]:
    count = 0
    for place, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            if not name.startswith(".") and (Path(place) / name).is_symlink():
                raise BundleError("Links are not followed.", (Path(place) / name).relative_to(folder).as_posix())
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(place) / name
            path = file.relative_to(folder).as_posix()
            if _passed_over(path):
                continue
            count += 1
            _check_count(count)
            try:
                with file.open("rb") as opened:
                    content = opened.read(MAXIMUM_FILE + 1)
            except OSError as error:
                raise BundleError(f"It cannot be read: {error.strerror}.", path) from error
            yield path, content


def _zip_entries(content: bytes) -> Iterator[tuple[str, bytes]]:
    if len(content) > MAXIMUM_ARCHIVE:
        raise BundleError(f"An archive has at most {MAXIMUM_ARCHIVE:,} bytes.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_count(len(entries))
            root = _root([entry.filename for entry in entries])
            for entry in entries:
                _check_entry(entry)
                path = entry.filename.removeprefix(root)
                if _passed_over(path):
                    continue
                with archive.open(entry) as opened:
                    yield path, opened.read(MAXIMUM_FILE + 1)
    except BundleError:
        raise
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError, zlib.error) as error:
        raise BundleError("This is no zip archive that can be read.") from error


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
        raise BundleError("This path leads out of the archive.", entry.filename)
    if (entry.external_attr >> 16) & _TYPE == _LINK:
        raise BundleError("Links are not followed.", entry.filename)
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BundleError("It is compressed in a way that is not known here.", entry.filename)


def _root(names: list[str]) -> str:
    """The one folder around everything, as archives made of a folder have it."""
    if MANIFEST in names or not names:
        return ""
    root = names[0].partition("/")[0] + "/"
    return root if f"{root}{MANIFEST}" in names and all(name.startswith(root) for name in names) else ""


def _passed_over(path: str) -> bool:
    parts = path.split("/")
    if any(part.startswith(".") for part in parts):
        return True
    return len(parts) == 1 and (path.endswith((".md", ".txt")) or path == "LICENSE")


def _check_count(count: int) -> None:
    if count > MAXIMUM_FILES:
        raise BundleError(f"A bundle has at most {MAXIMUM_FILES:,} files.")

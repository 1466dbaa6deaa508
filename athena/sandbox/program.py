"""What is run, within which limits, and what comes of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

MAX_SECONDS = 60.0
MAX_MEMORY_MB = 512
MAX_OUTPUT_BYTES = 4_000_000
MAX_RECURSION = 1000
MAX_CODE_BYTES = 200_000
MAX_INPUT_BYTES = 4_000_000
"""All inputs of a run together, as JSON."""

_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has no SIGKILL; there, SIGTERM is one.


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take; ``ValueError`` beyond what is allowed at all.

    ``seconds``: of computing, up to 60. ``memory_mb``: in millions of bytes, up to 512. ``output_bytes``: of the result
    as JSON and, apart from it, of what is printed, up to 4 million. ``recursion``: calls within calls, up to 1000.
    """

    seconds: float = 5.0
    memory_mb: int = 64
    output_bytes: int = 1_000_000
    recursion: int = MAX_RECURSION

    def __post_init__(self) -> None:
        for name, value, most in (
            ("seconds", self.seconds, MAX_SECONDS),
            ("memory_mb", self.memory_mb, MAX_MEMORY_MB),
            ("output_bytes", self.output_bytes, MAX_OUTPUT_BYTES),
            ("recursion", self.recursion, MAX_RECURSION),
        ):
            if not 0 < value <= most:
                raise ValueError(f"{name} must be above 0 and at most {most:g}, not {value:g}")


@dataclass(frozen=True, slots=True)
class CodeResult:
    """What code gave: ``value``, the JSON value of its variable ``result``, and the text that it ``printed``."""

    value: Any
    printed: str


@dataclass(slots=True, eq=False)
class Program:
    """One run. Its worker is known while there is one, so that any thread can stop it."""

    code: str
    inputs: Mapping[str, Any]
    limits: Limits
    name: str
    stopped: bool = False
    _worker: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, worker: int | None) -> None:
        """``worker``, a process id, is about to run it."""
        with self._lock:
            self._worker = worker
        if self.stopped:
            self.kill()

    def end(self) -> None:
        """The worker is done with it, or dead."""
        with self._lock:
            self._worker = None

    def stop(self) -> None:
        """Nobody wants its result any more: its worker is killed, now or as soon as there is one."""
        self.stopped = True
        self.kill()

    def kill(self) -> None:
        """Kills its worker, if there is one."""
        with self._lock:
            if self._worker is not None:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(self._worker, _KILL)

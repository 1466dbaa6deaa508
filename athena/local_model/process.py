"""Runs the packaged model in a process of its own, and starts it again when it dies."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from athena.local_model.catalog import MODELS, ModelFile
from athena.local_model.endpoint import LocalModelEndpoint
from athena.local_model.files import find_model

if TYPE_CHECKING:
    from athena.config import Settings

LOG_FILE = "local_model.log"
CONTEXT_TOKENS = 8192
SLOTS = 2
"""Answers at the same time; more wait in line."""
_STOP_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_SETTLED_SECONDS = 60.0
"""Who has served for so long is not in a loop of failures."""
_FAILED_STARTS = 5
_WORKING_MEMORY_BYTES = 350_000_000


def why_unavailable(settings: Settings) -> str | None:
    """Why the model of ``settings`` cannot run now, in one line; None if it can."""
    model = MODELS.get(settings.local_model)
    if model is None:
        return "no local model is wanted (ATHENA_LOCAL_MODEL=none)"
    if find_spec("xllamacpp") is None:
        return "the local model needs the package xllamacpp, which this platform has no build of"
    if find_model(model, settings.data_dir) is None:
        return f"the local model {model.name} is not in {settings.data_dir}/models; `athena model fetch` gets it"
    needed, free = model.size + _WORKING_MEMORY_BYTES, _free_memory()
    if free is not None and free < needed:
        return f"the local model needs {needed // 1_000_000} MB of memory, and {free // 1_000_000} MB are free"
    return None


class LocalModel:
    """The model's process, watched by a thread. Made by :meth:`start`.

    It ends with :meth:`stop`, or by itself when this process dies, however that is. Its address and key stay the same
    when it is started again.
    """

    def __init__(self, model: ModelFile, file: Path, log: Path) -> None:
        """For :meth:`start`."""
        self._file = file
        self._log = log
        self._port = _free_port()
        self._process: subprocess.Popen[str] | None = None
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._problem: str | None = None
        self.endpoint = LocalModelEndpoint(f"http://127.0.0.1:{self._port}/v1", secrets.token_urlsafe(32), model.name)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="athena-local-model")

    @classmethod
    def start(cls, settings: Settings) -> Self | None:
        """Start the model of ``settings``; None if it cannot run, for the reason that :func:`why_unavailable` gives.

        Returns at once, with the address known; loading takes seconds: :meth:`wait_ready`.
        """
        model = MODELS.get(settings.local_model)
        if model is None or why_unavailable(settings) is not None:
            return None
        data_dir = settings.data_dir.expanduser().resolve()
        file = find_model(model, data_dir)
        if file is None:
            return None
        self = cls(model, file, data_dir / LOG_FILE)
        self._log.write_bytes(b"")
        self._thread.start()
        return self

    @property
    def base_url(self) -> str:
        """The endpoint's address, ``http://127.0.0.1:PORT/v1``."""
        return self.endpoint.base_url

    @property
    def api_key(self) -> str:
        """The bearer token that it wants."""
        return self.endpoint.api_key

    @property
    def model_name(self) -> str:
        """The model's name in requests."""
        return self.endpoint.model

    @property
    def pid(self) -> int | None:
        """The id of its process, None while there is none."""
        return self._process.pid if self._process is not None else None

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return self._ready.is_set()

    @property
    def problem(self) -> str | None:
        """Why it does not answer, in one line; None while it does, or is still being loaded."""
        return self._problem

    def wait_ready(self, seconds: float) -> bool:
        """Wait until it answers or has failed for the first time; whether it answers. Blocks: not for an event loop."""
        self._settled.wait(seconds)
        return self.ready

    def stop(self) -> None:
        """End the process. Safe to call again."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None:
            _end(process)
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _watch(self) -> None:
        # All starts are made by this one thread, which lives as long as this process: on Linux the kernel ends the
        # child with the thread that started it.
        pause, failures = _FIRST_PAUSE_SECONDS, 0
        while not self._stopping.is_set() and failures < _FAILED_STARTS:
            started = time.monotonic()
            was_ready = self._run_once()
            failures = 0 if was_ready else failures + 1
            if was_ready and time.monotonic() - started > _SETTLED_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _run_once(self) -> bool:
        """Start it and wait for its end; whether it had been ready."""
        was_ready = False
        try:
            with self._lock:
                if self._stopping.is_set():
                    return False
                process = self._process = self._spawn()
            reply = self._ask(process)
            if "port" in reply:
                was_ready = True
                self._problem = None
                self._ready.set()
                self._settled.set()
            status = process.wait()
            problem = str(reply.get("error") or _ending(status))
        except (OSError, ValueError) as error:
            # ValueError: its input was closed by stop(), or its answer was cut off.
            problem = f"it could not be started: {error}"
        self._ready.clear()
        with self._lock:
            ended, self._process = self._process, None
        if ended is not None:
            _end(ended)
            if ended.stdout is not None:
                ended.stdout.close()
        if not self._stopping.is_set():
            self._problem = f"the local model does not run: {problem}; its log is {self._log}"
        self._settled.set()
        return was_ready

    def _spawn(self) -> subprocess.Popen[str]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "athena.local_model.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                # A Ctrl-C at the terminal is for Athena, which then ends the model when the answers are through.
                start_new_session=True,
            )

    def _ask(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        wanted = {
            "file": str(self._file),
            "model": self.endpoint.model,
            "key": self.endpoint.api_key,
            "port": self._port,
            "slots": SLOTS,
            "context": CONTEXT_TOKENS,
            "threads": _threads(),
            "parent": os.getpid(),
        }
        if process.stdin is None or process.stdout is None:
            return {}
        process.stdin.write(json.dumps(wanted) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline() or "{}")


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        with suppress(OSError, ValueError):
            process.stdin.close()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ending(status: int) -> str:
    if status >= 0:
        return f"it ended with status {status}"
    try:
        return f"it was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"it was ended by signal {-status}"


def _threads() -> int:
    """All cores that this process may use, but one, which the rest of Athena needs: two busy ones slow each other."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, cores - 1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _free_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None

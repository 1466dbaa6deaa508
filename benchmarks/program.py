"""Starts Athena and the scripted model server as a user would, for as long as a measurement lasts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.client import Connection

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Program:
    """A running Athena with an agent that the scripted model server answers for."""

    url: str
    model_url: str
    headers: dict[str, str]
    process: subprocess.Popen[bytes]
    data_dir: Path
    start_seconds: float
    agent_uuid: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    def connect(self) -> Connection:
        """A connection with the owner's token."""
        return Connection(self.url, self.headers)

    def model(self) -> Connection:
        """A connection straight to the model server."""
        return Connection(self.model_url, {})

    def memory(self) -> dict[str, float]:
        """Proportional memory in MB: of our own processes, and of PostgreSQL's."""
        sums = {"athena": 0.0, "postgres": 0.0}
        root = psutil.Process(self.process.pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                kind = "postgres" if "postgres" in process.name() else "athena"
                sums[kind] += process.memory_full_info().pss / 1e6
        return sums

    def private_memory(self) -> dict[str, float]:
        """As :meth:`memory`, without what processes share, such as PostgreSQL's buffers, which fill up anyhow."""
        sums = {"athena": 0.0, "postgres": 0.0}
        root = psutil.Process(self.process.pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                kind = "postgres" if "postgres" in process.name() else "athena"
                sums[kind] += process.memory_full_info().uss / 1e6
        return sums

    def cpu_of_all(self) -> dict[str, float]:
        """CPU time so far of our own processes, and of PostgreSQL's, those that have ended included."""
        sums = {"athena": 0.0, "postgres": 0.0}
        root = psutil.Process(self.process.pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                kind = "postgres" if "postgres" in process.name() else "athena"
                sums[kind] += sum(process.cpu_times()[: 4 if process.name() == "postgres" else 2])
        return sums

    def cpu_seconds(self) -> float:
        """CPU time so far of our own processes."""
        return sum(psutil.Process(self.process.pid).cpu_times()[:2])


def _wait_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health/ready", timeout=2) as answer:
            if answer.status == 200:
                return
        if process.poll() is not None:
            raise RuntimeError("Athena ended while starting")
        time.sleep(0.01)
    raise RuntimeError("Athena did not become ready")


def start_athena(data_dir: Path, port: int, *options: str) -> tuple[subprocess.Popen[bytes], float]:
    """Starts it, and waits until it is ready; with the seconds that took."""
    environment = {
        **os.environ,
        "ATHENA_DATA_DIR": str(data_dir),
        "ATHENA_PORT": str(port),
        "ATHENA_LOCAL_MODEL": "none",
        "ATHENA_EGRESS_ALLOW": "127.0.0.1",
    }
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "athena", "serve", *options], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    _wait_ready(f"http://127.0.0.1:{port}", process)
    return process, time.perf_counter() - begun


def data_folder() -> Path:
    """A fresh folder that an unprivileged user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="athena-bench-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def start_model(port: int) -> subprocess.Popen[bytes]:
    """The scripted model server."""
    program = str(ROOT / "tests" / "mockllm.py")
    return subprocess.Popen([sys.executable, program, "--port", str(port)], stderr=subprocess.DEVNULL)


def first_owner(data_dir: Path) -> dict[str, str]:
    """What the first start keeps."""
    return json.loads((data_dir / "first-owner.json").read_text())


@contextlib.asynccontextmanager
async def running(*options: str) -> AsyncGenerator[Program]:
    """Athena on a fresh data folder, with an account, an agent and a thread for measuring."""
    data_dir = data_folder()
    port, model_port = free_port(), free_port()
    model = start_model(model_port)
    process, seconds = await asyncio.to_thread(start_athena, data_dir, port, *options)
    try:
        kept = first_owner(data_dir)
        program = Program(
            f"http://127.0.0.1:{port}",
            f"http://127.0.0.1:{model_port}",
            {"Authorization": f"Bearer {kept['token']}"},
            process,
            data_dir,
            seconds,
        )
        await _set_up(program)
        yield program
    finally:
        for child in (process, model):
            child.send_signal(signal.SIGTERM)
            child.wait(10)
        shutil.rmtree(data_dir, ignore_errors=True)


async def _set_up(program: Program) -> None:
    connection = program.connect()
    providers = await connection.json("GET", "/api/v1/providers?slug=openai-compatible")
    account = await connection.json(
        "POST",
        "/api/v1/accounts",
        {
            "name": "Scripted",
            "provider_uuid": providers["data"][0]["uuid"],
            "credentials": {"base_url": f"{program.model_url}/v1", "api_key": "sk-benchmark"},
        },
    )
    agent = await connection.json(
        "POST",
        "/api/v1/agents",
        {"name": "Measured", "account_uuid": account["data"]["uuid"], "model": "mock", "system_prompt": "Be brief."},
    )
    program.agent_uuid = agent["data"]["uuid"]
    connection.close()

"""Workers, and several processes at one port: each tells its metrics, and all end at a signal."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.test_cli import READY_SECONDS, STOP_SECONDS, Environment, Serve, environment, open_folder, serve

__all__ = ["environment", "open_folder", "serve"]


def metrics_at(port: int) -> str:
    """What is told there, as soon as somebody listens."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer,
        ):
            return answer.read().decode()
        time.sleep(0.05)
    return ""


@pytest.mark.durability
def test_a_worker_runs_until_a_signal(environment: Environment, database_url: str) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "athena", "worker", "--queues", "training, evaluations"],
        # It serves nothing but its metrics, for which the port that it has no other use for is as good as any.
        env={**environment, "ATHENA_DATABASE_URL": database_url, "ATHENA_METRICS_PORT": environment["ATHENA_PORT"]},
        cwd=Path(environment["ATHENA_DATA_DIR"]).parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "Worker is running. Ctrl-C ends it.\n"
    assert "athena_runs_at_work 0.0" in metrics_at(int(environment["ATHENA_PORT"]))
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=STOP_SECONDS * 2)[0] == ""
    assert program.returncode == 0


@pytest.mark.durability
def test_a_signal_ends_several_processes_within_five_seconds(serve: Serve) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = serve("--processes", "2", ATHENA_METRICS_PORT=str(port))
    serving.wait_ready()
    told = [metrics_at(port), metrics_at(port + 1)]
    assert len({re.findall(r"^process_start_time_seconds \d.*", each, re.MULTILINE)[0] for each in told}) == 2
    family = serving.family()
    begun = time.monotonic()
    printed = serving.end(signal.SIGINT)
    left = psutil.wait_procs(family, timeout=max(0.1, STOP_SECONDS - (time.monotonic() - begun)))[1]
    assert not left
    assert "Traceback" not in printed
    assert "curl" in printed

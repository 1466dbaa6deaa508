"""Runs the MCP server of the tests as a program of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path

from tests.conftest import free_port

PROGRAM = Path(__file__).with_name("mcp_server.py")


@contextlib.contextmanager
def running_server() -> Generator[str]:
    """Its address, while it runs."""
    port = free_port()
    command = [sys.executable, str(PROGRAM), "--port", str(port)]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_answers(port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        program.kill()
        program.wait()


def _wait_until_it_answers(port: int) -> None:
    for _ in range(400):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)

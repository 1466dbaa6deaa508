"""The launcher where the kernel does not end a child with its parent: it stays between the two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).parents[2] / "athena" / "postgres" / "launcher.py"
ELSEWHERE = (
    "import runpy, sys; sys.platform = 'darwin'; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], None, '__main__')"
)


@pytest.fixture
def between() -> Iterator[subprocess.Popen[str]]:
    arguments = [str(LAUNCHER), str(os.getpid()), "-", str(int(signal.SIGQUIT)), "/bin/sleep", "60"]
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", ELSEWHERE, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def child_of(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_the_program_ends_when_the_parent_is_gone(
    between: subprocess.Popen[str], wait_gone: Callable[[int, float], bool]
) -> None:
    pid = child_of(between)
    assert between.stdin is not None
    between.stdin.close()
    between.stdin = None
    assert wait_gone(pid, 5)
    assert between.wait(5) != 0


def test_signals_are_handed_on(between: subprocess.Popen[str], wait_gone: Callable[[int, float], bool]) -> None:
    pid = child_of(between)
    between.send_signal(signal.SIGINT)
    assert wait_gone(pid, 5)


def test_a_parent_that_is_gone_already_starts_nothing() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux ties a child to its parent in the kernel")
    arguments = [str(LAUNCHER), "1", "-", "3", "/bin/echo", "started"]
    done = subprocess.run([sys.executable, "-I", "-S", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (75, "")

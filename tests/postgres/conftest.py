"""Real servers in real folders, started by this process or by one that is then killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from athena.postgres.account import Account

ROOT = Path(__file__).parents[2]
PATHS = (ROOT, Path(sysconfig.get_paths()["purelib"]))
LIBRARY = "import os, sys; sys.version_info < (3, 11) or print(os.path.dirname(os.__file__))"
PARENT = """
import os, sys, time
from pathlib import Path
from athena.postgres import EmbeddedPostgres, PostgresError
try:
    pg = EmbeddedPostgres.start(Path(sys.argv[1]))
except PostgresError as error:
    print("error", error, flush=True)
    sys.exit(1)
print(pg.pid, pg.url, flush=True)
if sys.argv[2] == "stay":
    time.sleep(60)
pg.stop()
"""


def _python_for(uid: int) -> str:
    """An interpreter that the user can run: root's own may lie where nobody else can go."""
    if not uid:
        return sys.executable
    user = Account("another", uid, uid)
    if not all(map(user.may_enter, PATHS)):
        pytest.skip("needs a checkout that another user can read")
    for each in (sys.executable, "/usr/bin/python3"):
        library = subprocess.run([each, "-c", LIBRARY], capture_output=True, text=True, check=False).stdout.strip()
        if library and user.may_run(Path(each).resolve()) and user.may_enter(Path(library)):
            return each
    pytest.skip("needs a Python 3.11 that another user can run")


class Parent:
    """An Athena of its own process group that holds a server."""

    def __init__(self, data_dir: Path, *, uid: int = 0, stay: bool = True) -> None:
        self.process = subprocess.Popen(
            [_python_for(uid), "-c", PARENT, str(data_dir), "stay" if stay else "leave"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PATHS)), "HOME": str(data_dir.parent)},
            start_new_session=True,
            user=uid or None,
            group=uid or None,
            extra_groups=[uid] if uid else None,
        )

    def answer(self) -> tuple[str, str]:
        """The server's process id and address, or ``error`` and the reason."""
        assert self.process.stdout is not None
        first, _, rest = self.process.stdout.readline().strip().partition(" ")
        return first, rest

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def start_parent() -> Iterator[Callable[..., Parent]]:
    parents: list[Parent] = []

    def make(data_dir: Path, **options: Any) -> Parent:
        parents.append(Parent(data_dir, **options))
        return parents[-1]

    yield make
    for each in parents:
        each.end()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new folder that every user can enter and read; pytest's own is closed to others."""
    path = Path(tempfile.mkdtemp(prefix="athena-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def run_sql() -> Callable[..., Any]:
    """Run statements on a new connection, and give the first value of the last."""

    async def run(url: str, *statements: str) -> Any:
        connection = await asyncpg.connect(url)
        try:
            value = None
            for statement in statements:
                value = await connection.fetchval(statement)
            return value
        finally:
            await connection.close()

    return run


@pytest.fixture
def wait_gone() -> Callable[[int, float], bool]:
    """Whether a process ends within so many seconds."""

    def gone(pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
            state = Path(f"/proc/{pid}/stat")
            if state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
            time.sleep(0.02)
        return False

    return gone

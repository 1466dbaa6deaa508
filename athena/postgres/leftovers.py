"""What an Athena that was killed may have left: a server that is still stopping, and files that name a dead one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from athena.postgres.errors import PostgresError

_POLL_SECONDS = 0.02
_STEPS = ((None, 3.0), (signal.SIGINT, 3.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0))
"""A server whose Athena has died stops by itself; one that does not is told to, ever harder. Seconds for each."""
_LOCK_FILES = ("postmaster.pid", ".s.PGSQL.*.lock")


def clear(cluster: Path) -> None:
    """See to it that no server runs in ``cluster`` and that no file there says so. The caller holds the folder's lock.

    :raises PostgresError: a server of this cluster does not end.
    """
    pid = written_pid(cluster / "postmaster.pid")
    if pid is not None and serves(pid, cluster):
        _end(pid, cluster)
    for pattern in _LOCK_FILES:
        for path in cluster.glob(pattern):
            # The id of a dead server, now some other program's: PostgreSQL would take that program for the server.
            # Where the id is nobody's the file stays, since PostgreSQL finds in it the shared memory to look after.
            pid = written_pid(path)
            if pid is None or _alive(pid):
                path.unlink(missing_ok=True)


def written_pid(path: Path) -> int | None:
    """The process id on the first line of a lock file of PostgreSQL, None if there is none."""
    try:
        return abs(int(path.read_text("utf-8", errors="replace").split("\n", 1)[0]))
    except (OSError, ValueError):
        return None


def serves(pid: int, cluster: Path) -> bool:
    """Whether the process ``pid`` is a PostgreSQL that runs in ``cluster``, and not one that got a dead one's id."""
    if sys.platform == "linux":
        try:
            name = Path(f"/proc/{pid}/comm").read_text("utf-8", errors="replace").strip()
            return name == "postgres" and Path(f"/proc/{pid}/cwd").readlink() == cluster.resolve()
        except OSError:
            return False
    asked = subprocess.run(  # noqa: S603 - a fixed program
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in asked.stdout and f"-D {cluster}" in asked.stdout


def _end(pid: int, cluster: Path) -> None:
    for number, seconds in _STEPS:
        if number is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not serves(pid, cluster):
                return
            time.sleep(_POLL_SECONDS)
    raise PostgresError(f"a PostgreSQL left from before (process {pid}) still runs in {cluster} and does not end")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True

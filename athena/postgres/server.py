"""One running server process: its settings, its start, its end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from athena.postgres.binaries import Binaries
from athena.postgres.cluster import DATABASE, ROLE, Place, environment, reason_in
from athena.postgres.errors import PostgresError

DEFAULT_SETTINGS: Mapping[str, str] = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    # In the server's own process: the three I/O workers of the default cost memory and win nothing on local disks.
    "io_method": "sync",
    "max_logical_replication_workers": "0",
    "random_page_cost": "1.1",
    "jit": "off",
    # The cores are shared with the API; and a parallel plan may want more of /dev/shm than a container has.
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and the values in them are users' data: what the server itself has to say is logged, and errors of
    # statements are left to the program that gets them.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}
STOP_SECONDS = 3.0
_HARD_STOP_SECONDS = 3.0
_POLL_SECONDS = 0.005
_READY_LINE = 7
_LAUNCHER = Path(__file__).with_name("launcher.py")
_PORT = 5432
_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens: in a folder, by a Unix socket, or on a port of the loopback interface."""

    socket_folder: Path | None
    port: int

    def url(self, password: str) -> str:
        """The address as a DSN of libpq and asyncpg, with the role and its password."""
        login = f"{ROLE}:{quote(password, safe='')}"
        if self.socket_folder is not None:
            return f"postgresql://{login}@/{DATABASE}?host={quote(str(self.socket_folder), safe='')}&port={self.port}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{DATABASE}?sslmode=disable"

    def settings(self) -> dict[str, str]:
        """The server's settings for it."""
        folder = self.socket_folder
        return {
            "port": str(self.port),
            "listen_addresses": "" if folder else "127.0.0.1",
            "unix_socket_directories": f'"{folder}"' if folder else "",
            "unix_socket_permissions": "0700",
        }


def choose_address(cluster: Path) -> Address:
    """A socket in the cluster, where only its owner can go; a free port where the folder's path cannot be a socket's.

    That is when it is too long for the kernel, or holds what the server or clients take for a list or a quote.
    """
    text = str(cluster)
    fits = len(os.fsencode(cluster / f".s.PGSQL.{_PORT}")) <= _SOCKET_PATH_BYTES
    if fits and text.isprintable() and not set(text) & set(',"\\'):
        return Address(cluster, _PORT)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Address(None, probe.getsockname()[1])


class ServerProcess:
    """A server that this process started. Its end, by whatever cause, is seen by :attr:`running`."""

    def __init__(self, place: Place, binaries: Binaries, settings: Mapping[str, str], log: Path) -> None:
        """Start it; it is not ready yet.

        :raises PostgresError: it could not be started at all.
        """
        self._cluster = place.cluster
        self._log = log
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        account = f"{place.account.uid}:{place.account.gid}" if place.account else "-"
        # Immediate shutdown at Athena's sudden death: done in milliseconds, and as safe as any crash.
        watch = [str(os.getpid()), account, str(int(signal.SIGQUIT))]
        command = [str(binaries.postgres), "-D", str(place.cluster), *options]
        becomes_it = sys.platform == "linux"
        try:
            with log.open("ab") as output:
                self._log_start = output.tell()
                self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                    [sys.executable, "-I", "-S", str(_LAUNCHER), *watch, *command],
                    stdin=subprocess.DEVNULL if becomes_it else subprocess.PIPE,
                    stdout=output if becomes_it else subprocess.PIPE,
                    stderr=output,
                    env=environment(),
                    # Not in our process group: a Ctrl-C at the terminal is for Athena, which then stops the server.
                    start_new_session=True,
                )
        except OSError as error:
            raise PostgresError(f"PostgreSQL cannot be started: {error.filename}: {error.strerror}") from error
        self.pid = self._process.pid if self._process.stdout is None else int(self._process.stdout.readline() or 0)

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def wait_until_ready(self, seconds: float) -> bool:
        """Wait until it takes connections; False if it ended instead.

        What the cluster's ``postmaster.pid`` says counts only while it is about this very process.

        :raises PostgresError: it is neither ready nor ended in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.running:
                return False
            try:
                lines = (self._cluster / "postmaster.pid").read_text("utf-8", errors="replace").splitlines()
            except OSError:
                lines = []
            if len(lines) > _READY_LINE and lines[0] == str(self.pid) and lines[_READY_LINE].strip() == "ready":
                return True
            time.sleep(_POLL_SECONDS)
        raise PostgresError(f"PostgreSQL is not ready after {seconds:.0f} seconds; its log is {self._log}")

    def failure(self) -> str:
        """Why it ended, in its own words where it had any."""
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            said = reason_in(log.read().decode("utf-8", errors="replace"))
        return said or f"it ended with status {self._process.poll()}"

    def stop(self) -> None:
        """End it: sessions are cut, changes written; if that takes longer than three seconds, at once."""
        for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, _HARD_STOP_SECONDS)):
            self._process.send_signal(number)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
            break
        else:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

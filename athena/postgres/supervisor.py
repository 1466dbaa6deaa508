"""The embedded PostgreSQL of a data folder, for as long as this process lives."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from athena.postgres import leftovers
from athena.postgres.binaries import Binaries, find_binaries
from athena.postgres.cluster import Place, find_place, make_if_missing, read_password, settle
from athena.postgres.errors import PostgresError
from athena.postgres.lock import FolderLock
from athena.postgres.server import DEFAULT_SETTINGS, Address, ServerProcess, choose_address

LOG_FILE = "postgres.log"
_LOG_BYTES = 5 * 1024 * 1024
_READY_SECONDS = 300.0
"""Recovery after a crash may take a while on a slow disk, and is not to be cut short."""
_RETRY_SECONDS = 10.0
_RETRY_PAUSE_SECONDS = 0.1
_PASSING = ("pre-existing shared memory block", "lock file ", "could not create any TCP/IP sockets")
"""Failures that pass: sessions of a killed server that still end, a port that another program took first."""


class EmbeddedPostgres:
    """A PostgreSQL server of our own, with its data in ``<data_dir>/postgres``. Made by :meth:`start`.

    It ends with :meth:`stop`, at the end of a ``with`` block, or by itself when this process dies, however that is.
    """

    def __init__(self, data_dir: Path, locks: list[FolderLock], settings: Mapping[str, str]) -> None:
        """For :meth:`start`, which holds the data folder's lock."""
        self._data_dir = data_dir
        self._locks = locks
        self._settings = {**DEFAULT_SETTINGS, **settings}
        self._server: ServerProcess | None = None
        self._address: Address | None = None
        self._password = ""

    @classmethod
    def start(cls, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> Self:
        """Start the server of ``data_dir``, making folder and database if they are missing; it is ready on return.

        ``settings`` go over the defaults, by PostgreSQL's names. Call it in the main thread: the server is bound to
        the life of the thread that starts it.

        :raises PostgresError: it cannot be started; one line says why.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("the embedded PostgreSQL ends with the thread that starts it: start it in the main one")
        data_dir = data_dir.expanduser().resolve()
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PostgresError(f"the data folder {data_dir} cannot be made: {error.strerror}") from error
        locks = [FolderLock(data_dir)]
        self = cls(data_dir, locks, settings or {})
        try:
            self._bring_up()
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def url(self) -> str:
        """The DSN of the database ``athena`` for its owner, the superuser ``athena``. It holds the password."""
        if self._address is None or self._server is None:
            raise RuntimeError("the embedded PostgreSQL is not running")
        return self._address.url(self._password)

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._server is None:
            raise RuntimeError("the embedded PostgreSQL is not running")
        return self._server.pid

    @property
    def running(self) -> bool:
        """Whether the server is alive."""
        return self._server is not None and self._server.running

    def ensure_running(self) -> bool:
        """Start the server again if it has died; whether that was so. Like :meth:`start`, for the main thread.

        The address stays the same, save on a loopback port that another program took meanwhile.

        :raises PostgresError: it cannot be started.
        """
        if self.running:
            return False
        self._bring_up()
        return True

    def stop(self) -> None:
        """End the server, within three seconds or at once, and free the data folder. Safe to call again."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
        while self._locks:
            self._locks.pop().release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        self.stop()

    def _bring_up(self) -> None:
        place = find_place(self._data_dir)
        if place.base != self._data_dir and len(self._locks) == 1:
            # A copied data folder points to the same place, which only one of the two may serve.
            if place.base.is_dir():
                FolderLock(place.base, name=self._data_dir).release()
            place = settle(self._data_dir, place)
            self._locks.append(FolderLock(place.base, name=self._data_dir))
        binaries = find_binaries(place.account)
        make_if_missing(place, binaries)
        leftovers.clear(place.cluster)
        self._password = read_password(place)
        self._launch(place, binaries)

    def _launch(self, place: Place, binaries: Binaries) -> None:
        log = self._data_dir / LOG_FILE
        deadline = time.monotonic() + _RETRY_SECONDS
        address = self._address or choose_address(place.cluster)
        while True:
            _rotate(log)
            self._server = ServerProcess(place, binaries, {**self._settings, **address.settings()}, log)
            if self._server.wait_until_ready(_READY_SECONDS):
                self._address = address
                return
            reason = self._server.failure()
            if not any(each in reason for each in _PASSING) or time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL did not start: {reason}; its log is {log}")
            time.sleep(_RETRY_PAUSE_SECONDS)
            leftovers.clear(place.cluster)
            address = choose_address(place.cluster)


def _rotate(log: Path) -> None:
    try:
        if log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_name(f"{log.name}.1"))
    except FileNotFoundError:
        return

"""One Athena per data folder, held by a lock that the kernel gives back however its holder ends."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from athena.postgres.errors import PostgresError

if sys.platform != "win32":
    import fcntl

LOCK_FILE = "athena.lock"


class FolderLock:
    """An exclusive ``flock`` on ``athena.lock`` in a folder, held until :meth:`release` or the end of the process.

    The descriptor does not survive ``exec``, and a forked child closes its copy, so that no child outlives the
    lock's owner and holds it on.
    """

    def __init__(self, folder: Path, *, name: Path | None = None) -> None:
        """Take the lock on ``folder``, which exists; an error speaks of ``name`` instead, where it is given.

        :raises PostgresError: another process holds it, or it cannot be had here.
        """
        path = folder / LOCK_FILE
        try:
            self._fd: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise PostgresError(f"the data folder {name or folder} is not writable: {error.strerror}") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _written_pid(path)
            self.release()
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise PostgresError(f"the data folder {name or folder} cannot be locked: {error.strerror}") from error
            by = f" (process {holder})" if holder else ""
            raise PostgresError(f"the data folder {name or folder} is in use by another Athena{by}") from error
        # The file stays when the lock goes: to remove it would let two processes lock two files of the same name.
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            self.release()
            raise PostgresError(f"the data folder {name or folder} cannot be written: {error.strerror}") from error
        os.register_at_fork(after_in_child=self.release)

    def release(self) -> None:
        """Give the lock back. Safe to call again."""
        fd, self._fd = self._fd, None
        if fd is not None:
            with suppress(OSError):
                os.close(fd)


def holder_of(folder: Path) -> int | None:
    """The process that holds the lock on ``folder``: its id, 0 if it did not say, None if nobody does.

    :raises OSError: the lock's file cannot be read.
    """
    path = folder / LOCK_FILE
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written_pid(path) or 0
    finally:
        os.close(fd)
    return None


def _written_pid(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii").strip())
    except (OSError, ValueError):
        return None

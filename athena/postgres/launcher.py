"""Starts a program of PostgreSQL as the right user, and sees to it that it does not outlive Athena.

Run as a script, so that what must happen between ``fork`` and ``exec`` happens in a fresh, single-threaded process:
``python -I -S launcher.py PARENT_PID UID:GID|- SIGNAL PROGRAM [ARGUMENT...]``. It imports nothing of Athena, since
it is started with neither the environment's packages nor the current folder on its path; and it imports all that it
needs before it changes its user, who may be unable to read Python's own files.

On Linux it asks the kernel for ``SIGNAL`` at its parent's death and becomes the program. Elsewhere it stays between
the two: it starts the program, prints its process id, waits for the end of its standard input, which comes when the
parent dies in whatever way, and hands on what it is told by signals.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

PR_SET_PDEATHSIG = 1
LOST_PARENT = 75
"""The exit status (``EX_TEMPFAIL``) when the parent died before the program was started."""
_HANDED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)


def become(uid: int, gid: int) -> None:
    """Give up root for good, with all its groups. A no-op for what is so already."""
    if os.getuid() != uid:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)


def _die_with(parent: int, number: int) -> None:
    # After the change of user, which clears the request; checked after it is made, since the parent may die before.
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit(LOST_PARENT)


def _stand_between(command: list[str], number: int) -> int:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as program:  # noqa: S603 - our own arguments

        def hand_on(received: int, _frame: FrameType | None) -> None:
            program.send_signal(received)

        for each in _HANDED_ON:
            signal.signal(each, hand_on)

        def watch() -> None:
            while os.read(0, 4096):
                pass
            program.send_signal(number)

        print(program.pid, flush=True)  # noqa: T201 - the parent reads it
        threading.Thread(target=watch, daemon=True).start()
        return program.wait()


def main(arguments: list[str]) -> int:
    """Start the program; return only where this process stays, with the program's exit status."""
    parent, account, number, *command = arguments
    os.chdir("/")
    if account != "-":
        uid, _, gid = account.partition(":")
        become(int(uid), int(gid))
    if sys.platform == "linux":
        _die_with(int(parent), int(number))
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    return _stand_between(command, int(number))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

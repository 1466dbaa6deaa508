"""Places where a test can have the process killed: ``ATHENA_CRASH_POINT=name``, or ``name:n`` for the n-th time."""

from __future__ import annotations

import os
import signal
from typing import Final

NAMES: Final = frozenset(
    {
        "accept.committed",
        "started.before_commit",
        "started.committed",
        "intent.before_commit",
        "intent.committed",
        "flush.before_commit",
        "flush.committed",
        "result.before_commit",
        "result.committed",
        "end.before_commit",
        "end.committed",
        "handover.before_commit",
        "handover.committed",
        "takeover.before_commit",
        "takeover.committed",
    }
)

_name, _, _count = os.environ.get("ATHENA_CRASH_POINT", "").partition(":")
_left: list[int] = [int(_count or 1)]
if _name and _name not in NAMES:
    raise ValueError(f"ATHENA_CRASH_POINT: there is no crash point {_name!r}")


def reached(name: str) -> None:
    """Kills this process if ``name`` is the crash point that is set; otherwise nothing."""
    if name == _name:
        _left[0] -= 1
        if _left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

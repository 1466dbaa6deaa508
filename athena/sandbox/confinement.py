"""Limits that the kernel holds a worker to, should the interpreter in it ever fail to. Linux only."""

from __future__ import annotations

import math
import sys

_ADDRESS_SPACE_MB = 1024
"""What a worker maps beyond what its code may use; next to nothing of it is ever touched."""


def confine(worker: int, *, cpu_seconds: float, memory_mb: int) -> None:
    """From now on the process ``worker`` can open no file or socket, write none, and leave no core dump.

    Beyond ``cpu_seconds`` the kernel kills it, also when nobody is left to watch it.
    ``ProcessLookupError`` if it is gone already.
    """
    if sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - not on every platform

    for what, most in (
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, math.ceil(cpu_seconds)),
        (resource.RLIMIT_AS, (_ADDRESS_SPACE_MB + 2 * memory_mb) * 1_000_000),
    ):
        resource.prlimit(worker, what, (most, most))

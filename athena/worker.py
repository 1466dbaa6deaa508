"""``athena worker``: a process that only works on runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from athena.config import Settings
from athena.kit.errors import StartupError
from athena.process import QUEUES, Process, opened

Beside = Callable[[Process], AbstractAsyncContextManager[None]]


async def run(settings: Settings, database_url: str, names: Sequence[str], stop: asyncio.Event, beside: Beside) -> None:
    """Works until ``stop`` on the runs of the named queues, without a name of all, and does ``beside`` meanwhile."""
    known = [queue.name for queue in QUEUES]
    if unknown := sorted(set(names) - set(known)):
        raise StartupError(f"there is no queue {', '.join(unknown)}; there are {', '.join(known)}")
    queues = [each for each in QUEUES if not names or each.name in names]
    async with opened(settings, database_url, queues=queues) as process, beside(process):
        await stop.wait()

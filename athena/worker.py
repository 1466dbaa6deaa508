"""``athena worker``: a process that only works on runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from athena.config import Settings
from athena.kit.errors import StartupError
from athena.process import QUEUES, opened


async def run(settings: Settings, database_url: str, names: Sequence[str], stop: asyncio.Event) -> None:
    """Works until ``stop`` on the runs of the named queues; without a name, of all."""
    known = [queue.name for queue in QUEUES]
    if unknown := sorted(set(names) - set(known)):
        raise StartupError(f"there is no queue {', '.join(unknown)}; there are {', '.join(known)}")
    async with opened(settings, database_url, queues=[each for each in QUEUES if not names or each.name in names]):
        await stop.wait()

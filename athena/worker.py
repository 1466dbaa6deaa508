"""``athena worker``: a process that only works on runs."""

from __future__ import annotations

import asyncio

from athena.config import Settings
from athena.process import opened


async def run(settings: Settings, database_url: str, stop: asyncio.Event) -> None:
    """Works until ``stop``."""
    async with opened(settings, database_url):
        await stop.wait()

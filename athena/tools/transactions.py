"""What types of tools do in the database: within a transaction of the call's workspace, however often it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from athena.kit.db import Session
from athena.kit.errors import Unavailable
from athena.tools.base import ToolCall

PAUSE_SECONDS: Final = 0.5

T = TypeVar("T")


async def in_transaction(call: ToolCall, work: Callable[[Session], Awaitable[T]]) -> T:
    """What ``work`` gives; while the database is away, it is tried again and again.

    It must be such that doing it twice does no harm: its commit may have been the last that the database did.
    """
    while True:
        try:
            async with call.session() as session:
                return await work(session)
        except Unavailable:
            await asyncio.sleep(PAUSE_SECONDS)

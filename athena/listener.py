"""``/metrics`` and ``/health`` at a port of their own, for processes that answer nothing else or share their port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from granian.constants import Interfaces
from granian.server.embed import Server

from athena.app import create_listener
from athena.process import Process

STOP_SECONDS = 0.5


@contextlib.asynccontextmanager
async def listening(process: Process, number: int = 0) -> AsyncGenerator[None]:
    """Answers there for as long as the context lasts, if there is such a port; ``number``: of those that share one."""
    settings = process.settings
    if settings.metrics_port is None:
        yield
        return
    server = Server(
        create_listener(process),
        address=settings.host,
        port=settings.metrics_port + number,
        interface=Interfaces.ASGINL,
        log_enabled=False,
        websockets=False,
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.stop()
        await asyncio.wait({serving}, timeout=STOP_SECONDS)

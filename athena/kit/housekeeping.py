"""Small work that each process repeats: what a chore is, and what does it over and over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass

import asyncpg

from athena.kit import logging
from athena.kit.db import Database
from athena.kit.errors import AthenaError


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done every ``seconds``, in small portions: it must do no harm that others do it as well."""

    name: str
    seconds: float
    work: Callable[[Database], Awaitable[object]]
    everywhere: bool = False
    """Whether also a process without a worker does it."""


@contextlib.asynccontextmanager
async def keeping(database: Database, chores: Iterable[Chore]) -> AsyncGenerator[None]:
    """Does ``chores`` for as long as the context lasts, each at its own pace."""
    tasks = [asyncio.create_task(_repeat(database, chore), name=chore.name) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _repeat(database: Database, chore: Chore) -> None:
    while True:
        await asyncio.sleep(chore.seconds)
        try:
            await chore.work(database)
        except (AthenaError, asyncpg.PostgresError, OSError) as error:
            # Whatever it was, the next time may be better.
            logging.logger().warning("housekeeping", chore=chore.name, error=type(error).__name__)
        except Exception:  # noqa: BLE001 - whatever it was, no tenant is to wait for it for ever
            # Without this loop nobody would do it again, for any tenant.
            logging.logger().exception("housekeeping", chore=chore.name)

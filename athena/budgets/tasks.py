"""The chore of budgets: giving back what nobody will settle any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from athena.budgets.repository import ABANDONED, abandoned
from athena.budgets.spending import Reservation, release
from athena.kit import clock
from athena.kit.db import Database

PATIENCE: Final = timedelta(minutes=15)
"""How long something may be set aside for a call outside of any run: longer than any call takes."""


async def release_abandoned(database: Database) -> None:
    """Releases what is set aside for runs that have ended, and for calls whose process is gone."""
    while await _some(database) == ABANDONED:
        pass


async def _some(database: Database) -> int:
    async with database.system() as session:
        rows = await abandoned(session, clock.now(), PATIENCE)
    # Each in a transaction of its own, so that none holds one budget while it waits for another.
    for row in rows:
        await release(database, Reservation(row["workspace_uuid"], row["uuid"]))
    return len(rows)

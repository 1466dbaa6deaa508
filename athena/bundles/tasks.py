"""What is done with bundles from time to time."""

from __future__ import annotations

from athena.bundles import repository
from athena.kit.db import Database


async def delete_expired(database: Database) -> None:
    """Deletes the uploaded bundles that are over."""
    async with database.system() as session:
        await repository.delete_expired(session)

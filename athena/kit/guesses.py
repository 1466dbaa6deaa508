"""Wrong passwords of links: counted in the row that a link leads to, so that guessing becomes slow."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from athena.kit import clock
from athena.kit.db import Row, Session
from athena.kit.errors import TooManyRequests
from athena.kit.tables import Time

FREE_FAILURES: Final = 5
MAXIMUM_DELAY_SECONDS: Final = 300
FORGOTTEN_AFTER: Final = timedelta(hours=1)


def guess_columns() -> list[sa.Column[object]]:
    """What a table with passwords of links needs."""
    return [
        sa.Column("password_hash", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failed_at", Time),
        sa.Column("blocked_until", Time),
    ]


class Guesses:
    """Those of one row of ``table``; needs the system's scope. Each call is committed."""

    def __init__(self, session: Session, table: sa.Table, row: Row) -> None:
        self._session = session
        self._table = table.name
        self._place = (row["workspace_uuid"], row["uuid"])
        self._failures: int = row["failures"]

    async def check(self) -> None:
        """:class:`TooManyRequests` while no password is taken."""
        until = await self._session.value(
            f"SELECT blocked_until FROM {self._table} WHERE workspace_uuid = $1 AND uuid = $2", *self._place
        )
        moment = clock.now()
        await self._session.commit()
        if until is not None and until > moment:
            seconds = math.ceil((until - moment).total_seconds())
            raise TooManyRequests("Too many wrong passwords; wait a while.", retry_after=seconds)

    async def count(self) -> None:
        """Counts a wrong one; after some within an hour, none is taken for a while."""
        moment = clock.now()
        failures: int = await self._session.value(
            f"UPDATE {self._table} SET failures = CASE WHEN failed_at > $4 THEN failures + 1 ELSE 1 END, "
            "failed_at = $3 WHERE workspace_uuid = $1 AND uuid = $2 RETURNING failures",
            *self._place,
            moment,
            moment - FORGOTTEN_AFTER,
        )
        over = failures - FREE_FAILURES
        if over > 0:
            await self._session.execute(
                f"UPDATE {self._table} SET blocked_until = $3 WHERE workspace_uuid = $1 AND uuid = $2",
                *self._place,
                moment + timedelta(seconds=min(2 ** min(over, 30), MAXIMUM_DELAY_SECONDS)),
            )
        await self._session.commit()

    async def forgive(self) -> None:
        """Forgets the wrong ones."""
        if self._failures:
            await self._session.execute(
                f"UPDATE {self._table} SET failures = 0, blocked_until = NULL WHERE workspace_uuid = $1 AND uuid = $2",
                *self._place,
            )
            await self._session.commit()

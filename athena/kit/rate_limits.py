"""How many requests a credential and a workspace may make in a minute, and what their answers tell of it.

Requests are counted in memory. About once a second each process adds its counts to a table that all share, and takes
the totals over from there; so a limit holds across processes, but for what they answer within that second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from athena.kit.db import Database
from athena.kit.errors import TooManyRequests

PERIOD_SECONDS: Final = 60
KEYS_MOST: Final = 100_000
BATCH: Final = 1_000
SHARE_SECONDS: Final = 1.0

SHARE: Final = """
INSERT INTO rate_counts AS c (key, period, count)
SELECT key, $2, count FROM unnest($1::bytea[], $3::bigint[]) AS added (key, count) ORDER BY key
ON CONFLICT (key) DO UPDATE SET
    period = greatest(c.period, excluded.period),
    count = CASE WHEN c.period = excluded.period THEN c.count + excluded.count
                 WHEN c.period > excluded.period THEN c.count ELSE excluded.count END
RETURNING key, period, count
"""
SWEEP: Final = """
DELETE FROM rate_counts WHERE key IN
    (SELECT key FROM rate_counts WHERE period < $1 ORDER BY period LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


@dataclass(slots=True)
class Count:
    """The requests of one key in the present minute."""

    shared: int = 0
    """Of all processes, as far as the table knows."""
    own: int = 0
    """Of this process, which the table does not know yet."""


class RateLimits:
    """The counts of one process. ``limits``: requests a minute, by what they are counted by; 0 is no limit."""

    def __init__(self, limits: dict[str, int], *, clock: Callable[[], float] = time.time) -> None:
        self._limits = {name: limit for name, limit in limits.items() if limit > 0}
        self._policies = {name: f'"{name}";q={limit};w={PERIOD_SECONDS}' for name, limit in self._limits.items()}
        self._clock = clock
        self._period = 0
        self._counts: dict[bytes, Count] = {}

    def count(self, state: dict[str, Any], name: str, uuid: UUID) -> None:
        """Counts the request whose ``state`` it is, once for each name; :class:`TooManyRequests` over the limit.

        What the answer is to tell of it is left in ``state``, for :func:`headers`.
        """
        limit = self._limits.get(name)
        told: dict[str, tuple[str, int, int]] = state.setdefault("rate_limits", {})
        if limit is None or name in told:
            return
        now = self._clock()
        period = int(now // PERIOD_SECONDS)
        if period != self._period:
            self._period, self._counts = period, {}
        count = self._of(name[:1].encode() + uuid.bytes)
        left = limit - count.shared - count.own
        reset = (period + 1) * PERIOD_SECONDS - int(now)
        told[name] = (self._policies[name], max(0, left - 1), reset)
        if left <= 0:
            raise TooManyRequests(
                f"More than {limit} requests a minute by one {name}; wait until the next.", retry_after=reset
            )
        count.own += 1

    def _of(self, key: bytes) -> Count:
        count = self._counts.get(key)
        if count is None:
            if len(self._counts) >= KEYS_MOST:
                del self._counts[next(iter(self._counts))]
            count = self._counts[key] = Count()
        return count

    async def share(self, database: Database) -> None:
        """Adds what was counted here to the counts of all, and takes those over."""
        period = self._period
        keys = sorted(key for key, count in self._counts.items() if count.own)
        for start in range(0, len(keys), BATCH):
            await self._share(database, period, keys[start : start + BATCH])

    async def _share(self, database: Database, period: int, keys: list[bytes]) -> None:
        counts = self._counts
        sent = [counts[key].own if key in counts else 0 for key in keys]
        async with database.system() as session:
            rows = await session.fetch(SHARE, keys, period, sent)
        totals = {row["key"]: row["count"] for row in rows if row["period"] == period}
        for key, number in zip(keys, sent, strict=True):
            count = counts.get(key)
            if count is not None:
                count.own -= number
                count.shared = totals.get(key, count.shared + number)

    async def sweep(self, database: Database) -> None:
        """Forgets who has made no request for a while."""
        before = int(self._clock() // PERIOD_SECONDS) - 1
        while True:
            async with database.system() as session:
                if await session.execute(SWEEP, before, BATCH) < BATCH:
                    return


def headers(state: dict[str, Any]) -> list[tuple[str, str]]:
    """``RateLimit-Policy`` and ``RateLimit`` of an answer (draft-ietf-httpapi-ratelimit-headers)."""
    told: dict[str, tuple[str, int, int]] = state.get("rate_limits") or {}
    if not told:
        return []
    policies = ", ".join(policy for policy, _, _ in told.values())
    items = ", ".join(f'"{name}";r={left};t={reset}' for name, (_, left, reset) in told.items())
    return [("RateLimit-Policy", policies), ("RateLimit", items)]

"""What an absent database looks like, and how long to wait before asking again."""

from __future__ import annotations

from typing import Final

import asyncpg

from athena.kit.errors import Unavailable

AWAY: Final = (
    Unavailable,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    OSError,
)
_PAUSES: Final = (0.05, 0.1, 0.2, 0.5, 1.0)


def retry_pause(tries: int) -> float:
    """Seconds to wait after ``tries`` + 1 failures."""
    return _PAUSES[min(tries, len(_PAUSES) - 1)]

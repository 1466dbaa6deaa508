"""Athena's client for Python: :class:`Athena` waits for its answers, :class:`AsyncAthena` is for ``asyncio``."""

from athena_client.async_client import AsyncAthena, AsyncStream
from athena_client.client import Athena, Stream
from athena_client.errors import (
    ApiError,
    AthenaError,
    BudgetExhausted,
    Conflict,
    ConnectionFailed,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    ServerFailed,
    Stale,
    TimedOut,
    Unauthorized,
)
from athena_client.events import Event

__all__ = [
    "ApiError",
    "AsyncAthena",
    "AsyncStream",
    "Athena",
    "AthenaError",
    "BudgetExhausted",
    "Conflict",
    "ConnectionFailed",
    "Event",
    "Forbidden",
    "Invalid",
    "NotFound",
    "RateLimited",
    "ServerFailed",
    "Stale",
    "Stream",
    "TimedOut",
    "Unauthorized",
]

"""What other parts of Athena raise, as failures of nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from athena.kit.db import Session
from athena.kit.errors import (
    AthenaError,
    BudgetExhausted,
    TooManyRequests,
    Unavailable,
    UpstreamFailed,
    UpstreamTimeout,
)
from athena.llm.errors import ErrorKind, ModelError
from athena.node_types.base import EffectCall, NodeFailed
from athena.permissions import Permission

DATABASE_PAUSE_SECONDS: Final = 0.5
PASSING: Final = (Unavailable, TooManyRequests, UpstreamFailed, UpstreamTimeout)

T = TypeVar("T")


def failed(error: AthenaError) -> NodeFailed:
    """An error of Athena's own."""
    retryable = isinstance(error, PASSING) or error.error_code == "concurrent_change"
    failure = NodeFailed(error.error_code, error.detail, retryable=retryable)
    if error.errors:
        failure.details["errors"] = {path: list(messages) for path, messages in error.errors.items()}
    return failure


def model_failed(error: ModelError) -> NodeFailed:
    """A failed call of a model."""
    facts: dict[str, Any] = {
        "status": error.status,
        "provider_message": error.provider_message,
        "retry_after": error.retry_after,
    }
    details = {name: value for name, value in facts.items() if value is not None}
    return NodeFailed(error.kind.value, error.message, retryable=error.retryable, **details)


def upstream(error: NodeFailed) -> AthenaError:
    """The same for who waits for a model outside of any node: 402, 502 or 504."""
    if error.code == BudgetExhausted.code:
        return BudgetExhausted(error.message)
    kind = UpstreamTimeout if error.code == ErrorKind.TIMEOUT.value else UpstreamFailed
    return kind(error.message, code=error.code)


def may_pass(code: str) -> bool:
    """Whether a run that failed with this code may succeed the next time."""
    try:
        return ModelError(ErrorKind(code)).retryable
    except ValueError:
        return code == "deadline_exceeded"


def require(call: EffectCall, permission: Permission) -> None:
    """:class:`NodeFailed` when who started the execution lacks ``permission``."""
    try:
        call.access.require(permission)
    except AthenaError as error:
        raise failed(error) from error


async def patient(work: Callable[[], Awaitable[T]]) -> T:
    """What ``work`` gives; while the database is away, it is tried again and again.

    It must be such that doing it twice does no harm: its commit may have been the last that the database did.
    """
    while True:
        try:
            return await work()
        except Unavailable:
            await asyncio.sleep(DATABASE_PAUSE_SECONDS)
        except AthenaError as error:
            raise failed(error) from error


async def in_transaction(call: EffectCall, work: Callable[[Session], Awaitable[T]]) -> T:
    """What ``work`` gives in a transaction of the call's workspace; see :func:`patient`."""

    async def once() -> T:
        async with call.session() as session:
            return await work(session)

    return await patient(once)

"""Runs and their events as grantees see them: what was answered, and nothing of how it was paid for or made. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import orjson

from athena.engine import StoredEvent, Subscription
from athena.kit import clock
from athena.kit.db import Row
from athena.kit.errors import AthenaError, Conflict, UpstreamFailed, UpstreamTimeout

PLAIN = frozenset({"message.delta", "message.restarted"})
"""Events that hold nothing but what was said."""
TOLD = frozenset({"run_uuid", "at", "message_uuid", "role", "content", "finish_reason"})
ANSWER = ("uuid", "role", "content", "finish_reason")
FAILURES: Mapping[str, str] = {
    "timeout": "The model did not answer in time.",
    "deadline_exceeded": "The model did not answer in time.",
    "context_too_long": "The conversation is too long for the model.",
    "refused": "The model refused to answer.",
}
"""Failures of which a grantee may know what they were; the others would tell of the account behind it."""


def run(row: Row) -> dict[str, Any]:
    """A run's row."""
    started, finished = row["started_at"], row["finished_at"]
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "status": row["status"],
        "output": _output(row["output"]),
        "error": error(row["error"]),
        "started_at": clock.rfc3339_or_none(started),
        "finished_at": clock.rfc3339_or_none(finished),
        "duration_ms": int((finished - started).total_seconds() * 1000) if finished and started else None,
    }


def failure(row: Row) -> AthenaError | None:
    """The error of a run that did not succeed, for who waited for it."""
    if row["status"] == "succeeded":
        return None
    if row["status"] == "cancelled":
        return Conflict("The run was cancelled.", code="run_cancelled")
    told = error(row["error"]) or {"code": "upstream_failed", "message": "The model could not answer."}
    late = told["code"] in {"timeout", "deadline_exceeded"}
    return (UpstreamTimeout if late else UpstreamFailed)(told["message"], code=told["code"])


def _output(output: Any) -> dict[str, Any] | None:
    return {"message": {name: output["message"][name] for name in ANSWER}} if output else None


def error(given: Any) -> dict[str, str] | None:
    """A failure: its kind where that tells nothing of the provider, and never its words."""
    if not given:
        return None
    code = given.get("code")
    if code in FAILURES:
        return {"code": code, "message": FAILURES[code]}
    return {"code": "upstream_failed", "message": "The model could not answer."}


def event(stored: StoredEvent) -> StoredEvent:
    """An event, with what a grantee may see of its data."""
    if stored.type in PLAIN:
        return stored
    data = orjson.loads(stored.data)
    told = {name: value for name, value in data.items() if name in TOLD}
    if "output" in data:
        told["output"] = _output(data["output"])
    if "error" in data:
        told["error"] = error(data["error"])
    return stored._replace(data=orjson.dumps(told))


class SharedEvents:
    """A run's events, as grantees see them."""

    def __init__(self, events: Subscription) -> None:
        self._events = events

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StoredEvent:
        return event(await self._events.__anext__())

    def ready(self) -> Sequence[StoredEvent]:
        """What can be had without waiting."""
        return [event(each) for each in self._events.ready()]

    def close(self) -> None:
        """Ends the iteration."""
        self._events.close()

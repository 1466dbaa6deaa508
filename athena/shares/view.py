"""Runs and their events as grantees see them: what was answered, and nothing of how it was paid for or made. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import orjson

from athena.engine import StoredEvent, Subscription
from athena.engine.events import TERMINAL_TYPES
from athena.kit import clock
from athena.kit.db import Row
from athena.kit.errors import AthenaError, BudgetExhausted, Conflict, UpstreamFailed, UpstreamTimeout

ALWAYS = frozenset({"run_uuid", "at"})
ANSWER = ("uuid", "role", "content", "finish_reason")
LATE = frozenset({"timeout", "deadline_exceeded"})
SPENT = {BudgetExhausted.code: "At present nothing more may be spent on it; tell who shared it."}


@dataclass(frozen=True, slots=True)
class View:
    """What is told of runs of a kind."""

    output: Callable[[Any], Any]
    failures: Mapping[str, str]
    """Failures of which a grantee may know what they were, each in words of our own."""
    failed: Mapping[str, str]
    """What the others are called, which would tell of what is inside."""
    told: frozenset[str]
    """What is told of the data of events of the answer itself; of others only that they happened."""
    plain: frozenset[str] = frozenset()
    """Events that hold nothing but what was said."""
    authored: str | None = None
    """The type of node whose errors are written for who runs the workflow, and told as they are."""

    def error(self, given: Any) -> dict[str, str] | None:
        """A failure: its kind where that tells nothing of the provider or of a node, and never its words."""
        if not given:
            return None
        code: str = given["code"]
        if self.authored is not None and given.get("node_type") == self.authored:
            return {"code": code, "message": given["message"]}
        return {"code": code, "message": self.failures[code]} if code in self.failures else dict(self.failed)

    def event(self, stored: StoredEvent) -> StoredEvent:
        """An event, with what a grantee may see of its data."""
        if stored.type in self.plain:
            return stored
        data = orjson.loads(stored.data)
        # What tools gave stands in events, too, under the same names.
        names = self.told if stored.type.startswith("message.") else ALWAYS
        told = {name: value for name, value in data.items() if name in names}
        if stored.type in TERMINAL_TYPES:
            if "output" in data:
                told["output"] = self.output(data["output"])
            if "error" in data:
                told["error"] = self.error(data["error"])
        return stored._replace(data=orjson.dumps(told))


def _answer(output: Any) -> dict[str, Any] | None:
    return {"message": {name: output["message"][name] for name in ANSWER}} if output else None


ANSWERS = View(
    output=_answer,
    failures={
        **dict.fromkeys(LATE, "The model did not answer in time."),
        "context_too_long": "The conversation is too long for the model.",
        "refused": "The model refused to answer.",
        **SPENT,
    },
    failed={"code": "upstream_failed", "message": "The model could not answer."},
    told=frozenset({"run_uuid", "at", "message_uuid", "role", "content", "finish_reason"}),
    plain=frozenset({"message.delta", "message.restarted"}),
)
EXECUTIONS = View(
    output=lambda output: output,
    failures={**dict.fromkeys(LATE, "The workflow took longer than it may."), **SPENT},
    failed={"code": "workflow_failed", "message": "The workflow failed."},
    # Of what happens inside there is only that something did.
    told=ALWAYS,
    authored="stop_with_error",
)


def view_of(kind: str) -> View:
    """What is told of runs of that kind, or of what such a type of shared thing is run as."""
    return EXECUTIONS if kind == "workflow" else ANSWERS


def run(row: Row) -> dict[str, Any]:
    """A run's row."""
    view = view_of(row["kind"])
    output, started, finished = row["output"], row["started_at"], row["finished_at"]
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "status": row["status"],
        "output": output and view.output(output["output"] if view is EXECUTIONS else output),
        "error": view.error(row["error"]),
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
    view = view_of(row["kind"])
    told = view.error(row["error"]) or view.failed
    if told["code"] in SPENT:
        return BudgetExhausted(told["message"])
    return (UpstreamTimeout if told["code"] in LATE else UpstreamFailed)(told["message"], code=told["code"])


class SharedEvents:
    """A run's events, as grantees see them."""

    def __init__(self, events: Subscription, view: View) -> None:
        self._events = events
        self._view = view

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StoredEvent:
        return self._view.event(await self._events.__anext__())

    def ready(self) -> Sequence[StoredEvent]:
        """What can be had without waiting."""
        return [self._view.event(each) for each in self._events.ready()]

    def close(self) -> None:
        """Ends the iteration."""
        self._events.close()

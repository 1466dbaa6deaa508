"""What crosses the engine's border: events, results, failures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from athena.kit.clock import rfc3339
from athena.kit.db import Session

Apply = Callable[[Session], Awaitable[None]]
TERMINAL: Final = {"succeeded": "run.completed", "failed": "run.failed", "cancelled": "run.cancelled"}
TERMINAL_TYPES: Final = frozenset(TERMINAL.values())


class Event(NamedTuple):
    """An event to be logged; ``run_uuid`` and ``at`` are added to its data."""

    type: str
    data: Mapping[str, Any]


class StoredEvent(NamedTuple):
    """A committed event; ``data`` is its JSON text."""

    id: int
    type: str
    data: bytes


class LogRow(NamedTuple):
    """An event as it goes into the log."""

    id: int
    at: datetime
    type: str
    data: str
    step: str | None = None
    record: str | None = None

    @property
    def stored(self) -> StoredEvent:
        """The public part."""
        return StoredEvent(self.id, self.type, self.data.encode())


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step's function gives: the record kept for replay, at least one event, and the rows that follow from it.

    ``final`` leaves the commit to the run's next one, which is to follow at once: its end, or the next step's intent.
    """

    record: Any
    events: Sequence[Event]
    apply: Apply | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """What a run's function returns. ``data`` is that of ``run.completed``; left out, it is ``{"output": output}``."""

    output: Any = None
    apply: Apply | None = None
    data: Mapping[str, Any] | None = None
    labels: Mapping[str, Any] | None = None
    """Added to those that the run was accepted with."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as :meth:`Engine.result` sees it."""

    workspace_uuid: UUID
    uuid: UUID
    status: str
    output: Any
    error: Any


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run whose end its function did not decide: given to the ``on_end`` of its kind, in the ending transaction."""

    workspace_uuid: UUID
    uuid: UUID
    kind: str
    status: str
    error: Mapping[str, Any] | None
    input: Any
    labels: Mapping[str, Any]


class RunFailed(Exception):
    """Raised by a run's function to end it as failed, with an error for the user; ``output`` is kept with the run."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        apply: Apply | None = None,
        labels: Mapping[str, Any] | None = None,
        output: Any = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.error: dict[str, Any] = {"code": code, "message": message, **details}
        self.apply = apply
        self.labels = labels
        self.output = output


class StepOutcomeUnknown(RunFailed):
    """A step that must not be repeated was interrupted; nobody knows whether it took effect."""

    def __init__(self, step: str) -> None:
        super().__init__("step_outcome_unknown", "A step was interrupted, and it is not safe to repeat it.", step=step)


class LeaseLost(BaseException):
    """Another process holds the run now. Not an ``Exception``, so that no function takes it for a failure."""


class Suspended(BaseException):
    """The run waits, and its function ends here. Not an ``Exception``, for the same reason."""


def encode(value: Any) -> str:
    """JSON text that PostgreSQL takes: without NUL and lone surrogates, which a model can send."""
    try:
        text = orjson.dumps(value, default=str)
        if rb"\u0000" not in text:
            return text.decode()
    except TypeError:
        pass
    return orjson.dumps(_clean(value), default=str).decode()


def _clean(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case dict():
            return {_clean(key): _clean(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
        case list() | tuple():
            return [_clean(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value


def log_row(run_uuid: UUID, event_id: int, at: datetime, event: Event) -> LogRow:
    """``event`` with its id."""
    return LogRow(event_id, at, event.type, encode({"run_uuid": str(run_uuid), "at": rfc3339(at), **event.data}))

"""Server-sent events, from bytes as they come."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from athena_client.errors import AthenaError

TERMINAL: Final = frozenset({"run.completed", "run.failed", "run.cancelled"})
MAX_EVENT_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True)
class Event:
    """One event of a run. Ids grow by one within a run; clients pass over types that they do not know."""

    id: int
    type: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_terminal(self) -> bool:
        """Whether the run ends with it."""
        return self.type in TERMINAL


class EventDecoder:
    """Makes events of a stream's bytes, however they are cut. What is unfinished is no event."""

    def __init__(self) -> None:
        self._rest = b""
        self._fields: dict[str, list[str]] = {}
        self._size = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that are whole with this chunk."""
        # Lines end with a line feed alone: characters such as U+2028 stand within JSON.
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        events: list[Event] = []
        for line in lines:
            self._size += len(line)
            if event := self._line(line.removesuffix(b"\r")):
                events.append(event)
        if self._size + len(self._rest) > MAX_EVENT_BYTES:
            raise AthenaError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        return events

    def _line(self, line: bytes) -> Event | None:
        if not line:
            fields, self._fields, self._size = self._fields, {}, 0
            return _event(fields) if "data" in fields else None
        if not line.startswith(b":"):
            name, _, value = line.decode("utf-8", "replace").partition(":")
            self._fields.setdefault(name, []).append(value.removeprefix(" "))
        return None


def _event(fields: dict[str, list[str]]) -> Event:
    try:
        data = json.loads("\n".join(fields["data"]))
        return Event(int(fields["id"][-1]), fields["event"][-1], data)
    except (KeyError, ValueError) as error:
        raise AthenaError("the stream holds what is no event of a run") from error

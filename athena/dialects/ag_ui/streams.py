"""A run as a front end follows it, and the places from which it goes on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

import orjson

from athena.approvals.service import ApprovalService
from athena.dialects.ag_ui.events import Events, Told
from athena.dialects.facts import is_whole
from athena.dialects.streams import ToldStream
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.sse import StreamedEvent
from athena.runs.service import RunService

LONGEST: Final = 2_048


@dataclass(frozen=True, slots=True)
class Place:
    """A run by the names that the front end has for it and its thread."""

    run_uuid: UUID
    thread_id: str
    run_id: str

    def mark(self, event_id: int) -> str:
        """The place behind an event of the run."""
        facts = [event_id, str(self.run_uuid), self.thread_id, self.run_id]
        return base64.urlsafe_b64encode(orjson.dumps(facts)).decode().rstrip("=")

    @classmethod
    def marked(cls, text: str) -> tuple[Self, int]:
        """The place and the event of a mark; :class:`ValidationFailed` for what is none."""
        try:
            match orjson.loads(base64.urlsafe_b64decode(f"{text[:LONGEST]}==")):
                case [int() as event_id, str() as run, str() as thread_id, str() as run_id] if 0 <= event_id < 2**62:
                    return cls(UUID(run), thread_id, run_id), event_id
                case _:
                    pass
        except (binascii.Error, ValueError):
            pass
        raise ValidationFailed.of("Last-Event-ID", "It is of no stream of this server.")


class RunStream(ToldStream):
    """Ends with the run, or when that asks for approval. ``after``: the event seen last; what is told of one depends on
    all before it, which are read again. ``since``: the approvals whose answers it goes on from. ``opening``: what is
    told beside the beginning.
    """

    def __init__(
        self,
        session: Session,
        access: Access,
        row: Row,
        place: Place,
        *,
        after: int = 0,
        since: Collection[str] = (),
        opening: Sequence[Told] = (),
    ) -> None:
        super().__init__(session, access, RunService(session, access).events(place.run_uuid))
        self._told_events = Events(place.thread_id, place.run_id, place.run_uuid, whole=is_whole(row))
        self._place = place
        self._after = after
        self._since = since
        self._opening = opening

    async def told(self, event: StreamedEvent) -> bytes:
        """The events that tell one."""
        data: dict[str, Any] = orjson.loads(event.data)
        told = list(self._told_events(event.type, data))
        if self._since:
            if data.get("approval_uuid") not in self._since or event.type != "approval.required":
                return b""
            self._since = ()
            told = [self._told_events.started(), *self._opening]
            told += await self._interrupts()
        elif event.id <= self._after:
            return b""
        elif event.type == "run.started":
            told += self._opening
        elif event.type == "approval.required":
            told += await self._interrupts()
        if self._told_events.ended:
            self.end()
        return self._frames(event.id, told)

    async def _interrupts(self) -> list[Told]:
        """The end, if the run waits for any of what it has asked so far."""
        async with self.session() as session:
            found = await ApprovalService(session, self._access).open_of([self._place.run_uuid])
        open_ones = found[self._place.run_uuid]
        if not any(str(row["uuid"]) in self._told_events.approvals for row in open_ones):
            return []
        return [self._told_events.interrupted(open_ones)]

    def _frames(self, event_id: int, told: Sequence[Told]) -> bytes:
        if not told:
            return b""
        frames = [b"data: " + orjson.dumps(each) + b"\n\n" for each in told]
        # What one event comes to is seen as a whole, or told again.
        return b"".join(frames[:-1]) + f"id: {self._place.mark(event_id)}\n".encode() + frames[-1]

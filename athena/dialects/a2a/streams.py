"""A run's events as the updates of a task."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson

from athena.approvals.answering import status_of
from athena.approvals.service import ApprovalService
from athena.dialects.a2a import parts, shown
from athena.dialects.progress import progress
from athena.dialects.streams import ToldStream
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.sse import StreamedEvent
from athena.runs.service import RunService

Update = dict[str, Any]
Wrap = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Puts an update into what the binding sends."""


class TaskStream(ToldStream):
    """Begins with the task as it is, ends with it or when it asks for input. ``after``: the event seen last; what is
    told of it depends on all events before, which are read again.
    """

    def __init__(
        self,
        session: Session,
        access: Access,
        row: Row,
        *,
        after: int = 0,
        task: Mapping[str, Any] | None = None,
        wrap: Wrap = dict,
    ) -> None:
        super().__init__(session, access, RunService(session, access).events(row["uuid"]))
        self._ids = shown.ids_of(row)
        self._artifact = row["labels"].get("message_uuid") or str(row["uuid"])
        self._after = after
        self._task = task
        self._wrap = wrap
        self._text = ""
        self._is_new = True

    def first(self) -> bytes:
        """The task."""
        return b"" if self._task is None else self._frames(None, [{"task": self._task}])

    async def told(self, event: StreamedEvent) -> bytes:
        """The updates that tell an event."""
        data: dict[str, Any] = orjson.loads(event.data)
        told = list(self._updates(event.id, event.type, data))
        if event.id <= self._after:
            return b""
        if event.type == "approval.required":
            told = await self._asked(UUID(data["approval_uuid"]), data["at"])
        return self._frames(event.id, told)

    def _frames(self, event_id: int | None, told: list[Update]) -> bytes:
        frames = [b"data: " + orjson.dumps(self._wrap(each)) + b"\n\n" for each in told]
        if not frames:
            return b""
        # What one event comes to is seen as a whole, or told again.
        head = b"" if event_id is None else b"id: %d\n" % event_id
        return b"".join(frames[:-1]) + head + frames[-1]

    def _updates(self, event_id: int, kind: str, data: Mapping[str, Any]) -> Iterator[Update]:
        match kind:
            case "message.delta":
                self._text += data["delta"]
                yield self._piece([parts.text(data["delta"])])
            case "message.restarted":
                self._text, self._is_new = "", True
            case "run.started":
                yield self._status(shown.WORKING, data["at"])
            case "tool_call.started" | "tool_call.completed":
                text = progress(kind, dict(data)) or ""
                yield self._status(shown.WORKING, data["at"], shown.said(self._ids, event_id, text))
            case "run.completed":
                yield self._whole(data["output"]["message"])
                yield self._end("succeeded", data)
            case "run.failed":
                yield self._end("failed", data, shown.said(self._ids, "error", data["error"]["message"]))
            case "run.cancelled":
                yield self._end("cancelled", data)
            case _:
                pass

    def _whole(self, answer: Mapping[str, Any]) -> Update:
        """The end of the answer; all of it, where that is other than what was told, as of who used tools between."""
        whole = shown.artifact(answer)
        if answer["content"] == self._text:
            return self._piece([parts.text(""), *whole["parts"][1:]], last=True)
        self._is_new = True
        return self._piece(whole["parts"], last=True)

    def _piece(self, found: list[Mapping[str, Any]] | list[dict[str, Any]], *, last: bool = False) -> Update:
        append, self._is_new = not self._is_new, False
        told = {"artifact": shown.piece(self._artifact, found), "append": append, "lastChunk": last}
        return {"artifactUpdate": {**self._ids, **told}}

    def _status(self, state: str, at: str, message: Mapping[str, Any] | None = None) -> Update:
        return {"statusUpdate": {**self._ids, "status": shown.status(state, at, message)}}

    def _end(self, status: str, data: Mapping[str, Any], message: Mapping[str, Any] | None = None) -> Update:
        self.end()
        return self._status(shown.STATES[status], data["at"], message)

    async def _asked(self, approval_uuid: UUID, at: str) -> list[Update]:
        """That the task waits for an answer, unless somebody has given it meanwhile; the stream ends with it."""
        async with self.session() as session:
            try:
                row = await ApprovalService(session, self._access).get(approval_uuid)
            except NotFound:
                return []
        if status_of(row) != "open":
            return []
        self.end()
        return [self._status(shown.INPUT_REQUIRED, at, shown.question(self._ids, row))]

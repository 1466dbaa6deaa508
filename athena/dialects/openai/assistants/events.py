"""A run's events as those of a streamed run of an assistant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from athena.dialects.facts import RunFacts
from athena.dialects.openai.assistants.shown import contents, run, seconds
from athena.dialects.openai.chunks import RESTARTED
from athena.dialects.openai.ids import id_of
from athena.dialects.sent import Sent, Unsayable
from athena.kit.sse import StreamedEvent

DONE: Final = b"event: done\ndata: [DONE]\n\n"
Told = Sequence[tuple[str, Mapping[str, Any]]]


class AssistantEvents:
    """Called with each event in turn. ``whole``: the answer is told at its end alone, since it must fit a schema."""

    def __init__(self, row: RunFacts, *, whole: bool, thread: Mapping[str, Any] | None = None) -> None:
        self._row = row
        self._whole = whole
        self._thread = thread
        self._sent = Sent()
        self._is_open = False
        self._ended = False

    def __call__(self, event: StreamedEvent) -> bytes:
        """The bytes to send; empty for what this dialect does not tell."""
        if self._ended:
            return b""
        try:
            told = self._told(event.type, orjson.loads(event.data))
        except Unsayable:
            self._ended = True
            told = [
                ("error", {"code": "answer_restarted", "message": RESTARTED, "param": None, "type": "server_error"})
            ]
        sent = b"".join(b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data)) for name, data in told)
        return sent + DONE if self._ended else sent

    def _told(self, kind: str, data: Mapping[str, Any]) -> Told:
        match kind:
            case "run.started":
                thread = [] if self._thread is None else [("thread.created", self._thread)]
                queued, begun = run(self._row, "queued"), run(self._row, "running")
                return [
                    *thread,
                    ("thread.run.created", queued),
                    ("thread.run.queued", queued),
                    ("thread.run.in_progress", begun),
                ]
            case "message.delta":
                self._sent.say(data["delta"])
                return [] if self._whole else self._said(self._sent.news())
            case "message.restarted":
                self._sent.restart()
            case "run.completed" | "run.failed" | "run.cancelled":
                return self._end(kind.removeprefix("run."), data)
            case _:
                pass
        return []

    def _end(self, how: str, data: Mapping[str, Any]) -> Told:
        told: list[tuple[str, Mapping[str, Any]]] = []
        ended = datetime.fromisoformat(data["at"])
        output: Mapping[str, Any] = data.get("output") or {}
        message: Mapping[str, Any] = output.get("message") or {}
        if message:
            content = message["content"] if self._whole else message.get("parts") or message["content"]
            said = contents("assistant", content)
            told += self._said(self._sent.rest(said[0]["text"]["value"] if said else ""))
            told.append(
                ("thread.message.completed", {**self._message("completed", said), "completed_at": seconds(ended)})
            )
        status = "succeeded" if how == "completed" else how
        end = run(self._row, status, output=data.get("output"), error=data.get("error"), finished_at=ended)
        self._ended = True
        return [*told, (f"thread.run.{end['status']}", end)]

    def _said(self, text: str) -> Told:
        """New text of the answer's message, which begins with the first of it."""
        if not text:
            return []
        told: list[tuple[str, Mapping[str, Any]]] = []
        if not self._is_open:
            self._is_open = True
            begun = self._message("in_progress", [])
            told += [("thread.message.created", begun), ("thread.message.in_progress", begun)]
        part: dict[str, Any] = {"index": 0, "type": "text", "text": {"value": text, "annotations": []}}
        delta = {"id": self._id, "object": "thread.message.delta", "delta": {"content": [part]}}
        return [*told, ("thread.message.delta", delta)]

    @property
    def _id(self) -> str:
        return id_of("msg_", self._row["labels"]["message_uuid"])

    def _message(self, status: str, content: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        shown = run(self._row, "running")
        return {
            "id": self._id,
            "object": "thread.message",
            "created_at": shown["created_at"],
            "thread_id": shown["thread_id"],
            "status": status,
            "incomplete_details": None,
            "completed_at": None,
            "incomplete_at": None,
            "role": "assistant",
            "content": content,
            "assistant_id": shown["assistant_id"],
            "run_id": shown["id"],
            "attachments": [],
            "metadata": {},
        }

"""A run's events as those of a streamed response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from athena.dialects.facts import RunFacts, is_whole
from athena.dialects.openai.chunks import RESTARTED
from athena.dialects.openai.folding import output_text
from athena.dialects.openai.ids import id_of
from athena.dialects.openai.responses.shown import output_items, response_at
from athena.dialects.sent import Sent, Unsayable
from athena.kit.sse import StreamedEvent

Told = Sequence[dict[str, Any]]


class ResponseEvents:
    """Called with each event in turn, from the first one: what is told is a function of the log alone, and so are the
    numbers. ``after`` is the last that was seen; what is not beyond it is not sent again.
    """

    def __init__(self, row: RunFacts, after: int | None = None) -> None:
        self._row = row
        self._after = -1 if after is None else after
        self._number = 0
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
            told = [{"type": "error", "code": "answer_restarted", "message": RESTARTED, "param": None}]
        return b"".join(map(self._numbered, told))

    def _numbered(self, event: Mapping[str, Any]) -> bytes:
        number, self._number = self._number, self._number + 1
        if number <= self._after:
            return b""
        data = orjson.dumps({**event, "sequence_number": number})
        return b"event: %s\ndata: %s\n\n" % (event["type"].encode(), data)

    def _told(self, kind: str, data: Mapping[str, Any]) -> Told:
        match kind:
            case "run.started":
                begun = response_at(self._row, "running")
                return [{"type": each, "response": begun} for each in ("response.created", "response.in_progress")]
            case "message.delta":
                self._sent.say(data["delta"])
                return [] if is_whole(self._row) else self._said(self._sent.news())
            case "message.restarted":
                self._sent.restart()
            case "run.completed":
                return self._completed(data)
            case "run.failed" | "run.cancelled":
                return [self._end("response.failed", kind.removeprefix("run."), error=data.get("error"))]
            case _:
                pass
        return []

    def _completed(self, data: Mapping[str, Any]) -> Told:
        output: Mapping[str, Any] = data if self._row["kind"] == "workflow" else data["output"]
        ended_at = datetime.fromisoformat(data["at"])
        end = self._end("response.completed", "succeeded", output=output, ended_at=ended_at)
        if end["response"]["incomplete_details"]:
            end["type"] = "response.incomplete"
        told: list[dict[str, Any]] = []
        items = output_items(self._row, output)
        if self._sent.text and not (items and items[0]["type"] == "message"):
            raise Unsayable
        for index, item in enumerate(items):
            told += self._message(item) if item["type"] == "message" else _call(index, item)
        return [*told, end]

    def _end(self, kind: str, status: str, **facts: Any) -> dict[str, Any]:
        self._ended = True
        return {"type": kind, "response": response_at(self._row, status, **facts)}

    @property
    def _place(self) -> dict[str, Any]:
        return {"item_id": id_of("msg_", self._row["uuid"]), "output_index": 0, "content_index": 0}

    def _said(self, text: str) -> Told:
        """New text of the answer's message, which begins with the first of it."""
        if not text:
            return []
        delta: dict[str, Any] = {"type": "response.output_text.delta", **self._place, "delta": text, "logprobs": []}
        if self._is_open:
            return [delta]
        self._is_open = True
        item = {"id": self._place["item_id"], "type": "message", "status": "in_progress", "role": "assistant"}
        return [
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
            {"type": "response.content_part.added", **self._place, "part": output_text("")},
            delta,
        ]

    def _message(self, item: Mapping[str, Any]) -> Told:
        """The end of the answer's message."""
        part: dict[str, Any] = item["content"][0]
        text: str = part["text"]
        done: dict[str, Any] = {"type": "response.output_text.done", **self._place, "text": text, "logprobs": []}
        return [
            *self._said(self._sent.rest(text)),
            done,
            {"type": "response.content_part.done", **self._place, "part": part},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
        ]


def _call(index: int, item: Mapping[str, Any]) -> Told:
    """A call, which comes whole."""
    place = {"output_index": index, "item_id": item["id"]}
    arguments: str = item["arguments"]
    name = "response.function_call_arguments"
    begun = {**item, "arguments": "", "status": "in_progress"}
    return [
        {"type": "response.output_item.added", "output_index": index, "item": begun},
        {"type": f"{name}.delta", **place, "delta": arguments},
        {"type": f"{name}.done", **place, "name": item["name"], "arguments": arguments},
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]

"""A run's events as the chunks of a streamed chat completion."""

from __future__ import annotations

from typing import Any, Final

import orjson

from athena.dialects.facts import RunFacts, is_whole
from athena.dialects.openai.completions import Said, answer_of
from athena.dialects.sent import Sent, Unsayable
from athena.kit.sse import StreamedEvent

DONE: Final = b"data: [DONE]\n\n"
RESTARTED: Final = "The answer was begun anew after part of it had been sent; ask again, or read the run's result."


class Chunks:
    """Called with each event in turn. What must fit a schema is sent at its end alone, since it may be rejected before;
    so is what a workflow gives.

    What is void after a ``message.restarted`` cannot be taken back here: text that repeats what was sent is not sent
    again, and any other ends the stream with an error.
    """

    def __init__(self, row: RunFacts, model: str, *, include_usage: bool) -> None:
        created = int(row["created_at"].timestamp())
        self._head = {"id": f"chatcmpl-{row['uuid']}", "object": "chat.completion.chunk", "created": created}
        self._is_workflow = row["kind"] == "workflow"
        self._model = model
        self._include_usage = include_usage
        self._whole = is_whole(row)
        self._sent = Sent()
        self._ended = False

    def __call__(self, event: StreamedEvent) -> bytes:
        """The bytes to send; empty for what this dialect does not tell."""
        if self._ended:
            return b""
        return self._told(event.type, orjson.loads(event.data))

    def _told(self, kind: str, data: dict[str, Any]) -> bytes:
        told = b""
        match kind:
            case "run.started":
                told = self._chunk({"role": "assistant", "content": "", "refusal": None})
            case "message.delta":
                self._sent.say(data["delta"])
                told = b"" if self._whole else self._show()
            case "message.restarted":
                self._sent.restart()
            case "run.completed":
                told = self._end(answer_of(data if self._is_workflow else data["output"]))
            case "run.failed":
                told = self._fail(data["error"]["message"], data["error"]["code"])
            case "run.cancelled":
                told = self._fail("The run was cancelled.", "run_cancelled")
            case _:
                pass
        return told

    def _show(self) -> bytes:
        try:
            new = self._sent.news()
        except Unsayable:
            return self._fail(RESTARTED, "answer_restarted")
        return self._chunk({"content": new}) if new else b""

    def _end(self, said: Said) -> bytes:
        chunks: list[bytes] = []
        if not self._sent.text and said.text:
            chunks.append(self._chunk({"content": said.text}))
        elif not self._whole and not self._sent.is_kept:
            return self._fail(RESTARTED, "answer_restarted")
        if said.calls:
            calls = [{"index": index, **call} for index, call in enumerate(said.calls)]
            chunks.append(self._chunk({"tool_calls": calls}))
        chunks.append(self._chunk({}, said.reason))
        if self._include_usage:
            chunks.append(_data({**self._head, "model": self._model, "choices": [], "usage": said.usage}))
        self._ended = True
        return b"".join([*chunks, DONE])

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        usage = {"usage": None} if self._include_usage else {}
        return _data({**self._head, "model": self._model, "choices": [choice], **usage})

    def _fail(self, message: str, code: str) -> bytes:
        self._ended = True
        return _data({"error": {"message": message, "type": "server_error", "param": None, "code": code}})


def _data(value: Any) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"

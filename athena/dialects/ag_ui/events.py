"""A run's events as those of AG-UI. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from athena.approvals.service import present
from athena.dialects.ag_ui.schemas import VERSION
from athena.dialects.questions import schema_of, text_of
from athena.dialects.sent import Sent, Unsayable
from athena.kit.db import Row

Told = dict[str, Any]
RESTARTED = "The answer was begun anew after part of it had been told; run it again, or read the run's result."


class Events:
    """Called with each event in turn, from the first one: what is told is a function of the log alone.

    What is void after a ``message.restarted`` cannot be taken back here: text that repeats what was told is not told
    again, and any other ends the run with an error. ``whole``: the answer is told at its end alone.
    """

    def __init__(self, thread_id: str, run_id: str, run_uuid: object, *, whole: bool) -> None:
        self._ids = {"threadId": thread_id, "runId": run_id}
        self._run_uuid = str(run_uuid)
        self._whole = whole
        self._sent = Sent()
        self._message = ""
        """The message that is open."""
        self._pieces = Counter[str]()
        self._calls = Counter[str]()
        """Ids of messages and calls, which may come again in a later turn and are told with a number then."""
        self._results: set[str] = set()
        self._asked: set[str] = set()
        """Calls that were told when people were asked about them, before they began."""
        self.approvals: set[str] = set()
        """What the run has asked for so far."""
        self.ended = False

    def __call__(self, kind: str, data: Mapping[str, Any]) -> Sequence[Told]:
        """What an event comes to."""
        try:
            told = list(self._told(kind, data))
        except Unsayable:
            told = [*self._close(), self._failed(RESTARTED, "answer_restarted")]
        timestamp = int(datetime.fromisoformat(data["at"]).timestamp() * 1000)
        return [{**each, "timestamp": timestamp} for each in told]

    def started(self) -> Told:
        """The beginning; ``metadata`` has the run as the API knows it."""
        return {
            "type": "RUN_STARTED",
            **self._ids,
            "protocolVersion": VERSION,
            "metadata": {"run_uuid": self._run_uuid},
        }

    def interrupted(self, open_ones: Sequence[Row]) -> Told:
        """The end of what is told, while the run waits for answers."""
        return self._finished({"type": "interrupt", "interrupts": [self._interrupt(row) for row in open_ones]})

    def _told(self, kind: str, data: Mapping[str, Any]) -> Iterator[Told]:
        match kind:
            case "run.started":
                yield self.started()
            case "message.delta":
                self._sent.say(data["delta"])
                if not self._whole:
                    yield from self._say(data["message_uuid"], self._sent.news())
            case "message.restarted":
                self._sent.restart()
            case "tool_call.started" if data["tool_call_id"] in self._asked:
                self._asked.discard(data["tool_call_id"])
            case "tool_call.started":
                yield from self._close()
                yield from self._call(data["tool_call_id"], data["name"], data["arguments"], data["message_uuid"])
            case "tool_call.completed":
                yield from self._result(data)
            case "approval.required":
                self.approvals.add(data["approval_uuid"])
                yield from self._close()
                self._asked.add(data["tool_call_id"])
                yield from self._call(data["tool_call_id"], data["name"], data["arguments"], data["message_uuid"])
            case _:
                yield from self._at_end(kind, data)

    def _at_end(self, kind: str, data: Mapping[str, Any]) -> Iterator[Told]:
        match kind:
            case "run.completed":
                yield from self._completed(data["output"]["message"])
            case "run.failed":
                yield from self._close()
                yield self._failed(data["error"]["message"], data["error"]["code"])
            case "run.cancelled":
                yield from self._close()
                yield self._finished({"type": "cancelled"})
            case _:
                pass

    def _say(self, message_uuid: str, text: str) -> Iterator[Told]:
        if not self._message and self._pieces[message_uuid]:
            # What parts it from the text before, which is a message of its own here.
            text = text.lstrip("\n")
        if not text:
            return
        if not self._message:
            self._message = _numbered(self._pieces, message_uuid)
            yield {"type": "TEXT_MESSAGE_START", "messageId": self._message, "role": "assistant"}
        yield {"type": "TEXT_MESSAGE_CONTENT", "messageId": self._message, "delta": text}

    def _close(self) -> Iterator[Told]:
        if self._message:
            yield {"type": "TEXT_MESSAGE_END", "messageId": self._message}
            self._message = ""

    def _call(self, call_id: str, name: str, arguments: str, message_uuid: str) -> Iterator[Told]:
        told_id = _numbered(self._calls, call_id)
        about = {"toolCallId": told_id}
        parent = _with_number(message_uuid, self._pieces[message_uuid])
        yield {"type": "TOOL_CALL_START", **about, "toolCallName": name, "parentMessageId": parent}
        if arguments:
            yield {"type": "TOOL_CALL_ARGS", **about, "delta": arguments}
        yield {"type": "TOOL_CALL_END", **about}

    def _result(self, data: Mapping[str, Any]) -> Iterator[Told]:
        call_id: str = data["tool_call_id"]
        told_id = _with_number(call_id, self._calls[call_id])
        if not self._calls[call_id] or told_id in self._results:
            # It was never begun: its function is unknown, or people have refused it.
            yield from self._close()
            yield from self._call(call_id, data["name"], "", data["message_uuid"])
            told_id = _with_number(call_id, self._calls[call_id])
        self._results.add(told_id)
        yield {
            "type": "TOOL_CALL_RESULT",
            "messageId": f"{told_id}.result",
            "toolCallId": told_id,
            "content": data["content"],
            "role": "tool",
        }

    def _completed(self, answer: Mapping[str, Any]) -> Iterator[Told]:
        text: str = answer["content"]
        if not self._sent.text:
            yield from self._say(answer["uuid"], text)
        elif not self._sent.is_kept:
            raise Unsayable
        yield from self._close()
        parts: Sequence[Mapping[str, Any]] = answer.get("parts") or ()
        pending: list[str] = []
        for part in parts if answer["finish_reason"] == "tool_calls" else ():
            if part["type"] == "tool_call":
                yield from self._call(part["id"], part["name"], part["arguments"], answer["uuid"])
                pending.append(_with_number(part["id"], self._calls[part["id"]]))
        outcome = {"type": "success", **({"pendingToolCallIds": pending} if pending else {})}
        finished = self._finished(outcome)
        if answer.get("data") is not None:
            finished["result"] = answer["data"]
        finished["usage"] = [_usage(answer)]
        yield finished

    def _interrupt(self, row: Row) -> Told:
        approval = present(row)
        call_id: str = approval["node_id"]
        told: Told = {
            "id": approval["uuid"],
            "reason": "approval",
            "message": text_of(approval),
            "responseSchema": schema_of(approval),
        }
        if self._calls[call_id]:
            told["toolCallId"] = _with_number(call_id, self._calls[call_id])
        if approval["expires_at"]:
            told["expiresAt"] = approval["expires_at"]
        return told

    def _finished(self, outcome: Told) -> Told:
        self.ended = True
        return {"type": "RUN_FINISHED", **self._ids, "outcome": outcome}

    def _failed(self, message: str, code: str) -> Told:
        self.ended = True
        return {"type": "RUN_ERROR", "message": message, "code": code}


def _numbered(seen: Counter[str], name: str) -> str:
    seen[name] += 1
    return _with_number(name, seen[name])


def _with_number(name: str, number: int) -> str:
    return name if number <= 1 else f"{name}.{number}"


def _usage(answer: Mapping[str, Any]) -> Told:
    usage: Mapping[str, Any] = answer["usage"]
    asked, answered = usage["input_tokens"] or 0, usage["output_tokens"] or 0
    counts = {"inputTokens": asked, "outputTokens": answered, "totalTokens": asked + answered}
    return {"model": answer["model"], **counts}

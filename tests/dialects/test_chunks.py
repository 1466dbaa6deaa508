"""What a stream of chunks makes of an answer that begins anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from athena.dialects.openai.chunks import Chunks
from athena.kit.ids import new_uuid

USAGE = {"input_tokens": 7, "output_tokens": 3, "cost": None}


@dataclass(frozen=True)
class Event:
    """As the engine hands it on."""

    type: str
    data: bytes
    id: int = 1


def event(kind: str, **data: Any) -> Event:
    return Event(kind, json.dumps(data).encode())


def completed(text: str) -> Event:
    message = {"content": text, "finish_reason": "length", "usage": USAGE}
    return event("run.completed", output={"message": message}, usage=USAGE)


def told(*events: Event) -> list[Any]:
    row = {"uuid": new_uuid(), "created_at": datetime.now(UTC), "kind": "agent", "input": {}}
    chunks = Chunks(row, "small", include_usage=False)
    lines = b"".join(map(chunks, events)).decode().split("\n\n")
    return [json.loads(line) if line != "[DONE]" else line for each in lines if (line := each.removeprefix("data: "))]


def test_text_that_repeats_what_was_sent_is_not_sent_again() -> None:
    *chunks, done = told(
        event("message.delta", delta="Wide "),
        event("message.restarted"),
        event("message.delta", delta="Wi"),
        event("message.delta", delta="de ones."),
        completed("Wide ones."),
    )
    deltas = [each["choices"][0]["delta"].get("content") for each in chunks]
    assert deltas == ["Wide ", "ones.", None]
    assert (chunks[-1]["choices"][0]["finish_reason"], done) == ("length", "[DONE]")


def test_other_text_ends_the_stream_with_an_error() -> None:
    chunks = told(
        event("message.delta", delta="Wide "),
        event("message.restarted"),
        event("message.delta", delta="Narrow"),
        completed("Narrow ones."),
    )
    assert [each.get("error", {}).get("code") for each in chunks] == [None, "answer_restarted"]


def test_an_answer_that_ends_before_what_was_sent_is_an_error() -> None:
    chunks = told(
        event("message.delta", delta="Wide ones."),
        event("message.restarted"),
        event("message.delta", delta="Wide"),
        completed("Wide"),
    )
    assert chunks[-1]["error"]["code"] == "answer_restarted"


def test_a_cancelled_run_ends_the_stream_with_an_error() -> None:
    [chunk] = told(event("run.cancelled"))
    assert chunk["error"]["code"] == "run_cancelled"

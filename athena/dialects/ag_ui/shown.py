"""What was said in a thread, as a front end keeps it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from athena.kit.db import Row

Shown = dict[str, Any]


def snapshot(rows: Sequence[Row]) -> list[Shown]:
    """Stored messages, the oldest first; one that used tools is several here, with the results between them."""
    return [shown for row in rows if row["content"] for shown in _shown(row)]


def said_by_user(rows: Sequence[Row]) -> int:
    """How often the user spoke."""
    return sum(row["role"] == "user" for row in rows)


def _shown(row: Row) -> Iterator[Shown]:
    content: str | Sequence[Mapping[str, Any]] = row["content"]
    name, role = str(row["uuid"]), row["role"]
    if isinstance(content, str):
        yield {"id": name, "role": role, "content": content}
    elif role == "user":
        yield {"id": name, "role": role, "content": [_part(part) for part in content]}
    else:
        yield from _turns(name, role, content)


def _turns(name: str, role: str, content: Sequence[Mapping[str, Any]]) -> Iterator[Shown]:
    turn: Shown = {}
    number = 0
    for part in content:
        if part["type"] == "tool_result":
            if turn:
                yield turn
            turn = {}
            call_id = part["tool_call_id"]
            result = {"id": f"{call_id}.result", "role": "tool", "toolCallId": call_id, "content": part["content"]}
            yield result
            continue
        if not turn:
            number += 1
            turn = {"id": name if number == 1 else f"{name}.{number}", "role": role}
        if part["type"] == "text":
            turn["content"] = turn.get("content", "") + part["text"]
        elif part["type"] == "tool_call":
            function = {"name": part["name"], "arguments": part["arguments"]}
            turn.setdefault("toolCalls", []).append({"id": part["id"], "type": "function", "function": function})
    if turn:
        yield turn


def _part(part: Mapping[str, Any]) -> Shown:
    if part["type"] == "text":
        return {"type": "text", "text": part["text"]}
    kind = "image" if part["type"] == "image" else "document"
    return {"type": kind, "source": {"type": "file", "value": part["media_uuid"]}}

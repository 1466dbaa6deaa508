"""Between items, in which this dialect tells a conversation, and messages, in which threads and runs keep it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

from athena.dialects.openai.ids import id_of
from athena.dialects.openai.uploads import part_of_file
from athena.kit.errors import ValidationFailed
from athena.runs.speech import BETWEEN

Stored = str | list[dict[str, Any]]
ROLES: Final = {"developer": "system"}


def fold(said: list[dict[str, Any]], items: Sequence[Mapping[str, Any]], where: str, *, sealed: int = 0) -> None:
    """Adds items to the messages before them: calls stand in the answer that made them, and results beside the calls.

    To the first ``sealed`` messages nothing but results is added. ``where``: the request's field, for errors.
    """
    for number, item in enumerate(items):
        match item["type"]:
            case "message":
                said.append({"role": ROLES.get(item["role"], item["role"]), "content": _stored(item["content"])})
            case "function_call":
                if len(said) <= sealed or said[-1]["role"] != "assistant":
                    said.append({"role": "assistant", "content": []})
                call = {"type": "tool_call", "id": item["call_id"], "name": item["name"]}
                _parts(said[-1]).append({**call, "arguments": item["arguments"]})
            case _:
                result = {"type": "tool_result", "tool_call_id": item["call_id"], "content": item["output"]}
                _caller(said, item["call_id"], f"{where}.{number}.call_id").append(result)


def _stored(content: Sequence[Mapping[str, Any]]) -> Stored:
    if all("text" in part for part in content):
        return "\n\n".join(part["text"] for part in content)
    return [{"type": "text", "text": part["text"]} if "text" in part else part_of_file(part) for part in content]


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content: Stored = message["content"]
    if isinstance(content, str):
        content = message["content"] = [{"type": "text", "text": content}] if content else []
    return content


def _caller(said: Sequence[dict[str, Any]], call_id: str, where: str) -> list[dict[str, Any]]:
    """The parts of the message that made this call and has no result of it."""
    for message in reversed(said):
        if message["role"] == "assistant" and not isinstance(message["content"], str):
            parts = cast("list[dict[str, Any]]", message["content"])
            if call_id in {part.get("tool_call_id") for part in parts}:
                raise ValidationFailed.of(where, "This call has its result already.")
            if call_id in {part["id"] for part in parts if part["type"] == "tool_call"}:
                return parts
    raise ValidationFailed.of(where, "Nothing before it calls for this result.")


@dataclass(frozen=True, slots=True)
class Told:
    """An item, and which parts of a message it tells."""

    item: dict[str, Any]
    parts: frozenset[int]


def unfold(
    uuid: UUID,
    role: str,
    content: Stored,
    *,
    status: str = "completed",
    attached: Sequence[tuple[UUID, str]] = (),
) -> list[Told]:
    """A message as items; ``uuid`` is the run's if one answered with it, and its own otherwise."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    shown = {number: part for number, part in enumerate(parts) if not part["type"].startswith("tool_")}
    others = [_other(uuid, parts, number) for number, part in enumerate(parts) if part["type"].startswith("tool_")]
    told = [_content(role, part) for part in shown.values()]
    told += [{"type": "input_file", "file_id": id_of("file-", media), "filename": name} for media, name in attached]
    if role == "assistant":
        text = BETWEEN.join(part["text"] for part in told if part.get("text"))
        told = [output_text(text)] if text else []
    if not told:
        return others
    item = {"id": id_of("msg_", uuid), "type": "message", "status": status, "role": role, "content": told}
    message = Told(item, frozenset(shown))
    # What was said after the tools had answered is told after them.
    last = max((number for number, part in enumerate(parts) if part["type"] == "tool_result"), default=len(parts))
    return [*others, message] if max(shown, default=0) > last else [message, *others]


def output_text(text: str) -> dict[str, Any]:
    """Answered text as a message's content."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _content(role: str, part: Mapping[str, Any]) -> dict[str, Any]:
    match part["type"]:
        case "text" if role == "assistant":
            return output_text(part["text"])
        case "text":
            return {"type": "input_text", "text": part["text"]}
        case "image":
            return {"type": "input_image", "file_id": id_of("file-", part["media_uuid"]), "detail": "auto"}
        case _:
            return {"type": "input_file", "file_id": id_of("file-", part["media_uuid"])}


def _other(uuid: UUID, parts: Sequence[Mapping[str, Any]], number: int) -> Told:
    """A call, or its result."""
    part = parts[number]
    nth = sum(each["type"] == part["type"] for each in parts[:number])
    if part["type"] == "tool_call":
        item = {"id": f"{id_of('fc_', uuid)}_{nth}", "type": "function_call", "call_id": part["id"]}
        item |= {"name": part["name"], "arguments": part["arguments"], "status": "completed"}
    else:
        item = {"id": f"{id_of('fco_', uuid)}_{nth}", "type": "function_call_output", "status": "completed"}
        item |= {"call_id": part["tool_call_id"], "output": part["content"]}
    return Told(item, frozenset({number}))


def listed(items: Sequence[Mapping[str, Any]], *, after: str | None, limit: int, ascending: bool) -> dict[str, Any]:
    """A page of items, in this dialect's form of a list."""
    ordered = list(items) if ascending else list(reversed(items))
    begin = 0
    if after is not None:
        begin = 1 + next((at for at, each in enumerate(ordered) if each["id"] == after), -2)
        if begin < 0:
            raise ValidationFailed.of("after", "This list has no such item.")
    return page(ordered[begin : begin + limit], has_more=len(ordered) > begin + limit)


def page(items: Sequence[Mapping[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """A list in this dialect's form."""
    first, last = (items[0]["id"], items[-1]["id"]) if items else (None, None)
    return {"object": "list", "data": list(items), "first_id": first, "last_id": last, "has_more": has_more}

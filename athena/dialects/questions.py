"""Approvals and forms as another program asks its user: a text, and what an answer looks like. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from athena.approvals.schemas import ApprovalAnswerCreate

LONGEST: Final = 4_000
TYPES: Final = {
    "text": {"type": "string"},
    "choice": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
}
DECISION: Final = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "title": "Decision", "enum": ["approved", "refused"]},
        "comment": {"type": "string", "title": "Comment", "maxLength": 2_000},
    },
    "required": ["decision"],
}


def text_of(approval: Mapping[str, Any]) -> str:
    """What the user reads."""
    return "\n\n".join(filter(None, (approval["title"], approval["message"], _shown(approval["payload"]))))


def schema_of(approval: Mapping[str, Any]) -> dict[str, Any]:
    """What the user fills in."""
    return DECISION if approval["kind"] == "approval" else _form(approval["fields"])


def answer_of(kind: str, content: Mapping[str, Any]) -> ApprovalAnswerCreate:
    """What the user has filled in, as an answer; pydantic's error where it is none."""
    if kind == "form":
        return ApprovalAnswerCreate(values=dict(content))
    known = {name: content[name] for name in ("decision", "comment") if content.get(name) is not None}
    return ApprovalAnswerCreate.model_validate(known)


def _shown(payload: Any) -> str:
    if payload is None:
        return ""
    text = payload if isinstance(payload, str) else orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _form(fields: list[Mapping[str, Any]]) -> dict[str, Any]:
    properties = {
        each["name"]: {
            **TYPES[each["type"]],
            "title": each["label"] or each["name"],
            **({"description": each["description"]} if each["description"] else {}),
            **({"enum": each["options"]} if each["options"] else {}),
            **({"default": each["default"]} if each["default"] is not None else {}),
        }
        for each in fields
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [each["name"] for each in fields if each["required"]],
    }

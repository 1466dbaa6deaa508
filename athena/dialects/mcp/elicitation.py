"""Approvals and forms as what a client asks its user, and the user's answer as the approval's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from athena.approvals.schemas import ApprovalAnswerCreate
from athena.dialects.mcp.rpc import Object
from athena.kit.db import Row

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


def asked(approval: Mapping[str, Any], *, has_modes: bool) -> dict[str, Any]:
    """The parameters of ``elicitation/create``; ``has_modes``: of a version that knows others than forms."""
    text = "\n\n".join(filter(None, (approval["title"], approval["message"], _shown(approval["payload"]))))
    schema = DECISION if approval["kind"] == "approval" else _form(approval["fields"])
    return {**({"mode": "form"} if has_modes else {}), "message": text, "requestedSchema": schema}


def answered(approval: Row, given: Object) -> ApprovalAnswerCreate | None:
    """The user's answer; ``None`` of who gave none. Who declines to approve refuses; a form can only be left open."""
    filled = given.get("content")
    content = cast("dict[str, Any]", filled) if isinstance(filled, dict) else None
    match given.get("action"), approval["kind"]:
        case "accept", "approval" if content is not None:
            known = {name: content[name] for name in ("decision", "comment") if content.get(name) is not None}
            return ApprovalAnswerCreate.model_validate(known)
        case "accept", "form" if content is not None:
            return ApprovalAnswerCreate(values=content)
        case "decline", "approval":
            return ApprovalAnswerCreate(decision="refused")
        case _:
            return None


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

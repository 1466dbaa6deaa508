"""Approvals and forms as what a client asks its user, and the user's answer as the approval's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from athena.approvals.schemas import ApprovalAnswerCreate
from athena.dialects.questions import answer_of, schema_of, text_of
from athena.dialects.rpc import Object
from athena.kit.db import Row


def asked(approval: Mapping[str, Any], *, has_modes: bool) -> dict[str, Any]:
    """The parameters of ``elicitation/create``; ``has_modes``: of a version that knows others than forms."""
    wanted = {"message": text_of(approval), "requestedSchema": schema_of(approval)}
    return {**({"mode": "form"} if has_modes else {}), **wanted}


def answered(approval: Row, given: Object) -> ApprovalAnswerCreate | None:
    """The user's answer; ``None`` of who gave none. Who declines to approve refuses; a form can only be left open."""
    filled = given.get("content")
    content = cast("dict[str, Any]", filled) if isinstance(filled, dict) else None
    match given.get("action"), approval["kind"]:
        case "accept", kind if content is not None:
            return answer_of(kind, content)
        case "decline", "approval":
            return ApprovalAnswerCreate(decision="refused")
        case _:
            return None

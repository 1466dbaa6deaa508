"""Guardrails as they are stored, without a database."""

from __future__ import annotations

from typing import Any

from athena.guardrails.configs import checked
from athena.guardrails.judging import Row
from athena.kit.ids import new_uuid
from athena.llm.types import Completed, ModelRequest

STAGES = ["input", "output", "tool_call", "tool_result"]


def guardrail(kind: Any, action: Any = "refuse", /, *, shadow: bool = False, **config: Any) -> dict[str, Any]:
    return {
        "uuid": new_uuid(),
        "name": f"No {kind}",
        "enabled": True,
        "stages": STAGES,
        "type": kind,
        "config": checked(kind, config, action),
        "action": action,
        "shadow": shadow,
        "message": "Not here.",
    }


async def nobody(_guardrail: Row, _request: ModelRequest) -> Completed:
    raise AssertionError("no model is asked")

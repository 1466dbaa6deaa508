"""What a program is told that asked to be told of one run: updates of a task, as A2A has them. Pure.

Here, and not with that dialect, since what sends it lies below all dialects. Thin: the receiver has no permissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

STATES: Final[Mapping[str, str]] = {
    "approval.created": "TASK_STATE_INPUT_REQUIRED",
    "approval.answered": "TASK_STATE_WORKING",
    "run.completed": "TASK_STATE_COMPLETED",
    "run.failed": "TASK_STATE_FAILED",
    "run.cancelled": "TASK_STATE_CANCELED",
}
"""The events that are told, and which state a task has then."""


def update(payload: Mapping[str, Any], run_uuid: UUID, thread_uuid: str | None) -> dict[str, Any]:
    """What is sent of an event of the log of changes."""
    state = STATES[payload["type"]]
    if payload["data"].get("status") == "open":
        # Others have to approve it, too.
        state = STATES["approval.created"]
    status = {"state": state, "timestamp": payload["timestamp"]}
    ids = {"taskId": str(run_uuid), "contextId": thread_uuid or str(run_uuid)}
    return {"statusUpdate": {**ids, "status": status}}

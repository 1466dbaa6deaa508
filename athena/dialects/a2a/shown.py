"""A run as a task. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from athena.approvals.service import present as present_approval
from athena.dialects.a2a import parts
from athena.dialects.questions import schema_of, text_of
from athena.kit import clock
from athena.kit.db import Row

DIALECT: Final = "a2a"
STATES: Final = {
    "queued": "TASK_STATE_SUBMITTED",
    "running": "TASK_STATE_WORKING",
    "waiting": "TASK_STATE_WORKING",
    "succeeded": "TASK_STATE_COMPLETED",
    "failed": "TASK_STATE_FAILED",
    "cancelled": "TASK_STATE_CANCELED",
}
"""Of a run that asks nobody anything."""
INPUT_REQUIRED: Final = "TASK_STATE_INPUT_REQUIRED"
WORKING: Final = "TASK_STATE_WORKING"


def ids_of(row: Row) -> dict[str, str]:
    """The task's id and its context's: the thread, or the run itself where there is none."""
    return {"taskId": str(row["uuid"]), "contextId": row["labels"].get("thread_uuid") or str(row["uuid"])}


def task(
    row: Row, open_ones: Sequence[Row], *, history_length: int | None = None, with_artifacts: bool = True
) -> dict[str, Any]:
    """A run as it is now; ``open_ones`` are the approvals that it waits for."""
    ids = ids_of(row)
    ended = row["finished_at"] is not None
    message = None
    if open_ones and not ended:
        message = question(ids, open_ones[0])
    elif row["error"] is not None:
        message = said(ids, "error", row["error"]["message"])
    state = INPUT_REQUIRED if open_ones and not ended else STATES[row["status"]]
    shown: dict[str, Any] = {
        "id": ids["taskId"],
        "contextId": ids["contextId"],
        "status": status(state, row["finished_at"] or row["updated_at"], message),
    }
    request: Mapping[str, Any] = row["input"].get("request") or {}
    if request.get("dialect") == DIALECT and history_length != 0:
        shown["history"] = [{**request["message"], **ids}]
    output: Mapping[str, Any] = row["output"] or {}
    answer: Mapping[str, Any] = output.get("message") or {}
    if answer:
        usage: Mapping[str, Any] = answer["usage"]
        shown["metadata"] = {"model": answer["model"], "usage": usage}
        if with_artifacts:
            shown["artifacts"] = [artifact(answer)]
    return shown


def status(state: str, at: Any, message: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A task's status; ``at``: a time, or its text."""
    moment = at if isinstance(at, str) else clock.rfc3339(at)
    return {"state": state, "timestamp": moment, **({"message": message} if message else {})}


def said(ids: Mapping[str, str], name: object, text: str) -> dict[str, Any]:
    """What the agent says of a task, as a message; ``name`` tells it from others of the task."""
    return {"messageId": f"{ids['taskId']}.{name}", "role": "ROLE_AGENT", "parts": [parts.text(text)], **ids}


def question(ids: Mapping[str, str], row: Row) -> dict[str, Any]:
    """An approval as a message: what is asked, and as data what an answer looks like."""
    approval = present_approval(row)
    asked = {parts.NAME: approval["uuid"], "kind": approval["kind"], "schema": schema_of(approval)}
    return {
        "messageId": approval["uuid"],
        "role": "ROLE_AGENT",
        "parts": [parts.text(text_of(approval)), parts.data(asked)],
        **ids,
    }


def artifact(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A run's answer: its text, and beside that its data, where it has any."""
    found = [parts.text(answer["content"])]
    if answer.get("data") is not None:
        found.append(parts.data(answer["data"]))
    return piece(answer["uuid"], found)


def piece(uuid: UUID | str, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Some parts of an answer."""
    return {"artifactId": str(uuid), "name": "answer", "parts": list(found)}

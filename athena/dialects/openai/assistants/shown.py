"""Agents, threads, messages and runs as the assistants' clients know them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from athena.dialects.facts import RunFacts
from athena.dialects.openai.completions import answer_of
from athena.dialects.openai.ids import id_of
from athena.dialects.openai.metadata import free
from athena.kit.db import Row
from athena.kit.errors import BudgetExhausted
from athena.runs.speech import BETWEEN

STATUSES: Final = {"running": "in_progress", "waiting": "in_progress", "succeeded": "completed"}
INCOMPLETE: Final = {"failed": "run_failed", "cancelled": "run_cancelled"}


def seconds(moment: datetime | None) -> int | None:
    """A moment in this dialect."""
    return None if moment is None else int(moment.timestamp())


def assistant(row: Row) -> dict[str, Any]:
    """An agent."""
    schema = row["output_schema"]
    return {
        "id": id_of("asst_", row["uuid"]),
        "object": "assistant",
        "created_at": seconds(row["created_at"]),
        "name": row["name"],
        "description": row["description"] or None,
        "instructions": row["system_prompt"],
        "model": row["model"] or "",
        "tools": [],
        "tool_resources": {},
        "metadata": free(row["metadata"]),
        "temperature": row["metadata"].get("temperature"),
        "top_p": 1.0,
        "response_format": "auto" if schema is None else _schema(schema),
    }


def _schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


def thread(row: Row) -> dict[str, Any]:
    """A thread."""
    return {
        "id": id_of("thread_", row["uuid"]),
        "object": "thread",
        "created_at": seconds(row["created_at"]),
        "metadata": free(row["metadata"]),
        "tool_resources": {},
    }


def message(row: Row, attached: Sequence[tuple[Any, str]] = ()) -> dict[str, Any]:
    """A message of a thread, with the media that came with it."""
    status = "in_progress" if row["status"] == "pending" else "completed"
    reason = INCOMPLETE.get(row["status"])
    ended = seconds(row["updated_at"]) if row["role"] == "assistant" else seconds(row["created_at"])
    return {
        "id": id_of("msg_", row["uuid"]),
        "object": "thread.message",
        "created_at": seconds(row["created_at"]),
        "thread_id": id_of("thread_", row["thread_uuid"]),
        "status": "incomplete" if reason else status,
        "incomplete_details": {"reason": reason} if reason else None,
        "completed_at": ended if status == "completed" and not reason else None,
        "incomplete_at": ended if reason else None,
        "role": "assistant" if row["role"] == "assistant" else "user",
        "content": contents(row["role"], row["content"]),
        "assistant_id": id_of("asst_", row["agent_uuid"]) if row["agent_uuid"] else None,
        "run_id": id_of("run_", row["run_uuid"]) if row["run_uuid"] else None,
        "attachments": [{"file_id": id_of("file-", uuid), "tools": []} for uuid, _ in attached],
        "metadata": texts(row["metadata"]),
    }


def texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """What of a message's metadata this dialect can show."""
    return {key: value for key, value in metadata.items() if isinstance(value, str)}


def contents(role: str, content: str | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A message's content. An answer is one text, whatever was done in between."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if role == "assistant":
        joined = BETWEEN.join(part["text"] for part in parts if part["type"] == "text")
        return [text(joined)] if joined else []
    shown = (part for part in parts if part["type"] in {"text", "image"})
    return [text(part["text"]) if part["type"] == "text" else _image(part) for part in shown]


def text(value: str) -> dict[str, Any]:
    """Text as a content."""
    return {"type": "text", "text": {"value": value, "annotations": []}}


def _image(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "image_file", "image_file": {"file_id": id_of("file-", part["media_uuid"]), "detail": "auto"}}


def run(row: RunFacts, status: str | None = None, **facts: Any) -> dict[str, Any]:
    """A run, as its row has it; or as it is, or was, with another ``status`` and its ``facts``."""
    state = status or row["status"]
    known = {name: row[name] if status is None else None for name in ("output", "error", "finished_at")} | facts
    given: Mapping[str, Any] = row["input"]
    request: Mapping[str, Any] = given.get("request") or {}
    asked: Mapping[str, Any] = request["shown"] if request.get("dialect") == "assistants" else {}
    output, error, ended = known["output"], known["error"], seconds(known["finished_at"])
    is_cut = state == "succeeded" and output is not None and answer_of(output).reason == "length"
    labels = row["labels"]
    return {
        "id": id_of("run_", row["uuid"]),
        "object": "thread.run",
        "created_at": seconds(row["created_at"]),
        "thread_id": id_of("thread_", labels["thread_uuid"]),
        "assistant_id": id_of("asst_", labels["agent_uuid"]) if labels.get("agent_uuid") else "",
        "status": "incomplete" if is_cut else STATUSES.get(state, state),
        "started_at": seconds(row["started_at"]),
        "completed_at": ended if state == "succeeded" else None,
        "failed_at": ended if state == "failed" else None,
        "cancelled_at": ended if state == "cancelled" else None,
        "expires_at": None,
        "required_action": None,
        "last_error": _error(error) if error and state == "failed" else None,
        "incomplete_details": {"reason": "max_completion_tokens"} if is_cut else None,
        "model": given["model"] or "",
        # The agent's own are for who may see the agent.
        "instructions": "",
        "tools": [],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "max_prompt_tokens": None,
        "response_format": "auto",
        "usage": answer_of(output).usage if state == "succeeded" and output is not None else None,
        "metadata": {},
        "temperature": None,
        "top_p": None,
        "max_completion_tokens": None,
        **asked,
    }


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    spent = error["code"] in {"limit_reached", BudgetExhausted.code}
    return {"code": "rate_limit_exceeded" if spent else "server_error", "message": error["message"]}


def step(row: RunFacts) -> dict[str, Any]:
    """The one step of a run that is told here: its answer."""
    shown = run(row)
    return {
        "id": id_of("step_", row["uuid"]),
        "object": "thread.run.step",
        "type": "message_creation",
        "status": "in_progress" if shown["status"] == "queued" else _step_status(shown["status"]),
        "step_details": {
            "type": "message_creation",
            "message_creation": {"message_id": id_of("msg_", row["labels"]["message_uuid"])},
        },
        "run_id": shown["id"],
        "expired_at": None,
        "metadata": {},
        **{name: shown[name] for name in ("created_at", "thread_id", "assistant_id", "completed_at", "failed_at")},
        **{name: shown[name] for name in ("cancelled_at", "last_error", "usage")},
    }


def _step_status(status: str) -> str:
    return "completed" if status == "incomplete" else status

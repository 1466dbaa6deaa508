"""A run as a response. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from athena.dialects.facts import RunFacts, is_whole
from athena.dialects.openai.completions import answer_of
from athena.dialects.openai.folding import output_text, unfold
from athena.dialects.openai.ids import id_of

STATUSES: Final = {"running": "in_progress", "waiting": "in_progress", "succeeded": "completed"}
INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response(row: RunFacts) -> dict[str, Any]:
    """As it is now."""
    return response_at(row, row["status"], output=row["output"], error=row["error"], ended_at=row["finished_at"])


def response_at(
    row: RunFacts,
    status: str,
    *,
    output: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
    ended_at: datetime | None = None,
) -> dict[str, Any]:
    """As it is, or was, when the run had this status; ``output`` and ``error`` are the run's."""
    request = row["input"]["request"]
    done = status == "succeeded" and output is not None
    cut = INCOMPLETE.get(answer_of(output).reason) if done and output is not None else None
    conversation = request["conversation"]
    return {
        "id": id_of("resp_", row["uuid"]),
        "object": "response",
        "created_at": int(row["created_at"].timestamp()),
        "status": "incomplete" if cut else STATUSES.get(status, status),
        "completed_at": int(ended_at.timestamp()) if done and not cut and ended_at else None,
        "error": {key: error[key] for key in ("code", "message")} if error and status == "failed" else None,
        "incomplete_details": {"reason": cut} if cut else None,
        "conversation": {"id": id_of("conv_", conversation)} if conversation else None,
        "output": output_items(row, output) if done and output is not None else [],
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "truncation": "auto",
        "usage": _usage(output) if done and output is not None else None,
        **request["shown"],
    }


def output_items(row: RunFacts, output: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was answered: a message, and the calls of functions of the caller's."""
    said = answer_of(output)
    message: Mapping[str, Any] = output.get("message") or {}
    told = unfold(row["uuid"], "assistant", message.get("parts") or said.text)
    items = [each.item for each in told if each.item["type"] == "message"]
    if is_whole(row) and items:
        items[0]["content"] = [output_text(said.text)]
    if said.reason in INCOMPLETE:
        items = [{**each, "status": "incomplete"} for each in items]
    if said.calls:
        items += [each.item for each in told if each.item["type"] == "function_call"]
    return items


def input_items(row: RunFacts) -> list[dict[str, Any]]:
    """What the request added to the conversation."""
    prefixes = {"message": "msg_", "function_call": "fc_", "function_call_output": "fco_"}
    return [
        {"id": f"{id_of(prefixes[item['type']], row['uuid'])}_in{number}", **item}
        for number, item in enumerate(row["input"]["request"]["items"])
    ]


def _usage(output: Mapping[str, Any]) -> dict[str, Any]:
    usage = answer_of(output).usage
    return {
        "input_tokens": usage["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage["total_tokens"],
    }

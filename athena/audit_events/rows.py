"""Entries as lines of a file. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from athena.audit_events.schemas import Format

COLUMNS = (
    "uuid",
    "created_at",
    "action",
    "resource_type",
    "resource_uuid",
    "actor_user_uuid",
    "credential_kind",
    "credential_uuid",
    "address",
    "user_agent",
    "request_id",
    "details",
)
# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def head(form: Format) -> bytes:
    """What stands before the first entry."""
    return b"" if form == "jsonl" else _csv([COLUMNS])


def lines(items: Sequence[Mapping[str, Any]], form: Format) -> bytes:
    """Entries, as the API shows them, one a line."""
    if form == "jsonl":
        return b"".join(
            orjson.dumps({key: value for key, value in item.items() if key != "actor"}, default=str) + b"\n"
            for item in items
        )
    return _csv([_cells(item) for item in items])


def _cells(item: Mapping[str, Any]) -> Sequence[str]:
    credential: Mapping[str, Any] = item["credential"]
    flat = {
        **item,
        "credential_kind": credential["kind"],
        "credential_uuid": credential["uuid"],
        "details": orjson.dumps(item["details"]).decode(),
    }
    return [_cell(flat[name]) for name in COLUMNS]


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()

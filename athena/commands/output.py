"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, cast

CELL = 60
CONTROL = re.compile("[\x7f-\x9f]")


def clean(text: str) -> str:
    """The text without what could command a terminal."""
    return "".join(each for each in text if each in "\n\t" or unicodedata.category(each) != "Cc")


def cell(value: Any) -> str:
    """A value in a table: one line, and not too long."""
    if value is None:
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(clean(text).split())
    return line if len(line) <= CELL else f"{line[: CELL - 1]}…"


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows below the names of the columns."""
    lines = [[name.upper() for name in columns], *([cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def as_json(value: Any) -> str:
    """A value for programs, on one line. All control characters are escaped: JSON itself lets some stand."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def write(text: str) -> None:
    """Shows a piece of an answer at once."""
    sys.stdout.write(clean(text))
    sys.stdout.flush()


def failure(data: Mapping[str, Any]) -> str:
    """Why a run failed, of its last event or its resource."""
    error = data.get("error")
    if isinstance(error, dict):
        given = cast("dict[str, Any]", error)
        code = f" ({given['code']})" if given.get("code") else ""
        return f"{given.get('message') or 'it failed'}{code}"
    return "it failed"

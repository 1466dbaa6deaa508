"""Results within their limit: what is too long is cut so that the rest can still be read. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

import orjson

from athena.tools.base import ToolResult, ToolUsage

DEEPEST: Final = 24
FEWEST_ITEMS: Final = 256
BYTES_OF_ITEM: Final = 16
CUT: Final = "…"
NUL: Final = b"\\u0000"
_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def json_result(value: Any, *, usage: ToolUsage | None = None, details: Mapping[str, Any] | None = None) -> ToolResult:
    """A JSON value as a result: the model reads it as compact JSON."""
    return ToolResult(_text(value), value, usage=usage, details=details or {})


def failure(code: str, message: str, *, unknown: bool = False) -> ToolResult:
    """A call that did not work, as a result that a model reads. ``unknown``: it may have taken effect all the same."""
    note = " It is not known whether it took effect." if unknown else ""
    details: dict[str, Any] = {"error": {"code": code, "message": message}, **({"unknown": True} if unknown else {})}
    return ToolResult(f"Error ({code}): {message}{note}", is_error=True, details=details)


def within(result: ToolResult, limit: int) -> ToolResult:
    """``result`` with at most ``limit`` bytes of content and of data, beside one line that says what was cut.

    A result in JSON loses the ends of its long texts and lists, and stays JSON; other text loses its end.
    """
    content, data = _storable(result.content, result.data)
    size = len(content.encode("utf-8", "surrogatepass"))
    data_size = 0 if data is None else len(orjson.dumps(data))
    if size <= limit and data_size <= limit:
        return replace(result, content=content, data=data)
    is_json = data is not None and size > limit and content == _text(data)
    if data_size > limit:
        data = _shrunk_to(data, limit)
    if size > limit:
        content = _text(data) if is_json else _beginning(content, limit)
        content = f"{content}\n[Cut: this had {size:,} bytes, of which {limit:,} may be shown.]"
    details = {**result.details, "cut": {"bytes": max(size, data_size), "limit": limit}}
    return replace(result, content=content, data=data, details=details)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _storable(content: str, data: Any) -> tuple[str, Any]:
    """Both without NUL, which no database stores in a text."""
    written = orjson.dumps(data)
    # The pattern alone would look at each byte of a long result for a while.
    if NUL in written and _NUL.search(written):
        is_json = content == _text(data)
        data = orjson.loads(_NUL.sub(rb"\1\\ufffd", written))
        content = _text(data) if is_json else content
    return content.replace("\0", "\ufffd"), data


def _beginning(text: str, limit: int) -> str:
    """The first ``limit`` bytes of a text, without half a character."""
    return text.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")


def _shrunk_to(value: Any, limit: int) -> Any:
    """``value`` with shorter texts, lists and objects, until it fits."""
    text, items = limit, max(FEWEST_ITEMS, limit // BYTES_OF_ITEM)
    while text >= 1:
        shrunk = _shrunk(value, text, max(1, items), 0)
        if len(orjson.dumps(shrunk)) <= limit:
            return shrunk
        text, items = text // 2, items // 2
    return CUT


def _shrunk(value: Any, text: int, items: int, depth: int) -> Any:
    match value:
        case str() if len(value) > text:
            return value[:text] + CUT
        case list() | dict() if depth == DEEPEST:
            return CUT
        case list():
            values = cast("list[Any]", value)
            kept = [_shrunk(each, text, items, depth + 1) for each in values[:items]]
            return kept if len(values) <= items else [*kept, f"{CUT} {len(values) - items:,} more"]
        case dict():
            pairs = list(cast("dict[str, Any]", value).items())
            kept_pairs = {name: _shrunk(each, text, items, depth + 1) for name, each in pairs[:items]}
            return kept_pairs if len(pairs) <= items else {**kept_pairs, CUT: f"{len(pairs) - items:,} more"}
        case _:
            return value

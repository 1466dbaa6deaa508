"""The difference between two versions of an agent, field by field, and in words. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

SHOWN: Final = 80
CONTEXT: Final = 1

Found = dict[str, Any]


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Found]:
    """What changed from one definition to another, in the order of their fields."""
    return [
        {"path": path, "before": old, "after": new, "lines": _lines(old, new)}
        for path, old, new in _differences(dict(before), dict(after))
    ]


def in_words(changes: Sequence[Found]) -> list[str]:
    """The changes as lines for people."""
    return [_in_words(each["path"], each["before"], each["after"]) for each in changes]


def _in_words(path: str, before: Any, after: Any) -> str:
    if isinstance(before, list) and isinstance(after, list):
        old, new = cast("list[Any]", before), cast("list[Any]", after)
        parts = [f"{_short(each)} was added" for each in new if each not in old]
        parts += [f"{_short(each)} was removed" for each in old if each not in new]
        return f"{path}: {', '.join(parts) or 'another order'}"
    if before is None:
        return f"{path} is now {_short(after)}"
    if after is None:
        return f"{path} is no longer set; it was {_short(before)}"
    return f"{path}: from {_short(before)} to {_short(after)}"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _lines(before: Any, after: Any) -> list[str] | None:
    """The lines that differ, where either is a text of several."""
    texts = [value for value in (before, after) if value is not None]
    if not all(isinstance(text, str) for text in texts) or not any("\n" in text for text in texts):
        return None
    old, new = (cast("str", value or "").splitlines() for value in (before, after))
    # The first two lines would name the files.
    return list(difflib.unified_diff(old, new, n=CONTEXT, lineterm=""))[2:]


def _differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for key in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif before != after:
        yield path, before, after

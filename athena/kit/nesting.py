"""How deep JSON is nested: what reads and writes it has limits of its own, some of which are errors of ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast


def is_nested_within(value: Any, most: int) -> bool:
    """Whether there are at most so many lists and objects within each other."""
    level = [value]
    for _ in range(most + 1):
        level = [part for each in level for part in _parts(each)]
        if not level:
            return True
    return False


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).values()
    return cast("list[Any]", value) if isinstance(value, list) else ()

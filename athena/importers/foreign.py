"""Reading what others wrote: what is missing, or of another type, is as if it were empty. Pure."""

from __future__ import annotations

import math
from typing import Any, cast


def at(value: Any, *path: str | int) -> Any:
    """What the path leads to; ``None`` where it leads nowhere."""
    for step in path:
        if isinstance(value, dict):
            value = cast("dict[Any, Any]", value).get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[step]
        else:
            return None
    return value


def text(value: Any, *path: str | int, default: str = "") -> str:
    """A text; numbers are written out."""
    found = at(value, *path)
    if isinstance(found, str):
        return found
    if isinstance(found, int | float) and not isinstance(found, bool):
        return str(found)
    return default


def mapping(value: Any, *path: str | int) -> dict[str, Any]:
    """An object."""
    found = at(value, *path)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def items(value: Any, *path: str | int) -> list[Any]:
    """A list."""
    found = at(value, *path)
    return cast("list[Any]", found) if isinstance(found, list) else []


def mappings(value: Any, *path: str | int) -> list[dict[str, Any]]:
    """Those of a list that are objects."""
    return [cast("dict[str, Any]", each) for each in items(value, *path) if isinstance(each, dict)]


def texts(value: Any, *path: str | int) -> list[str]:
    """Those of a list that are texts."""
    return [each for each in items(value, *path) if isinstance(each, str)]


def number(value: Any, *path: str | int) -> float | None:
    """A number, also one that is written as text."""
    found = at(value, *path)
    if isinstance(found, str):
        try:
            found = float(found)
        except ValueError:
            return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        made = float(found)
    except OverflowError:
        return None
    return made if math.isfinite(made) else None


def whole(value: Any, *path: str | int) -> int | None:
    """A whole number."""
    found = number(value, *path)
    return int(found) if found is not None and found.is_integer() else None


def flag(value: Any, *path: str | int, default: bool = False) -> bool:
    """True or false."""
    found = at(value, *path)
    return found if isinstance(found, bool) else default

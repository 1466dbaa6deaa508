"""What differs between two specs, field by field. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

MISSING: Final = None
"""What a field has that is not there: the usual."""


class Difference(NamedTuple):
    """A field that differs. ``path`` is dotted; of lists of things with an ``id``, that stands in it."""

    path: str
    before: Any
    after: Any

    def lines(self) -> list[str] | None:
        """Of texts of several lines: those that change, with two around them, as a unified difference."""
        before, after = self.before or "", self.after or ""
        if not (isinstance(before, str) and isinstance(after, str) and "\n" in before + after):
            return None
        # The first two lines name files.
        return list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every field that differs, in the order of ``after``; then those that it has no more."""
    left, right = _fields(before), _fields(after)
    if left is None or right is None:
        if before != after:
            yield Difference(path, before, after)
        return
    for key in [*right, *(key for key in left if key not in right)]:
        inner = f"{path}.{key}" if path else key
        yield from differences(left.get(key, MISSING), right.get(key, MISSING), inner)


def _fields(value: Any) -> Mapping[str, Any] | None:
    """A mapping, or a list of things that have ids of their own, by these."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    if not isinstance(value, list) or not value:
        return None
    items = cast("list[Any]", value)
    names = [cast("Mapping[str, Any]", each).get("id") if isinstance(each, Mapping) else None for each in items]
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        return None
    return {str(name): each for name, each in zip(names, items, strict=True)}

"""The values of expressions: JSON's, bytes, timestamps and durations as Python has them, and ``Optional``."""

from __future__ import annotations

import base64
import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from athena.expressions.budget import MAXIMUM_CHARACTERS, MAXIMUM_DEPTH, Budget
from athena.expressions.errors import Exhausted, Fault


class Optional:
    """What ``.?`` and ``[?]`` give: a value, or none."""

    __slots__ = ("present", "value")

    def __init__(self, value: Any = None, *, present: bool = True) -> None:
        self.value = value
        self.present = present


NOTHING: Final = Optional(present=False)

_NAMES: dict[type, tuple[str, str]] = {
    type(None): ("null_type", "null"),
    bool: ("bool", "true or false"),
    int: ("int", "a whole number"),
    float: ("double", "a number"),
    str: ("string", "text"),
    bytes: ("bytes", "bytes"),
    list: ("list", "a list"),
    dict: ("map", "an object"),
    datetime: ("google.protobuf.Timestamp", "a timestamp"),
    timedelta: ("google.protobuf.Duration", "a duration"),
    Optional: ("optional_type", "an optional value"),
}

_SCALARS = frozenset({type(None), bool, bytes, datetime, timedelta})
_NUMBERS = frozenset({int, float})


def type_name(value: Any) -> str:
    """CEL's name of the type."""
    return _NAMES[type(value)][0]


def describe(value: Any) -> str:
    """The type, for messages."""
    kind = value.__class__
    return _NAMES.get(kind, ("", "a value of no JSON type"))[1]


def equal(budget: Budget, left: Any, right: Any, depth: int = 0) -> bool:
    """CEL's equality: numbers by value, whatever their type; anything else equals only what is of its own type."""
    kind = left.__class__
    if kind in _NUMBERS:
        return type(right) in _NUMBERS and left == right
    if kind is not type(right):
        return False
    if kind is str:
        budget.spend(len(left) >> 6)
        return left == right
    if kind in _SCALARS:
        return left == right
    if depth > MAXIMUM_DEPTH:
        raise Fault(f"This compares lists or objects nested more than {MAXIMUM_DEPTH} deep.")
    return _equal_parts(budget, left, right, depth + 1)


def _equal_parts(budget: Budget, left: Any, right: Any, depth: int) -> bool:
    if isinstance(left, Optional):
        return left.present == right.present and equal(budget, left.value, right.value, depth)
    if len(left) != len(right):
        return False
    budget.elements(len(left) + 1)
    kind = left.__class__
    if kind is list:
        return all(equal(budget, one, other, depth) for one, other in zip(left, right, strict=True))
    return all(key in right and equal(budget, value, right[key], depth) for key, value in left.items())


def to_json(budget: Budget, value: Any) -> Any:
    """``value`` as JSON: null, bool, int, float, str, list and dict. Raises ``Fault`` for what JSON cannot hold."""
    return _Result(budget).plain(value, 0)


def to_text(budget: Budget, value: Any) -> str:
    """``value`` in a longer text: text as it is, null as nothing, anything else as compact JSON."""
    plain = to_json(budget, value)
    if plain is None:
        return ""
    return plain if type(plain) is str else dumps(plain)


def dumps(plain: Any) -> str:
    """Compact JSON. Raises ``Fault``."""
    try:
        text = orjson.dumps(plain).decode()
    except orjson.JSONEncodeError:
        raise Fault("This cannot be written as JSON.") from None
    if len(text) > MAXIMUM_CHARACTERS:
        raise Exhausted(f"The result has more than {MAXIMUM_CHARACTERS:,} characters.")
    return text


def timestamp_text(value: datetime) -> str:
    """RFC 3339 in UTC, with milliseconds."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Result:
    """Counts what a result comes to while it is made plain: a list can hold another many times over."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._left = MAXIMUM_CHARACTERS

    def plain(self, value: Any, depth: int) -> Any:  # noqa: PLR0911 - one for each type
        kind = value.__class__
        if kind is str:
            self._take(len(value))
            return value
        if kind is list or kind is dict:
            return self._parts(value, depth + 1)
        if kind is float and not math.isfinite(value):
            raise Fault("The result is no number that JSON has: it is infinite, or not a number at all.")
        if kind is Optional:
            return self.plain(value.value, depth)
        if kind is bytes:
            self._take(len(value) * 4 // 3)
            return base64.b64encode(value).decode()
        if kind is datetime:
            return timestamp_text(value)
        if kind is timedelta:
            return value.total_seconds()
        if kind in _NAMES:
            return value
        raise Fault(f"The result is {describe(value)}.")

    def _parts(self, value: Any, depth: int) -> Any:
        if depth > MAXIMUM_DEPTH:
            raise Fault(f"The result is nested more than {MAXIMUM_DEPTH} deep.")
        self._budget.elements(len(value) + 2)
        self._take(len(value) * 2)
        kind = value.__class__
        if kind is list:
            return [self.plain(element, depth) for element in value]
        made = {self._key(key): self.plain(element, depth) for key, element in value.items()}
        if len(made) != len(value):
            raise Fault("Two keys of an object are the same text.")
        return made

    def _key(self, key: Any) -> str:
        self._take(len(key) if type(key) is str else 1)
        return key if type(key) is str else str(key)

    def _take(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise Exhausted(f"The result has more than {MAXIMUM_CHARACTERS:,} characters.")
        self._budget.text(characters)

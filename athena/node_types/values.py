"""JSON values: what they are called, how they are written as text, which are the same, and which comes first."""

from __future__ import annotations

from typing import Any, Final, cast

import orjson

from athena.node_types.base import NodeFailed

LARGEST: Final = (1 << 63) - 1
"""The largest whole number that is computed with, as in expressions."""
_NUMBER, _TEXT, _BOOLEAN, _LIST, _OBJECT, _NULL = range(6)

Key = tuple[int, Any]


def described(value: Any) -> str:
    """What kind of value it is, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"


def as_text(value: Any) -> str:
    """A text as it is, null as nothing, anything else as compact JSON; :class:`ValueError` for what is no JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise ValueError("This is no JSON that can be written as text.") from error


def key_of(value: Any, *, ignore_case: bool = False) -> Key:
    """The same for two values that are equal as JSON, and in the order of values.

    Numbers, texts, false and true, lists, objects, null; lists and objects are ordered by their JSON. ``1`` equals
    ``1.0``, and is not ``true``. :class:`NodeFailed` when the value is nested too deeply to be compared.
    """
    match value:
        case None:
            return _NULL, 0
        case bool():
            return _BOOLEAN, value
        case int() | float():
            return _NUMBER, value
        case str():
            return _TEXT, value.casefold() if ignore_case else value
        case _:
            return _LIST if isinstance(value, list) else _OBJECT, _canonical(value)


def _canonical(value: Any) -> bytes:
    try:
        return orjson.dumps(_plain(value), option=orjson.OPT_SORT_KEYS)
    except (TypeError, RecursionError) as error:
        raise NodeFailed("wrong_input", "The value is nested too deeply to be compared.") from error


def _plain(value: Any) -> Any:
    """``value`` with whole numbers written in one way."""
    match value:
        case float() if value.is_integer() and abs(value) <= LARGEST:
            return int(value)
        case list():
            return [_plain(item) for item in cast("list[Any]", value)]
        case dict():
            return {name: _plain(item) for name, item in cast("dict[str, Any]", value).items()}
        case _:
            return value

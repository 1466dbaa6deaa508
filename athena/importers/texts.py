"""Texts with expressions in them, on their way from one notation to ours. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

SLUG = re.compile(r"[^a-z0-9]+")
TO_JSON = re.compile(r"to_json\(([A-Za-z0-9_.\[\]]+)\)")
RESERVED = frozenset({"in", "true", "false", "null"})
LONGEST_ID = 48
LONGEST_KEY = 48


class Untranslatable(Exception):
    """Nothing here means the same; the message says what."""


@dataclass(frozen=True, slots=True)
class Cel:
    """An expression."""

    text: str


Part = str | Cel


def written(parts: Sequence[Part]) -> str:
    """The text as it stands in a configuration."""
    return "".join(f"{{{{ {part.text} }}}}" if isinstance(part, Cel) else plain(part) for part in parts)


def plain(text: str) -> str:
    """A text that holds no expression."""
    return text.replace("{{", "\\{{")


def quoted(text: str) -> str:
    """A text as a literal of an expression."""
    return json.dumps(text, ensure_ascii=False)


def as_expression(parts: Sequence[Part]) -> str:
    """The text as one expression."""
    made = [part.text if len(parts) == 1 and isinstance(part, Cel) else _operand(part) for part in parts if part != ""]
    return " + ".join(made) or '""'


def _operand(part: Part) -> str:
    return f"string({part.text})" if isinstance(part, Cel) else quoted(part)


def as_json(parts: Sequence[Part]) -> Any:
    """The JSON value that a text with expressions stands for, with the expressions in their places.

    :class:`ValueError` when it stands for none.
    """
    made: list[str] = []
    expressions: list[str] = []
    inside = False
    for part in parts:
        if isinstance(part, Cel):
            mark = f"\ue000{len(expressions)}\ue001"
            expressions.append(part.text if inside else unwrapped(part.text))
            made.append(mark if inside else f'"{mark}"')
        else:
            made.append(part)
            inside = _ends_inside(part, inside=inside)
    value = json.loads("".join(made))
    return _filled(value, expressions)


def unwrapped(expression: str) -> str:
    """An expression for JSON as text as one for the value itself, where it is written so."""
    found = TO_JSON.fullmatch(expression)
    return found[1] if found else expression


def _ends_inside(text: str, *, inside: bool) -> bool:
    """Whether the text ends within a JSON string."""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = inside
        elif character == '"':
            inside = not inside
    return inside


def _filled(value: Any, expressions: Sequence[str]) -> Any:
    match value:
        case str():
            found = re.split("\ue000([0-9]+)\ue001", value)
            return written([Cel(expressions[int(each)]) if n % 2 else each for n, each in enumerate(found)])
        case list():
            return [_filled(each, expressions) for each in cast("list[Any]", value)]
        case dict():
            return {key: _filled(each, expressions) for key, each in cast("dict[str, Any]", value).items()}
        case _:
            return value


def escaped(value: Any) -> Any:
    """A JSON value in which no text holds an expression."""
    match value:
        case str():
            return plain(value)
        case list():
            return [escaped(each) for each in cast("list[Any]", value)]
        case dict():
            return {key: escaped(each) for key, each in cast("dict[str, Any]", value).items()}
        case _:
            return value


def identifier(name: str, fallback: str) -> str:
    """A name for a node, or a variable, that expressions read by a dot."""
    slug = SLUG.sub("_", name.lower()).strip("_")[:LONGEST_ID].strip("_") or fallback
    return f"n_{slug}" if slug[0].isdigit() or slug in RESERVED else slug


def key(name: str, fallback: str) -> str:
    """A name for a resource of a bundle."""
    return SLUG.sub("-", name.lower()).strip("-")[:LONGEST_KEY].strip("-") or fallback


def label(name: str, fallback: str) -> str:
    """A name for people."""
    return " ".join(name.split())[:255].strip() or fallback


def quoted_json(value: Any) -> str:
    """A JSON value as a literal of an expression."""
    return json.dumps(value, ensure_ascii=False)


def plain_number(value: float) -> str:
    """A number without an exponent."""
    return str(int(value)) if value.is_integer() else f"{value:.6f}"

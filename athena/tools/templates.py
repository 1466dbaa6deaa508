"""The texts of a tool's configuration, with places for arguments. Pure.

``{city}`` in an address is an argument, written as addresses have it; ``{{ … }}`` anywhere is an expression over
``arguments``, ``variables`` and ``secrets``. Arguments that are not given are null.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from athena.expressions import ExpressionError, find_problems, references, render
from athena.kit.errors import ValidationFailed
from athena.tools.base import JsonObject, ToolFailed

NAMES: Final = frozenset({"arguments", "variables", "secrets"})
# An expression, which may hold braces of its own as far as two levels go, or an argument's place.
_PART: Final = re.compile(r"\{\{(?:[^{}]|\{[^{}]*\})*\}\}|\{([A-Za-z_][A-Za-z0-9_.-]{0,63})\}")
_HEAD: Final = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[^/?#]*[/?#]")
NO_CHOICE: Final = "Arguments come after the server and the / behind it: no model chooses the server."
_STEPS: Final = frozenset({".", ".."})


def check_address(url: str, known: frozenset[str]) -> None:
    """:class:`ValidationFailed` where an address names unknown arguments, or where they could choose the server."""
    if missing := sorted(places_in(url) - known):
        raise ValidationFailed.of("config.url", f"The parameters have no {missing[0]!r}.")
    if "{{" in _PART.sub("", url):
        raise ValidationFailed.of("config.url", "An expression does not end, or has more braces than can be read here.")
    before = ""
    for literal, part, name in _parts(url):
        before += literal
        if not name:
            check_values("config.url", part)
        if name or arguments_in(part) != frozenset():
            if "{{" not in before and not _HEAD.match(before):
                raise ValidationFailed.of("config.url", NO_CHOICE)
            return
        before += part


def check_values(path: str, value: Any) -> None:
    """:class:`ValidationFailed` at the first text of ``value`` whose expressions cannot be used."""
    problems = find_problems(value, NAMES)
    if problems:
        below = f"{path}.{problems[0].path}".rstrip(".")
        raise ValidationFailed.of(below, f"{problems[0].message} (position {problems[0].position})")


def places_in(url: str) -> set[str]:
    """The arguments that have a place in an address."""
    return {match[1] for match in _PART.finditer(url) if match[1]}


def secrets_in(value: Any) -> frozenset[str]:
    """The secrets that the expressions of ``value`` name."""
    return frozenset(found[1] for found in references(value, NAMES) if found[0] == "secrets" and len(found) > 1)


def arguments_in(value: Any) -> frozenset[str] | None:
    """The arguments that the expressions of ``value`` name; ``None`` where they may read any."""
    names: set[str] = set()
    for found in references(value, NAMES):
        if found[0] == "arguments":
            if len(found) == 1:
                return None
            names.add(found[1])
    return frozenset(names)


def address(url: str, scope: JsonObject) -> str:
    """An address with its arguments and expressions; :class:`ToolFailed` where one is missing or makes no sense."""
    written, chosen = "", False
    for literal, part, name in _parts(url):
        written += literal
        if not chosen and part and (name or arguments_in(part) != frozenset()):
            chosen = True
            if not _HEAD.match(written):
                raise ToolFailed("wrong_server", NO_CHOICE)
        written += _segment(name, scope["arguments"]) if name else str(filled("url", part, scope) or "")
    return written


def _segment(name: str, arguments: Mapping[str, Any]) -> str:
    value = arguments.get(name)
    if value is None:
        raise ToolFailed("invalid_arguments", f"The address needs the argument {name!r}.")
    text = plain(value)
    if text in _STEPS:
        raise ToolFailed("invalid_arguments", f"The argument {name!r} must not be {text!r}.")
    return quote(text, safe="")


def filled(path: str, value: Any, scope: JsonObject) -> Any:
    """``value`` with what its expressions give; :class:`ToolFailed` where one gives nothing."""
    try:
        return render(value, scope)
    except ExpressionError as error:
        where = f"{path}.{error.path}".rstrip(".")
        raise ToolFailed("expression_error", f"The tool's configuration {where}: {error.message}") from error


def plain(value: Any) -> str:
    """A value as it stands in an address."""
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(plain(each) for each in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case _:
            return str(value)


def _parts(url: str) -> Iterator[tuple[str, str, str]]:
    """The literal text before each expression or place, that itself, and the name of a place; last the rest."""
    end = 0
    for match in _PART.finditer(url):
        yield url[end : match.start()], match[0], match[1] or ""
        end = match.end()
    yield url[end:], "", ""

"""JSON whose texts have expressions, such as a node's configuration. Keys are never expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from athena.expressions.budget import MAXIMUM_DEPTH, Budget
from athena.expressions.errors import ExpressionError
from athena.expressions.paths import Reference
from athena.expressions.template import compile_text


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text. ``path`` leads to it, as in ``headers.0.value``; ``position`` is a character's."""

    path: str
    position: int
    message: str


def render(value: Any, scope: Mapping[str, Any]) -> Any:
    """``value`` with each of its texts evaluated, on one budget for all. Raises ``ExpressionError`` with its path."""
    names, budget = frozenset(scope), Budget()

    def evaluated(text: str) -> Any:
        return compile_text(text, names).evaluate(scope, budget) if "{{" in text else text

    return _render(value, evaluated, "")


def find_problems(value: Any, names: frozenset[str]) -> list[Problem]:
    """What is wrong with the texts of ``value``, whose expressions may use ``names``: of each text the first fault."""
    problems: list[Problem] = []
    for path, text in _texts(value, ""):
        try:
            compile_text(text, names)
        except ExpressionError as error:
            problems.append(Problem(path, error.position, error.message))
    return problems


def references(value: Any, names: frozenset[str]) -> frozenset[Reference]:
    """What the texts of ``value`` read, as :attr:`Template.references`. Raises ``ExpressionError``."""
    found = (compile_text(text, names).references for _, text in _texts(value, ""))
    return frozenset[Reference]().union(*found)


def _render(value: Any, evaluated: Callable[[str], Any], path: str, depth: int = 0) -> Any:
    kind = value.__class__
    if kind is str:
        try:
            return evaluated(value)
        except ExpressionError as error:
            error.path = path
            raise
    if kind is not dict and kind is not list:
        return value
    if depth == MAXIMUM_DEPTH:
        raise ExpressionError(f"This is nested more than {MAXIMUM_DEPTH} deep.", 0, "", path)
    if kind is dict:
        return {key: _render(part, evaluated, _below(path, key), depth + 1) for key, part in value.items()}
    return [_render(part, evaluated, _below(path, number), depth + 1) for number, part in enumerate(value)]


def _texts(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Each text that may have expressions, with its path."""
    kind = value.__class__
    if kind is str:
        if "{{" in value:
            yield path, value
        return
    parts: Any = value.items() if kind is dict else enumerate(value) if kind is list else ()
    for key, part in parts:
        yield from _texts(part, _below(path, key), depth + 1)


def _below(path: str, key: str | int) -> str:
    return f"{path}.{key}" if path else str(key)

"""A text with expressions: compiled once, kept, and evaluated as often as wanted."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

from athena.expressions.budget import MAXIMUM_CHARACTERS, Budget
from athena.expressions.compiler import Compiler
from athena.expressions.errors import ExpressionError, Stopped, SyntaxFault
from athena.expressions.frame import Frame
from athena.expressions.paths import Reference, path_of, references
from athena.expressions.places import Place, split
from athena.expressions.syntax import parse
from athena.expressions.values import dumps, to_json

MAXIMUM_KEPT = 500_000
"""Characters of the texts whose templates are kept."""

_TOO_DEEP = "The expression, or a value in it, is nested too deeply."


class Template:
    """What :func:`compile_text` makes of a text.

    ``has_expression`` tells whether it has any. ``references`` holds what they read: a name and the constant keys
    behind it, such as ``("nodes", "a", "output")``, up to the first key that is no constant text.
    """

    __slots__ = ("_parts", "_whole", "has_expression", "references")

    def __init__(self, text: str, names: frozenset[str]) -> None:
        parts = [part if isinstance(part, str) else _Expression(part, names) for part in split(text)]
        expressions = [part for part in parts if isinstance(part, _Expression)]
        self._parts = parts
        alone = len(expressions) == 1 and not any(isinstance(part, str) and part.strip() for part in parts)
        self._whole = expressions[0] if alone else None
        self.has_expression = bool(expressions)
        self.references: frozenset[Reference] = frozenset().union(*(found.references for found in expressions))

    def evaluate(self, scope: Mapping[str, Any], budget: Budget | None = None) -> Any:
        """The value of the one expression that the text is, or else the text with the values in their places.

        ``scope`` holds each name's value, which is JSON. A value that an expression only names is handed on, not
        copied: it must not be changed. ``budget`` is shared with other texts. Raises ``ExpressionError``.
        """
        if self._whole is not None:
            return self._whole.value(scope, budget or Budget())
        budget = budget or Budget()
        made: list[str] = []
        left = MAXIMUM_CHARACTERS
        for part in self._parts:
            made.append(part if isinstance(part, str) else part.text(scope, budget))
            left -= len(made[-1])
            if left < 0 and self.has_expression:
                raise ExpressionError(f"The text comes to more than {MAXIMUM_CHARACTERS:,} characters.", 0, "")
        return "".join(made)


class _Expression:
    """One expression, compiled. Its errors have positions in the whole text."""

    __slots__ = ("_path", "_place", "_run", "_variables", "references")

    def __init__(self, place: Place, names: frozenset[str]) -> None:
        self._place = place
        if not place.expression.strip():
            raise self._error("There is no expression between the braces.", 0)
        compiler = Compiler(names)
        try:
            place.expression.encode()
            node = parse(place.expression)
            self._run = compiler.compile(node)
            self.references = frozenset(references(node))
        except SyntaxFault as fault:
            raise self._error(fault.message, fault.position) from None
        except UnicodeEncodeError as error:
            raise self._error("This is half a character.", error.start) from None
        except RecursionError:
            raise self._error(_TOO_DEEP, 0) from None
        self._variables = compiler.variables
        self._path = path_of(node, ())

    def value(self, scope: Mapping[str, Any], budget: Budget) -> Any:
        """The value, as JSON."""
        try:
            if self._path is not None:
                return self._path.resolve(scope)
            return to_json(budget, self._run(Frame(scope, budget, self._variables)))
        except Stopped as stopped:
            raise self._error(stopped.message, stopped.position) from None
        except RecursionError:
            raise self._error(_TOO_DEEP, 0) from None

    def text(self, scope: Mapping[str, Any], budget: Budget) -> str:
        """The value in a longer text: text as it is, null as nothing, anything else as compact JSON."""
        value = self.value(scope, budget)
        if value is None:
            return ""
        try:
            return value if type(value) is str else dumps(value)
        except Stopped as stopped:
            raise self._error(stopped.message, stopped.position) from None

    def _error(self, message: str, position: int | None) -> ExpressionError:
        return ExpressionError(message, self._place.start + (position or 0), self._place.expression.strip())


class _Kept:
    """Templates by their text and names; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, frozenset[str]], Template] = {}
        self._characters = 0
        self._lock = Lock()

    def get(self, text: str, names: frozenset[str]) -> Template:
        template = self._templates.get((text, names))
        if template is None:
            template = Template(text, names)
            if template.has_expression:
                self._keep(text, names, template)
        return template

    def _keep(self, text: str, names: frozenset[str], template: Template) -> None:
        with self._lock:
            if self._templates.setdefault((text, names), template) is template:
                self._characters += len(text)
            while self._characters > MAXIMUM_KEPT:
                oldest = next(iter(self._templates))
                del self._templates[oldest]
                self._characters -= len(oldest[0])


_KEPT = _Kept()


def compile_text(text: str, names: frozenset[str]) -> Template:
    """The template of ``text``, whose expressions may use ``names``. Raises ``ExpressionError`` at the first fault."""
    return _KEPT.get(text, names)

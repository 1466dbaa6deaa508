"""The library ``cel-expr-python``, all that Athena takes of it: CEL's parser, and regular expressions in linear time.

It evaluates expressions, too, but not in a way that a server can use (version 0.1.3):

- each ``null`` that it hands over loses a reference to ``None``: Python 3.11 aborts after some thousands of them;
- texts end at their first NUL character; functions written in Python leak their arguments and results;
- all data that a name stands for is copied before each evaluation, however little of it is read;
- it holds the interpreter's lock throughout, and bounds iterations (10,000) but neither time nor memory: ``map`` is
  quadratic (2.5 s and 1.5 GB for 10,000 elements), and a text doubled thirty times over fills any memory.

The parser is safe: depth is bounded by 32, and time grows with the text. ``optMap`` and ``optFlatMap`` are exceptions:
each doubles what it stands behind, and :func:`parse` must not get them. An expression is handed over as protocol
buffers, which :mod:`athena.expressions.syntax` reads.
"""

from __future__ import annotations

import re
from typing import Any, Protocol, cast

from cel_expr_python import cel  # pyright: ignore[reportMissingModuleSource]
from cel_expr_python.ext import ext_bindings, ext_optional  # pyright: ignore[reportMissingModuleSource]

from athena.expressions.errors import SyntaxFault

MAXIMUM_DEPTH = 32
"""Operations in a row or inside of each other that the parser takes."""

_MESSAGE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_TOKEN = re.compile(
    r"Syntax error: (?:extraneous input|mismatched input|no viable alternative at input) '(.*?)'(?: |$)"
)


class _Value(Protocol):
    def value(self) -> Any: ...


class _Expression(Protocol):
    def serialize(self) -> bytes: ...
    def eval(self, *, data: dict[str, str]) -> _Value: ...


class _Environment(Protocol):
    def compile(self, expression: str, disable_check: bool = ...) -> _Expression: ...  # noqa: FBT001 - the library's


def _environment(**settings: Any) -> _Environment:
    # The library's own types name those of protocol buffers, which has none.
    return cast("_Environment", cel.NewEnv(**settings))


_LANGUAGE = _environment(extensions=[ext_optional.ExtOptional(), ext_bindings.ExtBindings()])
_MATCHES = _environment(variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING}).compile(
    "text.matches(pattern)"
)
# The library has no class for this extension; a configuration may name it all the same.
_REPLACES = _environment(
    config=cel.NewEnvConfigFromYaml("name: re2\nextensions:\n- name: optional\n- name: regex\n"),
    variables={"text": cel.Type.STRING, "pattern": cel.Type.STRING, "instead": cel.Type.STRING},
).compile("regex.replace(text, pattern, instead)")


def parse(expression: str) -> bytes:
    """The serialized syntax tree, with the macros (``has``, ``map``, …) expanded. Raises ``SyntaxFault``."""
    try:
        return _LANGUAGE.compile(expression, disable_check=True).serialize()
    except RuntimeError as error:
        raise _fault(expression, str(error)) from None


def matches(text: str, pattern: str) -> bool | None:
    """Whether RE2 finds ``pattern`` in ``text``; ``None`` if that is no pattern. Neither has a NUL or a surrogate."""
    found = _MATCHES.eval(data={"text": text, "pattern": pattern}).value()
    return found if isinstance(found, bool) else None


def replace(text: str, pattern: str, instead: str) -> str:
    r"""``text`` with ``instead`` in place of each match, where ``\0`` stands for the match itself.

    ``pattern`` must be one that :func:`matches` knows; no text has a NUL or a surrogate.
    """
    found = _REPLACES.eval(data={"text": text, "pattern": pattern, "instead": instead}).value()
    return cast("str", found)


def _fault(expression: str, error: str) -> SyntaxFault:
    if "recursion" in error:
        advice = "Put parts of long chains into parentheses, or use {{ }} several times."
        return SyntaxFault(f"More than {MAXIMUM_DEPTH} operations in a row or inside of each other. {advice}", 0)
    found = _MESSAGE.search(error)
    if found is None:
        return SyntaxFault("This is no CEL expression.", 0)
    return SyntaxFault(_readable(found[3]), _position(expression, int(found[1]), int(found[2])))


def _position(expression: str, line: int, column: int) -> int:
    """From a line and a column, both counted from 1."""
    lines = expression.split("\n")
    start = sum(len(before) + 1 for before in lines[: line - 1])
    return min(start + column - 1, len(expression))


def _readable(message: str) -> str:
    """Without the parser's list of all that could have stood there."""
    if "'<EOF>'" in message and "expecting <EOF>" not in message:
        return "The expression ends before it is complete."
    if message.startswith("Syntax error: token recognition error"):
        return "Here is a character that CEL does not know, or a text without its end."
    if (token := _TOKEN.match(message)) is not None:
        return f"Unexpected {token[1][:40]!r}."
    return f"{message.removeprefix('Syntax error: ')[:200]}."

r"""Where the expressions of a text stand: ``{{ … }}``, with ``\{{`` for two braces that are none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from athena.expressions.errors import ExpressionError

MAXIMUM_TEXT = 10_000
"""Characters of a text that has expressions."""
MAXIMUM_EXPRESSIONS = 100
"""Of one text."""

_OPENING = re.compile(r"\\?\{\{")
# CEL's tokens, as far as they tell which braces are part of the expression.
_TOKEN = re.compile(
    r"""
    [bB]?[rR](?: \"{3}.*?\"{3} | '{3}.*?'{3} | \"[^\"\n]*\" | '[^'\n]*' )
    | [bB]?(?: \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3} | \"(?:\\.|[^\"\\\n])*\" | '(?:\\.|[^'\\\n])*' )
    | //(?:(?!\}\})[^\n])*
    | (?P<word>\w+)
    | (?P<brace>[{}])
    | .
    """,
    re.DOTALL | re.VERBOSE,
)
# Each doubles, when CEL's parser expands it, what it stands behind: thirty in a row would fill any memory.
_DOUBLING = frozenset({"optMap", "optFlatMap"})


@dataclass(frozen=True, slots=True)
class Place:
    """An expression's own text, and where in the whole one it begins."""

    start: int
    expression: str


def split(text: str) -> list[str | Place]:
    """The plain parts and the expressions of ``text``, in their order. Raises ``ExpressionError``."""
    parts: list[str | Place] = []
    end = count = 0
    while (opening := _OPENING.search(text, end)) is not None:
        parts.append(text[end : opening.start()])
        end = opening.end()
        if opening[0].startswith("\\"):
            parts.append("{{")
            continue
        count += 1
        if len(text) > MAXIMUM_TEXT:
            raise ExpressionError(f"A text with expressions has at most {MAXIMUM_TEXT:,} characters.", MAXIMUM_TEXT, "")
        if count > MAXIMUM_EXPRESSIONS:
            raise ExpressionError(f"A text has at most {MAXIMUM_EXPRESSIONS} expressions.", opening.start(), "")
        closing = _closing(text, end)
        parts.append(Place(end, text[end:closing]))
        end = closing + 2
    parts.append(text[end:])
    return [part for part in parts if part]


def _closing(text: str, start: int) -> int:
    """Where the two braces stand that end the expression which begins at ``start``."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token["word"] in _DOUBLING:
            advice = "Use orValue(…), or cel.bind(…) with hasValue()."
            raise ExpressionError(f"There is no {token[0]}. {advice}", token.start(), text[start : token.end()])
        if token["brace"] == "{":
            depth += 1
        elif token["brace"] == "}" and depth:
            depth -= 1
        elif token["brace"] == "}":
            if text.startswith("}}", token.start()):
                return token.start()
            raise ExpressionError("This brace closes nothing.", token.start(), text[start : token.end()])
    raise ExpressionError(
        "'{{' has no '}}' behind it. Write \\{{ for braces that stand for themselves.", start - 2, text[start:]
    )

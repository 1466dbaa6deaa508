"""Regular expressions (RE2). They take linear time, but the factor is the pattern's size, which is estimated here."""

from __future__ import annotations

import re

from athena.expressions.budget import Budget
from athena.expressions.cel import matches
from athena.expressions.errors import Fault
from athena.expressions.functions.signatures import TEXT, Declarations

MAXIMUM_PATTERN = 1_000
"""Characters of a pattern."""

_declare = Declarations()

_PART = re.compile(
    r"(?P<category>\\[pP])|\\.|(?P<set>\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\])|\{(?P<least>\d{1,4})(?:,(?P<most>\d{0,4}))?\}"
    r"|(?P<open>\()|(?P<close>\))|(?P<any>\.)|.",
    re.DOTALL,
)
_CATEGORY = 2_500
_ANY = 8


@_declare("matches", TEXT, TEXT)
@_declare(".matches", TEXT, TEXT)
def _matches(budget: Budget, text: str, pattern: str) -> bool:
    """Whether the pattern is found anywhere in the text."""
    if len(pattern) > MAXIMUM_PATTERN:
        raise Fault(f"A regular expression has at most {MAXIMUM_PATTERN:,} characters.")
    # What is no set must be read up to the end to tell so.
    budget.spend(100 + pattern.count("[") * len(pattern) // 8)
    size = _size(pattern)
    budget.read(len(text))
    budget.spend(size * 4 + len(text) * size // 20)
    found = matches(_clean(text), _clean(pattern))
    if found is None:
        raise Fault("This is no regular expression, or one that is too large.")
    return found


def _size(pattern: str) -> int:
    """At least about the number of RE2's instructions: repetitions by number are written out there."""
    groups = [0]
    last = 0
    for part in _PART.finditer(pattern):
        if part["open"]:
            groups.append(0)
            last = 0
        elif part["close"] and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif part["least"]:
            groups[-1] += last * max(int(part["least"]), int(part["most"] or 0))
        else:
            last = _weight(part)
            groups[-1] += last
    return sum(groups) + 1


def _weight(part: re.Match[str]) -> int:
    if part["category"] or (part["set"] and re.search(r"\\[pP]", part[0])):
        return _CATEGORY * (part[0].count("\\p") + part[0].count("\\P"))
    if part["set"]:
        return _ANY + len(part[0])
    return _ANY if part["any"] else 1


def _clean(text: str) -> str:
    """Without what the library cannot be given: NUL characters and lone surrogates."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


FUNCTIONS = _declare.functions

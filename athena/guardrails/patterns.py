"""Words and regular expressions of a workspace's own, found in bounded time. Pure.

Expressions are RE2's, which has no backtracking. What remains quadratic there, that each match may look far ahead, is
bounded by the length of a match: repetitions say how often at most.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator, Sequence
from typing import Final

from athena.expressions.cel import matches, replace
from athena.guardrails.matching import Match

MAXIMUM_WIDTH: Final = 256
SLICE: Final = 1_024
SECONDS: Final = 1.0

_ESCAPE: Final = re.compile(r"\\(?:[pP]\{\^?\w*\}|x\{\w*\}|.)", re.DOTALL)
_CLASS: Final = re.compile(r"\[\^?\]?(?:\[:\^?[a-z]+:\]|[^\]])*\]")
_TOKEN: Final = re.compile(
    r"(?P<flags>\(\?[A-Za-z-]+\))|(?P<open>\((?:\?(?:P?<\w+>|[A-Za-z-]*:))?)|(?P<close>\))|(?P<either>\|)"
    r"|(?P<endless>[*+]|\{\d+,\})|\{\d+(?:,(?P<most>\d+))?\}\??|(?P<maybe>\?)|(?P<one>.)",
    re.DOTALL,
)

_UNKNOWN: Final = {0: "\ufffd", **dict.fromkeys(range(0xD800, 0xE000), "\ufffd")}
"""What the library cannot take."""


class InvalidPattern(ValueError):
    """Something that is no pattern that can be used; the text says why."""


class TooSlow(Exception):
    """Looking through a text took longer than it may."""


def check_pattern(pattern: str) -> int:
    """How many characters a match has at most; :class:`InvalidPattern` where that is too many, or it is no pattern."""
    empty = matches("", pattern)
    if empty is None:
        raise InvalidPattern("This is no regular expression as RE2 has them: it knows no look-around or references.")
    if empty:
        raise InvalidPattern("It matches an empty text, so it would match everywhere.")
    if re.search(r"\\[QC]", _ESCAPE.sub(lambda found: found[0] if found[0] in {r"\Q", r"\C"} else "", pattern)):
        raise InvalidPattern(r"It may not hold \Q or \C.")
    width = _width(pattern)
    if width > MAXIMUM_WIDTH:
        raise InvalidPattern(f"A match may have {MAXIMUM_WIDTH} characters; this one's may have {width:,}.")
    return width


def _width(pattern: str) -> int:
    """The longest match, for patterns that RE2 takes."""
    plain = _CLASS.sub("x", _ESCAPE.sub("x", pattern))
    widest, sofar, last = 0, 0, 0
    outer: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(plain):
        match token.lastgroup:
            case "one":
                sofar, last = sofar + 1, 1
            case "open":
                outer.append((widest, sofar))
                widest, sofar, last = 0, 0, 0
            case "close":
                last = max(widest, sofar)
                widest, sofar = outer.pop()
                sofar += last
            case "either":
                widest, sofar, last = max(widest, sofar), 0, 0
            case "endless":
                raise InvalidPattern("Say how often something comes at most: {1,20} in place of +, {0,20} of *.")
            case "maybe" | "flags":
                pass
            case _:
                most = int(token["most"] or re.findall(r"\d+", token[0])[0])
                sofar += last * (most - 1)
                last *= most
    return max(widest, sofar)


class Words:
    """Whole words and phrases, in whatever case."""

    def __init__(self, words: Sequence[str], instead: str) -> None:
        longest_first = sorted(words, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
        self._width = len(longest_first[0])
        self._instead = instead

    def find(self, text: str, start: int) -> Iterator[Match]:
        """See :class:`athena.guardrails.matching.Matcher`."""
        for found in self._pattern.finditer(text, start):
            yield Match(found.start(), found.end(), "word", self._instead)

    def open(self, text: str) -> int:
        """See :class:`athena.guardrails.matching.Matcher`."""
        return max(0, len(text) - self._width)


class Patterns:
    """Regular expressions that :func:`check_pattern` takes. :class:`TooSlow` after ``seconds`` of computing in all."""

    def __init__(self, patterns: Sequence[str], instead: str, seconds: float = SECONDS) -> None:
        self._pattern = "|".join(f"(?:{pattern})" for pattern in patterns)
        self._width = max(map(check_pattern, patterns))
        self._instead = instead
        self._seconds = seconds

    def find(self, text: str, start: int) -> Iterator[Match]:
        """See :class:`athena.guardrails.matching.Matcher`. Goes slice by slice, each with room for a match's end."""
        position = start
        while position < len(text):
            limit = position + SLICE
            for begin, end in self._spans(text, position, limit + self._width + 1):
                if begin >= limit:
                    break
                position = end
                yield Match(begin, end, "pattern", self._instead)
            position = max(position, limit)

    def _spans(self, text: str, position: int, end: int) -> list[tuple[int, int]]:
        context = 1 if position else 0
        part = text[position - context : end]
        # What stands before the place to begin at is matched by itself, so that it is seen, and is in no match.
        pattern = rf"\A(?s:.)|{self._pattern}" if context else self._pattern
        begun = time.monotonic()
        spans = _found(part, pattern)[context:]
        self._seconds -= time.monotonic() - begun
        if self._seconds < 0:
            raise TooSlow
        first = position - context
        return [(first + begin, first + stop) for begin, stop in spans if stop > begin]

    def open(self, text: str) -> int:
        """See :class:`athena.guardrails.matching.Matcher`."""
        return max(0, len(text) - self._width)


def _found(text: str, pattern: str) -> list[tuple[int, int]]:
    """Where RE2 finds ``pattern``: the library replaces only, so matches are set between two characters of no text."""
    text = text.translate(_UNKNOWN)
    used = set(text)
    opening, closing = itertools.islice((sign for sign in map(chr, range(0x100000, 0x10FFFE)) if sign not in used), 2)
    before, *parts = replace(text, pattern, rf"{opening}\0{closing}").split(opening)
    spans: list[tuple[int, int]] = []
    position = len(before)
    for part in parts:
        matched, _, after = part.partition(closing)
        spans.append((position, position + len(matched)))
        position += len(matched) + len(after)
    return spans

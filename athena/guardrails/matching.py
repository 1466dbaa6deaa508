"""Finds places in a text that arrives in pieces, and puts something else there. Pure.

Whatever the pieces are, the outcome is that of the whole text: a place is decided only once nothing that may still come
can change it, and text leaves only when it is decided.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol


class Match(NamedTuple):
    """Where something was found. ``instead`` is what is put there; ``None``: nothing is, it was passed over."""

    start: int
    end: int
    kind: str
    instead: str | None


class Matcher(Protocol):
    """Finds one kind of things."""

    def find(self, text: str, start: int) -> Iterator[Match]:
        """The matches from ``start`` on, in order, without overlaps; what stands before ``start`` is context alone."""
        ...

    def open(self, text: str) -> int:
        """From where on a match may begin that more text would change; ``len(text)`` when there is none."""
        ...


class Tail:
    """The end of a text that may be the beginning of a match of at most ``width`` characters."""

    def __init__(self, pattern: str, width: int, flags: re.RegexFlag = re.NOFLAG) -> None:
        self._pattern = re.compile(rf"(?:{pattern})\Z", flags)
        self._width = width

    def begin(self, text: str) -> int:
        """Where it begins; ``len(text)`` when there is none."""
        # With the character before, so that boundaries of words are seen.
        found = self._pattern.search(text, max(0, len(text) - self._width))
        return len(text) if found is None else found.start()


class Masker:
    """Replaces what its matchers find; of matches that overlap, the one that begins first (then the longest) stands."""

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self._matchers = matchers
        self._positions: list[int] = [0] * len(matchers)
        self._text = ""
        self._cursor: int = 0
        """Up to here the text has been given out."""
        self.found: Counter[str] = Counter()

    def feed(self, text: str, *, final: bool = False) -> str:
        """Takes the next piece; what of the text so far is decided, and was not given out yet."""
        self._text += text
        decided = len(self._text) if final else min((each.open(self._text) for each in self._matchers), default=0)
        matches = [match for number in range(len(self._matchers)) for match in self._matches(number, decided)]
        out: list[str] = []
        for match in sorted(matches, key=lambda each: (each.start, -each.end)):
            if match.instead is None or match.end <= self._cursor:
                continue
            self.found[match.kind] += 1
            if match.start >= self._cursor:
                out += (self._text[self._cursor : match.start], match.instead)
            self._cursor = match.end
        if self._cursor < decided:
            out.append(self._text[self._cursor : decided])
            self._cursor = decided
        self._forget()
        return "".join(out)

    def _matches(self, number: int, decided: int) -> Iterator[Match]:
        """One matcher's matches that begin in what is decided."""
        for match in self._matchers[number].find(self._text, self._positions[number]):
            if match.start >= decided:
                break
            self._positions[number] = match.end
            yield match
        self._positions[number] = max(self._positions[number], decided)

    def _forget(self) -> None:
        """Drops what nobody needs any more, but for a character of context."""
        needed = max(0, min([self._cursor, *self._positions]) - 1)
        self._text = self._text[needed:]
        self._cursor -= needed
        self._positions = [position - needed for position in self._positions]

"""Sections cut into passages of the size that the embedding model reads. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from athena.documents import Section

MOST: Final = 240
"""Tokens of a passage with its heading; the model reads 256."""
OVERLAP: Final = 30
"""Tokens of a passage's end with which the next one begins, in whole sentences."""
HEADING_MOST: Final = 40
HALF: Final = 2
CHARACTERS: Final = 8
"""Of so many there is at least one token: what the model knows nothing of must not become without end."""

PARAGRAPH: Final = re.compile(r"\n[ \t]*\n\s*")
# Behind it a sentence ends: a mark with what closes it and space, a mark that needs none, a line.
SENTENCE: Final = re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？]\s*|\n\s*")  # noqa: RUF001 - these marks are meant

Measure = Callable[[str], int]
"""How many tokens a text has."""


class Piece(NamedTuple):
    """``text[start:end]`` of a section: a sentence, or what of one fits."""

    start: int
    end: int
    size: int
    begins_paragraph: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: ``text``, which begins with what is ``repeated`` of the one before it, so many characters."""

    text: str
    location: str
    heading: str
    repeated: int

    @property
    def content(self) -> str:
        """What is remembered: under its heading."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text

    @property
    def content_hash(self) -> str:
        """By which the same passage is known again."""
        return hashlib.sha256(self.content.encode()).hexdigest()


def chunks(
    sections: Iterable[Section], measure: Measure, *, most: int = MOST, overlap: int = OVERLAP
) -> Iterator[Chunk]:
    """The passages of ``sections``, in their order; none is of two sections, and nothing but space is left out.

    Where a section has no location, the line is one.
    """
    for section in sections:
        heading = shortened(section.heading, measure, min(HEADING_MOST, most // HALF))
        room = most - (measure(heading) if heading else 0)
        text = section.text
        line, counted = 1, 0
        for first, start, end in spans(text, measure, room, min(overlap, room // HALF)):
            whole = text[first:end]
            stripped = whole.strip()
            if not stripped:
                continue
            begin = first + len(whole) - len(whole.lstrip())
            line += text.count("\n", counted, begin)
            counted = begin
            repeated = max(0, min(start - begin, len(stripped)))
            yield Chunk(stripped, section.location or f"line {line}", heading, repeated)


def spans(text: str, measure: Measure, most: int, overlap: int) -> Iterator[tuple[int, int, int]]:
    """Where each passage begins with what it repeats, where without, and where it ends."""
    pieces = list(_pieces(text, measure, most))
    begin, start, size = 0, 0, 0
    for index, piece in enumerate(pieces):
        if index > start and (size + piece.size > most or _better_apart(pieces, index, size, most)):
            yield pieces[begin].start, pieces[start].start, pieces[index - 1].end
            begin, size = _repeated(pieces, start, index, min(overlap, most - piece.size))
            start = index
        size += piece.size
    if start < len(pieces):
        yield pieces[begin].start, pieces[start].start, pieces[-1].end


def _better_apart(pieces: Sequence[Piece], index: int, size: int, most: int) -> bool:
    """Whether a paragraph begins here that would not fit whole, and what there is so far is no small piece."""
    if not pieces[index].begins_paragraph or size < most // HALF:
        return False
    for piece in pieces[index:]:
        if piece.begins_paragraph and piece is not pieces[index]:
            return False
        size += piece.size
        if size > most:
            return True
    return False


def _repeated(pieces: Sequence[Piece], start: int, index: int, room: int) -> tuple[int, int]:
    """From which piece on the passage ``start:index`` is repeated, but never all of it; and its size."""
    size = 0
    while index - 1 > start and size + pieces[index - 1].size <= room:
        index -= 1
        size += pieces[index].size
    return index, size


def _pieces(text: str, measure: Measure, most: int) -> Iterator[Piece]:
    for begin, stop in _parted(text, 0, len(text), PARAGRAPH):
        begins_paragraph = True
        for start, end in _parted(text, begin, stop, SENTENCE):
            for piece_start, piece_end, size in _fitting(text, start, end, measure, most):
                yield Piece(piece_start, piece_end, size, begins_paragraph)
                begins_paragraph = False


def _parted(text: str, start: int, end: int, where: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """``text[start:end]`` in pieces that end behind ``where``."""
    for found in where.finditer(text, start, end):
        if found.end() > start:
            yield start, found.end()
            start = found.end()
    if start < end:
        yield start, end


def _fitting(text: str, start: int, end: int, measure: Measure, most: int) -> Iterator[tuple[int, int, int]]:
    """``text[start:end]`` in pieces of at most ``most`` tokens, cut between words where there are any."""
    longest = most * CHARACTERS
    while start < end:
        stop = end if end - start <= longest else _cut(text, start, start + longest)
        size = _size(text[start:stop], measure)
        while size > most and stop - start > 1:
            stop = _cut(text, start, start + (stop - start + 1) // HALF)
            size = _size(text[start:stop], measure)
        yield start, stop, size
        start = stop


def _size(text: str, measure: Measure) -> int:
    return max(measure(text), -(-len(text) // CHARACTERS))


def _cut(text: str, start: int, stop: int) -> int:
    """The last place before ``stop`` at which a word ends; ``stop`` itself in a word without end."""
    for place in range(stop, start + (stop - start) // HALF, -1):
        if text[place - 1].isspace():
            return place
    return stop


def shortened(heading: str, measure: Measure, most: int) -> str:
    """``heading`` as far as it has at most ``most`` tokens: the end of it, which says most."""
    words = heading.split()
    while len(words) > 1 and measure(" ".join(words)) > most:
        del words[0]
    told = " ".join(words)
    while told and measure(told) > most:
        told = told[len(told) // HALF + 1 :]
    return told

"""What needs no library to be read: plain text, Markdown, and tables of separated values. Pure."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Final

from athena.documents.document import DocumentError, Section

HEADING: Final = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
UNDERLINE: Final = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
MARKUP: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]{1,3}")
SEPARATORS: Final = ",;\t|"
SNIFFED_LINES: Final = 20
BEFORE_HEADINGS: Final = "beginning"
JOINT: Final = " > "


def plain_sections(text: str) -> list[Section]:
    """Plain text: one section, whose positions are its lines."""
    return [Section(text)] if text.strip() else []


def markdown_sections(text: str) -> list[Section]:
    """Markdown by its headings: each section is named by the headings above it, the highest first.

    A heading with nothing under it is a section of its own.
    """
    path: list[tuple[int, str]] = []
    sections: list[Section] = []
    said = 0
    """How many headings of the path stand in a section already."""
    for level, title, body in _parts(text):
        if level:
            kept = [each for each in path if each[0] < level]
            if max(said, len(kept)) < len(path):
                sections.append(_alone(path))
                said = len(path)
            path = [*kept, (level, title)]
            said = min(said, len(kept))
        if body.strip():
            names = _names(path)
            sections.append(Section(body.strip("\n"), names or BEFORE_HEADINGS, names))
            said = len(path)
    if said < len(path):
        sections.append(_alone(path))
    return [each for each in sections if each.text]


def _names(path: Sequence[tuple[int, str]]) -> str:
    return JOINT.join(name for _, name in path if name)


def _alone(path: Sequence[tuple[int, str]]) -> Section:
    """A heading that nothing follows."""
    return Section(path[-1][1], _names(path), _names(path[:-1]))


def _parts(text: str) -> Iterator[tuple[int, str, str]]:
    """Each heading's level and title, with the text up to the next one; level 0 is what stands before the first."""
    level, title, body = 0, "", list[str]()
    fence = ""
    for line in text.splitlines():
        marks = FENCE.match(line)
        if fence:
            if marks and marks[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif marks:
            fence = marks[1]
        elif heading := HEADING.fullmatch(line):
            yield level, title, "\n".join(body)
            level, title, body = len(heading[1]), _plain(heading[2] or ""), []
            continue
        elif _is_title(body) and (under := UNDERLINE.fullmatch(line)):
            name = body.pop()
            yield level, title, "\n".join(body)
            level, title, body = 1 if under[1][0] == "=" else 2, _plain(name), []
            continue
        body.append(line)
    yield level, title, "\n".join(body)


def _is_title(body: Sequence[str]) -> bool:
    """Whether the last line is a paragraph of its own that an underline would make a heading."""
    if not body or not body[-1].strip() or body[-1].lstrip()[0] in "|>-*+#":
        return False
    return len(body) == 1 or not body[-2].strip()


def _plain(title: str) -> str:
    return " ".join(MARKUP.sub(lambda found: found[1] or "", title).split())


def table_sections(text: str) -> list[Section]:
    """Rows of separated values, each with the names of the first row; numbered as a spreadsheet numbers them.

    :class:`DocumentError` for what cannot be read as rows.
    """
    rows = csv.reader(text.splitlines(keepends=True), delimiter=_separator(text), strict=False)
    try:
        names = [name.strip() for name in next(rows, list[str]())]
        sections = [
            Section(told, f"row {number}") for number, row in enumerate(rows, start=2) if (told := _told(names, row))
        ]
    except csv.Error as error:
        raise DocumentError("document_damaged", f"The table cannot be read: {error}.") from error
    if not sections and any(names):
        sections = [Section("; ".join(filter(None, names)), "row 1")]
    return sections


def _separator(text: str) -> str:
    """What separates the most values in the first lines, in each of them as often as can be."""
    lines = [line for line in itertools.islice(text.splitlines(), SNIFFED_LINES) if line.strip()]

    def fits(separator: str) -> tuple[int, int]:
        counts = [line.count(separator) for line in lines]
        return min(counts, default=0), sum(counts)

    return max(SEPARATORS, key=fits)


def _told(names: Sequence[str], row: Sequence[str]) -> str:
    pairs = itertools.zip_longest(names, (value.strip() for value in row), fillvalue="")
    return "; ".join(f"{name}: {value}" if name else value for name, value in pairs if value)

"""What a file is read as, and why it is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

DocumentErrorCode = Literal[
    "document_unsupported",
    "document_reader_missing",
    "document_encrypted",
    "document_damaged",
    "document_empty",
    "document_too_large",
    "document_too_slow",
]


class Section(NamedTuple):
    """A part of a document whose position has a name.

    ``location`` is that name, such as ``page 3`` or ``Returns > Refunds``; empty in plain text, which has lines alone.
    ``heading`` is what the text stands under, and would not be understood without.
    """

    text: str
    location: str = ""
    heading: str = ""


class Document(NamedTuple):
    """A file's text, in its order. ``title`` is what the file itself says that it is."""

    sections: Sequence[Section]
    title: str | None = None


class DocumentError(Exception):
    """A file cannot be read. ``message`` is for whoever sent it, and holds nothing of the file."""

    def __init__(self, code: DocumentErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: DocumentErrorCode = code
        self.message = message

"""The one error of this package."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "syntax",
    "runtime",
    "timeout",
    "memory",
    "output_too_large",
    "crashed",
    "not_serialisable",
    "unavailable",
]
"""Why code gave no result. All but ``crashed`` and ``unavailable`` are the code's (or its inputs') own doing."""


class CodeError(Exception):
    """Code gave no result. All texts may hold the user's own words: not for logs.

    ``message``: one line or few. ``line``: where in the code, from 1; ``None`` if no line is to blame.
    ``traceback``: as Python writes it, with the code's name for its file; may be empty.
    ``printed``: what had been printed until then.
    """

    def __init__(
        self, kind: Kind, message: str, *, line: int | None = None, traceback: str = "", printed: str = ""
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.line = line
        self.traceback = traceback
        self.printed = printed

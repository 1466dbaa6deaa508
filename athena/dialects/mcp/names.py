"""What agents, workflows and prompts are called here, and the pages of their lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from athena.dialects import cursors
from athena.kit.db import Row

PAGE: Final = 50
SLUG: Final = re.compile(r"[a-z0-9-]{1,48}")
"""Those that every client takes; the model providers allow 64 characters, and clients put the server's name before."""


def name_of(row: Row) -> str:
    """The slug of its name with ``_``, where that is a name that only one has, or else its uuid."""
    slug: str | None = row["slug"]
    return slug.replace("-", "_") if slug and row["namesakes"] == 1 and SLUG.fullmatch(slug) else str(row["uuid"])


def called(name: str) -> UUID | str:
    """What a name means: a uuid, or a slug."""
    try:
        return UUID(name)
    except ValueError:
        return name.replace("_", "-")


def place(cursor: str | None) -> UUID | None:
    """Behind which a page begins."""
    return None if cursor is None else cursors.place(cursor)


def next_page(rows: Sequence[Row]) -> dict[str, str]:
    """``nextCursor``, where there are more rows than a page has."""
    if len(rows) <= PAGE:
        return {}
    return {"nextCursor": cursors.cursor_of(rows[PAGE - 1]["uuid"])}

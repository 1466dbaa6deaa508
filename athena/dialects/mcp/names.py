"""What agents, workflows and prompts are called here, and the pages of their lists. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from athena.kit.db import Row
from athena.kit.errors import ValidationFailed

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
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (binascii.Error, ValueError):
        raise wrong_cursor() from None


def wrong_cursor() -> ValidationFailed:
    """The error of a cursor that no list has given."""
    return ValidationFailed.of("cursor", "This cursor does not belong to this list.")


def next_page(rows: Sequence[Row]) -> dict[str, str]:
    """``nextCursor``, where there are more rows than a page has."""
    if len(rows) <= PAGE:
        return {}
    return {"nextCursor": base64.urlsafe_b64encode(rows[PAGE - 1]["uuid"].bytes).decode().rstrip("=")}

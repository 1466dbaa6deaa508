"""Cursors of lists in the order of their ids. Pure."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from athena.kit.errors import ValidationFailed


def cursor_of(uuid: UUID) -> str:
    """The place behind a row."""
    return base64.urlsafe_b64encode(uuid.bytes).decode().rstrip("=")


def place(cursor: str, field: str = "cursor") -> UUID:
    """The row behind which a page begins; ``field``: the request's, for errors."""
    try:
        return UUID(bytes=base64.urlsafe_b64decode(f"{cursor}=="))
    except (binascii.Error, ValueError):
        raise wrong(field) from None


def wrong(field: str = "cursor") -> ValidationFailed:
    """The error of a cursor that no list has given."""
    return ValidationFailed.of(field, "This cursor does not belong to this list.")

"""The one error of this package."""

from __future__ import annotations


class PostgresError(Exception):
    """The embedded PostgreSQL cannot be used. Its text is one line that says why, fit to be shown to the user."""

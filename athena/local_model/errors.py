"""The one error of this package."""

from __future__ import annotations


class LocalModelError(Exception):
    """The packaged model cannot be fetched or run. Its text is one line that says why, fit to be shown to the user."""

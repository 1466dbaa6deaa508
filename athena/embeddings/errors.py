"""The one error of this package."""

from __future__ import annotations


class EmbeddingsUnavailable(Exception):
    """A text cannot be embedded now: the model is missing or damaged, or too much is waiting. Its text says which."""

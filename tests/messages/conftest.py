"""The built-in providers, stored as a start stores them."""

from __future__ import annotations

from tests.providers.conftest import built_in

__all__ = ["built_in"]

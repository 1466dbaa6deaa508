"""The providers that come along."""

from __future__ import annotations

from tests.providers.conftest import built_in

__all__ = ["built_in"]

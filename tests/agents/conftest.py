"""The built-in providers, stored as a start stores them, and a workspace whose model the test scripts."""

from __future__ import annotations

from tests.runs.conftest import built_in, model, scene

__all__ = ["built_in", "model", "scene"]

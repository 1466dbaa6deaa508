"""A workspace with an account at a model server that the test scripts."""

from __future__ import annotations

from tests.runs.conftest import built_in, model, scene

__all__ = ["built_in", "model", "scene"]

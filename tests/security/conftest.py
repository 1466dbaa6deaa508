"""The world of the tenants' tests, and a program that may call nothing private."""

from __future__ import annotations

from tests.tenants.conftest import own_process, own_url, scene

__all__ = ["own_process", "own_url", "scene"]

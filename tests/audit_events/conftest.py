"""A workspace's log as its owner sees it, and the scripted model server for runs."""

from __future__ import annotations

from typing import Any

from tests.conftest import Tenant
from tests.providers.conftest import built_in
from tests.runs.conftest import model, scene

__all__ = ["built_in", "model", "scene"]

PATH = "/api/v1/audit-events"


async def log_of(tenant: Tenant, **filters: Any) -> list[dict[str, Any]]:
    """The newest entries, oldest first."""
    answer = await tenant.get(PATH, params={"per_page": 100, **filters})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][::-1]


async def actions_of(tenant: Tenant, **filters: Any) -> list[str]:
    return [entry["action"] for entry in await log_of(tenant, **filters)]

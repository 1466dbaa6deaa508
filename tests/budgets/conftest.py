"""Workspaces with budgets, and what spends in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from athena.budgets.spending import Reservation, Spender, reserve, settle
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from tests.conftest import Tenant

PATH = "/api/v1/budgets"

Make = Callable[..., Awaitable[dict[str, Any]]]
Spend = Callable[..., Awaitable[Reservation]]


async def make_budget(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {"name": "Limit", "scope_type": "workspace", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def shown(tenant: Tenant, budget: dict[str, Any]) -> dict[str, Any]:
    answer = await tenant.get(f"{PATH}/{budget['uuid']}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def make_agent(tenant: Tenant) -> UUID:
    answer = await tenant.post("/api/v1/agents", {"name": "Support"})
    return UUID(answer.json()["data"]["uuid"])


def spender_of(tenant: Tenant, **more: Any) -> Spender:
    return Spender(tenant.workspace_uuid, tenant.user_uuid, **{"run_uuid": new_uuid(), **more})


@pytest.fixture
def spend(database: Database) -> Spend:
    """Reserves and settles a call."""

    async def spent(spender: Spender, cost: float = 0.0, tokens: int = 0, key: str = "call") -> Reservation:
        reservation = await reserve(database, spender, key, cost, tokens)
        async with database.session(Scope(spender.workspace_uuid)) as session:
            await settle(session, reservation, cost, tokens)
        return reservation

    return spent

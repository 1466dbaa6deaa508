"""What metrics are made of: rows of runs and messages at chosen times, and the built-in providers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from tests.conftest import Tenant
from tests.providers.conftest import built_in

__all__ = ["built_in"]

AddRun = Callable[..., Awaitable[UUID]]
Fold = Callable[[], Awaitable[None]]


@pytest.fixture
def add_run(database: Database) -> AddRun:
    """Stores a run at its end, as the engine leaves it."""

    async def add(
        tenant: Tenant,
        finished: datetime,
        *,
        kind: str = "agent",
        status: str = "succeeded",
        label: tuple[str, str] = ("agent_uuid", ""),
        milliseconds: int = 1000,
        usage: Any = None,
    ) -> UUID:
        uuid = new_uuid()
        async with database.session(Scope(tenant.workspace_uuid)) as session:
            await session.execute(
                "INSERT INTO runs (workspace_uuid, uuid, created_at, updated_at, kind, status, input, output, labels, "
                "started_at, finished_at) VALUES ($1, $2, $3, $4, $5, $6, '{}', $7, $8, $3, $4)",
                tenant.workspace_uuid,
                uuid,
                finished - timedelta(milliseconds=milliseconds),
                finished,
                kind,
                status,
                {"message": {"usage": usage}} if usage is not None else None,
                {label[0]: label[1]} if label[1] else {},
            )
        return uuid

    return add


@pytest.fixture
def fold(database: Database) -> Fold:
    """Folds everything that was counted, as the housekeeping does."""

    async def fold_all() -> None:
        async with database.system() as session:
            while await session.value("SELECT athena_fold_metrics()"):
                pass

    return fold_all


async def agent(tenant: Tenant, name: str, **fields: Any) -> str:
    """A new agent's uuid."""
    answer = await tenant.post("/api/v1/agents", {"name": name, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


async def metrics(tenant: Tenant, name: str, query: str = "") -> dict[str, Any]:
    """A number with all that belongs to it."""
    answer = await tenant.get(f"/api/v1/metrics/{name}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]

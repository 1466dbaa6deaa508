"""What a provider takes to tell what memories mean is within the budgets; without room, words decide."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from athena.budgets import calls
from athena.kit.db import Database
from athena.memories import tasks
from tests.budgets.conftest import make_budget
from tests.conftest import Connect, Tenant
from tests.memories.conftest import Remember, found
from tests.memories.test_embedding_settings import EmbeddingServer, at_once, built_in, choose, chosen, provider
from tests.training.conftest import learnt, trained

__all__ = ["at_once", "built_in", "provider"]

BUDGETS = "/api/v1/budgets"
Chosen = Callable[[Tenant], Awaitable[UUID]]


@pytest.fixture
def at_provider(connect: Connect, provider: EmbeddingServer, database: Database) -> Chosen:
    """Has a workspace's memories be told by the provider."""

    async def made(tenant: Tenant) -> UUID:
        account = await connect(tenant, provider.url)
        await choose(tenant, account)
        await tasks.keep(database)
        assert (await chosen(tenant))["status"] == "ready"
        provider.requests.clear()
        return account

    return made


async def spent(tenant: Tenant, budget: dict[str, Any]) -> tuple[int, int]:
    """Tokens that are used, and that are set aside."""
    shown = (await tenant.get(f"{BUDGETS}/{budget['uuid']}")).json()["data"]
    return shown["used"]["tokens"], shown["reserved"]["tokens"]


async def limit(tenant: Tenant, budget: dict[str, Any], tokens: int) -> None:
    answer = await tenant.put(f"{BUDGETS}/{budget['uuid']}", {"limit_tokens": tokens})
    assert answer.status_code == 200, answer.text


async def test_what_is_read_counts_as_the_provider_says(
    owner: Tenant, at_provider: Chosen, provider: EmbeddingServer, remember: Remember
) -> None:
    await at_provider(owner)
    budget = await make_budget(owner, period="day", limit_tokens=1_000)
    provider.tokens = 7
    await remember(owner, "Refunds are paid within fourteen days.")
    assert await spent(owner, budget) == (7, 0)
    assert await found(owner, "refunds")
    assert await spent(owner, budget) == (14, 0)
    provider.tokens = None
    await found(owner, "refunds")
    used, _ = await spent(owner, budget)
    assert 14 < used < 30


async def test_a_call_that_fails_costs_nothing(
    owner: Tenant, at_provider: Chosen, provider: EmbeddingServer, remember: Remember
) -> None:
    await at_provider(owner)
    budget = await make_budget(owner, period="day", limit_tokens=1_000)
    provider.status = 500
    memory = await remember(owner, "Refunds are paid within fourteen days.")
    assert memory["embedding_model"] is None
    assert provider.requests
    assert await spent(owner, budget) == (0, 0)


async def test_without_room_words_decide_and_meanings_wait(
    owner: Tenant, at_provider: Chosen, provider: EmbeddingServer, remember: Remember, database: Database
) -> None:
    account = await at_provider(owner)
    budget = await make_budget(owner, name="Secret plan", period="day", limit_tokens=1)
    memory = await remember(owner, "Refunds are paid within fourteen days.")
    assert memory["embedding_model"] is None
    assert [each["uuid"] for each in await found(owner, "refunds")] == [memory["uuid"]]
    await tasks.keep(database)
    assert provider.requests == []
    refused = await owner.put("/api/v1/embedding-settings", {"account_uuid": str(account), "model": "embed-2"})
    assert (refused.status_code, refused.json()["code"]) == (402, "budget_exhausted")
    await limit(owner, budget, 1_000)
    await tasks.keep(database)
    shown = (await owner.get(f"/api/v1/memories/{memory['uuid']}")).json()["data"]
    assert "embed-1" in shown["embedding_model"]
    assert len(provider.requests) == 1


async def test_training_fails_a_source_that_nothing_may_be_spent_on(
    owner: Tenant, at_provider: Chosen, provider: EmbeddingServer
) -> None:
    await at_provider(owner)
    uuid = (await owner.post("/api/v1/agents", {"name": "Support"})).json()["data"]["uuid"]
    budget = await make_budget(owner, scope_type="agent", scope_uuid=uuid, period="day", limit_tokens=1)
    source = {"type": "text", "title": "Refunds", "text": "Refunds are paid within fourteen days."}
    row = await trained(owner, f"/api/v1/agents/{uuid}", source)
    assert (row["status"], row["error"]["code"]) == ("failed", "budget_exhausted")
    assert "Limit" in row["error"]["message"]
    assert provider.requests == []
    await limit(owner, budget, 1_000)
    assert (await trained(owner, f"/api/v1/agents/{uuid}", source))["status"] == "completed"
    assert len(await learnt(owner)) == 1
    used, reserved = await spent(owner, budget)
    assert used > 0 == reserved


async def test_the_packaged_model_asks_no_budget(
    owner: Tenant, remember: Remember, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_budget(owner, period="day", limit_tokens=1)

    async def never(*_: Any) -> bool:
        raise AssertionError

    monkeypatch.setattr(calls, "applies", never)
    memory = await remember(owner, "Refunds are paid within fourteen days.")
    assert memory["embedding_model"]
    assert await found(owner, "refunds")

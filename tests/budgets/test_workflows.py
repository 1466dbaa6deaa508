"""Budgets hold what workflows ask models: at their start, at each call, with cheaper models, and over crashes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from athena.budgets.spending import reserve
from athena.kit.db import Database
from tests.budgets.conftest import Spend, make_budget, shown, spender_of
from tests.conftest import Connect, Tenant
from tests.node_types.conftest import Bench, asking, bench, built_in, model
from tests.runs.model_server import ModelServer, failing, saying

__all__ = ["asking", "bench", "built_in", "model"]

TEN = {"prompt_tokens": 6, "completion_tokens": 4}
TOTAL = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}


async def make(tenant: Tenant, asking: dict[str, Any], **more: Any) -> str:
    """A workflow with one call of the scripted model."""
    data = {**asking, "prompt": "Hello", "max_tokens": 40, **more}
    nodes = [
        {"id": "start", "type": "manual_trigger"},
        {"id": "ask", "type": "model_call", "data": data, "retry": {"max_attempts": 3, "delay_ms": 0}},
    ]
    body = {"name": "W", "nodes": nodes, "edges": [{"source": "start", "target": "ask"}]}
    answer = await tenant.post("/api/v1/workflows", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


async def run(tenant: Tenant, workflow: str) -> dict[str, Any]:
    """The execution when it has ended."""
    started = await tenant.post(f"/api/v1/workflows/{workflow}/run", {"background": True})
    assert started.status_code == 202, started.text
    uuid, found = started.json()["data"]["uuid"], dict[str, Any]()
    for _ in range(400):
        found = (await tenant.get(f"/api/v1/workflow-executions/{uuid}")).json()["data"]
        if found["finished_at"]:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(found["status"])


async def test_what_a_workflow_asks_is_counted_for_all_whom_it_concerns(
    owner: Tenant, asking: dict[str, Any], model: ModelServer
) -> None:
    workflow = await make(owner, asking)
    token = (await owner.get("/api/v1/tokens")).json()["data"][0]["uuid"]
    scopes = {"workflow": workflow, "user": str(owner.user_uuid), "token": token}
    budgets = [await make_budget(owner, limit_tokens=1_000)]
    for scope, uuid in scopes.items():
        budgets.append(await make_budget(owner, scope_type=scope, scope_uuid=uuid, limit_tokens=1_000))
    model.scripts = [saying("Hi", usage=TEN)]
    assert (await run(owner, workflow))["status"] == "succeeded"
    for budget in budgets:
        after = await shown(owner, budget)
        assert (after["used"]["tokens"], after["reserved"]["tokens"]) == (10, 0)


async def test_a_call_without_room_fails_its_node_for_good(
    owner: Tenant, asking: dict[str, Any], model: ModelServer
) -> None:
    workflow = await make(owner, asking)
    budget = await make_budget(owner, name="Small", limit_tokens=40)
    failed = await run(owner, workflow)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "budget_exhausted")
    assert failed["data"]["nodes"]["ask"]["attempts"] == 1
    assert "Small" in failed["error"]["message"]
    assert model.requests == []
    assert (await shown(owner, budget))["reserved"]["tokens"] == 0


async def test_nothing_starts_when_nothing_is_left(
    owner: Tenant, asking: dict[str, Any], model: ModelServer, spend: Spend
) -> None:
    workflow = await make(owner, asking)
    budget = await make_budget(owner, scope_type="workflow", scope_uuid=workflow, limit_tokens=100)
    await spend(spender_of(owner, workflow_uuid=workflow), 0.0, 0)
    done = await run(owner, workflow)
    assert done["status"] == "succeeded"
    await owner.put(f"/api/v1/budgets/{budget['uuid']}", {"limit_tokens": 10})
    for path, body in (
        (f"/api/v1/workflows/{workflow}/run", {"input": {}}),
        (f"/api/v1/workflow-executions/{done['uuid']}/retry", {"from_node_id": "ask"}),
    ):
        refused = await owner.post(path, body)
        assert (refused.status_code, refused.json()["code"]) == (402, "budget_exhausted")
        assert budget["resets_at"] in refused.json()["detail"]


async def test_who_calls_a_webhook_is_not_told_what_may_be_spent(owner: Tenant, spend: Spend) -> None:
    nodes = [{"id": "hook", "type": "webhook_trigger"}]
    body = {"name": "W", "status": "active", "nodes": nodes, "edges": []}
    workflow = (await owner.post("/api/v1/workflows", body)).json()["data"]
    await make_budget(owner, name="Secret", limit_tokens=10)
    await spend(spender_of(owner), 0.0, 10)
    refused = await owner.client.post(workflow["webhook"]["url"], json={})
    assert (refused.status_code, refused.json()["detail"]) == (402, "A budget is exhausted.")


async def test_who_runs_what_is_shared_is_not_told_what_may_be_spent(
    owner: Tenant, asking: dict[str, Any], spend: Spend
) -> None:
    workflow = await make(owner, asking)
    shared = await owner.post(f"/api/v1/workflows/{workflow}/share", {"grantee": "link", "permission": "run"})
    token = shared.json()["data"]["url"].rpartition("/")[2]
    await make_budget(owner, name="Secret", limit_tokens=40)
    # On the way, since there is too little left for a call; and at once, since there is nothing left.
    for spent in (0, 40):
        await spend(spender_of(owner), 0.0, spent)
        refused = await owner.client.post(f"/api/v1/links/{token}/run", json={})
        assert (refused.status_code, refused.json()["code"]) == (402, "budget_exhausted")
        assert refused.json()["detail"] == "At present nothing more may be spent on it; tell who shared it."


async def test_past_the_soft_limit_the_cheaper_model_answers(
    owner: Tenant, bench: Bench, asking: dict[str, Any], model: ModelServer
) -> None:
    cheaper = {"model": "tiny", "account_uuid": asking["account_uuid"]}
    await make_budget(owner, limit_tokens=1_000, soft_limit=0.05, on_soft="use_model", **cheaper)
    data = {**asking, "prompt": "Hello", "max_tokens": 60}
    result = await bench.perform("model_call", data)
    assert model.requests[-1]["model"] == "tiny"
    assert result.outputs["output"]["model"] == "tiny"


async def test_where_nobody_offers_the_cheaper_model_the_one_that_was_meant_answers(
    owner: Tenant, bench: Bench, asking: dict[str, Any], model: ModelServer
) -> None:
    await make_budget(owner, limit_tokens=1_000, soft_limit=0.01, on_soft="use_model", model="gone")
    await bench.perform("model_call", {**asking, "prompt": "Hello", "max_tokens": 60})
    assert model.requests[-1]["model"] == "small"


async def test_a_failed_call_costs_nothing_and_each_repair_counts(
    owner: Tenant, bench: Bench, asking: dict[str, Any], model: ModelServer
) -> None:
    budget = await make_budget(owner, limit_tokens=1_000)
    data = {**asking, "prompt": "Hello", "max_tokens": 40}
    model.scripts = [failing(500)]
    await bench.failure("model_call", data)
    after = await shown(owner, budget)
    assert (after["used"]["tokens"], after["reserved"]["tokens"]) == (0, 0)
    model.scripts = [saying("no JSON", usage=TEN), saying('{"total": 1}', usage=TEN)]
    await bench.perform("extract", {**asking, "text": "1", "json_schema": TOTAL, "max_tokens": 40})
    assert (await shown(owner, budget))["used"]["tokens"] == 20


async def test_what_was_spent_before_the_budget_ended_is_in_the_usage(
    owner: Tenant, bench: Bench, asking: dict[str, Any], model: ModelServer
) -> None:
    model.scripts = [saying("no JSON", usage=TEN)]
    data = {**asking, "text": "1", "json_schema": {"type": "object"}, "max_tokens": 40}
    await make_budget(owner, limit_tokens=250)
    model.scripts = [saying("no JSON" * 30, usage={"prompt_tokens": 100, "completion_tokens": 40})]
    failure = await bench.failure("extract", data)
    assert (failure.code, failure.retryable) == ("budget_exhausted", False)
    assert failure.usage is not None
    assert failure.usage.input_tokens == 100


async def test_a_call_that_is_repeated_after_a_crash_takes_up_what_was_set_aside(
    owner: Tenant, bench: Bench, asking: dict[str, Any], model: ModelServer, database: Database
) -> None:
    budget = await make_budget(owner, limit_tokens=100)
    call = bench.call()
    await reserve(database, call.spender, f"{call.idempotency_key}:1", 0.0, 90)
    model.scripts = [saying("Hi", usage=TEN)]
    await bench.perform("model_call", {**asking, "prompt": "Hello", "max_tokens": 40})
    after = await shown(owner, budget)
    assert (after["used"]["tokens"], after["reserved"]["tokens"]) == (10, 0)


async def test_a_workspace_without_budgets_asks_for_them_once(
    owner: Tenant, bench: Bench, asking: dict[str, Any], model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from athena.budgets import known

    asked: list[Any] = []
    original = known.SpendingRepository.budgets

    async def counted(self: Any) -> Any:
        asked.append(self.workspace_uuid)
        return await original(self)

    monkeypatch.setattr(known.SpendingRepository, "budgets", counted)
    for _ in range(5):
        await bench.perform("model_call", {**asking, "prompt": "Hello"})
    assert asked == [owner.workspace_uuid]


async def test_a_generation_without_room_is_refused(owner: Tenant, connect: Connect, model: ModelServer) -> None:
    account = str(await connect(owner, model.url))
    await make_budget(owner, limit_tokens=100)
    body = {"description": "Say hello.", "model": "small", "account_uuid": account}
    refused = await owner.post("/api/v1/workflows/generate", body)
    assert (refused.status_code, refused.json()["code"]) == (402, "budget_exhausted")
    assert model.requests == []

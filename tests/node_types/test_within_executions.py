"""Nodes within executions: what is tried again, what is kept, and what never shows."""

from __future__ import annotations

from typing import Any

from tests.conftest import Tenant
from tests.node_types.server import Server, answer, echo, hang_up
from tests.runs.model_server import ModelServer, saying
from tests.workflow_executions.conftest import create, node, run

QUICK = {"max_attempts": 4, "delay_ms": 1, "jitter": False}
SECRET = "canary: secret/ü 0123456789"


async def events(tenant: Tenant, run_uuid: str) -> str:
    return (await tenant.get(f"/api/v1/runs/{run_uuid}/events")).text


async def test_a_secret_is_sent_and_never_shown(owner: Tenant, server: Server) -> None:
    stored = {"name": "KEY", "kind": "secret", "value": SECRET}
    assert (await owner.post("/api/v1/variables", stored)).status_code == 201
    server.answers = [answer({"sent": SECRET}, 500), echo]
    data = {
        "url": f"{server.url}/",
        "query": {"key": "{{ secrets.KEY }}"},
        "body": {"type": "json", "value": "{{ secrets.KEY }}"},
        "method": "POST",
    }
    workflow = await create(owner, [node("call", "http_request", data, retry=QUICK)], [("start", "call")])
    done = await run(owner, workflow)
    assert server.asked[1].json == SECRET
    assert done["output"]["body"]["path"] == "/?key=[secret:KEY]"
    told = await events(owner, done["uuid"])
    assert "[secret:KEY]" in told
    assert "canary" not in told + str(done)


async def test_a_try_whose_outcome_is_open_is_repeated_under_its_key(owner: Tenant, server: Server) -> None:
    server.answers = [hang_up, answer({}, 500), answer({"done": True})]
    data = {"url": server.url, "method": "POST"}
    workflow = await create(owner, [node("call", "http_request", data, retry=QUICK)], [("start", "call")])
    assert (await run(owner, workflow))["output"]["body"] == {"done": True}
    open_one, same, next_one = [asked.headers["idempotency-key"] for asked in server.asked]
    assert open_one == same != next_one


async def test_what_failed_tries_cost_is_counted(owner: Tenant, asking: dict[str, Any], model: ModelServer) -> None:
    data = {**asking, "text": "Pay 12.", "json_schema": {"type": "integer"}, "max_repairs": 0}
    workflow = await create(owner, [node("find", "extract", data, retry=QUICK)], [("start", "find")])
    model.scripts = [saying("no"), saying("12")]
    done = await run(owner, workflow)
    assert (done["output"], done["usage"]) == (12, {"input_tokens": 14, "output_tokens": 6, "cost": 0.0})


async def test_what_a_node_cost_before_it_failed_is_counted(
    owner: Tenant, asking: dict[str, Any], model: ModelServer
) -> None:
    data = {**asking, "text": "Pay 12.", "json_schema": {"type": "integer"}, "max_repairs": 1}
    failing = node("find", "extract", data, on_error="continue", default_output=0)
    workflow = await create(owner, [failing], [("start", "find")])
    model.scripts = [saying("no"), saying("no")]
    done = await run(owner, workflow)
    assert (done["output"], done["usage"]["output_tokens"]) == (0, 6)

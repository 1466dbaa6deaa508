"""The node `sub_workflow`: an execution of another workflow, waited for or not."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any
from uuid import uuid4

from tests.conftest import Tenant
from tests.runs.conftest import until
from tests.runs.model_server import ModelServer, saying
from tests.workflow_executions.conftest import create, node, run

SET = "set"


async def inner(tenant: Tenant, *nodes: dict[str, Any]) -> str:
    """The uuid of a workflow that gives what its nodes make of its input."""
    given = nodes or (node("double", SET, {"fields": {"twice": "{{ trigger.input * 2 }}"}}),)
    ends = [("start", given[0]["id"]), *((a["id"], b["id"]) for a, b in itertools.pairwise(given))]
    return (await create(tenant, given, ends))["uuid"]


async def outer(tenant: Tenant, workflow_uuid: str, **more: Any) -> dict[str, Any]:
    data = {"workflow_uuid": workflow_uuid, "input": "{{ trigger.input }}", **more}
    workflow = await create(tenant, [node("sub", "sub_workflow", data)], [("start", "sub")])
    assert workflow["problems"] == []
    return workflow


async def executions(tenant: Tenant, workflow_uuid: str) -> list[dict[str, Any]]:
    return (await tenant.get(f"/api/v1/runs?workflow_uuid={workflow_uuid}")).json()["data"]


async def test_the_other_workflow_s_output_is_the_node_s(owner: Tenant) -> None:
    child = await inner(owner)
    done = await run(owner, await outer(owner, child), 21)
    assert done["output"] == {"twice": 42}
    assert [execution["status"] for execution in await executions(owner, child)] == ["succeeded"]


async def test_one_for_each_item_beside_each_other(owner: Tenant) -> None:
    child = await inner(owner)
    data = {"workflow_uuid": child, "input": "{{ item }}"}
    nodes = [
        node("each", "loop", {"items": "{{ trigger.input }}", "concurrency": 3}),
        node("sub", "sub_workflow", data),
    ]
    edges = [("start", "each"), ("each", "sub", "item"), ("sub", "each", None, "next")]
    done = await run(owner, await create(owner, nodes, edges), [1, 2, 3])
    assert done["output"]["results"] == [{"twice": 2}, {"twice": 4}, {"twice": 6}]
    assert len(await executions(owner, child)) == 3


async def failed(tenant: Tenant, workflow: dict[str, Any], given: Any = None) -> dict[str, Any]:
    answer = await tenant.post(f"/api/v1/workflows/{workflow['uuid']}/run", {"input": given})
    assert answer.status_code in {409, 502}, answer.text
    return answer.json()


async def test_its_failure_is_the_node_s(owner: Tenant) -> None:
    child = await inner(owner, node("broken", SET, {"fields": {"x": "{{ trigger.input.none }}"}}))
    error = await failed(owner, await outer(owner, child), {})
    assert error["code"] == "expression_error"
    assert "The workflow that was run:" in error["detail"]


async def test_a_workflow_that_is_not_there_fails_the_node_alone(owner: Tenant, stranger: Tenant) -> None:
    for missing in (str(uuid4()), await inner(stranger)):
        error = await failed(owner, await outer(owner, missing), 1)
        assert error["code"] == "not_found"
    data = {"workflow_uuid": str(uuid4())}
    nodes = [
        node("sub", "sub_workflow", data, on_error="branch"),
        node("code", SET, {"fields": {"code": "{{ input.error.code }}"}}),
    ]
    handled = await create(owner, nodes, [("start", "sub"), ("sub", "code", "error")])
    assert (await run(owner, handled))["output"] == {"code": "not_found"}


async def test_workflows_do_not_start_each_other_without_end(owner: Tenant) -> None:
    workflow = await inner(owner)
    itself = {"workflow_uuid": workflow, "input": 1}
    nodes = [node("start", "manual_trigger"), node("sub", "sub_workflow", itself)]
    edges = [{"source": "start", "target": "sub"}]
    changed = await owner.put(f"/api/v1/workflows/{workflow}", {"nodes": nodes, "edges": edges})
    assert changed.status_code == 200, changed.text
    error = await failed(owner, changed.json()["data"])
    assert error["code"] == "too_deep"


async def test_who_does_not_wait_goes_on_at_once(owner: Tenant) -> None:
    child = await inner(owner)
    done = await run(owner, await outer(owner, child, wait=False), 4)
    [execution] = await executions(owner, child)
    assert done["output"] == {"execution_uuid": execution["uuid"]}
    async with asyncio.timeout(10):
        while (await executions(owner, child))[0]["status"] != "succeeded":  # noqa: ASYNC110 - it changes elsewhere
            await asyncio.sleep(0.02)


async def test_who_does_not_wait_is_told_of_what_cannot_be_started(owner: Tenant) -> None:
    error = await failed(owner, await outer(owner, str(uuid4()), wait=False), 1)
    assert error["code"] == "not_found"


async def test_an_execution_that_is_cancelled_is_a_failure(
    owner: Tenant, asking: dict[str, Any], model: ModelServer, gate: asyncio.Event
) -> None:
    model.scripts = [saying("a", "b", until=gate)]
    child = await inner(owner, node("ask", "model_call", {**asking, "prompt": "Hi"}))
    waiting = asyncio.create_task(failed(owner, await outer(owner, child)))
    await until(lambda: model.requests)
    [execution] = await executions(owner, child)
    await owner.post(f"/api/v1/runs/{execution['uuid']}/cancel")
    assert (await waiting)["code"] == "execution_cancelled"


async def test_what_it_cost_counts_for_who_waited(owner: Tenant, asking: dict[str, Any], model: ModelServer) -> None:
    model.scripts = [saying("Hi.", usage={"prompt_tokens": 30, "completion_tokens": 5})]
    child = await inner(owner, node("ask", "model_call", {**asking, "prompt": "Hi"}))
    done = await run(owner, await outer(owner, child))
    assert done["usage"] == {"input_tokens": 30, "output_tokens": 5, "cost": 0.0}

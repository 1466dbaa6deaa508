"""What an execution has started, and waits for, ends with it."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from tests.conftest import Tenant
from tests.runs.conftest import Scene, built_in, model, scene
from tests.runs.model_server import saying
from tests.workflow_executions.conftest import PATH, create, execution, node, start

__all__ = ["built_in", "model", "scene"]

Superuser = asyncpg.Connection
WAIT = node("wait", "wait", {"mode": "webhook"})


def sub(workflow: dict[str, Any], node_id: str = "inner", **more: Any) -> dict[str, Any]:
    return node(node_id, "sub_workflow", {"workflow_uuid": workflow["uuid"], **more})


async def waiting(tenant: Tenant, workflow: dict[str, Any], count: int = 1) -> list[dict[str, Any]]:
    """A workflow's executions, once so many of them wait."""
    query = f"workflow_uuid={workflow['uuid']}&status=waiting&sort=created_at"
    async with asyncio.timeout(10):
        while len(found := (await tenant.get(f"{PATH}?{query}")).json()["data"]) < count:  # noqa: ASYNC110 - elsewhere
            await asyncio.sleep(0.02)
    return found


async def test_a_cancelled_execution_takes_along_those_that_it_waits_for(owner: Tenant) -> None:
    lowest = await create(owner, [WAIT], [("start", "wait")])
    middle = await create(owner, [sub(lowest)], [("start", "inner")])
    apart = sub(lowest, "apart", wait=False)
    outer = await create(owner, [apart, sub(middle)], [("start", "apart"), ("apart", "inner")])
    uuid = await start(owner, outer)
    below = await waiting(owner, lowest, 2)
    [between] = await waiting(owner, middle)
    assert (await owner.post(f"{PATH}/{uuid}/cancel", {})).json()["data"]["status"] == "cancelled"
    assert (await execution(owner, between["uuid"]))["status"] == "cancelled"
    for each in below:
        # What was only started goes on.
        if each["parent_execution_uuid"] is None:
            assert (await execution(owner, each["uuid"], "waiting"))["status"] == "waiting"
        else:
            assert each["parent_execution_uuid"] == between["uuid"]
            assert (await execution(owner, each["uuid"]))["status"] == "cancelled"
    assert len({each["parent_execution_uuid"] for each in below}) == 2


async def test_an_execution_that_fails_leaves_none_behind_in_its_other_branches(owner: Tenant) -> None:
    lowest = await create(owner, [WAIT], [("start", "wait")])
    pause = node("pause", "wait", {"duration": 0.3, "unit": "seconds"})
    stop = node("stop", "stop_with_error", {"message": "Enough."})
    outer = await create(owner, [sub(lowest), pause, stop], [("start", "inner"), ("start", "pause"), ("pause", "stop")])
    uuid = await start(owner, outer)
    [below] = await waiting(owner, lowest)
    assert (await execution(owner, uuid))["error"]["code"] == "stopped"
    assert (await execution(owner, below["uuid"]))["status"] == "cancelled"


async def test_an_execution_that_is_ended_after_a_crash_takes_its_agents_along(
    scene: Scene, superuser: Superuser[Any]
) -> None:
    tenant, forever = scene.tenant, asyncio.Event()
    scene.model.scripts = [saying("One", "Two", until=forever)]
    agent = await scene.agent()
    ask = node("ask", "agent", {"agent_uuid": agent["uuid"], "input": "x"})
    uuid = await start(tenant, await create(tenant, [ask], [("start", "ask")]))
    async with asyncio.timeout(10):
        while not (runs := (await tenant.get(f"/api/v1/runs?agent_uuid={agent['uuid']}")).json()["data"]):  # noqa: ASYNC110 - elsewhere
            await asyncio.sleep(0.02)
    # As when its process died: the function, which would stop the agent, is not there any more.
    await superuser.execute(
        "UPDATE runs SET process_uuid = NULL, lease_number = lease_number + 1 WHERE uuid = $1", uuid
    )
    assert (await tenant.post(f"{PATH}/{uuid}/cancel", {})).json()["data"]["status"] == "cancelled"
    assert (await scene.ended(runs[0]["uuid"]))["status"] == "cancelled"
    forever.set()

"""Tools that are workflows: a call is an execution, linked, waited for, counted, and never without end."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.tools.base import ToolResult
from athena.tools.calling import call_function
from athena.tools.service import ToolService
from tests.conftest import Tenant
from tests.tools.conftest import PATH as TOOLS
from tests.tools.conftest import call, make
from tests.workflow_executions.conftest import PATH, create, node, probe, run

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
DOUBLE = node("double", "set", {"fields": {"twice": "{{ trigger.input.n * 2 }}"}})


async def workflow_tool(tenant: Tenant, *nodes: dict[str, Any], schema: Any = SCHEMA, **fields: Any) -> dict[str, Any]:
    start = node("start", "manual_trigger", {"input_schema": schema})
    given = nodes or (DOUBLE,)
    workflow = await create(tenant, [start, *given], [("start", given[0]["id"])], description="Doubles a number.")
    config = {"workflow_uuid": workflow["uuid"]}
    return await make(tenant, "workflow", name="Double", description="", config=config, **fields)


async def execution(tenant: Tenant, result: dict[str, Any]) -> dict[str, Any]:
    return (await tenant.get(f"{PATH}/{result['details']['execution_uuid']}")).json()["data"]


async def until_all_are(tenant: Tenant, status: str) -> None:
    """Waits for the status of the workspace's executions, of which there is one."""
    async with asyncio.timeout(10):
        while [each["status"] for each in (await tenant.get(PATH)).json()["data"]] != [status]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def access_of(tenant: Tenant, role: Role = Role.OWNER) -> Access:
    return Access(WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, role, ROLE_PERMISSIONS[role])


async def called(
    database: Database, tenant: Tenant, tool: dict[str, Any], access: Access | None = None, **options: Any
) -> ToolResult:
    access = access or access_of(tenant)
    async with database.session(access.scope) as session:
        row = await ToolService(session, access).get(UUID(tool["uuid"]))
    return await call_function(database, access, row, None, {"n": 1}, idempotency_key="key", **options)


async def test_it_takes_what_the_trigger_takes_and_gives_the_workflow_s_output(owner: Tenant) -> None:
    tool = await workflow_tool(owner)
    assert tool["functions"] == [
        {"name": "double", "description": "Doubles a number.", "parameters": SCHEMA, "repeatable": True}
    ]
    result = await call(owner, tool, n=21)
    assert (result["data"], result["usage"]) == ({"twice": 42}, {"input_tokens": 0, "output_tokens": 0, "cost": 0.0})
    made = await execution(owner, result)
    assert (made["status"], made["trigger"], made["input"]) == ("succeeded", "agent", {"n": 21})


async def test_an_input_that_is_no_object_stands_in_one(owner: Tenant) -> None:
    echo = node("echo", "set", {"fields": {"got": "{{ trigger.input }}"}})
    tool = await workflow_tool(owner, echo, schema={"type": "array"})
    assert tool["parameters"] == {
        "type": "object",
        "properties": {"input": {"type": "array"}},
        "required": ["input"],
        "additionalProperties": False,
    }
    assert (await call(owner, tool, input=[1]))["data"] == {"got": [1]}
    free = await workflow_tool(owner, echo, schema=None)
    assert (await call(owner, free))["data"] == {"got": None}


async def test_the_execution_s_failure_is_told_with_what_it_cost(owner: Tenant) -> None:
    broken = node("broken", "set", {"fields": {"x": "{{ trigger.input.none }}"}})
    result = await call(owner, await workflow_tool(owner, broken), n=1)
    assert result["error"]["code"] == "expression_error"
    assert (await execution(owner, result))["status"] == "failed"
    assert result["usage"]["cost"] == 0


async def test_it_is_stopped_with_its_time(owner: Tenant) -> None:
    wait = node("wait", "wait", {"duration": 60})
    tool = await workflow_tool(owner, wait, seconds=0.3)
    result = await call(owner, tool, n=1)
    assert result["error"]["code"] == "timeout"
    await until_all_are(owner, "cancelled")


async def test_a_repeated_call_finds_the_execution_that_it_started(owner: Tenant, database: Database) -> None:
    tool, parent = await workflow_tool(owner), new_uuid()
    results = [await called(database, owner, tool, run_uuid=parent) for _ in range(2)]
    assert results[0] == results[1]
    assert results[0].data == {"twice": 2}
    assert len((await owner.get(PATH)).json()["data"]) == 1


async def test_a_cancelled_test_call_stops_the_execution(owner: Tenant, database: Database) -> None:
    tool = await workflow_tool(owner, node("wait", "wait", {"duration": 60}))
    calling = asyncio.ensure_future(called(database, owner, tool))
    await until_all_are(owner, "waiting")
    calling.cancel()
    await asyncio.wait([calling])
    await until_all_are(owner, "cancelled")


async def test_who_may_not_run_workflows_does_not_by_a_tool_either(owner: Tenant, database: Database) -> None:
    result = await called(database, owner, await workflow_tool(owner), access=access_of(owner, Role.VIEWER))
    assert result.details["error"]["code"] == "permission_denied"


async def test_what_led_to_a_call_is_not_called_again_nor_anything_too_deep(owner: Tenant, database: Database) -> None:
    tool = await workflow_tool(owner)
    own = UUID(tool["config"]["workflow_uuid"])
    circle = await called(database, owner, tool, ancestors=[uuid4(), own])
    assert circle.details["error"]["code"] == "tool_cycle"
    deep = await called(database, owner, tool, ancestors=[uuid4() for _ in range(8)])
    assert deep.details["error"]["code"] == "too_deep"
    assert (await owner.get(PATH)).json()["data"] == []


async def test_a_workflow_that_calls_itself_by_a_tool_ends(owner: Tenant) -> None:
    tool = await workflow_tool(owner)
    again = node("again", "tool", {"tool_uuid": tool["uuid"], "arguments": {"n": 1}})
    path = f"/api/v1/workflows/{tool['config']['workflow_uuid']}"
    nodes = [node("start", "manual_trigger", {"input_schema": SCHEMA}), again]
    answer = await owner.put(path, {"nodes": nodes, "edges": [{"source": "start", "target": "again"}]})
    assert answer.json()["data"]["problems"] == []
    result = await call(owner, tool, n=1)
    assert result["error"]["code"] == "tool_cycle"


async def test_a_workflow_calls_another_by_a_tool_and_its_cost_is_counted(owner: Tenant) -> None:
    tool = await workflow_tool(owner, probe("p", {"done": True}, cost=0.25), schema=None)
    outer = await create(owner, [node("t", "tool", {"tool_uuid": tool["uuid"]})], [("start", "t")])
    done = await run(owner, outer)
    assert done["output"]["data"] == {"done": True}
    assert done["usage"]["cost"] == 0.25


async def test_only_a_workflow_of_the_workspace_with_a_manual_trigger_can_be_one(
    owner: Tenant, stranger: Tenant
) -> None:
    theirs = await create(stranger, [DOUBLE], [("start", "double")])
    silent = await create(owner, [node("hook", "webhook_trigger"), DOUBLE], [("hook", "double")])
    body = {"name": "W", "type": "workflow"}
    for uuid, status in ((theirs["uuid"], 404), (str(uuid4()), 404), (silent["uuid"], 422)):
        answer = await owner.post(TOOLS, {**body, "config": {"workflow_uuid": uuid}})
        assert answer.status_code == status, answer.text


async def test_a_workflow_that_was_deleted_since_is_told(owner: Tenant) -> None:
    tool = await workflow_tool(owner)
    await owner.delete(f"/api/v1/workflows/{tool['config']['workflow_uuid']}")
    assert (await call(owner, tool, n=1))["error"]["code"] == "not_found"
    assert (await owner.put(f"{TOOLS}/{tool['uuid']}", {"enabled": False})).status_code == 200

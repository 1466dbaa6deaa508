"""What a run asks people is asked of the client's user, where the client can, and told with a link where it cannot."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mcp_types import ElicitResult

from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.dialects.conftest import workflow
from tests.dialects.mcp_client import GENERATIONS, client_of, send, text_of
from tests.runs.conftest import Scene
from tests.runs.model_server import calling, saying
from tests.tools.conftest import make

ASKING: Any = {
    "name": "Asking",
    "nodes": [
        {"id": "t", "type": "manual_trigger"},
        {"id": "ask", "type": "approval", "data": {"title": "Pay 40 €?", "payload": {"sum": 40}}},
        {"id": "yes", "type": "set", "data": {"fields": {"paid": True}}},
        {"id": "no", "type": "set", "data": {"fields": {"paid": False}}},
    ],
    "edges": [
        {"source": "t", "target": "ask"},
        {"source": "ask", "target": "yes", "source_handle": "approved"},
        {"source": "ask", "target": "no", "source_handle": "refused"},
    ],
}
FIELDS = [
    {"name": "size", "type": "choice", "options": ["28", "40"], "required": True},
    {"name": "count", "type": "number", "default": 2},
]
FORM: Any = {
    "name": "Filling",
    "nodes": [
        {"id": "t", "type": "manual_trigger"},
        {"id": "ask", "type": "form", "data": {"title": "Which tyre?", "fields": FIELDS}},
    ],
    "edges": [{"source": "t", "target": "ask"}],
}


class User:
    """Who sits before the client, and what they answer."""

    def __init__(self, action: Any, content: Any = None) -> None:
        self.seen: list[Any] = []
        self._answer = ElicitResult(action=action, content=content)

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        del context
        self.seen.append(params)
        return self._answer


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_an_approval_is_asked_of_the_user(owner: Tenant, server_url: str, mode: str) -> None:
    await workflow(owner, **ASKING)
    for user, paid in (
        (User("accept", {"decision": "approved", "comment": "Fine."}), True),
        (User("accept", {"decision": "refused"}), False),
        (User("decline"), False),
    ):
        async with client_of(owner, server_url, mode, elicitation_callback=user) as client:
            answer = await client.call_tool("asking", {"input": 1})
        assert json.loads(text_of(answer)) == {"paid": paid}
        [asked] = user.seen
        assert asked.message.startswith("Pay 40 €?")
        assert '"sum": 40' in asked.message
        assert asked.requested_schema["required"] == ["decision"]
    approvals = (await owner.get("/api/v1/approvals?sort=created_at")).json()["data"]
    assert [each["status"] for each in approvals] == ["approved", "refused", "refused"]
    assert approvals[0]["answers"][0]["comment"] == "Fine."


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_a_form_is_filled_in_by_the_user(owner: Tenant, server_url: str, mode: str) -> None:
    await workflow(owner, **FORM)
    user = User("accept", {"size": "40", "count": 3})
    async with client_of(owner, server_url, mode, elicitation_callback=user) as client:
        answer = await client.call_tool("filling", {"input": 1})
    assert json.loads(text_of(answer)) == {"size": "40", "count": 3}
    assert user.seen[0].requested_schema == {
        "type": "object",
        "properties": {
            "size": {"type": "string", "title": "size", "enum": ["28", "40"]},
            "count": {"type": "number", "title": "count", "default": 2},
        },
        "required": ["size"],
    }


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_a_tools_call_of_an_agent_is_approved(scene: Scene, server_url: str, mode: str) -> None:
    tool = await make(scene.tenant, requires_approval=True)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]})), saying("3 in all.")]
    user = User("accept", {"decision": "approved"})
    async with client_of(scene.tenant, server_url, mode, elicitation_callback=user) as client:
        answer = await client.call_tool("shop", {"input": "1 and 2?"})
    assert text_of(answer) == "3 in all."
    assert "Call sum?" in user.seen[0].message


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_who_cannot_ask_is_told_where_it_is_answered(owner: Tenant, server_url: str, mode: str) -> None:
    await workflow(owner, **ASKING)
    async with client_of(owner, server_url, mode) as client:
        answer = await client.call_tool("asking", {"input": 1})
        assert not answer.is_error
        assert f"http://athena.test/w/{owner.workspace_uuid}/approvals" in text_of(answer)
        [link] = [each for each in answer.content if each.type == "resource_link"]
        run = link.uri.rpartition("/")[2]
        assert (await owner.post(f"/api/v1/runs/{run}/approve", {"decision": "approved"})).status_code == 200
        async with asyncio.timeout(10):
            while True:
                told: Any = (await client.read_resource(link.uri)).contents[0]
                if (found := json.loads(told.text))["status"] == "succeeded":
                    break
        assert found["output"] == {"paid": True}


async def test_who_gives_no_answer_leaves_it_open(owner: Tenant, server_url: str) -> None:
    await workflow(owner, **ASKING)
    async with client_of(owner, server_url, elicitation_callback=User("cancel")) as client:
        answer = await client.call_tool("asking", {"input": 1})
    assert "Not finished" in text_of(answer)
    [approval] = (await owner.get("/api/v1/approvals")).json()["data"]
    assert approval["status"] == "open"


async def test_who_may_not_answer_is_not_asked(owner: Tenant, make_tenant: MakeTenant, server_url: str) -> None:
    nodes = [{**node, "data": {**node["data"], "answerers": {"roles": ["owner"]}}} for node in ASKING["nodes"][1:2]]
    await workflow(owner, **{**ASKING, "nodes": [ASKING["nodes"][0], *nodes, *ASKING["nodes"][2:]]})
    user = User("accept", {"decision": "approved"})
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    narrowed = await make_tenant(workspace_uuid=owner.workspace_uuid, scopes=["workflows.run", "workflows.view"])
    for other in (operator, narrowed):
        async with client_of(other, server_url, elicitation_callback=user) as client:
            assert "Not finished" in text_of(await client.call_tool("asking", {"input": 1}))
    assert user.seen == []


async def test_the_state_of_a_call_is_its_callers_alone(
    owner: Tenant, stranger: Tenant, make_tenant: MakeTenant
) -> None:
    await workflow(owner, **ASKING)
    first = await alone(owner, {"name": "asking", "arguments": {"input": 1}})
    assert first["resultType"] == "input_required"
    [name] = first["inputRequests"]
    answer = {"action": "accept", "content": {"decision": "approved"}}
    given = {"name": "asking", "inputResponses": {name: answer}, "requestState": first["requestState"]}
    colleague = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    for other in (stranger, colleague):
        assert (await alone(other, given))["code"] == -32602
    other_run = await alone(owner, {"name": "asking", "arguments": {"input": 1}})
    [foreign] = other_run["inputRequests"]
    for wrong in (foreign, str(new_uuid()), "x"):
        assert (await alone(owner, {**given, "inputResponses": {wrong: answer}}))["code"] == -32602
    for state in ("", "x.y", first["requestState"][:-2]):
        assert (await alone(owner, {**given, "requestState": state}))["code"] == -32602
    open_ones = (await owner.get("/api/v1/approvals?status=open")).json()["data"]
    assert len(open_ones) == 2
    assert json.loads((await alone(owner, given))["content"][0]["text"]) == {"paid": True}


async def alone(tenant: Tenant, params: dict[str, Any]) -> dict[str, Any]:
    """What a call comes to that stands alone: its result, or its error."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
    }
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": params["name"]}
    answer = await send(tenant, "tools/call", {**params, "_meta": meta}, headers)
    if answer.headers["content-type"].startswith("application/json"):
        told = answer.json()
    else:
        told = json.loads(answer.text.rstrip().splitlines()[-1].removeprefix("data: "))
    return told["result"] if "result" in told else told["error"]

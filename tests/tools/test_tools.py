"""Tools as a resource: kept with the functions that they offer, changed, refreshed, and gone from agents with them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.tools.service import ToolService
from tests.conftest import Connect, MakeTenant, Tenant
from tests.tools.conftest import CODE, EMPTY, NUMBERS, PATH, make


def access_of(tenant: Tenant) -> Access:
    return Access(WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, "owner", ROLE_PERMISSIONS[Role.OWNER])


async def test_a_tool_is_kept_with_the_functions_that_it_offers(owner: Tenant) -> None:
    tool = await make(owner, name="Añade números")
    assert tool["functions"] == [
        {"name": "anade_numeros", "description": "Adds.", "parameters": NUMBERS, "repeatable": True}
    ]
    assert tool["config"] == {**CODE, "compute_seconds": 5.0, "memory_mb": 64}
    assert tool["parameters"] == NUMBERS
    assert (tool["requires_approval"], tool["approval_condition"], tool["enabled"]) == (False, None, True)
    assert (tool["seconds"], tool["max_result_bytes"], tool["account_uuid"]) == (None, 65_536, None)
    found = (await owner.get(f"{PATH}/{tool['uuid']}?with=creator,account")).json()["data"]
    assert found == {**tool, "creator": found["creator"]}
    assert found["creator"]["uuid"] == str(owner.user_uuid)


async def test_without_parameters_it_takes_no_arguments(owner: Tenant) -> None:
    assert (await make(owner, parameters=None))["functions"][0]["parameters"] == EMPTY


async def test_tools_are_listed_and_found(owner: Tenant) -> None:
    first, second = await make(owner, name="Alpha"), await make(owner, name="Beta", enabled=False)
    listed = (await owner.get(f"{PATH}?sort=name")).json()
    assert [each["uuid"] for each in listed["data"]] == [first["uuid"], second["uuid"]]
    assert listed["meta"]["total"] == 2
    for query in ("enabled=false", "search=bet", "name=Beta"):
        assert [each["name"] for each in (await owner.get(f"{PATH}?{query}")).json()["data"]] == ["Beta"], query
    assert (await owner.get(f"{PATH}?type=http")).json()["data"] == []
    assert (await owner.get(f"{PATH}?type=magic")).status_code == 422


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"type": "magic"}, "type"),
        ({"config": {}}, "config.code"),
        ({"config": {**CODE, "password": "x"}}, "config.password"),
        ({"config": {**CODE, "memory_mb": 10**9}}, "config.memory_mb"),
        ({"parameters": {"type": "string"}}, "parameters"),
        ({"parameters": {"type": "object", "properties": 3}}, "parameters"),
        ({"approval_condition": "arguments.amount >"}, "approval_condition"),
        ({"approval_condition": "secrets.KEY == 'x'"}, "approval_condition"),
        ({"seconds": 0}, "seconds"),
        ({"max_result_bytes": 10}, "max_result_bytes"),
        ({"name": " "}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_is_refused_and_named(owner: Tenant, fields: dict[str, Any], path: str) -> None:
    body: dict[str, Any] = {"name": "Sum", "type": "code", "config": CODE, "parameters": NUMBERS, **fields}
    answer = await owner.post(PATH, body)
    assert answer.status_code == 422, answer.text
    assert any(key == path or key.startswith(f"{path}.") for key in answer.json()["errors"]), answer.text
    assert (await owner.get(PATH)).json()["data"] == []


async def test_an_account_must_be_of_the_workspace(owner: Tenant, stranger: Tenant, connect: Connect) -> None:
    theirs, own = str(await connect(stranger)), str(await connect(owner))
    body = {"name": "Sum", "type": "code", "config": CODE}
    assert (await owner.post(PATH, {**body, "account_uuid": theirs})).status_code == 404
    tool = await make(owner, account_uuid=own)
    shown = (await owner.get(f"{PATH}/{tool['uuid']}?with=account")).json()["data"]
    assert shown["account"]["uuid"] == own
    assert "api_key" not in shown["account"]["credentials"] or "…" in shown["account"]["credentials"]["api_key"]
    await owner.delete(f"/api/v1/accounts/{own}")
    assert (await owner.get(f"{PATH}/{tool['uuid']}")).json()["data"]["account_uuid"] is None


async def test_a_change_changes_what_it_names(owner: Tenant) -> None:
    tool = await make(owner)
    path = f"{PATH}/{tool['uuid']}"
    changed = (await owner.put(path, {"name": "Total", "seconds": 2.5, "approval_condition": "true"})).json()["data"]
    assert [each["name"] for each in changed["functions"]] == ["total"]
    assert (changed["seconds"], changed["approval_condition"]) == (2.5, "true")
    assert changed["parameters"] == NUMBERS
    unset = (await owner.put(path, {"parameters": None, "seconds": None, "approval_condition": None})).json()["data"]
    assert (unset["functions"][0]["parameters"], unset["seconds"], unset["approval_condition"]) == (EMPTY, None, None)
    assert (await owner.put(path, {"config": {"code": ""}})).status_code == 422
    assert (await owner.put(path, {"type": "http"})).status_code == 422
    assert (await owner.put(path, {"enabled": False}, headers={"If-Match": '"1"'})).status_code == 412
    assert (await owner.get(path)).json()["data"] == unset


async def test_refreshing_finds_the_functions_anew(owner: Tenant) -> None:
    tool = await make(owner)
    answer = await owner.post(f"{PATH}/{tool['uuid']}/refresh")
    assert answer.status_code == 200
    refreshed = answer.json()["data"]
    assert refreshed["functions"] == tool["functions"]
    assert refreshed["refreshed_at"] >= tool["refreshed_at"]
    events = (await owner.get(f"/api/v1/audit-events?resource_uuid={tool['uuid']}")).json()["data"]
    assert {each["action"] for each in events} == {"tool.created", "tool.refreshed"}


async def test_a_deleted_tool_is_gone_from_its_agents(owner: Tenant, database: Database) -> None:
    first, second = await make(owner, name="First"), await make(owner, name="Second")
    tools = [first["uuid"], second["uuid"]]
    agent = (await owner.post("/api/v1/agents", {"name": "Agent", "tool_uuids": tools})).json()["data"]
    assert agent["tool_uuids"] == tools
    assert (await owner.delete(f"{PATH}/{first['uuid']}")).status_code == 204
    found = (await owner.get(f"/api/v1/agents/{agent['uuid']}")).json()["data"]
    assert found["tool_uuids"] == [second["uuid"]]


async def test_an_agent_is_given_what_is_enabled_in_its_own_order(
    owner: Tenant, stranger: Tenant, database: Database
) -> None:
    names = ["A", "B", "C"]
    tools = {name: UUID((await make(owner, name=name, enabled=name != "B"))["uuid"]) for name in names}
    theirs = UUID((await make(stranger))["uuid"])
    async with database.session(access_of(owner).scope) as session:
        service = ToolService(session, access_of(owner))
        found = await service.for_agent([tools["C"], theirs, uuid4(), tools["B"], tools["A"]])
        assert [row["name"] for row in found] == ["C", "A"]
        assert await service.for_agent([]) == []


async def test_who_may_what(owner: Tenant, make_tenant: MakeTenant) -> None:
    tool = await make(owner)
    path = f"{PATH}/{tool['uuid']}"
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    assert (await viewer.get(path)).status_code == 200
    assert (await viewer.post(f"{path}/call", {"arguments": {"numbers": [1]}})).status_code == 403
    assert (await operator.post(f"{path}/call", {"arguments": {"numbers": [1]}})).status_code == 200
    for answer in (
        await operator.post(PATH, {"name": "Sum", "type": "code", "config": CODE}),
        await operator.put(path, {"enabled": False}),
        await operator.post(f"{path}/refresh"),
        await operator.delete(path),
    ):
        assert answer.status_code == 403


async def test_what_is_another_workspaces_does_not_exist(owner: Tenant, stranger: Tenant) -> None:
    path = f"{PATH}/{(await make(stranger))['uuid']}"
    for answer in (
        await owner.get(path),
        await owner.put(path, {"enabled": False}),
        await owner.delete(path),
        await owner.post(f"{path}/call", {"arguments": {"numbers": [1]}}),
        await owner.post(f"{path}/refresh"),
    ):
        assert answer.status_code == 404

"""Who may do what, as data: the table of roles and operations, and the reasons of one answer."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from athena.kit.ids import new_uuid
from athena.permissions import ROLE_PERMISSIONS, Permission, Role
from tests.conftest import MakeTenant, Tenant

PERMISSIONS = "/api/v1/permissions"
EXPLAIN = "/api/v1/permissions/explain"


async def explain(tenant: Tenant, permission: str, **more: Any) -> dict[str, Any]:
    answer = await tenant.get(EXPLAIN, params={"permission": permission, **{k: str(v) for k, v in more.items()}})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def said(explanation: dict[str, Any]) -> dict[str, bool]:
    return {reason["rule"]: reason["allowed"] for reason in explanation["reasons"]}


async def test_the_table_is_the_roles_and_the_routes(make_tenant: MakeTenant) -> None:
    viewer = await make_tenant(Role.VIEWER, scopes=["threads.view"])
    table = (await viewer.get(PERMISSIONS)).json()["data"]
    assert {each["name"]: set(each["permissions"]) for each in table["roles"]} == {
        role.value: {permission.value for permission in permissions} for role, permissions in ROLE_PERMISSIONS.items()
    }
    served = (await viewer.get("/openapi.json")).json()["paths"]
    documented = {
        (method.upper(), path, operation["operationId"])
        for path, item in served.items()
        for method, operation in item.items()
        if path.startswith("/api/") and isinstance(operation, dict)
    }
    told = {(each["method"], each["path"], each["operation_id"]): each["permission"] for each in table["operations"]}
    assert documented <= told.keys()
    assert told["POST", "/api/v1/agents", "create_agent"] == "agents.create"
    assert told["GET", "/api/v1/user", "get_authenticated_user"] is None


async def test_the_table_is_for_the_signed_in(client: httpx2.AsyncClient) -> None:
    assert (await client.get(PERMISSIONS)).status_code == 401
    assert (await client.get(f"{EXPLAIN}?permission=agents.view")).status_code == 401


@pytest.mark.parametrize("role", list(Role), ids=[role.value for role in Role])
async def test_an_explanation_is_what_the_role_permits(make_tenant: MakeTenant, role: Role) -> None:
    tenant = await make_tenant(role)
    for permission in (Permission.AGENTS_VIEW, Permission.AGENTS_UPDATE, Permission.WORKSPACES_DELETE):
        explanation = await explain(tenant, permission)
        assert explanation["allowed"] is (permission in ROLE_PERMISSIONS[role])
        assert said(explanation) == {"membership": True, "role": explanation["allowed"]}
        assert explanation["role"] == role


async def test_it_tells_what_the_token_leaves_out(owner: Tenant, client: httpx2.AsyncClient) -> None:
    body = {"name": "x", "scopes": ["agents.view", "user.*"], "workspace_uuid": str(owner.workspace_uuid)}
    token = (await owner.post("/api/v1/tokens", body)).json()["data"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    expected = {
        "agents.view": {"membership": True, "role": True, "token_scope": True, "token_workspace": True},
        "agents.update": {"membership": True, "role": True, "token_scope": False, "token_workspace": True},
        "user.update": {"membership": True, "role": True, "token_scope": True, "token_workspace": False},
    }
    for permission, reasons in expected.items():
        answer = await client.get(f"{EXPLAIN}?permission={permission}", headers=headers)
        explanation = answer.json()["data"]
        assert said(explanation) == reasons
        assert explanation["allowed"] is all(reasons.values())


async def test_it_tells_of_a_resource_of_this_workspace_alone(owner: Tenant, stranger: Tenant) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "A"})).json()["data"]["uuid"]
    mine = await explain(owner, "agents.update", uuid=agent)
    assert mine["allowed"], mine
    assert said(mine)["resource"]
    foreign = await explain(stranger, "agents.update", uuid=agent)
    random = await explain(stranger, "agents.update", uuid=new_uuid())
    assert foreign == random
    assert foreign["reasons"][-1] == {
        "rule": "resource",
        "allowed": False,
        "detail": "It does not exist in this workspace.",
    }
    other = await explain(owner, "threads.update", uuid=agent)
    assert not other["allowed"]
    assert "agents" in other["reasons"][-1]["detail"]


async def test_nobody_is_told_of_what_others_alone_should_know(owner: Tenant, make_tenant: MakeTenant) -> None:
    member, other = [await make_tenant(Role.OPERATOR, owner.workspace_uuid) for _ in range(2)]
    stored = await member.post("/api/v1/memories", {"content": "Prefers tea.", "scope": "user"})
    memory = stored.json()["data"]["uuid"]
    for tenant in (member, owner):
        assert (await explain(tenant, "memories.view", uuid=memory))["allowed"]
    kept, random = [await explain(other, "memories.view", uuid=uuid) for uuid in (memory, new_uuid())]
    assert kept == random
    assert not kept["allowed"]


async def test_what_is_built_in_is_nobodys_to_change(owner: Tenant) -> None:
    listed = (await owner.get("/api/v1/providers")).json()["data"]
    provider = next(each["uuid"] for each in listed if each["is_builtin"])
    assert (await explain(owner, "providers.view", uuid=provider))["allowed"]
    refused = await explain(owner, "providers.update", uuid=provider)
    assert said(refused) == {"membership": True, "role": True, "resource": True, "builtin": False}


async def test_it_tells_of_another_member(owner: Tenant, make_tenant: MakeTenant, stranger: Tenant) -> None:
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    explanation = await explain(owner, "agents.update", user_uuid=viewer.user_uuid)
    assert (explanation["role"], explanation["allowed"]) == ("viewer", False)
    foreign = await explain(owner, "agents.view", user_uuid=stranger.user_uuid)
    assert said(foreign) == {"membership": False}
    unknown = await explain(owner, "agents.view", user_uuid=(random := new_uuid()))
    assert foreign["reasons"] == unknown["reasons"]
    assert unknown["user_uuid"] == str(random)
    narrow = await make_tenant(Role.OWNER, owner.workspace_uuid, scopes=["agents.view"])
    refused = await narrow.get(f"{EXPLAIN}?permission=agents.view&user_uuid={viewer.user_uuid}")
    assert refused.status_code == 403
    assert "members.view" in refused.json()["detail"]


async def test_nobody_acts_on_a_member_above_them(owner: Tenant, make_tenant: MakeTenant) -> None:
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    above = await explain(admin, "members.update", uuid=owner.user_uuid)
    assert said(above) == {"membership": True, "role": True, "resource": True, "rank": False}
    assert (await explain(owner, "members.update", uuid=admin.user_uuid))["allowed"]


async def test_another_workspace_does_not_exist(owner: Tenant, stranger: Tenant) -> None:
    for uuid in (owner.workspace_uuid, new_uuid()):
        answer = await stranger.get(f"{EXPLAIN}?permission=agents.view&workspace_uuid={uuid}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such workspace.")


@pytest.mark.parametrize(
    "query", ["", "?permission=agents.fly", "?permission=agents.*", "?permission=agents.view&uuid=x"]
)
async def test_what_cannot_be_asked_is_422(owner: Tenant, query: str) -> None:
    assert (await owner.get(EXPLAIN + query)).status_code == 422


async def test_a_wrong_permission_is_told_without_the_whole_list(owner: Tenant) -> None:
    detail = (await owner.get(f"{EXPLAIN}?permission=agents.fly")).json()["detail"]
    assert detail.startswith("permission: Input should be 'user.update', ")
    assert detail.endswith("' or another of those that /openapi.json lists.")
    assert len(detail) < 400

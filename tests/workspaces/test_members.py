"""How members leave and ownership moves, so that no workspace is without an owner and no credential outlives its user's
membership."""

from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import httpx2

from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant

TOKENS = "/api/v1/tokens"
THREADS = "/api/v1/threads"


def members(tenant: Tenant) -> str:
    return f"/api/v1/workspaces/{tenant.workspace_uuid}/members"


def transfer(tenant: Tenant) -> str:
    return f"/api/v1/workspaces/{tenant.workspace_uuid}/transfer-ownership"


async def role_of(asker: Tenant, tenant: Tenant) -> str:
    return (await asker.get(f"{members(asker)}/{tenant.user_uuid}")).json()["data"]["role"]


async def test_every_member_can_leave(owner: Tenant, make_tenant: MakeTenant) -> None:
    for role in (Role.VIEWER, Role.OPERATOR, Role.BUILDER, Role.ADMIN):
        tenant = await make_tenant(role, owner.workspace_uuid)
        assert (await tenant.delete(f"{members(owner)}/{tenant.user_uuid}")).status_code == 204
        assert (await tenant.get(THREADS)).status_code == 404
    assert (await owner.get(members(owner))).json()["meta"]["total"] == 1


async def test_leaving_is_for_oneself(owner: Tenant, make_tenant: MakeTenant) -> None:
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    other = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    refused = await viewer.delete(f"{members(owner)}/{other.user_uuid}")
    assert refused.status_code == 403
    assert "members.delete" in refused.json()["detail"]
    assert (await viewer.delete(f"{members(owner)}/{new_uuid()}")).status_code == 403


async def test_a_narrowed_token_does_not_leave_for_its_user(
    owner: Tenant, make_tenant: MakeTenant, client: httpx2.AsyncClient
) -> None:
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid, scopes=["workspaces.view", "threads.*"])
    assert (await viewer.delete(f"{members(owner)}/{viewer.user_uuid}")).status_code == 403
    assert await role_of(owner, viewer) == "viewer"


async def test_the_last_owner_does_not_leave(owner: Tenant, make_tenant: MakeTenant) -> None:
    await make_tenant(Role.ADMIN, owner.workspace_uuid)
    answer = await owner.delete(f"{members(owner)}/{owner.user_uuid}")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")


async def test_ownership_moves_in_one_step(owner: Tenant, make_tenant: MakeTenant) -> None:
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    answer = await owner.post(transfer(owner), {"user_uuid": str(viewer.user_uuid)})
    assert answer.status_code == 200
    assert (answer.json()["data"]["uuid"], answer.json()["data"]["role"]) == (str(viewer.user_uuid), "owner")
    assert await role_of(viewer, owner) == "admin"
    assert (await owner.post(transfer(owner), {"user_uuid": str(owner.user_uuid)})).status_code == 403
    assert (await owner.delete(f"{members(owner)}/{owner.user_uuid}")).status_code == 204


async def test_ownership_moves_to_a_member_alone(owner: Tenant, stranger: Tenant, make_tenant: MakeTenant) -> None:
    for uuid in (stranger.user_uuid, new_uuid()):
        answer = await owner.post(transfer(owner), {"user_uuid": str(uuid)})
        assert answer.status_code == 404
        assert answer.json()["detail"] == "There is no such member in this workspace."
    assert (await owner.post(transfer(owner), {"user_uuid": str(owner.user_uuid)})).status_code == 422
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    refused = await admin.post(transfer(owner), {"user_uuid": str(admin.user_uuid)})
    assert refused.status_code == 403
    assert "workspaces.transfer" in refused.json()["detail"]


async def test_where_the_provider_gives_roles_it_gives_the_owners_too(
    owner: Tenant, make_tenant: MakeTenant, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Otherwise its next word would leave the workspace without one."""
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    await superuser.execute("UPDATE workspace_members SET source = 'oidc' WHERE user_uuid = $1", admin.user_uuid)
    refused = await owner.post(transfer(owner), {"user_uuid": str(admin.user_uuid)})
    assert (refused.status_code, refused.json()["code"]) == (409, "managed_by_provider")
    assert await role_of(owner, owner) == "owner"


async def test_two_transfers_at_once_leave_one_owner(owner: Tenant, make_tenant: MakeTenant) -> None:
    first, second = [await make_tenant(Role.ADMIN, owner.workspace_uuid) for _ in range(2)]
    answers = await asyncio.gather(
        *(owner.post(transfer(owner), {"user_uuid": str(each.user_uuid)}) for each in (first, second))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403]
    owners = (await owner.get(f"{members(owner)}?role=owner")).json()["data"]
    assert len(owners) == 1


async def test_what_opens_the_workspace_ends_with_the_membership(
    owner: Tenant, make_tenant: MakeTenant, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Coming back revives nothing: a service token acts in its maker's name, and ends when the maker leaves."""
    builder = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    here = str(owner.workspace_uuid)
    made = [
        (await builder.post(TOKENS, {"name": "x", "kind": kind, "workspace_uuid": here})).json()["data"]
        for kind in ("service", "personal")
    ]
    assert (await builder.delete(f"{members(owner)}/{builder.user_uuid}")).status_code == 204
    listed = await owner.get(f"{TOKENS}?workspace_uuid={here}&kind=service")
    assert listed.json()["data"] == []
    await superuser.execute(
        "INSERT INTO workspace_members (workspace_uuid, user_uuid, created_at, updated_at, role) "
        "VALUES ($1, $2, now(), now(), 'builder')",
        UUID(here),
        builder.user_uuid,
    )
    assert (await builder.get(THREADS)).status_code == 200
    for token in made:
        headers = {"Authorization": f"Bearer {token['token']}"}
        assert (await builder.client.get(THREADS, headers=headers)).json()["code"] == "token_revoked"


async def test_a_service_token_has_what_its_maker_has_now(owner: Tenant, make_tenant: MakeTenant) -> None:
    builder = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    body = {"name": "x", "kind": "service", "workspace_uuid": str(owner.workspace_uuid)}
    token = (await builder.post(TOKENS, body)).json()["data"]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await owner.client.post("/api/v1/agents", json={"name": "x"}, headers=headers)).status_code == 201
    assert (await owner.put(f"{members(owner)}/{builder.user_uuid}", {"role": "viewer"})).status_code == 200
    assert (await owner.client.post("/api/v1/agents", json={"name": "x"}, headers=headers)).status_code == 403

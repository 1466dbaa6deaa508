"""Workspaces and their members: the rules of roles, and that nothing of one exists in another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.permissions import Role
from athena.workspaces.service import bootstrap, slug_of
from tests.conftest import MakeTenant, Tenant

WORKSPACES = "/api/v1/workspaces"
TABLES = ("users", "workspaces", "workspace_members", "tokens", "sessions", "sign_in_attempts")


def here(tenant: Tenant) -> str:
    return f"{WORKSPACES}/{tenant.workspace_uuid}"


def member(tenant: Tenant, user_uuid: UUID) -> str:
    return f"{here(tenant)}/members/{user_uuid}"


async def test_a_workspace_is_made_shown_changed_and_ended(owner: Tenant) -> None:
    made = await owner.post(WORKSPACES, {"name": "Über Café!", "settings": {"theme": "dark"}})
    assert made.status_code == 201
    data = made.json()["data"]
    assert data["slug"].startswith("uber-cafe")
    assert (data["members_count"], data["description"], data["settings"]) == (1, "", {"theme": "dark"})
    path = made.headers["location"]
    shown = await owner.get(path)
    assert shown.json()["data"] == data
    tag = shown.headers["etag"]
    changed = await owner.put(path, {"description": "New"}, headers={"If-Match": tag})
    assert changed.json()["data"] == {**data, "description": "New", "updated_at": changed.json()["data"]["updated_at"]}
    assert (await owner.put(path, {"name": "x"}, headers={"If-Match": tag})).status_code == 412
    assert (await owner.delete(path, headers={"If-Match": tag})).status_code == 412
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(path)).status_code == 404


async def test_the_only_workspace_stays(owner: Tenant) -> None:
    answer = await owner.delete(here(owner))
    assert (answer.status_code, answer.json()["code"]) == (409, "last_workspace")


async def test_a_slug_is_unique_and_found_when_not_given(owner: Tenant, stranger: Tenant) -> None:
    slug = f"slug-{new_uuid().hex}"
    assert (await owner.post(WORKSPACES, {"name": "A", "slug": slug})).status_code == 201
    taken = await stranger.post(WORKSPACES, {"name": "B", "slug": slug})
    assert (taken.status_code, taken.json()["code"]) == (409, "already_exists")
    assert (await stranger.put(here(stranger), {"slug": slug})).status_code == 409
    found = (await stranger.post(WORKSPACES, {"name": slug})).json()["data"]["slug"]
    assert found != slug
    assert found.startswith(slug)


def test_slugs_are_plain() -> None:
    assert slug_of("  Hello,   World! ") == "hello-world"
    assert slug_of("日本") == "workspace"


async def test_the_list_holds_the_callers_own(owner: Tenant, stranger: Tenant) -> None:
    second = (await owner.post(WORKSPACES, {"name": "Second"})).json()["data"]["uuid"]
    listed = (await owner.get(f"{WORKSPACES}?sort=created_at")).json()
    assert [each["uuid"] for each in listed["data"]] == [str(owner.workspace_uuid), second]
    assert listed["meta"]["total"] == 2
    searched = (await owner.get(f"{WORKSPACES}?search=secon&cursor=")).json()
    assert [each["uuid"] for each in searched["data"]] == [second]
    assert (await owner.get(f"{WORKSPACES}?sort=secret")).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": " "},
        {"name": "x", "slug": "No Slug"},
        {"name": "x", "settings": []},
        *({"name": "x", "settings": {"concurrent_runs": bad}} for bad in (0, -1, True, 1.5, "2", None, 100_001)),
        {"name": "x", "owner": "me"},
    ],
)
async def test_what_is_no_workspace_is_422(owner: Tenant, body: dict[str, Any]) -> None:
    assert (await owner.post(WORKSPACES, body)).status_code == 422


async def test_for_a_stranger_it_does_not_exist(owner: Tenant, stranger: Tenant) -> None:
    requests = [
        ("GET", here(owner), None),
        ("PUT", here(owner), {"name": "Mine"}),
        ("DELETE", here(owner), None),
        ("GET", f"{here(owner)}/members", None),
        ("POST", f"{here(owner)}/transfer-ownership", {"user_uuid": str(owner.user_uuid)}),
        ("GET", member(owner, owner.user_uuid), None),
        ("PUT", member(owner, owner.user_uuid), {"role": "viewer"}),
        ("DELETE", member(owner, owner.user_uuid), None),
        ("GET", f"{WORKSPACES}/{new_uuid()}", None),
        ("GET", f"/api/v1/threads?workspace_uuid={owner.workspace_uuid}", None),
    ]
    for method, path, body in requests:
        assert (await stranger.request(method, path, json=body)).status_code == 404, (method, path)
    for method, body in (("GET", None), ("PUT", {"role": "viewer"}), ("DELETE", None)):
        answer = await stranger.request(method, member(stranger, owner.user_uuid), json=body)
        assert answer.status_code == 404, "a user of another workspace is no member here"


async def test_a_role_that_may_not_is_told_the_permission(owner: Tenant, make_tenant: MakeTenant) -> None:
    for role in (Role.VIEWER, Role.OPERATOR, Role.BUILDER):
        tenant = await make_tenant(role, owner.workspace_uuid)
        for method, path, body, permission in (
            ("PUT", here(owner), {"name": "x"}, "workspaces.update"),
            ("DELETE", here(owner), None, "workspaces.delete"),
            ("POST", f"{here(owner)}/transfer-ownership", {"user_uuid": str(tenant.user_uuid)}, "workspaces.transfer"),
            ("PUT", member(owner, owner.user_uuid), {"role": "viewer"}, "members.update"),
            ("DELETE", member(owner, owner.user_uuid), None, "members.delete"),
        ):
            answer = await tenant.request(method, path, json=body)
            assert answer.status_code == 403, (role, method, path)
            assert permission in answer.json()["detail"]
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    assert (await admin.put(here(owner), {"name": "x"})).status_code == 200
    assert (await admin.delete(here(owner))).status_code == 403


async def test_the_members_are_listed(owner: Tenant, make_tenant: MakeTenant, stranger: Tenant) -> None:
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    path = f"{here(owner)}/members"
    listed = (await viewer.get(f"{path}?sort=created_at")).json()
    assert [each["uuid"] for each in listed["data"]] == [str(owner.user_uuid), str(viewer.user_uuid)]
    assert listed["meta"]["total"] == 2
    only = (await viewer.get(f"{path}?role=viewer")).json()["data"]
    assert [each["uuid"] for each in only] == [str(viewer.user_uuid)]
    first = (await viewer.get(f"{path}?cursor=&per_page=1&sort=email")).json()
    second = (await viewer.get(first["links"]["next"])).json()
    assert {each["uuid"] for each in first["data"] + second["data"]} == {each["uuid"] for each in listed["data"]}
    assert (await viewer.get(f"{path}?role=king")).status_code == 422


async def test_nobody_gives_or_takes_a_role_above_their_own(owner: Tenant, make_tenant: MakeTenant) -> None:
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    for method, path, body in (
        ("PUT", member(owner, viewer.user_uuid), {"role": "owner"}),
        ("PUT", member(owner, admin.user_uuid), {"role": "owner"}),
        ("PUT", member(owner, owner.user_uuid), {"role": "viewer"}),
        ("DELETE", member(owner, owner.user_uuid), None),
    ):
        answer = await admin.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_above_own"), (method, path)
    assert (await admin.put(member(owner, viewer.user_uuid), {"role": "admin"})).status_code == 200


async def test_the_last_owner_stays_one(owner: Tenant, make_tenant: MakeTenant) -> None:
    mine = member(owner, owner.user_uuid)
    for method, body in (("PUT", {"role": "admin"}), ("DELETE", None)):
        answer = await owner.request(method, mine, json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    second = await make_tenant(Role.OWNER, owner.workspace_uuid)
    assert (await owner.put(mine, {"role": "viewer"})).status_code == 200
    assert (await second.delete(member(owner, second.user_uuid))).status_code == 409


async def test_two_owners_cannot_leave_at_once(owner: Tenant, make_tenant: MakeTenant, database: Database) -> None:
    import asyncio

    second = await make_tenant(Role.OWNER, owner.workspace_uuid)
    answers = await asyncio.gather(*(each.delete(member(owner, each.user_uuid)) for each in (owner, second)))
    assert sorted(answer.status_code for answer in answers) == [204, 409]


async def test_a_change_of_role_works_at_once(owner: Tenant, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    assert (await tenant.post("/api/v1/threads", {"name": "x"})).status_code == 403
    path = member(owner, tenant.user_uuid)
    tag = (await owner.get(path)).headers["etag"]
    assert (await owner.put(path, {"role": "operator"}, headers={"If-Match": '"99"'})).status_code == 412
    assert (await owner.put(path, {"role": "operator"}, headers={"If-Match": tag})).status_code == 200
    assert (await tenant.post("/api/v1/threads", {"name": "x"})).status_code == 201
    assert (await owner.put(path, {"role": "king"})).status_code == 422
    assert (await owner.delete(path)).status_code == 204
    assert (await tenant.get("/api/v1/threads")).status_code == 404


async def test_the_database_itself_keeps_workspaces_apart(owner: Tenant, stranger: Tenant, database: Database) -> None:
    """Statements without any condition: what is not of the scope is not there."""
    await owner.post("/api/v1/tokens", {"name": "s", "kind": "service", "workspace_uuid": str(owner.workspace_uuid)})
    async with database.session(Scope(stranger.workspace_uuid, stranger.user_uuid)) as session:
        for table in TABLES:
            text = " ".join(str(dict(row)) for row in await session.fetch(f"SELECT * FROM {table}"))
            assert str(owner.workspace_uuid) not in text, table
            assert str(owner.user_uuid) not in text, table
        assert await session.value("SELECT count(*) FROM users") == 1
        assert await session.value("SELECT count(*) FROM workspaces") == 1
    for table in TABLES:
        async with database.session(Scope()) as session:
            assert await session.value(f"SELECT count(*) FROM {table}") == 0, table
        async with database.session(Scope(stranger.workspace_uuid, stranger.user_uuid)) as session:
            await session.execute(f"DELETE FROM {table}")
            await session.rollback()
    async with database.session(Scope(stranger.workspace_uuid, stranger.user_uuid)) as session:
        assert await session.execute("DELETE FROM workspace_members") == 1
        await session.rollback()
    assert (await owner.get(here(owner))).status_code == 200


async def test_no_row_can_be_put_into_another_workspace(owner: Tenant, stranger: Tenant, database: Database) -> None:
    import asyncpg

    statement = (
        "INSERT INTO workspace_members (workspace_uuid, user_uuid, created_at, updated_at, role) "
        "VALUES ($1, $2, now(), now(), 'owner')"
    )
    session = database.session(Scope(stranger.workspace_uuid, stranger.user_uuid))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await session.execute(statement, owner.workspace_uuid, stranger.user_uuid)
    await session.rollback()


async def test_the_first_start_makes_one_owner_once(database: Database) -> None:
    email = f"{new_uuid().hex}@example.com"
    async with database.system() as session:
        first = await bootstrap(session, email, "a good password")
    async with database.system() as session:
        second = await bootstrap(session, email, "another password")
    assert first[2]
    assert second == (first[0], first[1], False)

"""A workspace shares, and keeps hold of what it shares."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from athena.kit import clock
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.shares.conftest import Anybody, Sharing


async def test_a_share_is_kept_as_it_was_given(sharing: Sharing) -> None:
    agent = await sharing.agent()
    expires = clock.rfc3339(clock.now() + timedelta(days=1))
    given = {
        "grantee": "user",
        "user_email": "Ada@Example.com",
        "permission": "run",
        "expires_at": expires,
        "run_limit": 3,
        "with": "creator",
    }
    answer = await sharing.owner.post(f"/api/v1/agents/{agent}/share", given)
    assert answer.status_code == 201
    share = answer.json()["data"]
    assert answer.headers["location"] == f"/api/v1/shares/{share['uuid']}"
    assert (share["shareable_type"], share["shareable_uuid"]) == ("agent", agent)
    assert (share["grantee"], share["user_email"], share["permission"]) == ("user", "ada@example.com", "run")
    assert (share["expires_at"], share["run_limit"], share["runs"], share["status"]) == (expires, 3, 0, "active")
    assert (share["url"], share["has_password"], share["workspace_uuid"]) == (None, False, None)
    assert share["creator"]["uuid"] == str(sharing.owner.user_uuid)
    shown = await sharing.owner.get(answer.headers["location"])
    assert shown.headers["etag"] == answer.headers["etag"]
    assert shown.json()["data"] == {**share, "creator": None}


async def test_whether_a_user_exists_is_not_told(sharing: Sharing, stranger: Tenant) -> None:
    agent = await sharing.agent()

    async def told(**grantee: Any) -> dict[str, Any]:
        share = await sharing.give("agent", agent, **grantee)
        own = {"uuid", "created_at", "updated_at", *grantee}
        return {name: value for name, value in share.items() if name not in own}

    assert await told(grantee="user", user_email=stranger.email) == await told(grantee="user", user_email="no@one.test")
    by_uuid = [await told(grantee="user", user_uuid=str(each)) for each in (stranger.user_uuid, uuid4())]
    assert by_uuid[0] == by_uuid[1]
    to = [await told(grantee="workspace", workspace_uuid=str(each)) for each in (stranger.workspace_uuid, uuid4())]
    assert to[0] == to[1]


async def test_a_links_address_is_told_once_and_not_kept(
    sharing: Sharing, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    share = await sharing.give("agent", await sharing.agent(), grantee="link", password="open, please")
    token = share["url"].rpartition("/")[2]
    assert share["url"] == f"http://athena.test/api/v1/links/{token}"
    assert (len(token), share["has_password"]) == (43, True)
    path = f"/api/v1/shares/{share['uuid']}"
    shown = await sharing.owner.get(path)
    assert shown.json()["data"]["url"] == f"http://athena.test/api/v1/links/…{token[-4:]}"
    assert token not in (await sharing.owner.get("/api/v1/shares")).text
    row = await superuser.fetchrow("SELECT shares.*::text FROM shares WHERE uuid = $1", share["uuid"])
    assert row is not None
    assert token not in str(row)
    assert "open, please" not in str(row)


async def test_shares_are_listed_changed_and_revoked(sharing: Sharing) -> None:
    agent, prompt = await sharing.agent(), await sharing.prompt()
    one = await sharing.give("agent", agent, grantee="user", user_email="ada@example.com", permission="edit")
    two = await sharing.give("prompt", prompt, grantee="link", run_limit=1)

    async def found(query: str) -> list[str]:
        answer = await sharing.owner.get(f"/api/v1/shares?{query}")
        assert answer.status_code == 200, answer.text
        return [each["uuid"] for each in answer.json()["data"]]

    assert await found("") == await found("cursor=") == [two["uuid"], one["uuid"]]
    assert await found("sort=updated_at") == [one["uuid"], two["uuid"]]
    assert await found("shareable_type=agent") == [one["uuid"]]
    assert await found(f"shareable_uuid={prompt}") == [two["uuid"]]
    assert await found("grantee=link&permission=run") == [two["uuid"]]
    assert await found("search=ADA@") == [one["uuid"]]
    path = f"/api/v1/shares/{two['uuid']}"
    changed = await sharing.owner.put(path, {"permission": "view", "run_limit": None, "password": "long enough"})
    data = changed.json()["data"]
    assert (data["permission"], data["run_limit"], data["has_password"]) == ("view", None, True)
    opened = (await sharing.owner.put(path, {"password": None})).json()["data"]
    assert opened["has_password"] is False
    stale = {"If-Match": changed.headers["etag"]}
    assert (await sharing.owner.delete(path, headers=stale)).status_code == 412
    assert (await sharing.owner.delete(path)).status_code == 204
    assert await found("") == [one["uuid"]]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "grantee"),
        ({"grantee": "user"}, "body"),
        ({"grantee": "user", "user_email": "a@b.test", "user_uuid": str(uuid4())}, "body"),
        ({"grantee": "user", "user_email": "nobody"}, "user_email"),
        ({"grantee": "workspace", "user_email": "a@b.test"}, "body"),
        ({"grantee": "link", "workspace_uuid": str(uuid4())}, "body"),
        ({"grantee": "user", "user_email": "a@b.test", "password": "long enough"}, "body"),
        ({"grantee": "link", "password": "short"}, "password"),
        ({"grantee": "link", "password": "mit Umlaut ä"}, "password"),
        ({"grantee": "link", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"grantee": "link", "expires_at": "9999-12-31T23:59:59.999999Z"}, "expires_at"),
        ({"grantee": "link", "run_limit": 0}, "run_limit"),
        ({"grantee": "link", "permission": "own"}, "permission"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value) or "nothing",
)
async def test_bad_input_is_told_where_it_is(owner: Tenant, body: dict[str, Any], path: str) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "Agent"})).json()["data"]["uuid"]
    answer = await owner.post(f"/api/v1/agents/{agent}/share", body)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [path]


async def test_nothing_is_shared_with_its_own_workspace(owner: Tenant) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "Agent"})).json()["data"]["uuid"]
    body = {"grantee": "workspace", "workspace_uuid": str(owner.workspace_uuid)}
    assert (await owner.post(f"/api/v1/agents/{agent}/share", body)).status_code == 422


async def test_what_is_deleted_is_shared_no_more(sharing: Sharing, stranger: Tenant) -> None:
    agent, prompt, thread = await sharing.agent(), await sharing.prompt(), await sharing.scene.thread()
    for kind, uuid in (("agent", agent), ("prompt", prompt), ("thread", thread)):
        path = await sharing.to(stranger, kind, uuid)
        assert (await stranger.get(path)).status_code == 200
        assert (await sharing.owner.delete(f"/api/v1/{kind}s/{uuid}")).status_code == 204
        assert (await stranger.get(path)).status_code == 404
    assert (await sharing.owner.get("/api/v1/shares")).json()["data"] == []


async def test_what_a_stranger_asks_for_is_not_there(sharing: Sharing, stranger: Tenant) -> None:
    agent = await sharing.agent()
    share = await sharing.give("agent", agent, grantee="user", user_email="ada@example.com")

    async def asked(share_uuid: str, agent_uuid: str) -> list[tuple[int, str]]:
        answers = [
            await stranger.get(f"/api/v1/shares/{share_uuid}"),
            await stranger.put(f"/api/v1/shares/{share_uuid}", {"permission": "edit"}),
            await stranger.delete(f"/api/v1/shares/{share_uuid}"),
            await stranger.get(f"/api/v1/shared/{share_uuid}"),
            await stranger.put(f"/api/v1/shared/{share_uuid}", {"name": "Mine"}),
            await stranger.post(f"/api/v1/shared/{share_uuid}/run", {"input": "Hello"}),
            await stranger.get(f"/api/v1/shared/{share_uuid}/runs/{uuid4()}"),
            await stranger.post(f"/api/v1/agents/{agent_uuid}/share", {"grantee": "link"}),
        ]
        return [(answer.status_code, answer.json()["detail"]) for answer in answers]

    there, nowhere = await asked(share["uuid"], agent), await asked(str(uuid4()), str(uuid4()))
    assert there == nowhere
    assert {status for status, _ in there} == {404}
    assert (await stranger.get("/api/v1/shares")).json()["data"] == []
    assert (await stranger.get("/api/v1/shared")).json()["data"] == []


async def test_roles_may_what_they_may(sharing: Sharing, make_tenant: MakeTenant) -> None:
    agent = await sharing.agent()
    share = await sharing.give("agent", agent, grantee="link")
    path = f"/api/v1/shares/{share['uuid']}"
    operator = await make_tenant(Role.OPERATOR, sharing.owner.workspace_uuid)
    assert (await operator.get(path)).status_code == 200
    narrow = await make_tenant(Role.OWNER, sharing.owner.workspace_uuid, scopes=["shares.update"])
    for answer, missing in (
        (await operator.post(f"/api/v1/agents/{agent}/share", {"grantee": "link"}), "agents.share"),
        (await operator.put(path, {"permission": "edit"}), "shares.update"),
        (await operator.delete(path), "shares.delete"),
        (await narrow.put(path, {"permission": "edit"}), "agents.share"),
    ):
        assert answer.status_code == 403
        assert missing in answer.json()["detail"]


async def test_nobody_shares_more_than_they_may_do(sharing: Sharing, make_tenant: MakeTenant) -> None:
    agent, workspace = await sharing.agent(), sharing.owner.workspace_uuid
    scopes = ["agents.share", "agents.view", "shares.update"]
    narrow = await make_tenant(Role.OWNER, workspace, scopes=scopes)
    share = f"/api/v1/agents/{agent}/share"
    seen = await narrow.post(share, {"grantee": "link", "permission": "view"})
    assert seen.status_code == 201
    for permission, missing in (("run", "agents.run"), ("edit", "agents.run")):
        given = {"permission": permission}
        for answer in (
            await narrow.post(share, {"grantee": "link", **given}),
            await narrow.put(seen.headers["location"], given),
        ):
            assert answer.status_code == 403
            assert missing in answer.json()["detail"]
    runner = await make_tenant(Role.OWNER, workspace, scopes=[*scopes, "agents.run"])
    assert (await runner.post(share, {"grantee": "link", "permission": "run"})).status_code == 201
    refused = await runner.post(share, {"grantee": "link", "permission": "edit"})
    assert "agents.update" in refused.json()["detail"]


async def test_who_leaves_keeps_no_way_back_in(
    sharing: Sharing, anybody: Anybody, make_tenant: MakeTenant, stranger: Tenant
) -> None:
    owner, agent = sharing.owner, await sharing.agent()
    leaver = await make_tenant(Role.BUILDER, owner.workspace_uuid)

    async def made(by: Tenant, **fields: Any) -> dict[str, Any]:
        answer = await by.post(f"/api/v1/agents/{agent}/share", {"permission": "run", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    for_others = [
        await made(leaver, grantee="user", user_email=stranger.email),
        await made(owner, grantee="user", user_uuid=str(leaver.user_uuid)),
        await made(owner, grantee="link"),
    ]
    for_themselves = [
        await made(leaver, grantee="user", user_email=leaver.email),
        await made(leaver, grantee="user", user_uuid=str(leaver.user_uuid)),
        await made(leaver, grantee="link"),
    ]
    members = f"/api/v1/workspaces/{owner.workspace_uuid}/members"
    assert (await owner.delete(f"{members}/{leaver.user_uuid}")).status_code == 204
    left = {share["uuid"] for share in (await owner.get("/api/v1/shares")).json()["data"]}
    assert left == {share["uuid"] for share in for_others}
    assert (await anybody.get(for_themselves[-1]["url"])).status_code == 404

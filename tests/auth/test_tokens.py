"""Tokens: made, shown once, narrowed, bound, expired and revoked; and the 401, 403 and 404 around them."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import asyncpg
import httpx2
import pytest

from athena.auth.secrets import is_token, new_token
from athena.kit import clock
from athena.kit.clock import rfc3339
from athena.permissions import ROLE_PERMISSIONS, Permission, Role, expand, is_scope
from tests.conftest import MakeTenant, Tenant

TOKENS = "/api/v1/tokens"
USER = "/api/v1/user"
WORKSPACES = "/api/v1/workspaces"
LIST = "/api/v1/threads"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def make_token(tenant: Tenant, **body: Any) -> dict[str, Any]:
    answer = await tenant.post(TOKENS, {"name": "Script", **body})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def test_a_token_is_shown_once_and_works(owner: Tenant, client: httpx2.AsyncClient) -> None:
    answer = await owner.post(TOKENS, {"name": "Script"})
    made = answer.json()["data"]
    assert is_token(made["token"])
    assert answer.headers["location"] == f"{TOKENS}/{made['uuid']}"
    shown = await owner.get(answer.headers["location"])
    assert shown.headers["etag"] == answer.headers["etag"]
    assert shown.json()["data"] == {name: value for name, value in made.items() if name != "token"}
    assert made["token"] not in (await owner.get(TOKENS)).text
    assert (await client.get(USER, headers=bearer(made["token"]))).json()["data"]["uuid"] == str(owner.user_uuid)


async def test_its_use_is_noted_at_most_once_a_minute(
    owner: Tenant, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    query = "SELECT last_used_at, xmin FROM tokens WHERE user_uuid = $1"
    await owner.get(USER)
    first = await superuser.fetchrow(query, owner.user_uuid)
    await owner.get(USER)
    second = await superuser.fetchrow(query, owner.user_uuid)
    assert first is not None
    assert first["last_used_at"] is not None
    assert first == second
    earlier = clock.now() - timedelta(seconds=61)
    await superuser.execute("UPDATE tokens SET last_used_at = $1 WHERE user_uuid = $2", earlier, owner.user_uuid)
    await owner.get(USER)
    assert (await superuser.fetchval(query, owner.user_uuid)) > earlier


async def test_missing_credentials_are_named(client: httpx2.AsyncClient) -> None:
    answer = await client.get(LIST)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "credentials_missing"
    assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer nonsense",
        f"Bearer {new_token('personal').text}",
        "Bearer ath_p" + "0" * 49,
        "Bearer \xff\xfe",
        "Digest x",
        "x",
    ],
    ids=["empty", "nonsense", "unknown", "bad-checksum", "not-text", "digest", "scheme-alone"],
)
async def test_what_is_no_token_is_401(client: httpx2.AsyncClient, header: str) -> None:
    answer = await client.get(LIST, headers={b"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.json()["code"] in {"token_unknown", "scheme_unknown"}


async def test_revoked_and_expired_tokens_are_named(
    owner: Tenant, client: httpx2.AsyncClient, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    made = await make_token(owner)
    assert (await owner.delete(f"{TOKENS}/{made['uuid']}")).status_code == 204
    assert (await client.get(USER, headers=bearer(made["token"]))).json()["code"] == "token_revoked"
    assert (await owner.get(f"{TOKENS}/{made['uuid']}")).status_code == 404
    made = await make_token(owner, expires_at=rfc3339(clock.now() + timedelta(hours=1)))
    assert (await client.get(USER, headers=bearer(made["token"]))).status_code == 200
    await superuser.execute("UPDATE tokens SET expires_at = now() WHERE uuid = $1::text::uuid", made["uuid"])
    assert (await client.get(USER, headers=bearer(made["token"]))).json()["code"] == "token_expired"


async def test_scopes_narrow_the_role(owner: Tenant, client: httpx2.AsyncClient) -> None:
    made = await make_token(owner, scopes=["threads.view", "agents.*"])
    headers = bearer(made["token"])
    assert (await client.get(LIST, headers=headers)).status_code == 200
    refused = await client.post(LIST, json={}, headers=headers)
    assert refused.status_code == 403
    assert "threads.create" in refused.json()["detail"]
    places = (await client.get(USER, headers=headers)).json()["data"]["workspaces"]
    assert places[0]["permissions"] == sorted(
        {"threads.view", *(p for p in ROLE_PERMISSIONS[Role.OWNER] if p.startswith("agents."))}
    )
    assert (await client.put(USER, json={"name": "Eve"}, headers=headers)).status_code == 403
    assert (await client.post(WORKSPACES, json={"name": "New"}, headers=headers)).status_code == 403
    assert (await client.get(WORKSPACES, headers=headers)).status_code == 403
    assert (await client.get(TOKENS, headers=headers)).status_code == 403


async def test_a_scope_gives_nothing_that_the_role_has_not(make_tenant: MakeTenant) -> None:
    viewer = await make_tenant(Role.VIEWER, scopes=["agents.*"])
    assert (await viewer.get("/api/v1/agents")).status_code == 200
    assert (await viewer.post("/api/v1/agents", {"name": "x"})).status_code == 403


async def test_a_narrowed_token_makes_only_narrower_ones(owner: Tenant, client: httpx2.AsyncClient) -> None:
    narrow = bearer((await make_token(owner, scopes=["tokens.*", "threads.*"]))["token"])
    wider = await client.post(TOKENS, json={"name": "x", "scopes": ["agents.view"]}, headers=narrow)
    assert wider.status_code == 403
    family = await client.post(TOKENS, json={"name": "x", "scopes": ["threads.view"]}, headers=narrow)
    assert family.status_code == 201
    inherited = (await client.post(TOKENS, json={"name": "x"}, headers=narrow)).json()["data"]
    assert set(inherited["scopes"]) == expand(["tokens.*", "threads.*"])


async def test_a_token_makes_none_that_outlives_it(owner: Tenant, client: httpx2.AsyncClient) -> None:
    soon, later = (rfc3339(clock.now() + timedelta(hours=hours)) for hours in (1, 2))
    brief = bearer((await make_token(owner, expires_at=soon))["token"])
    refused = await client.post(TOKENS, json={"name": "x", "expires_at": later}, headers=brief)
    assert (refused.status_code, refused.json()["code"]) == (403, "token_limited")
    inherited = await client.post(TOKENS, json={"name": "x"}, headers=brief)
    assert inherited.json()["data"]["expires_at"] == soon
    assert (await owner.post(TOKENS, {"name": "x", "expires_at": later})).status_code == 201


async def test_a_service_token_makes_service_tokens_alone(owner: Tenant, client: httpx2.AsyncClient) -> None:
    here = {"workspace_uuid": str(owner.workspace_uuid)}
    service = bearer((await make_token(owner, kind="service", **here))["token"])
    refused = await client.post(TOKENS, json={"name": "x"}, headers=service)
    assert (refused.status_code, refused.json()["code"]) == (403, "token_limited")
    assert (await client.post(TOKENS, json={"name": "x", "kind": "service"}, headers=service)).status_code == 201


async def test_a_token_of_a_workspace_opens_no_other(owner: Tenant, client: httpx2.AsyncClient) -> None:
    other = (await owner.post(WORKSPACES, {"name": "Other"})).json()["data"]["uuid"]
    assert (await owner.get(f"{LIST}?workspace_uuid={other}")).status_code == 200
    headers = bearer((await make_token(owner, workspace_uuid=other))["token"])
    assert (await client.get(f"{LIST}?workspace_uuid={other}", headers=headers)).status_code == 200
    assert (await client.get(LIST, headers=headers)).status_code == 200
    assert (await client.get(f"{LIST}?workspace_uuid={owner.workspace_uuid}", headers=headers)).status_code == 404
    assert (await client.get(f"{WORKSPACES}/{owner.workspace_uuid}", headers=headers)).status_code == 404
    shown = [each["uuid"] for each in (await client.get(WORKSPACES, headers=headers)).json()["data"]]
    assert shown == [other]
    user = (await client.get(USER, headers=headers)).json()["data"]
    assert [each["uuid"] for each in user["workspaces"]] == [other]
    for method, path in (("PUT", USER), ("POST", WORKSPACES)):
        assert (await client.request(method, path, json={"name": "x"}, headers=headers)).status_code == 403
    escape = {"name": "x", "workspace_uuid": str(owner.workspace_uuid)}
    assert (await client.post(TOKENS, json=escape, headers=headers)).status_code == 422
    stays = (await client.post(TOKENS, json={"name": "x"}, headers=headers)).json()["data"]
    assert stays["workspace_uuid"] == other


async def test_service_tokens_are_seen_and_ended_by_who_manages_them(
    owner: Tenant, make_tenant: MakeTenant, stranger: Tenant, client: httpx2.AsyncClient
) -> None:
    workspace = owner.workspace_uuid
    builder = await make_tenant(Role.BUILDER, workspace)
    viewer = await make_tenant(Role.VIEWER, workspace)
    body = {"name": "Deploy", "kind": "service", "workspace_uuid": str(workspace)}
    made = (await builder.post(TOKENS, body)).json()["data"]
    personal = await make_token(builder)
    listed = (await owner.get(f"{TOKENS}?workspace_uuid={workspace}&kind=service")).json()["data"]
    assert [each["uuid"] for each in listed] == [made["uuid"]]
    path = f"{TOKENS}/{made['uuid']}"
    for tenant, query, status in (
        (owner, "", 404),
        (stranger, "", 404),
        (stranger, f"?workspace_uuid={workspace}", 404),
        (stranger, f"?workspace_uuid={stranger.workspace_uuid}", 404),
        (viewer, f"?workspace_uuid={workspace}", 403),
    ):
        assert (await tenant.get(path + query)).status_code == status
        assert (await tenant.delete(path + query)).status_code == status
    assert (await owner.get(f"{TOKENS}/{personal['uuid']}?workspace_uuid={workspace}")).status_code == 404
    assert (await viewer.post(TOKENS, body)).status_code == 403
    assert (await stranger.post(TOKENS, body)).status_code == 422
    assert (await client.get(LIST, headers=bearer(made["token"]))).status_code == 200
    assert (await owner.delete(f"{path}?workspace_uuid={workspace}")).status_code == 204
    assert (await client.get(LIST, headers=bearer(made["token"]))).status_code == 401


async def test_a_removed_member_loses_every_token_at_once(
    owner: Tenant, make_tenant: MakeTenant, client: httpx2.AsyncClient
) -> None:
    workspace = owner.workspace_uuid
    admin = await make_tenant(Role.ADMIN, workspace)
    service = await make_token(admin, kind="service", workspace_uuid=str(workspace))
    assert (await client.get(LIST, headers=bearer(service["token"]))).status_code == 200
    assert (await owner.delete(f"{WORKSPACES}/{workspace}/members/{admin.user_uuid}")).status_code == 204
    for query in ("", f"?workspace_uuid={workspace}"):
        assert (await admin.get(LIST + query)).status_code == 404
        ended = await client.get(LIST + query, headers=bearer(service["token"]))
        assert (ended.status_code, ended.json()["code"]) == (401, "token_revoked")
    assert (await admin.get(USER)).json()["data"]["workspaces"] == []


async def test_if_match_guards_the_end_of_a_token(owner: Tenant) -> None:
    made = await make_token(owner)
    path = f"{TOKENS}/{made['uuid']}"
    assert (await owner.delete(path, headers={"If-Match": '"7"'})).status_code == 412
    assert (await owner.delete(path, headers={"If-Match": '"1"'})).status_code == 204


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["agents.fly"]}, "scopes"),
        ({"name": "x", "scopes": ["*"]}, "scopes"),
        ({"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({"name": "x", "kind": "service"}, "workspace_uuid"),
        ({"name": "x", "kind": "sign_in"}, "kind"),
        ({"name": "x", "colour": "red"}, "colour"),
    ],
)
async def test_what_is_no_token_to_be_is_422(owner: Tenant, body: dict[str, Any], path: str) -> None:
    answer = await owner.post(TOKENS, body)
    assert answer.status_code == 422
    assert path in answer.json()["errors"]


async def test_tokens_are_listed_by_page_cursor_search_and_sort(owner: Tenant) -> None:
    for name in ("alpha", "beta", "gamma"):
        await make_token(owner, name=name)
    listed = (await owner.get(f"{TOKENS}?sort=name&per_page=2")).json()
    assert [each["name"] for each in listed["data"]] == ["alpha", "beta"]
    assert listed["meta"]["total"] == 4
    found = (await owner.get(f"{TOKENS}?search=AMM")).json()
    assert [each["name"] for each in found["data"]] == ["gamma"]
    page = (await owner.get(f"{TOKENS}?cursor=&sort=-name&per_page=3")).json()
    rest = (await owner.get(page["links"]["next"])).json()
    assert [each["name"] for each in page["data"] + rest["data"]] == ["test", "gamma", "beta", "alpha"]
    assert (await owner.get(f"{TOKENS}?colour=red")).status_code == 422


def test_a_token_is_told_from_others_by_its_shape() -> None:
    secret = new_token("service")
    assert secret.text.startswith("ath_s")
    assert is_token(secret.text)
    assert not is_token(secret.text[:-1] + ("a" if secret.text[-1] != "a" else "b"))
    assert not is_token(secret.text + "0")
    assert not is_token("")
    assert len({new_token("personal").text for _ in range(1000)}) == 1000


def test_scopes_are_permissions_or_families() -> None:
    assert is_scope("agents.*")
    assert is_scope("agents.view")
    for wrong in ("*", ".*", "agents", "agents.", "agent.*", "agents.v*", ""):
        assert not is_scope(wrong), wrong
    assert expand(["runs.*", "gone.view"]) == {Permission.RUNS_VIEW, Permission.RUNS_CANCEL}


def test_each_role_has_all_of_the_one_below() -> None:
    ladder = [ROLE_PERMISSIONS[role] for role in (Role.VIEWER, Role.OPERATOR, Role.BUILDER, Role.ADMIN, Role.OWNER)]
    assert all(lower < upper for lower, upper in itertools.pairwise(ladder))

"""The caller's own user: what it shows, and what it lets change."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx2
import pytest

from athena.kit.db import Database
from athena.permissions import ROLE_PERMISSIONS, Role
from tests.conftest import MakeTenant, Tenant

USER = "/api/v1/user"
SIGN_IN = "/api/v1/auth/sign-in"
FIRST, SECOND = "first password", "second password"


async def test_it_shows_workspaces_roles_and_permissions(make_tenant: MakeTenant) -> None:
    viewer = await make_tenant(Role.VIEWER)
    answer = await viewer.get(USER)
    assert answer.status_code == 200
    assert answer.headers["etag"]
    user = answer.json()["data"]
    assert set(user) == {
        "uuid",
        "name",
        "email",
        "profile",
        "preferences",
        "created_at",
        "updated_at",
        "default_workspace_uuid",
        "workspaces",
    }
    assert user["default_workspace_uuid"] == str(viewer.workspace_uuid)
    place = user["workspaces"][0]
    assert set(place) == {"uuid", "name", "role", "permissions"}
    assert place["role"] == "viewer"
    assert place["permissions"] == sorted(ROLE_PERMISSIONS[Role.VIEWER])
    assert "password" not in answer.text


async def test_the_profile_follows_the_name_until_it_is_chosen(owner: Tenant) -> None:
    body = {"name": "Ada King Lovelace", "profile": {"first_name": "Ada", "photo": {"color": "#123456"}}}
    profile = (await owner.put(USER, body)).json()["data"]["profile"]
    assert profile["first_name"] == "Ada"
    assert profile["last_name"] is None
    assert profile["photo"] == {"url": None, "initials": "AL", "color": "#123456"}
    more = {"profile": {"last_name": "Lovelace", "photo": {"initials": "X"}}}
    profile = (await owner.put(USER, more)).json()["data"]["profile"]
    assert (profile["first_name"], profile["last_name"]) == ("Ada", "Lovelace")
    assert profile["photo"] == {"url": None, "initials": "X", "color": "#123456"}
    profile = (await owner.put(USER, {"profile": {"photo": None}})).json()["data"]["profile"]
    assert profile["photo"]["initials"] == "AL"


async def test_if_match_guards_a_change(owner: Tenant) -> None:
    tag = (await owner.get(USER)).headers["etag"]
    changed = await owner.put(USER, {"name": "One"}, headers={"If-Match": tag})
    assert changed.status_code == 200
    stale = await owner.put(USER, {"name": "Two"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await owner.get(USER)).json()["data"]["name"] == "One"


async def test_the_default_workspace_is_one_of_the_users(owner: Tenant, stranger: Tenant) -> None:
    other = (await owner.post("/api/v1/workspaces", {"name": "Other"})).json()["data"]["uuid"]
    answer = await owner.put(USER, {"default_workspace_uuid": other})
    assert answer.json()["data"]["default_workspace_uuid"] == other
    made = await owner.post("/api/v1/threads", {"name": "Here"})
    path = f"/api/v1/threads/{made.json()['data']['uuid']}"
    assert (await owner.get(f"{path}?workspace_uuid={other}")).status_code == 200
    foreign = await owner.put(USER, {"default_workspace_uuid": str(stranger.workspace_uuid)})
    assert foreign.status_code == 422
    assert "default_workspace_uuid" in foreign.json()["errors"]


async def test_a_new_password_needs_the_present_one_and_ends_other_sign_ins(
    owner: Tenant, client: httpx2.AsyncClient
) -> None:
    assert (await owner.put(USER, {"password": FIRST})).status_code == 200, "there was none yet"
    tokens = [
        (await client.post(SIGN_IN, json={"email": owner.email, "password": FIRST})).json()["data"]["token"]
        for _ in range(2)
    ]
    mine, other = ({"Authorization": f"Bearer {token}"} for token in tokens)
    for current in ({}, {"current_password": "wrong"}):
        refused = await client.put(USER, json={"password": SECOND, **current}, headers=mine)
        assert refused.status_code == 422
        assert "current_password" in refused.json()["errors"]
    changed = await client.put(USER, json={"password": SECOND, "current_password": FIRST}, headers=mine)
    assert changed.status_code == 200
    assert (await client.get(USER, headers=mine)).status_code == 200
    assert (await client.get(USER, headers=other)).status_code == 401
    assert (await owner.get(USER)).status_code == 200, "a token for programs is not a sign-in"
    assert (await client.post(SIGN_IN, json={"email": owner.email, "password": FIRST})).status_code == 401
    basic = base64.b64encode(f"{owner.email}:{SECOND}".encode()).decode()
    assert (await client.get(USER, headers={"Authorization": f"Basic {basic}"})).status_code == 200


async def test_the_present_password_cannot_be_guessed_either(owner: Tenant, client: httpx2.AsyncClient) -> None:
    assert (await owner.put(USER, {"password": FIRST})).status_code == 200
    for _ in range(6):
        wrong = await owner.put(USER, {"password": SECOND, "current_password": "wrong"})
        assert wrong.status_code == 422
    right = {"password": SECOND, "current_password": FIRST}
    blocked = await owner.put(USER, right)
    assert (blocked.status_code, blocked.json()["code"]) == (429, "too_many_requests")
    assert int(blocked.headers["retry-after"]) >= 1
    assert (await owner.put(USER, {"name": "Still"})).status_code == 200
    # They are the same failures as those of signing in.
    assert (await client.post(SIGN_IN, json={"email": owner.email, "password": FIRST})).status_code == 429
    await asyncio.sleep(int(blocked.headers["retry-after"]))
    assert (await owner.put(USER, right)).status_code == 200


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": 1}, "name"),
        ({"password": "too short"}, "password"),
        ({"password": "x" * 257}, "password"),
        ({"email": "new@example.com"}, "email"),
        ({"profile": {"photo": {"color": "red"}}}, "profile.photo.color"),
        ({"profile": {"photo": {"url": "javascript:alert(1)"}}}, "profile.photo.url"),
        ({"profile": {"nickname": "x"}}, "profile.nickname"),
        ({"default_workspace_uuid": "x"}, "default_workspace_uuid"),
        ({"workspaces": []}, "workspaces"),
    ],
)
async def test_what_cannot_be_is_422(owner: Tenant, body: dict[str, Any], path: str) -> None:
    answer = await owner.put(USER, body)
    assert answer.status_code == 422
    assert path in answer.json()["errors"]


async def test_another_users_row_cannot_be_written(owner: Tenant, make_tenant: MakeTenant, database: Database) -> None:
    colleague = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    from athena.kit.db import Scope

    async with database.session(Scope(owner.workspace_uuid, owner.user_uuid)) as session:
        assert await session.execute("UPDATE users SET name = 'Eve' WHERE uuid = $1", colleague.user_uuid) == 0
        assert await session.execute("DELETE FROM users WHERE uuid = $1", colleague.user_uuid) == 0


async def test_preferences_are_kept_and_taken_back(owner: Tenant) -> None:
    nothing = {"language": None, "locale": None, "time_zone": None, "theme": None}
    assert (await owner.get(USER)).json()["data"]["preferences"] == nothing
    wanted = {"language": "de", "locale": "de-AT", "time_zone": "Europe/Vienna", "theme": "dark"}
    changed = await owner.put(USER, {"preferences": wanted})
    assert changed.json()["data"]["preferences"] == wanted
    await owner.put(USER, {"preferences": {"theme": None}})
    assert (await owner.get(USER)).json()["data"]["preferences"] == {**wanted, "theme": None}
    for wrong in ({"time_zone": "Europe/Atlantis"}, {"locale": "de AT"}, {"theme": "pink"}):
        answer = await owner.put(USER, {"preferences": wrong})
        assert list(answer.json()["errors"]) == [f"preferences.{next(iter(wrong))}"]

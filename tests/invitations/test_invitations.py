"""Invitations: nobody is in a workspace by another's will, and nothing of a person is told before they accept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx2
import pytest

from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.auth.conftest import client_of
from tests.conftest import MakeTenant, Tenant

INVITATIONS = "/api/v1/invitations"
PASSWORD = "correct horse battery"
Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def of(tenant: Tenant) -> str:
    return f"/api/v1/workspaces/{tenant.workspace_uuid}/invitations"


def members(tenant: Tenant) -> str:
    return f"/api/v1/workspaces/{tenant.workspace_uuid}/members"


async def invite(tenant: Tenant, email: str, role: str = "builder") -> dict[str, Any]:
    answer = await tenant.post(of(tenant), {"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


@pytest.fixture
async def browser(app: Any) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(app) as opened:
        yield opened


async def test_nobody_is_in_before_they_accept(owner: Tenant, stranger: Tenant) -> None:
    made = await invite(owner, stranger.email.upper())
    assert (await owner.get(members(owner))).json()["meta"]["total"] == 1
    assert (await stranger.get(members(owner))).status_code == 404
    [seen] = (await stranger.get(INVITATIONS)).json()["data"]
    assert (seen["uuid"], seen["role"]) == (made["uuid"], "builder")
    assert seen["workspace"]["uuid"] == str(owner.workspace_uuid)
    assert seen["inviter"]["uuid"] == str(owner.user_uuid)
    assert "token" not in seen
    joined = await stranger.post(f"{INVITATIONS}/{made['uuid']}/accept")
    assert joined.json()["data"]["role"] == "builder"
    assert joined.json()["data"]["workspace"] == seen["workspace"]
    member = (await owner.get(f"{members(owner)}/{stranger.user_uuid}")).json()["data"]
    assert (member["role"], member["email"]) == ("builder", stranger.email)
    assert member["invited_at"]
    assert (await owner.get(of(owner))).json()["data"] == []
    assert (await stranger.post(f"{INVITATIONS}/{made['uuid']}/accept")).status_code == 404


async def test_the_inviter_learns_nothing_of_who_is_invited(owner: Tenant, stranger: Tenant) -> None:
    known = await owner.post(of(owner), {"email": stranger.email})
    unknown = await owner.post(of(owner), {"email": f"{new_uuid().hex}@example.com"})
    assert known.status_code == unknown.status_code == 201
    assert known.json()["data"].keys() == unknown.json()["data"].keys()
    listed = await owner.get(of(owner))
    for answer in (known, listed):
        assert str(stranger.user_uuid) not in answer.text
        assert "profile" not in answer.text
    assert (await owner.post(members(owner), {"email": stranger.email})).status_code == 405


async def test_one_invitation_can_be_looked_at(owner: Tenant, stranger: Tenant) -> None:
    made = await owner.post(of(owner), {"email": stranger.email})
    path = made.headers["location"]
    seen = await owner.get(path)
    assert (seen.status_code, seen.headers["etag"]) == (200, made.headers["etag"])
    assert seen.json()["data"] == (await owner.get(of(owner))).json()["data"][0]
    assert "token" not in seen.json()["data"]
    elsewhere = f"{of(stranger)}/{made.json()['data']['uuid']}"
    assert (await stranger.get(path)).status_code == (await stranger.get(elsewhere)).status_code == 404
    assert (await stranger.post(f"{INVITATIONS}/{made.json()['data']['uuid']}/decline")).status_code == 204
    assert (await owner.get(path)).json()["data"]["status"] == "declined"
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(path)).status_code == 404


async def test_an_address_is_invited_once_at_a_time(owner: Tenant, stranger: Tenant) -> None:
    made = await invite(owner, stranger.email)
    again = await owner.post(of(owner), {"email": stranger.email.upper()})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert (await stranger.post(f"{INVITATIONS}/{made['uuid']}/decline")).status_code == 204
    assert (await owner.get(of(owner))).json()["data"][0]["status"] == "declined"
    assert (await stranger.get(INVITATIONS)).json()["data"] == []
    second = await invite(owner, stranger.email)
    assert second["uuid"] != made["uuid"]
    assert (await stranger.post(f"{INVITATIONS}/{second['uuid']}/accept")).status_code == 200
    member = await owner.post(of(owner), {"email": stranger.email})
    assert (member.status_code, member.json()["code"]) == (409, "already_exists")


async def test_a_link_makes_a_new_user(owner: Tenant, browser: httpx2.AsyncClient, superuser: Superuser) -> None:
    email = f"{new_uuid().hex}@example.com"
    made = await invite(owner, email, "operator")
    assert made["url"].endswith(f"#{made['token']}")
    body = {"token": made["token"], "name": "Ada", "password": PASSWORD}
    joined = await browser.post(f"{INVITATIONS}/accept", json=body)
    assert joined.status_code == 200, joined.text
    signed_in = await browser.post("/api/v1/auth/sign-in", json={"email": email, "password": PASSWORD})
    [place] = signed_in.json()["data"]["user"]["workspaces"]
    assert (place["uuid"], place["role"]) == (str(owner.workspace_uuid), "operator")
    uuid = UUID(joined.json()["data"]["user_uuid"])
    # Who holds a link need not be who reads the address's mail.
    assert await superuser.fetchval("SELECT email_verified FROM users WHERE uuid = $1", uuid) is False
    assert (await browser.post(f"{INVITATIONS}/accept", json=body)).status_code == 404, "a link is used once"


async def test_the_link_leads_to_a_page_whose_script_is_a_file(owner: Tenant, browser: httpx2.AsyncClient) -> None:
    made = await invite(owner, f"{new_uuid().hex}@example.com")
    page = await browser.get(urlsplit(made["url"]).path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert '<script src="/join.js">' in page.text
    script = (await browser.get("/join.js")).text
    assert "invitations/accept" in script
    assert "auth/sign-in" in script, "who has an account joins with that"
    assert "This link is incomplete" in script


async def test_an_account_made_by_a_link_opens_no_other_invitation(
    owner: Tenant, stranger: Tenant, browser: httpx2.AsyncClient
) -> None:
    email = f"{new_uuid().hex}@example.com"
    made = await invite(stranger, email)
    await browser.post(f"{INVITATIONS}/accept", json={"token": made["token"], "name": "Eve", "password": PASSWORD})
    signed_in = await browser.post("/api/v1/auth/sign-in", json={"email": email, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {signed_in.json()['data']['token']}"}
    other = await invite(owner, email)
    assert (await browser.get(INVITATIONS, headers=headers)).json()["data"] == []
    assert (await browser.post(f"{INVITATIONS}/{other['uuid']}/accept", headers=headers)).status_code == 404
    linked = await browser.post(f"{INVITATIONS}/accept", json={"token": other["token"]}, headers=headers)
    assert linked.status_code == 200, "its link does"


async def test_a_link_lets_the_signed_in_user_in(owner: Tenant, stranger: Tenant, browser: httpx2.AsyncClient) -> None:
    made = await invite(owner, f"{new_uuid().hex}@example.com")
    nobody = await browser.post(f"{INVITATIONS}/accept", json={"token": made["token"]})
    assert (nobody.status_code, nobody.json()["code"]) == (401, "credentials_missing")
    joined = await stranger.post(f"{INVITATIONS}/accept", {"token": made["token"]})
    assert joined.json()["data"]["user_uuid"] == str(stranger.user_uuid)


async def test_who_has_an_account_signs_in_first(owner: Tenant, stranger: Tenant, browser: httpx2.AsyncClient) -> None:
    made = await invite(owner, stranger.email)
    body = {"token": made["token"], "name": "Eve", "password": PASSWORD}
    answer = await browser.post(f"{INVITATIONS}/accept", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "sign_in_needed")
    assert (await stranger.post(f"{INVITATIONS}/accept", {"token": made["token"]})).status_code == 200


@pytest.mark.parametrize("change", ["expires_at = now()", "declined_at = now()", "revoked"])
async def test_what_is_over_opens_nothing(owner: Tenant, stranger: Tenant, superuser: Superuser, change: str) -> None:
    made = await invite(owner, stranger.email)
    if change == "revoked":
        assert (await owner.delete(f"{of(owner)}/{made['uuid']}")).status_code == 204
    else:
        await superuser.execute(f"UPDATE invitations SET {change} WHERE uuid = $1", UUID(made["uuid"]))
    assert (await stranger.get(INVITATIONS)).json()["data"] == []
    assert (await stranger.post(f"{INVITATIONS}/{made['uuid']}/accept")).status_code == 404
    assert (await stranger.post(f"{INVITATIONS}/accept", {"token": made["token"]})).status_code == 404
    assert (await stranger.get(members(owner))).status_code == 404
    assert await invite(owner, stranger.email), "and can be made anew"


async def test_an_invitation_needs_an_inviter_who_could_still_make_it(
    owner: Tenant, make_tenant: MakeTenant, stranger: Tenant
) -> None:
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    made = await invite(admin, stranger.email, "admin")
    path = f"{members(owner)}/{admin.user_uuid}"
    await owner.put(path, {"role": "builder"})
    assert (await stranger.post(f"{INVITATIONS}/{made['uuid']}/accept")).status_code == 404
    await owner.put(path, {"role": "admin"})
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(of(owner))).json()["data"] == [], "it goes with who made it"
    assert (await stranger.post(f"{INVITATIONS}/accept", {"token": made["token"]})).status_code == 404


async def test_one_link_lets_one_in(owner: Tenant, stranger: Tenant, make_tenant: MakeTenant) -> None:
    other = await make_tenant()
    made = await invite(owner, f"{new_uuid().hex}@example.com")
    answers = await asyncio.gather(
        *(each.post(f"{INVITATIONS}/accept", {"token": made["token"]}) for each in (stranger, other))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 404]
    assert (await owner.get(members(owner))).json()["meta"]["total"] == 2


async def test_the_invited_are_their_addresses_owners(owner: Tenant, stranger: Tenant, make_tenant: MakeTenant) -> None:
    other = await make_tenant()
    made = await invite(owner, stranger.email)
    random = f"{INVITATIONS}/{new_uuid()}"
    for verb in ("accept", "decline"):
        foreign = await other.post(f"{INVITATIONS}/{made['uuid']}/{verb}")
        unknown = await other.post(f"{random}/{verb}")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json()["detail"] == unknown.json()["detail"]
    for tenant, path in ((stranger, of(owner)), (stranger, f"{of(owner)}/{made['uuid']}")):
        assert (await tenant.request("GET" if path == of(owner) else "DELETE", path)).status_code == 404
    assert (await stranger.delete(f"{of(stranger)}/{made['uuid']}")).status_code == 404


async def test_who_may_invite_and_as_what(owner: Tenant, make_tenant: MakeTenant) -> None:
    body = {"email": f"{new_uuid().hex}@example.com", "role": "owner"}
    for role, status, word in (
        (Role.BUILDER, 403, "members.create"),
        (Role.ADMIN, 403, "above yours"),
        (Role.OWNER, 201, ""),
    ):
        tenant = await make_tenant(role, owner.workspace_uuid)
        answer = await tenant.post(of(owner), body)
        assert answer.status_code == status
        assert word in answer.text
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    assert (await viewer.get(of(owner))).status_code == 403


async def test_a_narrowed_or_bound_token_does_not_join(owner: Tenant, stranger: Tenant) -> None:
    made = await invite(owner, stranger.email)
    for body in ({"scopes": ["threads.*"]}, {"workspace_uuid": str(stranger.workspace_uuid)}):
        token = (await stranger.post("/api/v1/tokens", {"name": "x", **body})).json()["data"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        for path, content in (
            (f"{INVITATIONS}/{made['uuid']}/accept", None),
            (f"{INVITATIONS}/accept", {"token": made["token"]}),
        ):
            assert (await stranger.client.post(path, json=content, headers=headers)).status_code == 403


async def test_guessing_links_is_slowed_down(browser: httpx2.AsyncClient) -> None:
    body = {"token": "x", "name": "Eve", "password": PASSWORD}
    statuses = [(await browser.post(f"{INVITATIONS}/accept", json=body)).status_code for _ in range(53)]
    assert statuses[:51] == [404] * 51
    assert 429 in statuses[51:]


async def test_the_token_is_stored_as_a_hash_alone(owner: Tenant, superuser: Superuser) -> None:
    made = await invite(owner, f"{new_uuid().hex}@example.com")
    row = await superuser.fetchrow("SELECT * FROM invitations WHERE uuid = $1", UUID(made["uuid"]))
    assert made["token"] not in str(dict(row or {}))


@pytest.mark.parametrize(
    "body",
    [
        {"token": "x", "name": "Ada"},
        {"token": "x", "password": PASSWORD},
        {"token": "x", "name": "Ada", "password": "short"},
        {"token": ""},
        {},
    ],
)
async def test_what_accepts_nothing_is_422(browser: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await browser.post(f"{INVITATIONS}/accept", json=body)).status_code == 422


@pytest.mark.parametrize("email", ["nobody", "a b@c.d", "a@b@c.d", "<a@b.c>", ""])
async def test_what_is_no_address_is_422(owner: Tenant, email: str) -> None:
    assert (await owner.post(of(owner), {"email": email})).status_code == 422

"""A client is let in by a user, gets tokens for one workspace, renews them, and loses them."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from athena.auth.secrets import digest
from athena.kit import clock
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.oauth import codes
from athena.oauth.repository import GrantRepository
from athena.oauth.service import SCOPES
from athena.retention.tasks import delete_old
from tests.conftest import MakeTenant, Tenant
from tests.dialects.mcp_client import send
from tests.oauth.conftest import RETURN_TO, Browser, SignedIn, exchange, refresh, register, returned, wish


class Storage:
    """What the official client keeps."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


async def grant(client: httpx2.AsyncClient, browser: Browser, **changes: Any) -> tuple[str, dict[str, Any]]:
    """A client's id, and the tokens that it was given."""
    client_id = await register(client)
    code = returned(await browser.decide(await browser.open(wish(client_id, **changes))))["code"]
    answer = await exchange(client, client_id, code)
    assert answer.status_code == 200, answer.text
    return client_id, answer.json()


def bearer(tokens: dict[str, Any], tenant: Tenant) -> Tenant:
    """The tenant with a client's access token."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return Tenant(tenant.user_uuid, tenant.workspace_uuid, tenant.email, tokens["access_token"], tenant.client, headers)


@pytest.mark.parametrize("named", [False, True])
async def test_the_official_client_finds_its_way_in(owner: Tenant, browse: SignedIn, app: Any, *, named: bool) -> None:
    browser, storage, seen = await browse(owner), Storage(), list[dict[str, list[str]]]()
    url = f"http://athena.test/mcp/{owner.workspace_uuid}" if named else "http://athena.test/mcp"

    async def go(address: str) -> None:
        parts = urlsplit(address)
        page = await browser.open(f"{parts.path}?{parts.query}")
        assert page.status_code == 200, page.text
        answer = await browser.decide(page)
        seen.append(parse_qs(urlsplit(answer.headers["location"]).query))

    async def come_back() -> AuthorizationCodeResult:
        [found] = seen
        return AuthorizationCodeResult(code=found["code"][0], state=found["state"][0], iss=found["iss"][0])

    metadata = OAuthClientMetadata(client_name="Official", redirect_uris=[AnyUrl(RETURN_TO)])
    provider = OAuthClientProvider(url, metadata, storage, go, come_back)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, auth=provider) as http:
        async with Client(streamable_http_client(url, http_client=http), cache=None) as client:
            assert (await client.list_tools()).tools == []
        assert storage.tokens is not None
    listed = (await owner.get("/api/v1/tokens")).json()["data"]
    [token] = [each for each in listed if each["name"] == "Official"]
    assert (token["workspace_uuid"], token["scopes"]) == (str(owner.workspace_uuid), SCOPES)


async def test_what_is_given_opens_one_workspace_and_no_more_than_an_operator_may(
    owner: Tenant, make_tenant: MakeTenant, browse: SignedIn, client: httpx2.AsyncClient
) -> None:
    other = (await owner.post("/api/v1/workspaces", {"name": "Other"})).json()["data"]["uuid"]
    browser = await browse(owner)
    _, tokens = await grant(client, browser)
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "mcp")
    let_in = bearer(tokens, owner)
    assert (await let_in.get("/api/v1/agents")).status_code == 200
    for path in ("tokens", "budgets", "accounts", "variables", "audit-events"):
        assert (await let_in.get(f"/api/v1/{path}")).status_code == 403, path
    assert (await let_in.post("/api/v1/tokens", {"name": "More"})).status_code == 403
    assert (await let_in.post("/api/v1/agents", {"name": "Agent"})).status_code == 403
    assert (await let_in.get(f"/api/v1/agents?workspace_uuid={other}")).status_code == 404
    _, elsewhere = await grant(client, browser, resource=f"http://athena.test/mcp/{other}")
    assert (await bearer(elsewhere, owner).get(f"/api/v1/agents?workspace_uuid={other}")).status_code == 200
    stranger = await make_tenant()
    page = await browser.open(
        wish(await register(client), resource=f"http://athena.test/mcp/{stranger.workspace_uuid}")
    )
    assert page.status_code == 400
    page = await browser.open(wish(await register(client), resource="http://athena.test/a2a"))
    assert page.status_code == 200
    page = await browser.open(wish(await register(client)))
    answer = await browser.decide(page, workspace_uuid=str(stranger.workspace_uuid))
    assert answer.status_code == 400


async def test_the_log_tells_who_has_let_a_client_in(
    owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient
) -> None:
    await grant(client, await browse(owner))
    [event] = (await owner.get("/api/v1/audit-events?action=token.created")).json()["data"]
    assert (event["actor_user_uuid"], event["credential"]["kind"]) == (str(owner.user_uuid), "session")


async def test_a_code_is_used_once_by_who_asked(owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient) -> None:
    browser, client_id, other = await browse(owner), await register(client), await register(client, name="Other")
    code = returned(await browser.decide(await browser.open(wish(client_id))))["code"]
    for changes in (
        {"code_verifier": "w" * 64},
        {"redirect_uri": "http://127.0.0.1:33419/callback"},
        {"client_id": other},
        {"code": code[:-2]},
        {"code": ""},
    ):
        refused = await exchange(client, client_id, code, changes)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant"), changes
    answers = await asyncio.gather(*(exchange(client, client_id, code) for _ in range(3)))
    [given] = [each.json() for each in answers if each.status_code == 200]
    # Whoever shows it again may have stolen it: what it was exchanged for ends.
    assert (await bearer(given, owner).get("/api/v1/agents")).status_code == 401
    assert (await refresh(client, client_id, given["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_code_holds_a_minute(
    owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, client_id = await browse(owner), await register(client)
    code = returned(await browser.decide(await browser.open(wish(client_id))))["code"]
    now = clock.now()
    monkeypatch.setattr(codes.clock, "now", lambda: now + codes.LIFETIME * 1.1)
    assert (await exchange(client, client_id, code)).json()["error"] == "invalid_grant"


async def test_tokens_are_renewed_in_the_place_of_the_former(
    owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient
) -> None:
    client_id, first = await grant(client, await browse(owner))
    second = (await refresh(client, client_id, first["refresh_token"])).json()
    assert (await bearer(first, owner).get("/api/v1/agents")).status_code == 401
    assert (await bearer(second, owner).get("/api/v1/agents")).status_code == 200
    names = [each["name"] for each in (await owner.get("/api/v1/tokens")).json()["data"]]
    assert names.count("Inspector") == 1
    other = await register(client, name="Other")
    assert (await refresh(client, other, second["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await bearer(second, owner).get("/api/v1/agents")).status_code == 200
    # A used one is shown by who has stolen it, or was stolen from.
    assert (await refresh(client, client_id, first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await bearer(second, owner).get("/api/v1/agents")).status_code == 401
    assert (await refresh(client, client_id, second["refresh_token"])).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("by", ["access_token", "refresh_token", "user"])
async def test_what_was_given_can_be_taken_back(
    owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient, by: str
) -> None:
    client_id, tokens = await grant(client, await browse(owner))
    if by == "user":
        listed = (await owner.get("/api/v1/tokens")).json()["data"]
        [token] = [each["uuid"] for each in listed if each["name"] == "Inspector"]
        assert (await owner.delete(f"/api/v1/tokens/{token}")).status_code == 204
    else:
        assert (await client.post("/oauth/revoke", data={"token": tokens[by]})).status_code == 200
    assert (await send(bearer(tokens, owner), "ping")).status_code == 401
    assert (await refresh(client, client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await client.post("/oauth/revoke", data={"token": "unknown"})).status_code == 200
    # A token that no client was given is not the clients' to revoke.
    assert (await client.post("/oauth/revoke", data={"token": owner.token})).status_code == 200
    assert (await owner.get("/api/v1/agents")).status_code == 200


class Explaining:
    """A session that tells how a statement would be done."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def value(self, sql: str, *args: Any) -> list[Any]:
        return await self._session.fetch(f"EXPLAIN {sql}", *args)


async def test_what_is_to_be_revoked_is_looked_up_and_not_searched_for(database: Database) -> None:
    async with database.system() as session:
        await session.execute("SET LOCAL enable_seqscan = off")
        rows: Any = await GrantRepository(cast("Any", Explaining(session))).of_secret(b"x")
    plan = "\n".join(row[0] for row in rows)
    for index in ("uq_oauth_grants_refresh_hash", "uq_tokens_token_hash"):
        assert index in plan
    assert "Filter" not in plan


async def test_who_leaves_the_workspace_takes_the_clients_along(
    owner: Tenant, make_tenant: MakeTenant, browse: SignedIn, client: httpx2.AsyncClient, superuser: Any
) -> None:
    member = await make_tenant(workspace_uuid=owner.workspace_uuid)
    client_id, tokens = await grant(client, await browse(member))
    await superuser.execute("DELETE FROM workspace_members WHERE user_uuid = $1", member.user_uuid)
    assert (await bearer(tokens, member).get("/api/v1/agents")).status_code in {401, 404}
    assert (await refresh(client, client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_what_nobody_can_renew_any_more_is_no_token_of_the_users(
    owner: Tenant, browse: SignedIn, client: httpx2.AsyncClient, superuser: Any, database: Database
) -> None:
    client_id, tokens = await grant(client, await browse(owner))
    await grant(client, await browse(owner))
    await superuser.execute(
        "UPDATE oauth_grants SET expires_at = now() - interval '1 second' WHERE refresh_hash = $1",
        digest(tokens["refresh_token"]),
    )
    await delete_old(database)
    names = [each["name"] for each in (await owner.get("/api/v1/tokens")).json()["data"]]
    assert names.count("Inspector") == 1
    assert (await refresh(client, client_id, tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_who_is_unknown_is_told_where_tokens_are_given(owner: Tenant, client: httpx2.AsyncClient) -> None:
    for path in ("/mcp", f"/mcp/{new_uuid()}"):
        answer = await client.post(path, json={})
        assert answer.status_code == 401
        metadata = answer.headers["www-authenticate"].partition('resource_metadata="')[2].rstrip('"')
        told = (await client.get(metadata)).json()
        assert told["resource"] == f"http://athena.test{path}"
        assert told["authorization_servers"] == ["http://athena.test"]
    assert owner.token
    server = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert (server["issuer"], server["code_challenge_methods_supported"]) == ("http://athena.test", ["S256"])

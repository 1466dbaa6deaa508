"""Accounts that a user connects at the provider's own page, and whose access is renewed in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest

from athena.accounts.credentials import Authentication
from athena.accounts.service import AccountService
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.kit.errors import UpstreamFailed, ValidationFailed
from athena.permissions import ROLE_PERMISSIONS, Role
from tests.accounts.authorization_server import AuthorizationServer
from tests.conftest import MakeTenant, Tenant
from tests.waiting import until

PAGE = "/oauth/callback"


@pytest.fixture
async def server() -> AsyncGenerator[AuthorizationServer]:
    started = AuthorizationServer()
    await started.start()
    yield started
    await started.stop()


async def made(tenant: Tenant, server: AuthorizationServer, **more: Any) -> str:
    """The path of an account that is not connected yet."""
    given: dict[str, Any] = {"name": "Server", "kind": "mcp", "base_url": f"{server.url}/mcp"}
    given["authentication_config"] = {"type": "oauth2", **more.pop("authentication", {})}
    provider = (await tenant.post("/api/v1/providers", given)).json()["data"]["uuid"]
    body = {"name": "<b>Mine</b>", "provider_uuid": provider, **more}
    answer = await tenant.post("/api/v1/accounts", body)
    assert answer.status_code == 201, answer.text
    return f"/api/v1/accounts/{answer.json()['data']['uuid']}"


async def begun(tenant: Tenant, path: str) -> str:
    answer = await tenant.post(f"{path}/oauth/authorize")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["authorization_url"]


async def connected(tenant: Tenant, server: AuthorizationServer) -> str:
    path = await made(tenant, server)
    answer = await tenant.client.post(PAGE, data=server.grant(await begun(tenant, path)))
    assert answer.status_code == 200, answer.text
    return path


async def used(database: Database, tenant: Tenant, path: str) -> Authentication:
    """What the account adds to requests."""
    access = Access(WorkspaceId(tenant.workspace_uuid), tenant.user_uuid, Role.BUILDER, ROLE_PERMISSIONS[Role.BUILDER])
    async with database.session(access.scope) as session:
        return await AccountService(session, access).authentication(UUID(path.rpartition("/")[2]))


async def test_a_user_connects_an_account(owner: Tenant, server: AuthorizationServer, database: Database) -> None:
    path = await made(owner, server)
    with pytest.raises(ValidationFailed, match="not connected yet"):
        await used(database, owner, path)
    granted = server.grant(await begun(owner, path))
    asked = await owner.client.get(PAGE, params=granted)
    assert asked.status_code == 200
    assert f"<strong>{owner.email}</strong>" in asked.text
    assert "&lt;b&gt;Mine&lt;/b&gt;" in asked.text
    assert "script" not in asked.headers["content-security-policy"]
    assert server.asked == []
    answer = await owner.client.post(PAGE, data=granted)
    assert "The account is connected" in answer.text
    account = (await owner.get(path)).json()["data"]
    assert account["status"] == "active"
    assert account["credentials"] == {"access_token": "…"}
    found = await used(database, owner, path)
    assert dict(found.headers) == {"Authorization": "Bearer access-token-1"}
    assert server.registered[0]["redirect_uris"] == ["http://athena.test/oauth/callback"]
    assert server.asked[0]["authorization"].startswith("Basic ")
    assert server.asked[0]["resource"] == f"{server.url}/mcp"
    events = (await owner.get("/api/v1/audit-events?per_page=5")).json()["data"]
    assert "account.connected" in {each["action"] for each in events}


async def test_nothing_of_it_is_stored_or_shown_as_it_is(
    owner: Tenant, server: AuthorizationServer, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    path = await connected(owner, server)
    row = await superuser.fetchrow("SELECT * FROM accounts WHERE uuid = $1", UUID(path.rpartition("/")[2]))
    shown = f"{dict(row or {})} {(await owner.get(path)).text}"
    assert not [each for each in ("access-token-1", "refresh-token-1", "client-secret") if each in shown]


async def test_each_state_is_for_one_use_of_one_user_and_one_code(owner: Tenant, server: AuthorizationServer) -> None:
    path = await made(owner, server)
    first = server.grant(await begun(owner, path))
    second = server.grant(await begun(owner, path))
    for given in (first, {**second, "state": second["state"] + "x"}, {"state": "", "code": "x"}, {"state": "a.b.c"}):
        assert (await owner.client.get(PAGE, params=given)).status_code == 404
        assert (await owner.client.post(PAGE, data=given)).status_code == 404
    assert (await owner.client.post(PAGE, data=second)).status_code == 200
    assert (await owner.client.post(PAGE, data=second)).status_code == 404
    wrong = {**server.grant(await begun(owner, path)), "code": "guessed"}
    assert (await owner.client.post(PAGE, data=wrong)).status_code == 502
    assert len(server.registered) == 1
    refused = {"state": server.grant(await begun(owner, path))["state"], "error": "access_denied"}
    assert "not granted" in (await owner.client.get(PAGE, params=refused)).text


async def test_a_code_of_another_server_is_not_taken(owner: Tenant, server: AuthorizationServer) -> None:
    path = await made(owner, server)
    for issuer in ("https://evil.example", None):
        granted: dict[str, Any] = {**server.grant(await begun(owner, path)), "iss": issuer}
        answer = await owner.client.post(PAGE, data={name: value for name, value in granted.items() if value})
        assert answer.status_code == 502
    assert server.asked == []


async def test_who_may_not_change_accounts_connects_none(
    owner: Tenant, server: AuthorizationServer, make_tenant: MakeTenant, stranger: Tenant
) -> None:
    path = await made(owner, server)
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    assert (await viewer.post(f"{path}/oauth/authorize")).status_code == 403
    assert (await stranger.post(f"{path}/oauth/authorize")).status_code == 404


async def test_an_access_is_renewed_once_for_all_who_need_it(
    owner: Tenant, server: AuthorizationServer, database: Database
) -> None:
    server.seconds = 10
    path = await connected(owner, server)
    server.seconds, server.gate = 3600, asyncio.Event()
    waiting = [asyncio.create_task(used(database, owner, path)) for _ in range(5)]
    for _ in range(200):
        if len(server.asked) == 2:
            break
        await asyncio.sleep(0.01)
    server.gate.set()
    found = await asyncio.gather(*waiting)
    assert {each.headers["Authorization"] for each in found} == {"Bearer access-token-2"}
    assert [each["grant_type"] for each in server.asked] == ["authorization_code", "refresh_token"]
    assert server.asked[1]["refresh_token"] == "refresh-token-1"
    assert dict((await used(database, owner, path)).headers) == {"Authorization": "Bearer access-token-2"}


async def test_an_access_that_is_not_renewed_any_more(
    owner: Tenant, server: AuthorizationServer, database: Database
) -> None:
    server.seconds = 0
    path = await connected(owner, server)
    server.answer = (503, {})
    with pytest.raises(UpstreamFailed):
        await used(database, owner, path)
    server.answer = (400, {"error": "invalid_grant"})
    with pytest.raises(ValidationFailed, match="connect it anew"):
        await used(database, owner, path)
    assert (await owner.get(path)).json()["data"]["status"] == "invalid"
    server.answer = None
    assert (await owner.client.post(PAGE, data=server.grant(await begun(owner, path)))).status_code == 200
    assert (await owner.get(path)).json()["data"]["status"] == "active"


async def test_while_it_holds_a_failed_renewal_does_no_harm(
    owner: Tenant, server: AuthorizationServer, database: Database
) -> None:
    server.seconds = 30
    path = await connected(owner, server)
    server.answer = (503, {})
    assert dict((await used(database, owner, path)).headers) == {"Authorization": "Bearer access-token-1"}


async def test_new_credentials_end_what_was_granted(
    owner: Tenant, server: AuthorizationServer, database: Database
) -> None:
    server.seconds = 0
    path = await connected(owner, server)
    assert (await owner.put(path, {"credentials": {"access_token": "by-hand"}})).status_code == 200
    assert dict((await used(database, owner, path)).headers) == {"Authorization": "Bearer by-hand"}


@pytest.fixture
async def renewing(
    owner: Tenant, server: AuthorizationServer, database: Database
) -> AsyncGenerator[tuple[str, asyncio.Task[Authentication]]]:
    """An account whose access is being renewed, until ``server.gate`` is opened."""
    server.seconds = 10
    path = await connected(owner, server)
    server.seconds, server.gate = 3600, asyncio.Event()
    task = asyncio.create_task(used(database, owner, path))
    await until(lambda: len(server.asked) == 2)
    yield path, task
    server.gate.set()
    await asyncio.gather(task, return_exceptions=True)


async def opened(server: AuthorizationServer, task: asyncio.Task[Authentication]) -> dict[str, str]:
    assert server.gate is not None
    server.gate.set()
    return dict((await task).headers)


@pytest.mark.parametrize("answer", [None, (400, {"error": "invalid_grant"})])
async def test_a_renewal_does_not_undo_credentials_that_were_entered_meanwhile(
    owner: Tenant,
    server: AuthorizationServer,
    database: Database,
    renewing: tuple[str, asyncio.Task[Authentication]],
    answer: tuple[int, dict[str, Any]] | None,
) -> None:
    path, task = renewing
    server.answer = answer
    assert (await owner.put(path, {"credentials": {"access_token": "by-hand"}})).status_code == 200
    assert await opened(server, task) == {"Authorization": "Bearer by-hand"}
    assert dict((await used(database, owner, path)).headers) == {"Authorization": "Bearer by-hand"}
    assert (await owner.get(path)).json()["data"]["status"] == "unverified"


async def test_a_renewal_leaves_a_connection_that_was_begun_meanwhile(
    owner: Tenant, server: AuthorizationServer, renewing: tuple[str, asyncio.Task[Authentication]]
) -> None:
    path, task = renewing
    granted = server.grant(await begun(owner, path))
    assert await opened(server, task) == {"Authorization": "Bearer access-token-2"}
    assert (await owner.client.post(PAGE, data=granted)).status_code == 200


async def test_to_begin_a_connection_does_not_undo_a_renewal(
    owner: Tenant,
    server: AuthorizationServer,
    database: Database,
    renewing: tuple[str, asyncio.Task[Authentication]],
) -> None:
    path, task = renewing
    server.metadata_gate = asyncio.Event()
    beginning = asyncio.create_task(begun(owner, path))
    await server.metadata_asked.wait()
    await opened(server, task)
    server.metadata_gate.set()
    await beginning
    server.seconds = 10
    assert dict((await used(database, owner, path)).headers) == {"Authorization": "Bearer access-token-2"}


async def test_a_call_that_is_given_up_does_not_lose_what_is_being_renewed(
    owner: Tenant,
    server: AuthorizationServer,
    database: Database,
    renewing: tuple[str, asyncio.Task[Authentication]],
) -> None:
    path, task = renewing
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opened(server, task)
    assert dict((await used(database, owner, path)).headers) == {"Authorization": "Bearer access-token-2"}
    assert len(server.asked) == 2


async def test_a_provider_may_say_where_and_an_account_as_whom(owner: Tenant, server: AuthorizationServer) -> None:
    fields = {"properties": {"client_id": {"writeOnly": False}, "client_secret": {}}}
    authentication = {
        "authorization_url": f"{server.url}/as/authorize",
        "token_url": f"{server.url}/as/token",
        "scopes": ["read", "write"],
        "pkce": True,
        "fields": fields,
    }
    credentials = {"client_id": "me", "client_secret": "my-secret"}
    path = await made(owner, server, authentication=authentication, credentials=credentials)
    url = await begun(owner, path)
    assert "client_id=me&" in url
    assert "scope=read+write" in url
    granted = {name: value for name, value in server.grant(url).items() if name != "iss"}
    assert (await owner.client.post(PAGE, data=granted)).status_code == 200
    assert server.registered == []
    assert (await owner.get(path)).json()["data"]["credentials"]["client_id"] == "me"


@pytest.mark.parametrize(
    ("metadata", "resource"),
    [
        ({"issuer": "https://other.example"}, {}),
        ({"authorization_endpoint": "javascript:alert(1)"}, {}),
        ({"token_endpoint": None}, {}),
        ({"code_challenge_methods_supported": ["plain"]}, {}),
        ({"code_challenge_methods_supported": None}, {}),
        ({"registration_endpoint": None}, {}),
        ({"registration_endpoint": "http://10.0.0.1/register"}, {}),
        ({}, {"resource": "https://other.example/mcp"}),
        ({}, {"authorization_servers": ["http://169.254.169.254/as"]}),
        ({}, {"authorization_servers": ["file:///etc"]}),
    ],
)
async def test_servers_that_cannot_be_trusted_are_refused(
    owner: Tenant, server: AuthorizationServer, metadata: dict[str, Any], resource: dict[str, Any]
) -> None:
    path = await made(owner, server)
    server.metadata, server.resource = metadata, resource
    answer = await owner.post(f"{path}/oauth/authorize")
    assert answer.status_code == 502
    assert answer.json()["code"] == "oauth_failed"


@pytest.mark.parametrize(
    "given",
    [
        (200, {}),
        (200, {"access_token": "a b\n", "token_type": "bearer"}),
        (200, {"access_token": "mac", "token_type": "mac"}),
        (200, {"access_token": "x" * 20_000, "token_type": "bearer"}),
        (500, {"access_token": "a", "token_type": "bearer"}),
    ],
)
async def test_what_is_no_token_is_none(
    owner: Tenant, server: AuthorizationServer, given: tuple[int, dict[str, Any]]
) -> None:
    path = await made(owner, server)
    server.answer = given
    answer = await owner.client.post(PAGE, data=server.grant(await begun(owner, path)))
    assert answer.status_code == 502
    assert (await owner.get(path)).json()["data"]["status"] == "unverified"


async def test_accounts_of_other_types_are_not_connected(owner: Tenant) -> None:
    given = {"name": "S", "base_url": "https://a.example", "authentication_config": {"type": "bearer"}}
    provider = (await owner.post("/api/v1/providers", given)).json()["data"]["uuid"]
    body = {"name": "A", "provider_uuid": provider, "credentials": {"api_key": "sk-123"}}
    uuid = (await owner.post("/api/v1/accounts", body)).json()["data"]["uuid"]
    answer: httpx2.Response = await owner.post(f"/api/v1/accounts/{uuid}/oauth/authorize")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_oauth")

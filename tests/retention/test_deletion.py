"""A deletion reaches everything: rows, logs of runs, files on disk, what was derived from it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from athena.config import Settings
from athena.engine import Engine
from athena.kit.db import Database
from athena.permissions import Role
from tests.conftest import Connect, MakeTenant, Tenant
from tests.retention.conftest import Fill, Search, Superuser

PASSWORD = "correct horse battery"
USER = "/api/v1/user"
Sweep = Callable[[], Awaitable[None]]


def folder(settings: Settings, tenant: Tenant) -> Path:
    return settings.data_dir / "media" / str(tenant.workspace_uuid)


async def test_of_a_deleted_workspace_nothing_is_left(
    owner: Tenant, fill: Fill, search: Search, sweep: Sweep, settings: Settings
) -> None:
    filled = await fill(owner)
    before = await search(filled.word)
    assert {"agents", "threads", "messages", "media", "memories", "runs", "run_events", "workspaces"} <= before
    assert any(path.is_file() for path in folder(settings, owner).rglob("*"))
    assert (await owner.post("/api/v1/workspaces", {"name": "Second"})).status_code == 201
    assert (await owner.delete(f"/api/v1/workspaces/{owner.workspace_uuid}")).status_code == 204
    await sweep()
    assert await search(filled.word) == set()
    assert not folder(settings, owner).exists()


async def test_of_a_deleted_workspace_not_even_its_id_is_left(
    owner: Tenant, fill: Fill, search: Search, sweep: Sweep, superuser: Superuser
) -> None:
    await fill(owner)
    await owner.post("/api/v1/workspaces", {"name": "Second"})
    await owner.delete(f"/api/v1/workspaces/{owner.workspace_uuid}")
    await sweep()
    # The second look, when nobody can be at work in it any more.
    await superuser.execute("UPDATE leftovers SET due_at = now() WHERE workspace_uuid = $1", owner.workspace_uuid)
    await sweep()
    # The log of changes tells of the user's own affairs, of which the deletion was one.
    assert await search(str(owner.workspace_uuid)) <= {"audit_events"}


async def test_of_a_deleted_thread_nothing_that_was_said_is_left(
    owner: Tenant, fill: Fill, search: Search, sweep: Sweep
) -> None:
    filled = await fill(owner)
    assert (await owner.delete(f"/api/v1/threads/{filled.thread}")).status_code == 204
    await sweep()
    assert (await owner.get(f"/api/v1/runs/{filled.run}")).status_code == 404
    # The agent's other run, what it was told apart from the thread, and the file are still there.
    assert not {"threads", "messages", "attachments"} & await search(filled.word)


async def test_a_deleted_message_takes_the_log_of_its_run_along(
    owner: Tenant, fill: Fill, superuser: Superuser
) -> None:
    filled = await fill(owner)
    assert (await owner.delete(f"/api/v1/messages/{filled.message}")).status_code == 204
    assert (await owner.get(f"/api/v1/runs/{filled.run}")).status_code == 404
    events = await superuser.fetchval("SELECT count(*) FROM run_events WHERE run_uuid = $1", UUID(filled.run))
    assert events == 0
    derived = "SELECT count(*) FROM memories WHERE workspace_uuid = $1 AND source_uuid = $2"
    assert await superuser.fetchval(derived, owner.workspace_uuid, UUID(filled.message)) == 0


async def test_a_run_at_work_goes_with_its_thread(
    owner: Tenant, connect: Connect, sweep: Sweep, search: Search, database: Database
) -> None:
    word = f"canary{owner.workspace_uuid.hex}"
    account = await connect(owner)
    agent = {"name": "A", "account_uuid": str(account), "model": "mock-t500-d20"}
    uuid = (await owner.post("/api/v1/agents", agent)).json()["data"]["uuid"]
    thread = (await owner.post("/api/v1/threads", {"agent_uuid": uuid})).json()["data"]["uuid"]
    body = {"message": f"[[tokens:500]] {word}", "background": True, "metadata": {"system_prompt": word}}
    run = (await owner.post(f"/api/v1/threads/{thread}/run", body)).json()["data"]["uuid"]
    engine = database.provided(Engine)
    async with contextlib.aclosing(engine.subscribe(owner.workspace_uuid, UUID(run))) as events:
        async for event in events:
            if event.type == "message.delta":
                break
        assert (await owner.delete(f"/api/v1/threads/{thread}")).status_code == 204
        async with asyncio.timeout(10):
            rest = [event.type async for event in events]
    assert rest[-1] == "run.cancelled", "who follows it sees its end"
    await sweep()
    assert (await owner.get(f"/api/v1/runs/{run}")).status_code == 404
    assert await search(word) == set()


async def test_who_follows_a_run_is_not_left_hanging_when_its_workspace_ends(
    owner: Tenant, connect: Connect, database: Database
) -> None:
    account = await connect(owner)
    agent = {"name": "A", "account_uuid": str(account), "model": "mock-t500-d20"}
    uuid = (await owner.post("/api/v1/agents", agent)).json()["data"]["uuid"]
    body = {"input": "[[tokens:500]]", "background": True}
    run = (await owner.post(f"/api/v1/agents/{uuid}/run", body)).json()["data"]["uuid"]
    await owner.post("/api/v1/workspaces", {"name": "Second"})
    subscription = database.provided(Engine).subscribe(owner.workspace_uuid, UUID(run))

    async def follow() -> None:
        async for _ in subscription:
            pass

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.1)
    assert (await owner.delete(f"/api/v1/workspaces/{owner.workspace_uuid}")).status_code == 204
    await asyncio.wait_for(following, 5)


async def test_files_with_the_same_content_go_with_the_last_of_them(
    owner: Tenant, sweep: Sweep, settings: Settings, superuser: Superuser
) -> None:
    uuids = [
        (await owner.post("/api/v1/media", files={"file": ("a.txt", b"the same")})).json()["data"]["uuid"]
        for _ in range(2)
    ]
    # As a cascade deletes them, which no service sees.
    await superuser.execute("DELETE FROM media WHERE uuid = $1", UUID(uuids[0]))
    await sweep()
    assert [path for path in folder(settings, owner).rglob("*") if path.is_file()]
    await superuser.execute("DELETE FROM media WHERE uuid = $1", UUID(uuids[1]))
    await sweep()
    assert not [path for path in folder(settings, owner).rglob("*") if path.is_file()]


async def test_a_user_goes_with_all_that_is_theirs_alone(
    owner: Tenant, make_tenant: MakeTenant, fill: Fill, search: Search, sweep: Sweep
) -> None:
    filled = await fill(owner)
    shared = await make_tenant()
    invited = await shared.post(
        f"/api/v1/workspaces/{shared.workspace_uuid}/invitations", {"email": owner.email, "role": "builder"}
    )
    assert invited.status_code == 201
    assert (await owner.put(USER, {"name": filled.word, "password": PASSWORD})).status_code == 200
    for password in ("", "wrong password"):
        refused = await owner.delete(USER, json={"password": password})
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["password"])
    assert (await owner.delete(USER, json={"password": PASSWORD})).status_code == 204
    assert (await owner.get(USER)).status_code == 401
    await sweep()
    assert await search(filled.word) == set()
    assert await search(owner.email) == set()


async def test_what_a_user_said_among_others_stays_without_their_name(
    owner: Tenant, make_tenant: MakeTenant, search: Search
) -> None:
    builder = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    thread = (await builder.post("/api/v1/threads", {"name": "Plans"})).json()["data"]["uuid"]
    assert (await builder.delete(USER, json={})).status_code == 204, "without a password there is none to confirm"
    kept = (await owner.get(f"/api/v1/threads/{thread}?with=creator")).json()["data"]
    assert (kept["name"], kept["creator"]) == ("Plans", None)
    assert await search(builder.email) == set()


async def test_an_owner_whom_others_need_stays(owner: Tenant, make_tenant: MakeTenant) -> None:
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    refused = await owner.delete(USER, json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "last_owner")
    path = f"/api/v1/workspaces/{owner.workspace_uuid}/transfer-ownership"
    assert (await owner.post(path, {"user_uuid": str(admin.user_uuid)})).status_code == 200
    assert (await owner.delete(USER, json={})).status_code == 204
    assert (await admin.get(f"/api/v1/workspaces/{owner.workspace_uuid}")).status_code == 200


async def test_no_narrowed_token_ends_its_user(owner: Tenant, client: httpx2.AsyncClient) -> None:
    for body in ({"scopes": ["threads.*"]}, {"workspace_uuid": str(owner.workspace_uuid)}):
        token = (await owner.post("/api/v1/tokens", {"name": "x", **body})).json()["data"]["token"]
        answer = await client.request("DELETE", USER, json={}, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403
        assert "user.delete" in answer.json()["detail"]


@pytest.mark.parametrize("body", [{"password": 1}, {"word": "x"}, []])
async def test_what_confirms_nothing_is_422(owner: Tenant, body: object) -> None:
    assert (await owner.delete(USER, json=body)).status_code == 422


async def test_who_was_never_shown_to_have_an_address_takes_nothing_of_it_along(
    owner: Tenant, make_tenant: MakeTenant, client: httpx2.AsyncClient
) -> None:
    email = f"meant-{owner.user_uuid.hex}@example.com"
    place, invitation = "/api/v1/workspaces", {"email": email, "role": "viewer"}
    other = await make_tenant()
    meant = await other.post(f"{place}/{other.workspace_uuid}/invitations", invitation)
    assert meant.status_code == 201
    agent = (await other.post("/api/v1/agents", {"name": "A"})).json()["data"]["uuid"]
    await other.post(f"/api/v1/agents/{agent}/share", {"grantee": "user", "user_email": email})
    # Whoever invites an address holds the link, too.
    link = (await owner.post(f"{place}/{owner.workspace_uuid}/invitations", invitation)).json()["data"]["token"]
    body = {"token": link, "name": "Mallory", "password": PASSWORD}
    assert (await client.post("/api/v1/invitations/accept", json=body)).status_code == 200
    signed_in = await client.post("/api/v1/auth/sign-in", json={"email": email, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {signed_in.json()['data']['token']}"}
    gone = await client.request("DELETE", USER, json={"password": PASSWORD}, headers=headers)
    assert gone.status_code == 204
    assert (await other.get(f"{place}/{other.workspace_uuid}/invitations")).json()["meta"]["total"] == 1
    assert (await other.get("/api/v1/shares")).json()["meta"]["total"] == 1

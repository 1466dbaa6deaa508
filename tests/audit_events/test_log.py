"""Every change is in the log, with who did it, in the same transaction, and never what was written."""

from __future__ import annotations

from typing import Any, TypeAlias
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from athena.kit.db import Database, Scope
from athena.kit.errors import Conflict
from athena.permissions import Role
from tests.audit_events.conftest import PATH, actions_of, log_of
from tests.conftest import Connect, MakeTenant, Tenant

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_a_change_is_told_with_who_did_it_and_how(owner: Tenant) -> None:
    headers = {"User-Agent": "test/1", "X-Request-ID": "request-of-the-log"}
    agent = (await owner.post("/api/v1/agents", {"name": "Ada"}, headers=headers)).json()["data"]
    [entry] = await log_of(owner)
    assert entry["action"] == "agent.created"
    assert (entry["resource_type"], entry["resource_uuid"]) == ("agent", agent["uuid"])
    assert entry["actor_user_uuid"] == str(owner.user_uuid)
    assert (entry["address"], entry["user_agent"]) == ("127.0.0.1", "test/1")
    assert (entry["request_id"], entry["details"]) == ("request-of-the-log", {})
    assert entry["credential"]["kind"] == "token"
    own = (await owner.get("/api/v1/tokens")).json()["data"]
    assert entry["credential"]["uuid"] in {token["uuid"] for token in own}


async def test_the_log_names_changed_fields_and_never_their_values(owner: Tenant) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "Ada"})).json()["data"]["uuid"]
    await owner.put(f"/api/v1/agents/{agent}", {"name": "canary-name", "system_prompt": "canary-prompt"})
    await owner.delete(f"/api/v1/agents/{agent}")
    created, updated, deleted = await log_of(owner, resource_uuid=agent)
    assert [each["action"] for each in (created, updated, deleted)] == [
        "agent.created",
        "agent.updated",
        "agent.deleted",
    ]
    assert updated["details"] == {"changed": ["name", "system_prompt", "version"]}
    assert "canary" not in str(await log_of(owner))


async def test_no_secret_is_in_the_log(owner: Tenant, connect: Connect, superuser: Superuser) -> None:
    account = await connect(owner)
    await owner.put(
        f"/api/v1/accounts/{account}", {"credentials": {"base_url": "http://x.test", "api_key": "sk-canary"}}
    )
    await owner.post(f"/api/v1/accounts/{account}/verify")
    token = (await owner.post("/api/v1/tokens", {"name": "CI", "workspace_uuid": str(owner.workspace_uuid)})).json()
    entries = await superuser.fetch(
        "SELECT audit_events::text AS text FROM audit_events WHERE actor_user_uuid = $1", owner.user_uuid
    )
    text = " ".join(entry["text"] for entry in entries)
    assert "sk-canary" not in text
    assert token["data"]["token"] not in text
    assert await actions_of(owner, resource_type="account") == [
        "account.created",
        "account.updated",
        "account.verified",
    ]
    changed = (await log_of(owner, action="account.updated"))[0]["details"]["changed"]
    assert "credentials" in changed
    assert not [name for name in changed if "sealed" in name]


async def test_what_did_not_happen_is_not_in_the_log(owner: Tenant) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "Ada"})).json()["data"]["uuid"]
    stale = await owner.put(f"/api/v1/agents/{agent}", {"name": "B"}, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    missing = await owner.delete(f"/api/v1/agents/{uuid4()}")
    assert missing.status_code == 404
    assert await actions_of(owner) == ["agent.created"]


async def test_what_is_undone_takes_its_entry_along(database: Database, owner: Tenant) -> None:
    async def fail() -> None:
        async with database.session(Scope(owner.workspace_uuid, owner.user_uuid)) as session:
            session.record("agent.created", "agent", uuid4())
            raise Conflict

    with pytest.raises(Conflict):
        await fail()
    async with database.session(Scope(owner.workspace_uuid, owner.user_uuid)) as session:
        session.record("agent.created", "agent", uuid4())
        await session.rollback()
    assert await log_of(owner) == []


async def test_an_entry_that_cannot_be_written_undoes_the_change(
    database: Database, owner: Tenant, stranger: Tenant
) -> None:
    async def change() -> None:
        async with database.session(Scope(owner.workspace_uuid)) as session:
            await session.execute("UPDATE workspaces SET name = 'Changed' WHERE uuid = $1", owner.workspace_uuid)
            session.record("workspace.updated", "workspace", uuid4(), workspace_uuid=stranger.workspace_uuid)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await change()
    shown = (await owner.get(f"/api/v1/workspaces/{owner.workspace_uuid}")).json()["data"]
    assert shown["name"] != "Changed"
    assert await log_of(stranger) == []


async def test_messages_are_told_of_when_somebody_writes_them_by_hand(owner: Tenant) -> None:
    thread = (await owner.post("/api/v1/threads", {})).json()["data"]["uuid"]
    message = (await owner.post("/api/v1/messages", {"thread_uuid": thread, "content": "Hello"})).json()["data"]["uuid"]
    await owner.put(f"/api/v1/messages/{message}", {"content": "Bye"})
    await owner.delete(f"/api/v1/messages/{message}")
    await owner.delete(f"/api/v1/threads/{thread}")
    assert await actions_of(owner) == [
        "thread.created",
        "message.created",
        "message.updated",
        "message.deleted",
        "thread.deleted",
    ]


async def test_a_file_and_its_end_are_told_though_the_handler_commits_half_way(owner: Tenant) -> None:
    media = (await owner.request("POST", "/api/v1/media", files={"file": ("a.txt", b"text")})).json()["data"]["uuid"]
    await owner.delete(f"/api/v1/media/{media}")
    assert await actions_of(owner, resource_type="media") == ["media.created", "media.deleted"]


async def test_only_owners_and_admins_read_the_log(owner: Tenant, make_tenant: MakeTenant) -> None:
    for role in Role:
        member = await make_tenant(role, owner.workspace_uuid)
        answer = await member.get(PATH)
        assert answer.status_code == (200 if role in {Role.OWNER, Role.ADMIN} else 403), role


async def test_a_strangers_log_does_not_exist(owner: Tenant, stranger: Tenant) -> None:
    await owner.post("/api/v1/agents", {"name": "Ada"})
    [entry] = await log_of(owner)
    assert await log_of(stranger) == []
    headers = {"X-Request-ID": "same"}
    theirs = await stranger.get(f"{PATH}/{entry['uuid']}", headers=headers)
    nobodys = await stranger.get(f"{PATH}/{uuid4()}", headers=headers)
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    same = theirs.text.replace(entry["uuid"], "") == nobodys.text.replace(nobodys.json()["instance"][-36:], "")
    assert same
    outside = await stranger.get(PATH, params={"workspace_uuid": str(owner.workspace_uuid)})
    assert outside.status_code == 404


async def test_one_entry_is_shown_with_its_actor(owner: Tenant) -> None:
    await owner.post("/api/v1/agents", {"name": "Ada"})
    [entry] = await log_of(owner)
    answer = await owner.get(f"{PATH}/{entry['uuid']}?with=actor")
    assert answer.headers["etag"]
    shown = answer.json()["data"]
    assert shown["actor"]["email"] == owner.email
    assert {**shown, "actor": None} == entry


async def test_the_log_is_filtered_and_paged(owner: Tenant, make_tenant: MakeTenant) -> None:
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    agent = (await owner.post("/api/v1/agents", {"name": "Ada"})).json()["data"]["uuid"]
    await admin.put(f"/api/v1/agents/{agent}", {"name": "Bob"})
    await owner.post("/api/v1/threads", {})
    every = await log_of(owner)
    assert [each["action"] for each in every] == ["agent.created", "agent.updated", "thread.created"]
    by_admin: dict[str, Any] = every[1]
    for filters in (
        {"action": "agent.updated"},
        {"actor_user_uuid": str(admin.user_uuid)},
        {"token_uuid": by_admin["credential"]["uuid"]},
        {"created_after": every[0]["created_at"], "created_before": every[2]["created_at"], "resource_uuid": agent},
    ):
        assert [each["uuid"] for each in await log_of(owner, **filters)] == [by_admin["uuid"]], filters
    assert len(await log_of(owner, resource_type="agent")) == 2
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await owner.get(PATH, params={"cursor": cursor, "per_page": 1, "sort": "created_at"})).json()
        seen += [each["uuid"] for each in page["data"]]
        cursor = page["meta"]["next_cursor"]
    assert seen == [each["uuid"] for each in every]


async def test_nobody_changes_the_log(database: Database, owner: Tenant, superuser: Superuser) -> None:
    await owner.post("/api/v1/agents", {"name": "Ada"})
    scope = Scope(owner.workspace_uuid, owner.user_uuid)
    for statement in ("UPDATE audit_events SET action = 'agent.deleted'", "DELETE FROM audit_events"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.session(scope) as session:
                await session.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.system() as session:
            await session.execute("UPDATE audit_events SET action = 'agent.deleted'")
    assert await actions_of(owner) == ["agent.created"]


async def test_the_log_ends_with_its_workspace_and_the_owner_keeps_a_note(owner: Tenant, superuser: Superuser) -> None:
    other = (await owner.post("/api/v1/workspaces", {"name": "Second"})).json()["data"]["uuid"]
    counted = "SELECT count(*) FROM audit_events WHERE workspace_uuid = $1"
    assert await superuser.fetchval(counted, other) >= 1
    await owner.delete(f"/api/v1/workspaces/{other}")
    assert await superuser.fetchval(counted, other) == 0
    own = (await owner.get("/api/v1/user/audit-events?action=workspace.deleted")).json()["data"]
    assert [entry["resource_uuid"] for entry in own] == [other]


async def test_a_workspaces_change_is_told(owner: Tenant) -> None:
    await owner.put(f"/api/v1/workspaces/{owner.workspace_uuid}", {"description": "Ours"})
    [entry] = await log_of(owner)
    assert (entry["action"], entry["details"]) == ("workspace.updated", {"changed": ["description"]})


async def test_tokens_are_told_of_where_they_belong(owner: Tenant) -> None:
    bound = {"name": "CI", "kind": "service", "workspace_uuid": str(owner.workspace_uuid)}
    service = (await owner.post("/api/v1/tokens", bound)).json()["data"]["uuid"]
    personal = (await owner.post("/api/v1/tokens", {"name": "Mine"})).json()["data"]["uuid"]
    await owner.delete(f"/api/v1/tokens/{service}", params={"workspace_uuid": str(owner.workspace_uuid)})
    await owner.delete(f"/api/v1/tokens/{personal}")
    assert [(entry["action"], entry["resource_uuid"]) for entry in await log_of(owner)] == [
        ("token.created", service),
        ("token.revoked", service),
    ]
    own = (await owner.get("/api/v1/user/audit-events", params={"resource_uuid": personal})).json()["data"]
    assert [entry["action"] for entry in own] == ["token.revoked", "token.created"]


async def test_a_user_sees_their_own_sign_ins_and_nobody_else_does(
    owner: Tenant, stranger: Tenant, client: httpx2.AsyncClient
) -> None:
    password = "a password of the test"
    await owner.put("/api/v1/user", {"password": password})
    wrong = await client.post("/api/v1/auth/sign-in", json={"email": owner.email, "password": "wrong"})
    assert wrong.status_code == 401
    right = await client.post("/api/v1/auth/sign-in", json={"email": owner.email, "password": password})
    token = right.json()["data"]["token"]
    await client.post("/api/v1/auth/logout", headers={"Authorization": f"Bearer {token}"})
    entries = (await owner.get("/api/v1/user/audit-events")).json()["data"]
    told = [entry["action"] for entry in entries][:5]
    assert told == [
        "user.signed_out",
        "user.signed_in",
        "user.sign_in_failed",
        "user.password_changed",
        "user.updated",
    ]
    assert [entry["actor_user_uuid"] for entry in entries[1:3]] == [str(owner.user_uuid), None]
    assert password not in str(entries)
    assert "user.signed_in" not in str((await stranger.get("/api/v1/user/audit-events")).json())
    assert await log_of(owner) == []


async def test_a_token_of_one_workspace_does_not_tell_of_its_user(owner: Tenant) -> None:
    body = {"name": "Bound", "workspace_uuid": str(owner.workspace_uuid)}
    token = (await owner.post("/api/v1/tokens", body)).json()["data"]["token"]
    answer = await owner.get("/api/v1/user/audit-events", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403

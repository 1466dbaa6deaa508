"""Exports: everything of a workspace or a user in one file, nothing that opens something, and only for whom it is."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx2
import pytest
import sqlalchemy as sa

from athena.config import Settings
from athena.exports import contents
from athena.exports.repository import WorkRepository
from athena.exports.tasks import delete_expired, write_exports
from athena.kit import clock
from athena.kit.db import TENANT_ROLE, Database
from athena.kit.ids import new_uuid
from athena.kit.tables import metadata
from athena.permissions import Role
from athena.retention.tasks import reach_leftovers
from tests.conftest import MakeTenant, Tenant
from tests.exports.conftest import TakeAlong, ended
from tests.retention.conftest import Fill, Search

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
USER = "/api/v1/user"
KEY = "sk-canary-0123456789"


def of(tenant: Tenant) -> str:
    return f"/api/v1/workspaces/{tenant.workspace_uuid}"


def folder(settings: Settings) -> Path:
    return settings.data_dir / "exports"


async def under_way(superuser: Superuser, tenant: Tenant) -> UUID:
    """An export that a process has begun to write, and of which nothing has been heard since."""
    uuid = new_uuid()
    await superuser.execute(
        "INSERT INTO exports (uuid, created_at, updated_at, workspace_uuid, user_uuid, status, attempts, leased_until) "
        "VALUES ($1, now(), now(), $2, $3, 'running', 1, now() + interval '1 minute')",
        uuid,
        tenant.workspace_uuid,
        tenant.user_uuid,
    )
    return uuid


async def test_a_workspace_is_in_one_file(owner: Tenant, fill: Fill, take_along: TakeAlong) -> None:
    filled = await fill(owner)
    await owner.post("/api/v1/budgets", {"name": filled.word, "scope_type": "workspace", "limit_tokens": 1})
    opened = await take_along(owner, f"{of(owner)}/export")
    named = (
        "agents",
        "threads",
        "messages",
        "memories",
        "prompts",
        "variables",
        "budgets",
        "approvals",
        "media",
        "runs",
    )
    for table in named:
        assert filled.word in opened.files[f"{table}.jsonl"].decode(), table
    assert [row["uuid"] for row in opened.rows("threads.jsonl")] == [filled.thread]
    assert [row["uuid"] for row in opened.rows("workspaces.jsonl")] == [str(owner.workspace_uuid)]
    assert [row["email"] for row in opened.rows("users.jsonl")] == [owner.email]
    assert opened.files[f"files/{filled.media}/{filled.word}.txt"] == f"All of {filled.word}".encode()
    manifest = opened.manifest
    assert manifest["workspace_uuid"] == str(owner.workspace_uuid)
    assert manifest["rows"]["messages.jsonl"] == len(opened.rows("messages.jsonl")) == 2
    assert set(manifest["rows"]) == {name for name in opened.names if name.endswith(".jsonl")}
    assert manifest["files_missing"] == []


async def test_nothing_of_others_and_nothing_that_opens_something_is_in_it(
    owner: Tenant, stranger: Tenant, fill: Fill, take_along: TakeAlong, superuser: Superuser
) -> None:
    foreign = await fill(stranger)
    await fill(owner)
    await owner.put(USER, {"password": "correct horse battery"})
    await owner.post("/api/v1/variables", {"name": "SHOP_KEY", "kind": "secret", "value": KEY})
    body = {"name": "Deploy", "kind": "service", "workspace_uuid": str(owner.workspace_uuid)}
    token = (await owner.post("/api/v1/tokens", body)).json()["data"]["token"]
    invited = (await owner.post(f"{of(owner)}/invitations", {"email": stranger.email})).json()["data"]["token"]
    texts = [(await take_along(owner, path)).text for path in (f"{of(owner)}/export", f"{USER}/export")]
    for text in texts:
        for secret in (KEY, token, invited, owner.token, "$argon2", foreign.word, str(stranger.workspace_uuid)):
            assert secret not in text
    rows = await superuser.fetch("SELECT token_hash FROM tokens WHERE user_uuid = $1", owner.user_uuid)
    assert rows
    assert not [row for row in rows if row["token_hash"].hex() in "".join(texts)]
    assert "Deploy" in texts[0]
    assert "SHOP_KEY" in texts[0]


def test_every_table_is_in_it_or_left_out_for_a_reason() -> None:
    about_users = {
        table.name
        for table in metadata.sorted_tables
        if any(foreign.column.table.name == "users" for foreign in table.foreign_keys)
    }
    of_workspaces = {table.name for table in metadata.sorted_tables if "workspace_uuid" in table.columns}
    whole = {part.table for part in contents.of_workspace(new_uuid())}
    own = {part.table for part in (*contents.of_user(new_uuid()), *contents.of_user_in(new_uuid(), new_uuid()))}
    assert of_workspaces - whole == set(contents.LEFT_OUT) & of_workspaces
    assert about_users - own == set(contents.LEFT_OUT) & about_users
    assert set(contents.LEFT_OUT) <= set(metadata.tables)
    assert all(contents.LEFT_OUT.values())
    assert set(contents.INTERNAL) <= set(metadata.tables)


def test_no_column_of_a_secret_is_in_it() -> None:
    for part in contents.of_workspace(new_uuid()):
        for name in part.columns:
            column = metadata.tables[part.table].columns[name]
            assert not isinstance(column.type, sa.LargeBinary), f"{part.table}.{name}"
            assert not contents.SECRET.search(name), f"{part.table}.{name}"
    assert "password_hash" not in contents.columns(metadata.tables["users"])
    assert {"uuid", "name", "scopes"} <= set(contents.columns(metadata.tables["tokens"]))


async def test_what_a_tenant_may_not_read_is_not_promised(superuser: Superuser) -> None:
    """A table that a tenant's role sees nothing of would be in each export, and empty."""
    closed = await superuser.fetch("SELECT tablename FROM pg_policies WHERE policyname = 'tenant' AND qual = 'false'")
    tables = {part.table for part in contents.of_workspace(new_uuid())}
    assert not tables & {row["tablename"] for row in closed}
    for table in tables:
        assert await superuser.fetchval("SELECT has_table_privilege($1, $2, 'SELECT')", TENANT_ROLE, table), table


async def test_ones_own_data_are_what_one_made(
    owner: Tenant, make_tenant: MakeTenant, take_along: TakeAlong, fill: Fill
) -> None:
    builder = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    theirs = await fill(owner)
    mine = await fill(builder)
    gone = await make_tenant()
    await gone.post("/api/v1/threads", {"name": "Elsewhere"})
    opened = await take_along(builder, f"{USER}/export")
    inside = f"workspaces/{owner.workspace_uuid}"
    assert [row["email"] for row in opened.rows("users.jsonl")] == [builder.email]
    assert [row["workspace_uuid"] for row in opened.rows("workspace_members.jsonl")] == [str(owner.workspace_uuid)]
    assert [row["user_uuid"] for row in opened.rows("tokens.jsonl")] == [str(builder.user_uuid)]
    assert [row["uuid"] for row in opened.rows(f"{inside}/threads.jsonl")] == [mine.thread]
    assert {row["role"] for row in opened.rows(f"{inside}/messages.jsonl")} == {"user", "assistant"}
    assert opened.files[f"files/{mine.media}/{mine.word}.txt"]
    assert theirs.word not in opened.text
    assert "Elsewhere" not in opened.text
    await owner.delete(f"{of(owner)}/members/{builder.user_uuid}")
    opened = await take_along(builder, f"{USER}/export")
    assert not [name for name in opened.names if name.startswith(("workspaces/", "files/"))]


async def test_an_agent_that_was_made_private_is_in_no_export_of_who_once_changed_it(
    owner: Tenant, make_tenant: MakeTenant, take_along: TakeAlong
) -> None:
    builder = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    agents = [(await owner.post("/api/v1/agents", {"name": "Agent"})).json()["data"]["uuid"] for _ in range(2)]
    for uuid in agents:
        await builder.put(f"/api/v1/agents/{uuid}", {"system_prompt": "Be brief."})
    await owner.put(f"/api/v1/agents/{agents[0]}", {"visibility": "private"})
    opened = await take_along(builder, f"{USER}/export")
    rows = opened.rows(f"workspaces/{owner.workspace_uuid}/agent_versions.jsonl")
    assert [row["agent_uuid"] for row in rows] == agents[1:]
    opened = await take_along(owner, f"{of(owner)}/export")
    assert {row["uuid"] for row in opened.rows("agents.jsonl")} == set(agents)


async def test_it_is_for_the_owner(owner: Tenant, make_tenant: MakeTenant, stranger: Tenant) -> None:
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    asked = (await owner.post(f"{of(owner)}/export")).json()["data"]["uuid"]
    for method, path in (
        ("POST", f"{of(owner)}/export"),
        ("GET", f"{of(owner)}/exports"),
        ("GET", f"{of(owner)}/exports/{asked}"),
        ("DELETE", f"{of(owner)}/exports/{asked}"),
    ):
        refused = await admin.request(method, path)
        assert refused.status_code == 403
        assert "workspaces.export" in refused.json()["detail"]
        assert (await stranger.request(method, path)).status_code == 404
    foreign = await stranger.get(f"{of(stranger)}/exports/{asked}")
    random = await stranger.get(f"{of(stranger)}/exports/{new_uuid()}")
    assert foreign.status_code == random.status_code == 404
    assert foreign.json()["detail"] == random.json()["detail"]
    assert (await owner.get(f"{USER}/exports/{asked}")).status_code == 404
    assert (await owner.get(f"{USER}/exports")).json()["data"] == []
    assert (await owner.delete(f"{of(owner)}/exports/{asked}")).status_code == 204


async def test_there_is_one_at_a_time(owner: Tenant, superuser: Superuser) -> None:
    uuid = await under_way(superuser, owner)
    refused = await owner.post(f"{of(owner)}/export")
    assert (refused.status_code, refused.json()["code"]) == (409, "export_under_way")
    assert (await owner.delete(f"{of(owner)}/exports/{uuid}")).status_code == 204
    assert (await owner.post(f"{of(owner)}/export")).status_code == 202
    assert (await owner.post(f"{USER}/export")).status_code == 202, "one's own is another matter"


async def test_the_address_of_the_file_is_signed_and_ends(
    owner: Tenant, take_along: TakeAlong, client: httpx2.AsyncClient, superuser: Superuser
) -> None:
    await take_along(owner, f"{USER}/export")
    [shown] = (await owner.get(f"{USER}/exports?status=succeeded")).json()["data"]
    path = urlsplit(shown["url"]).path
    assert (await client.get(shown["url"])).headers["content-type"] == "application/zip"
    assert (await client.get(path)).status_code == 422
    for wrong in ("x", "9999999999.AAAA"):
        assert (await client.get(f"{path}?signature={wrong}")).status_code == 404
    other = path.replace(shown["uuid"], str(new_uuid()))
    assert (await client.get(f"{other}?{urlsplit(shown['url']).query}")).status_code == 404
    await superuser.execute("UPDATE exports SET expires_at = now() WHERE uuid = $1", UUID(shown["uuid"]))
    assert (await client.get(shown["url"])).status_code == 404


async def test_it_is_deleted_when_its_time_is_over_or_by_hand(
    owner: Tenant, take_along: TakeAlong, database: Database, settings: Settings, superuser: Superuser
) -> None:
    for by_hand in (True, False):
        await take_along(owner, f"{of(owner)}/export")
        [shown] = (await owner.get(f"{of(owner)}/exports")).json()["data"]
        assert (folder(settings) / f"{shown['uuid']}.zip").exists()
        if by_hand:
            assert (await owner.delete(f"{of(owner)}/exports/{shown['uuid']}")).status_code == 204
        else:
            await superuser.execute("UPDATE exports SET expires_at = now() WHERE uuid = $1", UUID(shown["uuid"]))
            await delete_expired(database)
        await reach_leftovers(database)
        assert not list(folder(settings).glob(f"{shown['uuid']}*"))


async def test_it_goes_with_its_workspace(
    owner: Tenant, fill: Fill, take_along: TakeAlong, database: Database, settings: Settings, search: Search
) -> None:
    filled = await fill(owner)
    await take_along(owner, f"{of(owner)}/export")
    [shown] = (await owner.get(f"{of(owner)}/exports")).json()["data"]
    await owner.post("/api/v1/workspaces", {"name": "Second"})
    assert (await owner.delete(of(owner))).status_code == 204
    await reach_leftovers(database)
    assert not list(folder(settings).glob(f"{shown['uuid']}*"))
    assert await search(filled.word) == set()


async def test_one_that_is_too_large_says_so(
    owner: Tenant, database: Database, settings: Settings, superuser: Superuser
) -> None:
    database.provide(settings.model_copy(update={"max_export_bytes": 1024}))
    try:
        asked = await owner.post(f"{of(owner)}/export")
        shown = await ended(owner, asked.headers["location"], database)
    finally:
        database.provide(settings)
    assert (shown["status"], shown["error"]["code"], shown["url"]) == ("failed", "export_too_large", None)
    assert not list(folder(settings).glob(f"{shown['uuid']}*"))


async def test_one_whose_writer_was_killed_is_written_by_another(
    owner: Tenant, database: Database, settings: Settings, superuser: Superuser
) -> None:
    uuid = await under_way(superuser, owner)
    path = f"{of(owner)}/exports/{uuid}"
    folder(settings).mkdir(exist_ok=True)
    (folder(settings) / f"{uuid}.1.part").write_bytes(b"half")
    await write_exports(database)
    assert (await owner.get(path)).json()["data"]["status"] == "running", "its time is not over"
    await superuser.execute("UPDATE exports SET leased_until = now() WHERE uuid = $1", uuid)
    assert (await ended(owner, path, database))["status"] == "succeeded"
    assert [each.name for each in folder(settings).glob(f"{uuid}*")] == [f"{uuid}.zip"]
    async with database.system() as session:
        late = await WorkRepository(session).finish(uuid, 1, size=1, error=None, expires_at=clock.now())
    assert not late, "the first one comes too late"
    assert (await owner.delete(path)).status_code == 204
    await reach_leftovers(database)
    assert not list(folder(settings).glob(f"{uuid}*"))


async def test_what_cannot_be_written_is_tried_again_and_then_given_up(
    owner: Tenant, database: Database, settings: Settings, tmp_path: Path
) -> None:
    blocked = tmp_path / "data"
    blocked.write_text("no folder")
    database.provide(settings.model_copy(update={"data_dir": blocked}))
    try:
        asked = await owner.post(f"{of(owner)}/export")
        shown = await ended(owner, asked.headers["location"], database)
    finally:
        database.provide(settings)
    assert (shown["status"], shown["error"]["code"]) == ("failed", "export_failed")


async def test_what_ends_its_writers_is_given_up(owner: Tenant, database: Database, superuser: Superuser) -> None:
    uuid = await under_way(superuser, owner)
    await superuser.execute("UPDATE exports SET leased_until = now(), attempts = 3 WHERE uuid = $1", uuid)
    shown = await ended(owner, f"{of(owner)}/exports/{uuid}", database)
    assert (shown["status"], shown["error"]["code"]) == ("failed", "export_failed")


async def test_the_newest_alone_are_kept(
    owner: Tenant, stranger: Tenant, database: Database, settings: Settings, superuser: Superuser
) -> None:
    foreign = await under_way(superuser, stranger)
    asked = [await owner.post(f"{USER}/export")]
    first = (await ended(owner, asked[0].headers["location"], database))["uuid"]
    for _ in range(5):
        asked.append(await owner.post(f"{of(owner)}/export"))
        await ended(owner, asked[-1].headers["location"], database)
    assert len((await owner.get(f"{of(owner)}/exports")).json()["data"]) == 5
    oldest = asked[1].json()["data"]["uuid"]
    asked.append(await owner.post(f"{of(owner)}/export"))
    shown = {each["uuid"] for each in (await owner.get(f"{of(owner)}/exports")).json()["data"]}
    assert len(shown) == 5
    assert oldest not in shown
    await reach_leftovers(database)
    assert not list(folder(settings).glob(f"{oldest}*"))
    assert (folder(settings) / f"{first}.zip").exists(), "one's own are counted apart"
    assert (await stranger.get(f"{of(stranger)}/exports/{foreign}")).status_code == 200


async def test_a_file_that_is_lost_is_named(
    owner: Tenant, settings: Settings, take_along: TakeAlong, database: Database
) -> None:
    upload = await owner.post("/api/v1/media", files={"file": ("a.txt", b"to be lost")})
    data = upload.json()["data"]
    lost = settings.data_dir / "media" / str(owner.workspace_uuid) / data["sha256"][:2] / data["sha256"]
    lost.unlink()
    opened = await take_along(owner, f"{of(owner)}/export")
    assert opened.manifest["files_missing"] == [data["uuid"]]


@pytest.mark.parametrize("number", [0, 1, 50, 120])
async def test_long_tables_come_whole(owner: Tenant, take_along: TakeAlong, number: int) -> None:
    await asyncio.gather(*(owner.post("/api/v1/threads", {"name": f"T{each}"}) for each in range(number)))
    opened = await take_along(owner, f"{of(owner)}/export")
    assert sorted(row["name"] for row in opened.rows("threads.jsonl")) == sorted(f"T{each}" for each in range(number))


async def test_no_token_of_one_workspace_takes_ones_own_data_along(owner: Tenant) -> None:
    body = {"name": "x", "workspace_uuid": str(owner.workspace_uuid)}
    token = (await owner.post("/api/v1/tokens", body)).json()["data"]["token"]
    bound = dataclasses.replace(owner, headers={"Authorization": f"Bearer {token}"})
    assert (await bound.post(f"{USER}/export")).status_code == 403
    assert (await bound.post(f"{of(owner)}/export")).status_code == 202

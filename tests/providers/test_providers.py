"""Providers: the built-in ones, which every workspace reads and none writes, and a workspace's own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from athena.kit.db import Database, Scope
from athena.permissions import Role
from athena.providers.builtin import BUILTIN, builtin_uuid
from athena.providers.service import slug_of, sync_builtin

PATH = "/api/v1/providers"
CUSTOM = {"name": "Our server", "base_url": "https://models.example.com/v1"}


async def custom(tenant: Any, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {**CUSTOM, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def test_every_workspace_sees_the_built_in_providers(owner: Any, stranger: Any) -> None:
    for tenant in (owner, stranger):
        answer = (await tenant.get(f"{PATH}?is_builtin=true&per_page=100")).json()
        assert {row["slug"] for row in answer["data"]} == {builtin.slug for builtin in BUILTIN}
        assert answer["meta"]["total"] == len(BUILTIN)
    for slug in (
        "openai",
        "anthropic",
        "google",
        "mistral",
        "groq",
        "openrouter",
        "ollama",
        "vllm",
        "openai-compatible",
    ):
        row = (await owner.get(f"{PATH}/{builtin_uuid(slug)}")).json()["data"]
        assert (row["slug"], row["is_builtin"], row["kind"]) == (slug, True, "llm")
        assert row["authentication_config"]["fields"]["type"] == "object"


async def test_a_custom_provider_lives_from_create_to_delete(owner: Any) -> None:
    answer = await owner.post(PATH, {**CUSTOM, "settings": {"dialect": "anthropic", "region": "eu"}})
    assert answer.status_code == 201
    row = answer.json()["data"]
    assert answer.headers["location"] == f"{PATH}/{row['uuid']}"
    assert (row["slug"], row["is_builtin"], row["logo"]) == ("our-server", False, None)
    assert row["settings"] == {"dialect": "anthropic", "region": "eu"}
    assert row["authentication_config"]["type"] == "bearer"
    assert row["authentication_config"]["fields"]["required"] == ["api_key"]

    tag = (await owner.get(f"{PATH}/{row['uuid']}")).headers["etag"]
    changed = await owner.put(f"{PATH}/{row['uuid']}", {"name": "Renamed", "settings": {"region": "us"}})
    assert changed.json()["data"]["name"] == "Renamed"
    assert changed.json()["data"]["settings"] == {"dialect": "anthropic", "region": "us"}
    assert changed.json()["data"]["base_url"] == CUSTOM["base_url"]
    stale = {"If-Match": tag}
    assert (await owner.put(f"{PATH}/{row['uuid']}", {"name": "x"}, headers=stale)).status_code == 412
    assert (await owner.delete(f"{PATH}/{row['uuid']}", headers=stale)).status_code == 412
    fresh = {"If-Match": changed.headers["etag"]}
    assert (await owner.delete(f"{PATH}/{row['uuid']}", headers=fresh)).status_code == 204
    assert (await owner.get(f"{PATH}/{row['uuid']}")).status_code == 404


async def test_a_built_in_provider_cannot_be_changed_or_deleted(owner: Any, database: Database) -> None:
    path = f"{PATH}/{builtin_uuid('openai')}"
    for answer in (await owner.put(path, {"base_url": "https://evil.example.com"}), await owner.delete(path)):
        assert answer.status_code == 403
        assert answer.json()["code"] == "builtin_provider"
    # Nor by a statement that forgot to ask: row-level security holds below.
    async with database.session(Scope(owner.workspace_uuid)) as session:
        assert await session.execute("UPDATE providers SET base_url = 'https://evil' WHERE is_builtin") == 0
        assert await session.execute("DELETE FROM providers WHERE is_builtin") == 0
    async with database.session(Scope(owner.workspace_uuid)) as session:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await session.execute(
                "INSERT INTO providers (uuid, created_at, updated_at, name, slug, kind, authentication_config, "
                "is_builtin, settings) VALUES ($1, now(), now(), 'x', 'x', 'llm', '{}', true, '{}')",
                uuid4(),
            )
        await session.rollback()


async def test_another_workspace_s_provider_does_not_exist(owner: Any, stranger: Any) -> None:
    row = await custom(owner, slug="mine")
    path = f"{PATH}/{row['uuid']}"
    body = {"name": "x", "provider_uuid": row["uuid"], "credentials": {"api_key": "k"}}
    for answer in (
        await stranger.get(path),
        await stranger.put(path, {"name": "x"}),
        await stranger.delete(path),
        await stranger.post("/api/v1/accounts", body),
    ):
        assert answer.status_code == 404
        assert "Our server" not in answer.text
    assert (await stranger.get(f"{PATH}?slug=mine")).json()["data"] == []
    assert (await custom(stranger, slug="mine"))["slug"] == "mine"
    assert (await owner.get(path)).json()["data"]["name"] == "Our server"


async def test_lists_page_sort_search_and_filter(owner: Any) -> None:
    for number in range(5):
        await custom(owner, name=f"Zebra {number}")
    found = (await owner.get(f"{PATH}?search=zebra&sort=-name&per_page=2&page=2")).json()
    assert [row["name"] for row in found["data"]] == ["Zebra 2", "Zebra 1"]
    assert found["meta"]["total"] == 5
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await owner.get(f"{PATH}?per_page=4&cursor={cursor}")).json()
        names += [row["name"] for row in page["data"]]
        cursor = page["meta"]["next_cursor"]
    assert len(names) == len(set(names)) == len(BUILTIN) + 5
    assert (await owner.get(f"{PATH}?kind=mcp")).json()["data"] == []
    for wrong in ("kind=nonsense", "with=accounts", "sort=base_url", "unknown=1"):
        assert (await owner.get(f"{PATH}?{wrong}")).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "   "},
        {"base_url": "ftp://example.com"},
        {"base_url": "not an address"},
        {"base_url": "https://user:password@example.com"},
        {"base_url": "https://example.com/?key=1"},
        {"base_url": "https://example.com:99999"},
        {"base_url": "https://exa mple.com"},
        {"slug": "Not A Slug"},
        {"kind": "nonsense"},
        {"settings": {"dialect": "nonsense"}},
        {"authentication_config": {"type": "nonsense"}},
        {"authentication_config": {"type": "api_key", "name": "Host"}},
        {"authentication_config": {"type": "api_key", "name": "bad header"}},
        {"authentication_config": {"type": "oauth2", "token_url": "javascript:alert(1)"}},
        {"authentication_config": {"type": "none", "fields": {"properties": {"Bad Name": {}}}}},
        {"is_builtin": True},
        {"with": "accounts"},
    ],
)
async def test_what_is_not_valid_is_refused_and_not_stored(owner: Any, body: dict[str, Any]) -> None:
    answer = await owner.post(PATH, {**CUSTOM, **body})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]
    assert (await owner.get(f"{PATH}?is_builtin=false")).json()["data"] == []


@pytest.mark.parametrize(
    ("config", "name", "fields", "required"),
    [
        ({"type": "none"}, None, [], []),
        ({"type": "api_key"}, "X-API-Key", ["api_key"], ["api_key"]),
        ({"type": "api_key", "in": "query"}, "key", ["api_key"], ["api_key"]),
        ({"type": "basic"}, None, ["username", "password"], ["username", "password"]),
        ({"type": "oauth2"}, None, ["access_token"], ["access_token"]),
        ({"type": "bearer", "fields": {"properties": {"team": {}}}}, None, ["team", "api_key"], ["api_key"]),
        ({"type": "none", "fields": {"required": ["region"]}}, None, ["region"], ["region"]),
    ],
)
async def test_an_authentication_config_is_completed(
    owner: Any, config: dict[str, Any], name: str | None, fields: list[str], required: list[str]
) -> None:
    stored = (await custom(owner, authentication_config=config))["authentication_config"]
    assert stored["name"] == name
    assert sorted(stored["fields"]["properties"]) == sorted(fields)
    assert stored["fields"]["required"] == required


async def test_the_base_url_of_an_account_is_an_address_whatever_its_provider_says(owner: Any) -> None:
    fields = {"properties": {"base_url": {"type": "integer", "format": "password"}}}
    stored = (await custom(owner, authentication_config={"type": "none", "fields": fields}))["authentication_config"]
    assert stored["fields"]["properties"]["base_url"] == {"type": "string", "format": "uri"}


async def test_a_slug_is_taken_once_and_never_from_a_built_in_one(owner: Any) -> None:
    first = await custom(owner)
    second = await custom(owner)
    assert second["slug"].startswith("our-server-")
    for taken in ("our-server", "openai"):
        assert (await owner.post(PATH, {**CUSTOM, "slug": taken})).json()["code"] == "already_exists"
        assert (await owner.put(f"{PATH}/{second['uuid']}", {"slug": taken})).status_code == 409
    assert (await owner.put(f"{PATH}/{first['uuid']}", {"slug": "our-server"})).status_code == 200
    assert (await custom(owner, name="日本"))["slug"].startswith("provider-")
    assert slug_of("  Größe & Co. ") == "groe-co"


async def test_a_provider_with_accounts_stays_and_keeps_its_addresses(owner: Any) -> None:
    row = await custom(owner)
    path = f"{PATH}/{row['uuid']}"
    account = await owner.post(
        "/api/v1/accounts", {"name": "a", "provider_uuid": row["uuid"], "credentials": {"api_key": "k"}}
    )
    assert account.status_code == 201
    for answer in (
        await owner.delete(path),
        await owner.put(path, {"base_url": "https://evil.example.com"}),
        await owner.put(path, {"base_url": None}),
        await owner.put(path, {"authentication_config": {"type": "oauth2", "token_url": "https://evil.example.com"}}),
    ):
        assert answer.status_code == 409
        assert answer.json()["code"] == "provider_in_use"
    assert (await owner.put(path, {"name": "New name", "base_url": CUSTOM["base_url"]})).status_code == 200
    await owner.delete(f"/api/v1/accounts/{account.json()['data']['uuid']}")
    assert (await owner.put(path, {"base_url": "https://new.example.com"})).status_code == 200
    assert (await owner.delete(path)).status_code == 204


async def test_storing_the_built_in_providers_again_changes_what_differs_alone(
    owner: Any, database: Database, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    query = "SELECT uuid, revision, updated_at, name FROM providers WHERE is_builtin ORDER BY uuid"
    before = await superuser.fetch(query)
    async with database.system() as session:
        await sync_builtin(session)
    assert await superuser.fetch(query) == before
    await superuser.execute("UPDATE providers SET name = 'Old' WHERE uuid = $1", builtin_uuid("groq"))
    async with database.system() as session:
        await sync_builtin(session)
    groq = (await owner.get(f"{PATH}/{builtin_uuid('groq')}")).json()["data"]
    assert groq["name"] == "Groq"


async def test_a_viewer_reads_and_changes_nothing(owner: Any, make_tenant: Any) -> None:
    row = await custom(owner)
    viewer = await make_tenant(Role.VIEWER, owner.workspace_uuid)
    assert (await viewer.get(f"{PATH}/{row['uuid']}")).status_code == 200
    for answer in (
        await viewer.post(PATH, CUSTOM),
        await viewer.put(f"{PATH}/{row['uuid']}", {"name": "x"}),
        await viewer.delete(f"{PATH}/{row['uuid']}"),
    ):
        assert answer.status_code == 403
        assert "providers." in answer.json()["detail"]

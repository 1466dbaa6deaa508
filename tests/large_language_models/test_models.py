"""Language models: the catalogue that all see, and what each account was found to offer."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest

from athena.kit.db import Database
from athena.large_language_models.catalogue import capabilities_of, model_uuid
from athena.large_language_models.service import sync_catalogue
from athena.local_model.endpoint import LocalModelEndpoint
from athena.providers.builtin import LOCAL_SLUG, builtin_uuid

PATH = "/api/v1/large-language-models"
MINI = model_uuid("openai", "gpt-4o-mini")


async def test_the_catalogue_knows_models_with_their_context_and_price(owner: Any) -> None:
    row = (await owner.get(f"{PATH}/{MINI}?with=provider")).json()["data"]
    assert (row["name"], row["context_window"], row["account_uuid"]) == ("gpt-4o-mini", 128_000, None)
    assert (row["input_price"], row["output_price"]) == (0.15, 0.6)
    assert row["capabilities"] == ["json", "tools", "vision"]
    assert (row["status"], row["deprecated_at"]) == ("active", None)
    assert row["provider"]["slug"] == "openai"
    for slug in ("openai", "anthropic", "google", "mistral", "groq", "openrouter"):
        found = (await owner.get(f"{PATH}?provider_uuid={builtin_uuid(slug)}")).json()
        assert found["meta"]["total"] > 20, slug


async def test_lists_page_sort_search_and_filter(owner: Any) -> None:
    found = (await owner.get(f"{PATH}?search=GPT-4o&provider_uuid={builtin_uuid('openai')}&per_page=100")).json()[
        "data"
    ]
    names = [row["name"] for row in found]
    assert "gpt-4o-mini" in names
    assert names == sorted(names)
    embeddings = (await owner.get(f"{PATH}?capability=embeddings&per_page=100")).json()["data"]
    assert embeddings
    assert all("embeddings" in row["capabilities"] for row in embeddings)
    deprecated = (await owner.get(f"{PATH}?status=deprecated")).json()["data"]
    assert all(row["deprecated_at"] for row in deprecated)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"{PATH}?provider_uuid={builtin_uuid('mistral')}&per_page=20&sort=-display_name&cursor={cursor}"
        page = (await owner.get(query)).json()
        seen += [row["uuid"] for row in page["data"]]
        cursor = page["meta"]["next_cursor"]
    total = (await owner.get(f"{PATH}?provider_uuid={builtin_uuid('mistral')}")).json()["meta"]["total"]
    assert len(seen) == len(set(seen)) == total
    for wrong in ("capability=flying", "status=x", "sort=input_price", "with=account", "account_uuid=x"):
        assert (await owner.get(f"{PATH}?{wrong}")).status_code == 422


async def test_what_an_account_offers_is_seen_in_its_workspace_alone(
    owner: Any, stranger: Any, connect: Any, mockllm: str
) -> None:
    account = await connect(owner)
    await owner.post(f"/api/v1/accounts/{account}/verify")
    models = (await owner.get(f"{PATH}?account_uuid={account}")).json()["data"]
    assert models
    for model in models:
        assert (await owner.get(f"{PATH}/{model['uuid']}")).json()["data"]["account_uuid"] == str(account)
        assert (await stranger.get(f"{PATH}/{model['uuid']}")).status_code == 404
        found = (await stranger.get(f"{PATH}?name={model['name']}")).json()["data"]
        assert all(row["account_uuid"] is None for row in found)
    assert (await stranger.get(f"{PATH}?account_uuid={account}")).json()["data"] == []

    await owner.post(f"/api/v1/accounts/{account}/verify")
    again = (await owner.get(f"{PATH}?account_uuid={account}")).json()["data"]
    assert [row["uuid"] for row in again] == [row["uuid"] for row in models]
    await owner.delete(f"/api/v1/accounts/{account}")
    assert (await owner.get(f"{PATH}?account_uuid={account}")).json()["data"] == []


async def test_nobody_writes_models(owner: Any) -> None:
    for answer in (
        await owner.post(PATH, {"name": "x"}),
        await owner.put(f"{PATH}/{MINI}", {"name": "x"}),
        await owner.delete(f"{PATH}/{MINI}"),
    ):
        assert answer.status_code == 405
    assert (await owner.client.get(PATH)).status_code == 401


async def test_the_catalogue_is_stored_again_only_when_its_version_changed(
    owner: Any, database: Database, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    local = LocalModelEndpoint("http://127.0.0.1:1/v1", "key", "small-model")
    query = "SELECT xmin::text, uuid FROM large_language_models WHERE workspace_uuid IS NULL ORDER BY uuid"
    before = await superuser.fetch(query)
    async with database.system() as session:
        await sync_catalogue(session)
    assert await superuser.fetch(query) == before

    await superuser.execute("UPDATE large_language_models SET input_price = 99 WHERE uuid = $1", MINI)
    async with database.system() as session:
        await sync_catalogue(session, local)
    assert (await owner.get(f"{PATH}/{MINI}")).json()["data"]["input_price"] == 0.15
    packaged = (await owner.get(f"{PATH}?provider_uuid={builtin_uuid(LOCAL_SLUG)}")).json()["data"]
    assert [(row["name"], row["input_price"]) for row in packaged] == [("small-model", 0.0)]
    touched = set(await superuser.fetch(query)) - set(before)
    assert len(touched) == 2

    async with database.system() as session:
        await sync_catalogue(session)
    assert (await owner.get(f"{PATH}?provider_uuid={builtin_uuid(LOCAL_SLUG)}")).json()["data"] == []


async def test_processes_that_start_together_store_the_catalogue_once(
    database: Database, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    async def start() -> None:
        async with database.system() as session:
            await sync_catalogue(session)

    await superuser.execute("UPDATE catalogue_versions SET version = 'older'")
    await superuser.execute("UPDATE large_language_models SET input_price = 99 WHERE uuid = $1", MINI)
    query = "SELECT revision, input_price FROM large_language_models WHERE uuid = $1"
    before = await superuser.fetchrow(query, MINI)
    await asyncio.gather(*(start() for _ in range(4)))
    after = await superuser.fetchrow(query, MINI)
    assert before is not None
    assert after is not None
    assert (after["revision"], after["input_price"]) == (before["revision"] + 1, 0.15)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt-4o-mini", {"json", "tools", "vision"}),
        ("openai/gpt-5", {"json", "reasoning", "tools", "vision"}),
        ("o3-mini", {"json", "reasoning", "tools"}),
        ("claude-sonnet-4-5", {"json", "reasoning", "tools", "vision"}),
        ("claude-2", set[str]()),
        ("gemini-2.5-pro", {"json", "reasoning", "tools", "vision"}),
        ("text-embedding-3-small", {"embeddings"}),
        ("gemini-embedding-001", {"embeddings"}),
        ("whisper-1", set[str]()),
        ("gpt-image-1", set[str]()),
        ("llama-3.3-70b-versatile", {"json", "tools"}),
        ("pixtral-12b", {"json", "tools", "vision"}),
    ],
)
def test_what_a_family_of_models_is_known_to_do(name: str, expected: set[str]) -> None:
    assert set(capabilities_of(name)) == expected

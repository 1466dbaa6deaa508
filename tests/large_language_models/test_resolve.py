"""From a model's name to the endpoint that serves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from athena.accounts.service import Connections
from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Database, Scope
from athena.kit.errors import AthenaError
from athena.large_language_models.catalogue import local_model_uuid, model_uuid
from athena.large_language_models.service import ResolvedModel, resolve
from athena.llm.types import Dialect
from athena.local_model.endpoint import LocalModelEndpoint
from athena.providers.builtin import builtin_uuid

LOCAL = LocalModelEndpoint("http://127.0.0.1:7/v1", "local-key", "small-model")


class Resolver:
    def __init__(self, database: Database, tenant: Any) -> None:
        self.database, self.tenant = database, tenant
        self.connections = replace(database.provided(Connections), local=None)

    async def account(self, slug: str, *, status: str | None = "active", **fields: Any) -> UUID:
        credentials = fields.pop("credentials", {"api_key": f"key-of-{slug}-0123456789"})
        body = {"name": slug, "provider_uuid": str(builtin_uuid(slug)), "credentials": credentials, **fields}
        answer = await self.tenant.post("/api/v1/accounts", body)
        assert answer.status_code == 201, answer.text
        uuid = UUID(answer.json()["data"]["uuid"])
        if status is not None:
            async with self.database.system() as session:
                await session.execute("UPDATE accounts SET status = $2 WHERE uuid = $1", uuid, status)
        return uuid

    async def __call__(self, model: str | None, account: UUID | None = None) -> ResolvedModel:
        workspace = WorkspaceId(self.tenant.workspace_uuid)
        async with self.database.session(Scope(workspace)) as session:
            return await resolve(session, self.connections, workspace, model=model, account_uuid=account)

    async def fails(self, model: str | None, account: UUID | None = None) -> AthenaError:
        with pytest.raises(AthenaError) as raised:
            await self(model, account)
        return raised.value


@pytest.fixture
def resolver(database: Database, owner: Any) -> Resolver:
    return Resolver(database, owner)


@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai/gpt-4o-mini", str(model_uuid("openai", "gpt-4o-mini"))])
async def test_a_model_is_found_by_name_slug_or_id(resolver: Resolver, model: str) -> None:
    account = await resolver.account("openai")
    for found in (await resolver(model), await resolver(model, account)):
        assert (found.model_id, found.provider_slug, found.account_uuid) == ("gpt-4o-mini", "openai", account)
        assert (found.context_window, found.input_price, found.output_price) == (128_000, 0.15, 0.6)
        assert found.supports_vision
        assert found.supports_tools
        assert found.endpoint.base_url == "https://api.openai.com/v1"
        assert found.endpoint.dialect is Dialect.OPENAI_RESPONSES
        assert found.endpoint.headers["Authorization"] == "Bearer key-of-openai-0123456789"
        assert not found.endpoint.trusted
        assert "0123456789" not in repr(found)


async def test_a_dated_name_keeps_its_date_and_has_the_facts_of_its_model(resolver: Resolver) -> None:
    account = await resolver.account("openai")
    for model in ("gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini-2024-07-18"):
        for found in (await resolver(model), await resolver(model, account)):
            assert (found.model_id, found.context_window) == ("gpt-4o-mini-2024-07-18", 128_000)


async def test_the_newest_verified_account_that_offers_the_model_is_taken(resolver: Resolver) -> None:
    first = await resolver.account("openai")
    second = await resolver.account("openai")
    await resolver.account("openai", status="unverified")
    await resolver.account("openai", status="invalid")
    await resolver.account("openai", expires_at=clock.rfc3339(clock.now() - timedelta(minutes=1)))
    await resolver.account("anthropic")
    assert (await resolver("gpt-4o-mini")).account_uuid == second
    assert (await resolver("gpt-4o-mini", first)).account_uuid == first


async def test_an_account_that_nobody_verified_is_taken_when_there_is_no_better_one(resolver: Resolver) -> None:
    account = await resolver.account("anthropic", status=None)
    found = await resolver("claude-sonnet-4-5")
    assert (found.account_uuid, found.endpoint.dialect) == (account, Dialect.ANTHROPIC)
    assert found.endpoint.headers["x-api-key"] == "key-of-anthropic-0123456789"


async def test_a_named_account_is_asked_for_any_model(resolver: Resolver) -> None:
    account = await resolver.account(
        "openai-compatible", status=None, credentials={"base_url": "https://models.example.com/v1/"}
    )
    found = await resolver("some/unknown-model", account)
    assert (found.model_id, found.provider_slug) == ("some/unknown-model", "openai-compatible")
    assert (found.context_window, found.input_price, found.supports_vision) == (None, None, False)
    assert found.supports_tools
    assert found.endpoint.base_url == "https://models.example.com/v1"
    assert dict(found.endpoint.headers) == {}
    assert (await resolver("openai-compatible/unknown", account)).model_id == "unknown"


async def test_models_that_a_verification_found_are_offered(resolver: Resolver, connect: Any) -> None:
    account = await connect(resolver.tenant)
    path = f"/api/v1/large-language-models?account_uuid={account}"
    assert (await resolver.fails("mock")).error_code == "model_unavailable"
    await resolver.tenant.post(f"/api/v1/accounts/{account}/verify")
    model = (await resolver.tenant.get(path)).json()["data"][0]
    for name in (model["name"], model["uuid"], f"openai-compatible/{model['name']}"):
        found = await resolver(name)
        assert (found.account_uuid, found.model_id) == (account, model["name"])
    other = await resolver.account("openai")
    assert (await resolver.fails(model["uuid"], other)).error_code == "model_unavailable"


async def test_a_found_model_takes_what_the_provider_did_not_say_from_the_catalogue(
    resolver: Resolver, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    account = await resolver.account("openai")
    await superuser.execute(
        "INSERT INTO large_language_models (uuid, workspace_uuid, account_uuid, provider_uuid, catalogue_uuid, "
        "created_at, updated_at, name, display_name, context_window, capabilities, status) "
        "VALUES ($1, $2, $3, $4, $5, now(), now(), 'gpt-4o-mini-2024-07-18', 'gpt-4o-mini-2024-07-18', 64000, "
        "'{}', 'active')",
        uuid4(),
        resolver.tenant.workspace_uuid,
        account,
        builtin_uuid("openai"),
        model_uuid("openai", "gpt-4o-mini"),
    )
    found = await resolver("gpt-4o-mini-2024-07-18")
    assert (found.model_id, found.context_window, found.input_price) == ("gpt-4o-mini-2024-07-18", 64_000, 0.15)
    assert found.supports_vision
    listed = await resolver.tenant.get(f"/api/v1/large-language-models?account_uuid={account}&capability=vision")
    assert [row["output_price"] for row in listed.json()["data"]] == [0.6]


async def test_the_packaged_model_answers_when_it_or_nothing_is_named(resolver: Resolver) -> None:
    await resolver.account("openai")
    resolver.connections = replace(resolver.connections, local=LOCAL)
    for model in (
        None,
        "small-model",
        "athena-local",
        "athena-local/small-model",
        str(local_model_uuid("small-model")),
    ):
        found = await resolver(model)
        assert (found.model_id, found.provider_slug, found.account_uuid) == ("small-model", "athena-local", None)
        assert found.endpoint.trusted
        assert found.endpoint.headers["Authorization"] == "Bearer local-key"
        assert (found.input_price, found.context_window) == (0.0, 8192)
    assert (await resolver("gpt-4o-mini")).provider_slug == "openai"
    account = await resolver.account("athena-local", credentials={})
    assert (await resolver("small-model", account)).endpoint.base_url == LOCAL.base_url


async def test_what_cannot_be_resolved_says_what_to_do(
    resolver: Resolver, stranger: Any, database: Database, connect: Any
) -> None:
    theirs = await connect(stranger)
    expired = await resolver.account("openai", expires_at=clock.rfc3339(clock.now() - timedelta(minutes=1)))
    unavailable = await resolver.fails("gpt-4o-mini")
    assert (unavailable.status, unavailable.error_code) == (422, "model_unavailable")
    assert "No account of this workspace offers the model gpt-4o-mini" in unavailable.detail
    assert "/api/v1/accounts" in unavailable.detail
    for model, account, status, code in (
        (None, None, 422, "model_missing"),
        (None, expired, 422, "model_missing"),
        ("athena-local/x", None, 422, "model_unavailable"),
        (str(uuid4()), None, 422, "model_unavailable"),
        ("gpt-4o-mini", uuid4(), 404, "not_found"),
        ("gpt-4o-mini", theirs, 404, "not_found"),
        (None, theirs, 422, "model_missing"),
        ("gpt-4o-mini", expired, 422, "account_expired"),
    ):
        error = await resolver.fails(model, account)
        assert (error.status, error.error_code) == (status, code), (model, account)


async def test_an_account_of_a_provider_without_language_models_offers_none(resolver: Resolver) -> None:
    tools = {"name": "Tools", "kind": "mcp", "base_url": "https://tools.example.com"}
    provider = (await resolver.tenant.post("/api/v1/providers", tools)).json()["data"]
    body = {"name": "a", "provider_uuid": provider["uuid"], "credentials": {"api_key": "k"}}
    account = UUID((await resolver.tenant.post("/api/v1/accounts", body)).json()["data"]["uuid"])
    assert (await resolver.fails("gpt-4o-mini", account)).error_code == "model_unavailable"


async def test_a_provider_without_an_address_is_said(resolver: Resolver) -> None:
    provider = (await resolver.tenant.post("/api/v1/providers", {"name": "Nowhere"})).json()["data"]
    body = {"name": "a", "provider_uuid": provider["uuid"], "credentials": {"api_key": "k"}}
    account = UUID((await resolver.tenant.post("/api/v1/accounts", body)).json()["data"]["uuid"])
    error = await resolver.fails("any-model", account)
    assert (error.status, error.detail) == (
        422,
        "account_uuid: Neither the account nor its provider has a base URL.",
    )


async def test_a_changed_secret_key_is_said_rather_than_a_failure_of_the_server(
    resolver: Resolver, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    account = await resolver.account("openai")
    await superuser.execute(
        "UPDATE accounts SET sealed_credentials = set_byte(sealed_credentials, 3, 0) WHERE uuid = $1", account
    )
    error = await resolver.fails("gpt-4o-mini")
    assert (error.status, error.error_code) == (422, "secret_unreadable")
    assert "secret key has changed" in error.detail


async def test_use_is_noted_at_most_once_a_minute_and_changes_no_version(resolver: Resolver) -> None:
    account = await resolver.account("openai")
    path = f"/api/v1/accounts/{account}"
    before = await resolver.tenant.get(path)
    await resolver("gpt-4o-mini")
    used = await resolver.tenant.get(path)
    assert used.json()["data"]["last_used_at"] is not None
    assert used.headers["etag"] == before.headers["etag"]
    await resolver("gpt-4o-mini")
    assert (await resolver.tenant.get(path)).json() == used.json()


@pytest.mark.parametrize("model", ["'; DROP TABLE accounts; --", "/", "a/", "/b", "{}", "%s", "x" * 255, "名前"])
async def test_odd_names_are_names(resolver: Resolver, model: str) -> None:
    account = await resolver.account("openai", status=None)
    assert (await resolver(model, account)).model_id == model
    assert (await resolver.fails(model)).error_code == "model_unavailable"

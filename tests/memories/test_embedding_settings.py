"""The model that tells what memories mean: chosen for a workspace, and changed while searching goes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiohttp import web

from athena.embeddings import MODEL
from athena.kit.db import Database
from athena.memories import spaces, tasks
from athena.permissions import Role
from tests.conftest import Connect, MakeTenant, Tenant
from tests.memories.conftest import Remember, found
from tests.providers.conftest import built_in

__all__ = ["built_in"]

PATH = "/api/v1/embedding-settings"
Superuser = asyncpg.Connection


class EmbeddingServer:
    """A provider of embeddings that answers as a test wants it."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.size: int | None = None
        """The numbers of every vector; ``None``: as many as are asked for."""
        self.status = 200
        self.tokens: int | None = None
        """What it says that it has read, if it does."""
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        if self.status != 200 or (self.size is not None and "dimensions" in body):
            return web.json_response({"error": {"message": "no"}}, status=400 if self.status == 200 else self.status)
        size = self.size or body["dimensions"]
        # Texts of the same length mean the same.
        vectors = [[2.0 if n == len(text) % size else 0.0 for n in range(size)] for text in body["input"]]
        data = [{"index": n, "embedding": vector} for n, vector in enumerate(vectors)]
        usage = {} if self.tokens is None else {"usage": {"prompt_tokens": self.tokens, "total_tokens": self.tokens}}
        return web.json_response({"data": data[::-1], **usage})


@pytest.fixture
async def provider() -> AsyncGenerator[EmbeddingServer]:
    server = EmbeddingServer()
    app = web.Application()
    app.router.add_post("/v1/embeddings", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield server
    await runner.cleanup()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered or kept for a while."""
    monkeypatch.setattr(spaces, "KNOWN_SECONDS", 0.0)
    monkeypatch.setattr(spaces, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(tasks, "KEPT_AFTER_SWITCH", timedelta(0))


async def choose(tenant: Tenant, account: UUID | None, model: str = "embed-1") -> dict[str, Any]:
    answer = await tenant.put(
        PATH, {"account_uuid": str(account), "model": model} if account else {"account_uuid": None}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def chosen(tenant: Tenant) -> dict[str, Any]:
    return (await tenant.get(PATH)).json()["data"]


async def models_of(superuser: Superuser[asyncpg.Record], tenant: Tenant) -> set[str]:
    """Of whose vectors there are any in the workspace."""
    rows = await superuser.fetch(
        "SELECT DISTINCT model FROM memory_vectors WHERE workspace_uuid = $1", tenant.workspace_uuid
    )
    return {"local" if row["model"] == MODEL else row["model"].split("/")[1] for row in rows}


async def test_the_packaged_model_is_what_there_is_at_first(owner: Tenant) -> None:
    assert await chosen(owner) == {
        "account_uuid": None,
        "model": MODEL,
        "dimensions": 384,
        "status": "ready",
        "remaining": 0,
    }


async def test_memories_are_embedded_anew_while_the_former_model_is_searched(
    owner: Tenant,
    connect: Connect,
    provider: EmbeddingServer,
    remember: Remember,
    database: Database,
    superuser: Superuser[asyncpg.Record],
) -> None:
    old = await remember(owner, "Refunds are paid within fourteen days.")
    account = await connect(owner, provider.url)
    settings = await choose(owner, account)
    assert settings == {
        "account_uuid": str(account),
        "model": "embed-1",
        "dimensions": 384,
        "status": "embedding",
        "remaining": 1,
    }
    # Both are found by their meaning, as the packaged model has it; the provider is not asked.
    new = await remember(owner, "The wifi is called girasol.")
    asked = len(provider.requests)
    assert (await found(owner, "how do I get my money back?"))[0]["uuid"] == old["uuid"]
    assert (await found(owner, "name of the wireless network"))[0]["uuid"] == new["uuid"]
    assert len(provider.requests) == asked
    await tasks.keep(database)
    assert {"status": "ready", "remaining": 0}.items() <= (await chosen(owner)).items()
    assert await models_of(superuser, owner) == {"local", "embed-1"}
    # From now on the provider says what is alike: texts of the same length are.
    query = "x" * len("Refunds are paid within fourteen days.")
    assert [each["uuid"] for each in await found(owner, query)] == [old["uuid"]]
    await tasks.keep(database)
    assert await models_of(superuser, owner) == {"embed-1"}
    shown = (await owner.get(f"/api/v1/memories/{new['uuid']}")).json()["data"]
    assert shown["embedding_model"] == f"account:{account}/embed-1/384"


async def test_another_model_and_back_to_the_packaged_one(
    owner: Tenant,
    connect: Connect,
    provider: EmbeddingServer,
    remember: Remember,
    database: Database,
    superuser: Superuser[asyncpg.Record],
) -> None:
    memory = await remember(owner, "Refunds are paid within fourteen days.")
    account = await connect(owner, provider.url)
    for model in ("embed-1", "embed-2", None):
        await choose(owner, account if model else None, model or "")
        for _ in range(2):
            await tasks.keep(database)
        assert await models_of(superuser, owner) == {model or "local"}
    assert (await chosen(owner))["account_uuid"] is None
    assert (await found(owner, "how do I get my money back?"))[0]["uuid"] == memory["uuid"]


async def test_without_its_account_a_workspace_is_back_at_the_packaged_model(
    owner: Tenant, connect: Connect, provider: EmbeddingServer, remember: Remember, database: Database
) -> None:
    account = await connect(owner, provider.url)
    await choose(owner, account)
    await tasks.keep(database)
    memory = await remember(owner, "Refunds are paid within fourteen days.")
    assert (await owner.delete(f"/api/v1/accounts/{account}")).status_code == 204
    assert {"account_uuid": None, "status": "embedding", "remaining": 1}.items() <= (await chosen(owner)).items()
    # Words are searched meanwhile.
    assert [each["uuid"] for each in await found(owner, "refunds")] == [memory["uuid"]]
    assert await found(owner, "money back") == []
    await tasks.keep(database)
    assert (await chosen(owner))["status"] == "ready"
    assert [each["uuid"] for each in await found(owner, "how do I get my money back?")] == [memory["uuid"]]


async def test_when_the_provider_is_away_words_are_searched_and_the_rest_comes_later(
    owner: Tenant, connect: Connect, provider: EmbeddingServer, remember: Remember, database: Database
) -> None:
    await choose(owner, await connect(owner, provider.url))
    await tasks.keep(database)
    provider.status = 503
    memory = await remember(owner, "Refunds are paid within fourteen days.")
    assert memory["embedding_model"] is None
    assert [each["uuid"] for each in await found(owner, "refunds")] == [memory["uuid"]]
    await tasks.keep(database)
    assert (await chosen(owner))["remaining"] == 1
    provider.status = 200
    await tasks.keep(database)
    assert (await chosen(owner))["remaining"] == 0


async def test_a_model_without_a_choice_of_dimensions_keeps_its_own(
    owner: Tenant, connect: Connect, provider: EmbeddingServer, remember: Remember, database: Database
) -> None:
    provider.size = 768
    settings = await choose(owner, await connect(owner, provider.url))
    assert settings["dimensions"] is None
    await tasks.keep(database)
    memory = await remember(owner, "Refunds are paid within fourteen days.")
    assert [each["uuid"] for each in await found(owner, "y" * len(memory["content"]))] == [memory["uuid"]]


@pytest.mark.parametrize(("status", "size", "expected"), [(200, 1536, 422), (401, None, 502), (503, None, 502)])
async def test_a_model_that_cannot_be_searched_or_does_not_answer_is_not_chosen(
    owner: Tenant, connect: Connect, provider: EmbeddingServer, status: int, size: int | None, expected: int
) -> None:
    provider.status, provider.size = status, size
    account = await connect(owner, provider.url)
    answer = await owner.put(PATH, {"account_uuid": str(account), "model": "embed-1"})
    assert answer.status_code == expected, answer.text
    assert "sk-canary" not in answer.text
    assert (await chosen(owner))["account_uuid"] is None


@pytest.mark.parametrize(
    "body",
    [{}, {"account_uuid": "x", "model": "m"}, {"account_uuid": None, "model": "m"}, {"account_uuid": str(UUID(int=1))}],
)
async def test_what_is_no_choice_is_refused(owner: Tenant, body: dict[str, Any]) -> None:
    assert (await owner.put(PATH, body)).status_code == 422


async def test_who_may_choose(
    owner: Tenant, stranger: Tenant, make_tenant: MakeTenant, connect: Connect, provider: EmbeddingServer
) -> None:
    account = await connect(owner, provider.url)
    foreign = await stranger.put(PATH, {"account_uuid": str(account), "model": "embed-1"})
    assert foreign.status_code == 404
    assert provider.requests == []
    operator = await make_tenant(Role.OPERATOR, owner.workspace_uuid)
    assert (await operator.put(PATH, {"account_uuid": None})).status_code == 403
    assert (await operator.get(PATH)).status_code == 200
    await choose(owner, account)
    assert (await chosen(stranger))["account_uuid"] is None


async def test_what_is_read_of_a_text_has_an_end(
    owner: Tenant, connect: Connect, provider: EmbeddingServer, remember: Remember, database: Database
) -> None:
    await choose(owner, await connect(owner, provider.url))
    await tasks.keep(database)
    await remember(owner, "word " * 10_000)
    assert len(provider.requests[-1]["input"][0]) == 8_000
    assert provider.requests[-1]["model"] == "embed-1"

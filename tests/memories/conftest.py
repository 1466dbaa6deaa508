"""Ways to remember, for the tests of memories."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from athena.app import create_app
from athena.embeddings import Embedder
from athena.kit.db import Database
from athena.process import Process
from tests.conftest import Tenant

Remember = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
async def loaded(database: Database) -> None:
    """The embedding model is in memory, however busy this machine is."""
    await database.provided(Embedder).embed(["warm"], within=60)


@pytest.fixture
def remember() -> Remember:
    """Stores a memory of a tenant; the memory as the API shows it."""

    async def store(tenant: Tenant, content: str, **fields: Any) -> dict[str, Any]:
        answer = await tenant.post("/api/v1/memories", {"content": content, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    return store


async def found(tenant: Tenant, query: str, **parameters: Any) -> list[dict[str, Any]]:
    """What a search brings, in its order."""
    answer = await tenant.get("/api/v1/memories", params={"query": query, **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


class WithoutModel:
    """The application over the same database, with an embedding model that is not there."""

    def __init__(self, client: httpx2.AsyncClient, database: Database) -> None:
        self.client = client
        self.database = database

    def of(self, tenant: Tenant) -> Tenant:
        return dataclasses.replace(tenant, client=self.client)


@pytest.fixture
async def without_model(process: Process, database_url: str, tmp_path: Path) -> AsyncGenerator[WithoutModel]:
    database = await Database.open(database_url, size=2)
    embedder = Embedder(lambda: tmp_path / "model.onnx")
    for part in (*process.database._provided.values(), embedder):
        database.provide(part)
    app: Any = create_app(dataclasses.replace(process, database=database))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://athena.test") as client:
        yield WithoutModel(client, database)
    embedder.close()
    await database.close()

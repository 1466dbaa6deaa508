"""Ways to remember, for the tests of memories."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from athena.embeddings import Embedder
from athena.kit.db import Database
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

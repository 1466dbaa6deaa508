"""Ways to train an agent, for the tests of training."""

from __future__ import annotations

from typing import Any

import pytest

from athena.embeddings import Embedder
from athena.kit.db import Database
from tests.conftest import Tenant
from tests.providers.conftest import built_in

__all__ = ["built_in"]

TEXT = {"type": "text", "title": "Returns", "text": "Goods come back within thirty days.\n\nRefunds take a week."}


@pytest.fixture(autouse=True)
async def loaded(database: Database) -> None:
    """The embedding model is in memory, however busy this machine is."""
    await database.provided(Embedder).embed(["warm"], within=60)


@pytest.fixture
async def agent(owner: Tenant) -> str:
    """The path of an agent."""
    answer = await owner.post("/api/v1/agents", {"name": "Shop"})
    assert answer.status_code == 201, answer.text
    return f"/api/v1/agents/{answer.json()['data']['uuid']}"


async def train(tenant: Tenant, agent: str, *sources: dict[str, Any]) -> dict[str, Any]:
    """Trains an agent to the end; the run."""
    answer = await tenant.post(f"{agent}/train", {"sources": list(sources), "background": False})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def trained(tenant: Tenant, agent: str, source: dict[str, Any]) -> dict[str, Any]:
    """Trains an agent with one source; the source as it is then, whatever became of it."""
    answer = await tenant.post(f"{agent}/train", {"sources": [source], "background": False})
    assert answer.status_code in {200, 409}, answer.text
    return (await sources(tenant, agent, sort="-updated_at"))[0]


async def sources(tenant: Tenant, agent: str, **query: str) -> list[dict[str, Any]]:
    answer = await tenant.get(f"{agent}/sources", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def learnt(tenant: Tenant, source: dict[str, Any] | None = None, **query: str) -> list[dict[str, Any]]:
    """What is known, in its order; with ``source``, only from it."""
    asked = {"kind": "knowledge", "per_page": "100", **query}
    if source is not None:
        asked["agent_source_uuid"] = source["uuid"]
    answer = await tenant.get("/api/v1/memories", params=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()["data"]
    return found if "query" in query else sorted(found, key=lambda each: each["source"]["position"])


async def upload(tenant: Tenant, name: str, content: bytes) -> str:
    answer = await tenant.request("POST", "/api/v1/media", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]

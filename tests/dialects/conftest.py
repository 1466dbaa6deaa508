"""The official client of OpenAI's API, at the real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI

from tests.conftest import Tenant
from tests.runs.conftest import Scene, built_in, model, scene

__all__ = ["built_in", "model", "scene"]

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
ECHO: dict[str, Any] = {
    "name": "Price list",
    "status": "active",
    "nodes": [
        {"id": "t", "type": "manual_trigger"},
        {"id": "s", "type": "set", "data": {"fields": {"asked": "{{ trigger.input }}"}}},
    ],
    "edges": [{"source": "t", "target": "s"}],
}


@asynccontextmanager
async def client_of(tenant: Tenant, server_url: str) -> AsyncGenerator[AsyncOpenAI]:
    """The client with a tenant's token; it repeats nothing, so that a test sees each answer."""
    async with AsyncOpenAI(base_url=f"{server_url}/v1", api_key=tenant.token, max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
async def openai(owner: Tenant, server_url: str) -> AsyncGenerator[AsyncOpenAI]:
    async with client_of(owner, server_url) as client:
        yield client


@pytest.fixture
async def offered(scene: Scene) -> Scene:
    """The scene with an account that is known to offer the model `small`."""
    answer = await scene.tenant.post(f"/api/v1/accounts/{scene.account}/verify", {})
    assert answer.status_code == 200, answer.text
    return scene


async def workflow(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    """A workflow that says what it was asked."""
    answer = await tenant.post("/api/v1/workflows", {**ECHO, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def chunks_of(stream: Any) -> list[Any]:
    """All chunks of a streamed completion."""
    async with asyncio.timeout(20):
        return [chunk async for chunk in stream]


def said(chunks: list[Any]) -> str:
    """The text that they make."""
    return "".join(each.choices[0].delta.content or "" for each in chunks if each.choices)

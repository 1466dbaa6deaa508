"""A workspace that shares, with an account at a model server that the test scripts; and those with whom it shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.conftest import Tenant
from tests.runs.conftest import Scene, built_in, model, scene

__all__ = ["built_in", "model", "scene"]


@dataclass
class Sharing:
    """What a workspace shares, and how it is used."""

    scene: Scene

    @property
    def owner(self) -> Tenant:
        return self.scene.tenant

    async def give(self, kind: str, uuid: str, **fields: Any) -> dict[str, Any]:
        """A new share."""
        answer = await self.owner.post(f"/api/v1/{kind}s/{uuid}/share", {"permission": "run", **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    async def to(self, tenant: Tenant, kind: str, uuid: str, **fields: Any) -> str:
        """The address at which ``tenant`` uses what was shared by e-mail."""
        share = await self.give(kind, uuid, grantee="user", user_email=tenant.email, **fields)
        return f"/api/v1/shared/{share['uuid']}"

    async def link(self, kind: str, uuid: str, **fields: Any) -> str:
        """The path of a new link."""
        share = await self.give(kind, uuid, grantee="link", **fields)
        return share["url"].removeprefix("http://athena.test")

    async def agent(self, **fields: Any) -> str:
        return (await self.scene.agent(**{"system_prompt": "Say nothing of the plan.", **fields}))["uuid"]

    async def prompt(self, **fields: Any) -> str:
        body = {"name": "Greeting", "content": "Greet {{name}}.", **fields}
        answer = await self.owner.post("/api/v1/prompts", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]["uuid"]


@pytest.fixture
def sharing(scene: Scene) -> Sharing:
    return Sharing(scene)


class Anybody:
    """Somebody without an account."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self._client.get(path, **options)

    async def put(self, path: str, json: Any, **options: Any) -> httpx2.Response:
        return await self._client.put(path, json=json, **options)

    async def post(self, path: str, json: Any, **options: Any) -> httpx2.Response:
        return await self._client.post(path, json=json, **options)


@pytest.fixture
def anybody(client: httpx2.AsyncClient) -> Anybody:
    return Anybody(client)

"""A workspace with a receiver, and ways to look at what is sent there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import pytest

from tests.conftest import Tenant
from tests.providers.conftest import built_in
from tests.runs.conftest import model, scene
from tests.webhooks.receiver import Receiver

__all__ = ["built_in", "model", "scene"]

PATH = "/api/v1/webhooks"
Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True)
class Hooks:
    """The owner of a workspace, and the receiver."""

    tenant: Tenant
    receiver: Receiver
    superuser: Superuser

    async def create(self, event_types: list[str] | None = None, **fields: Any) -> dict[str, Any]:
        body = {"url": f"{self.receiver.address}/hook?a=1", "event_types": event_types or ["agent.*"], **fields}
        answer = await self.tenant.post(PATH, body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    async def agent(self, name: str = "Ada") -> str:
        """Something happens."""
        return (await self.tenant.post("/api/v1/agents", {"name": name})).json()["data"]["uuid"]

    async def shown(self, webhook: dict[str, Any]) -> dict[str, Any]:
        return (await self.tenant.get(f"{PATH}/{webhook['uuid']}")).json()["data"]

    async def deliveries(self, webhook: dict[str, Any], **filters: str) -> list[dict[str, Any]]:
        """Oldest first."""
        answer = await self.tenant.get(f"{PATH}/{webhook['uuid']}/deliveries", params=filters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"][::-1]

    async def until(self, webhook: dict[str, Any], true: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """The webhook's last delivery, once something holds of it."""
        async with asyncio.timeout(10):
            while True:
                found = await self.deliveries(webhook)
                if found and true(found[-1]):
                    return found[-1]
                await asyncio.sleep(0.03)

    async def hasten(self, webhook: dict[str, Any], columns: str = "next_attempt_at = now()") -> None:
        """What would come later comes now."""
        await self.superuser.execute(
            f"UPDATE webhook_deliveries SET {columns} WHERE webhook_uuid = $1 AND status = 'pending'", webhook["uuid"]
        )


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    server = Receiver()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def hooks(owner: Tenant, receiver: Receiver, superuser: Superuser) -> Hooks:
    return Hooks(owner, receiver, superuser)

"""A workspace with an account at a model server that the test scripts, and ways to talk there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
import pytest

from tests.conftest import Connect, Tenant
from tests.providers.conftest import built_in
from tests.runs.model_server import ModelServer

__all__ = ["built_in"]

TERMINAL = {"run.completed", "run.failed", "run.cancelled"}


@dataclass(frozen=True)
class Event:
    """An event as a client sees it."""

    id: int
    type: str
    data: dict[str, Any]


GONE = {"status": "gone", "finished_at": "before"}
"""What a run is that was deleted with its thread."""


@dataclass
class Scene:
    """A tenant, its account, and the model server behind it."""

    tenant: Tenant
    account: UUID
    model: ModelServer
    server_url: str

    async def agent(self, **fields: Any) -> dict[str, Any]:
        body = {"name": "Agent", "model": "small", "account_uuid": str(self.account), **fields}
        answer = await self.tenant.post("/api/v1/agents", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    async def thread(self, agent: dict[str, Any] | None = None, **fields: Any) -> str:
        """The uuid of a new thread, with ``agent`` or a new one."""
        agent = agent or await self.agent()
        answer = await self.tenant.post("/api/v1/threads", {"agent_uuid": agent["uuid"], **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]["uuid"]

    async def say(self, thread: str, message: Any = None, **options: Any) -> httpx2.Response:
        body = options if message is None else {"message": message, **options}
        return await self.tenant.post(f"/api/v1/threads/{thread}/run", body)

    async def begin(self, thread: str, message: Any = None, **options: Any) -> dict[str, Any]:
        """The run, in the background."""
        answer = await self.say(thread, message, background=True, **options)
        assert answer.status_code == 202, answer.text
        return answer.json()["data"]

    async def run(self, uuid: str) -> dict[str, Any]:
        answer = await self.tenant.get(f"/api/v1/runs/{uuid}")
        return GONE if answer.status_code == 404 else answer.json()["data"]

    async def ended(self, uuid: str) -> dict[str, Any]:
        """The run once it is at its end."""
        async with asyncio.timeout(20):
            while (run := await self.run(uuid))["finished_at"] is None:  # noqa: ASYNC110 - it changes in the database
                await asyncio.sleep(0.02)
        return run

    async def messages(self, thread: str) -> list[dict[str, Any]]:
        """Those of a thread, the oldest first."""
        path = f"/api/v1/messages?thread_uuid={thread}&sort=created_at&per_page=100"
        return (await self.tenant.get(path)).json()["data"]

    async def said(self, thread: str) -> list[tuple[str, str, str]]:
        return [(each["role"], each["content"], each["status"]) for each in await self.messages(thread)]

    @asynccontextmanager
    async def open(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> AsyncGenerator[httpx2.Response]:
        """A streamed answer of the real server."""
        async with (
            httpx2.AsyncClient(base_url=self.server_url, timeout=20, verify=False) as client,
            client.stream(method, path, json=body, headers={**self.tenant.headers, **(headers or {})}) as response,
        ):
            yield response

    async def stream(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> list[Event]:
        """All events of a streamed answer."""
        async with self.open(method, path, body, headers) as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            return [event async for event in events(response)]

    async def events_of(self, run: str, after: int | None = None) -> list[Event]:
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with asyncio.timeout(20):
            return await self.stream("GET", f"/api/v1/runs/{run}/events", headers=headers)


async def events(response: httpx2.Response) -> AsyncIterator[Event]:
    """What a stream holds, but its comments."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line.startswith(":"):
            continue
        if not line:
            if fields:
                yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}
            continue
        name, _, value = line.partition(": ")
        fields[name] = value


def text_of(told: list[Event]) -> str:
    """The answer's text, as a client puts it together."""
    text = ""
    for event in told:
        if event.type == "message.delta":
            text += event.data["delta"]
        elif event.type == "message.restarted":
            text = ""
    return text


def check_told(told: list[Event], run: str, first: int = 1) -> None:
    """What holds for every whole stream."""
    assert [event.id for event in told] == list(range(first, first + len(told)))
    assert [event.type for event in told if event.type in TERMINAL] == [told[-1].type]
    assert {event.data["run_uuid"] for event in told} == {run}
    assert all(event.data["at"].endswith("Z") for event in told)


@pytest.fixture
async def model() -> AsyncGenerator[ModelServer]:
    server = ModelServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def scene(owner: Tenant, connect: Connect, model: ModelServer, server_url: str) -> Scene:
    return Scene(owner, await connect(owner, model.url), model, server_url)


async def until(true: Callable[[], Any]) -> None:
    """Waits for something that happens in this process."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - what changes has no event
            await asyncio.sleep(0.01)

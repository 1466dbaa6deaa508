"""A session is known in every process: what one has begun, another answers, cancels and goes on with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx2
import pytest

from athena.app import create_app
from athena.config import Settings
from athena.process import opened
from tests.conftest import Tenant
from tests.dialects.conftest import workflow
from tests.dialects.mcp_client import BOTH, session_of
from tests.dialects.test_mcp_approvals import ASKING
from tests.runs.conftest import Scene
from tests.runs.model_server import saying


@pytest.fixture
async def elsewhere(settings: Settings, database_url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """Another process over the same database."""
    async with opened(settings, database_url) as process:
        transport = httpx2.ASGITransport(app=create_app(process))
        async with httpx2.AsyncClient(transport=transport, base_url="http://athena.test", timeout=20) as client:
            yield client


def calling(name: str) -> dict[str, Any]:
    """A call that is followed."""
    params = {"name": name, "arguments": {"input": "Which?"}, "_meta": {"progressToken": 1}}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


async def events(response: httpx2.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The ids and messages of a stream."""
    number = ""
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            number = line.removeprefix("id: ")
        elif line.startswith("data: {"):
            yield number, json.loads(line.removeprefix("data: "))


async def test_what_is_asked_here_is_answered_there(
    owner: Tenant, server_url: str, elsewhere: httpx2.AsyncClient
) -> None:
    await workflow(owner, **ASKING)
    headers = {**owner.headers, **BOTH, **await session_of(owner, {"elicitation": {}})}
    told: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(20),
        httpx2.AsyncClient(headers=headers, timeout=20) as here,
        here.stream("POST", f"{server_url}/mcp", json=calling("asking")) as response,
    ):
        async for _, message in events(response):
            told.append(message)
            if message.get("method") == "elicitation/create":
                answer = {"action": "accept", "content": {"decision": "approved"}}
                reply = {"jsonrpc": "2.0", "id": message["id"], "result": answer}
                assert (await elsewhere.post("/mcp", json=reply, headers=headers)).status_code == 202
    assert json.loads(told[-1]["result"]["content"][0]["text"]) == {"paid": True}


async def test_what_is_begun_here_is_cancelled_there_and_gone_on_with(
    scene: Scene, elsewhere: httpx2.AsyncClient
) -> None:
    await scene.agent(name="Shop")
    never = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=never)]
    headers = {**scene.tenant.headers, **BOTH, **await session_of(scene.tenant)}
    seen = ""
    async with asyncio.timeout(20), scene.open("POST", "/mcp", calling("shop"), headers) as response:
        async for number, message in events(response):
            if message.get("params", {}).get("message") == "Wide":
                seen = number
                break
    # The connection is lost, and the run is not.
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
    assert (await elsewhere.post("/mcp", json=cancelled, headers=headers)).status_code == 202
    async with asyncio.timeout(20):
        rest = (await elsewhere.get("/mcp", headers={**headers, "Last-Event-ID": seen})).text
    never.set()
    [result] = [json.loads(line.removeprefix("data: ")) for line in rest.splitlines() if '"result"' in line]
    assert (result["id"], result["result"]["isError"]) == (7, True)
    assert "cancelled" in result["result"]["content"][0]["text"]
    assert '"Wide"' not in rest

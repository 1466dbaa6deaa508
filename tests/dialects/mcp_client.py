"""The official client of MCP, at the real server, in both generations of the protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.conftest import Tenant

GENERATIONS = ("legacy", "auto")
"""With sessions, and without."""
BOTH = {"accept": "application/json, text/event-stream"}
CALLED = {"method": "tools/call"}


@asynccontextmanager
async def client_of(
    tenant: Tenant, server_url: str, mode: Any = "auto", path: str = "/mcp", **options: Any
) -> AsyncGenerator[Client]:
    """The client with a tenant's token."""
    async with httpx2.AsyncClient(headers=tenant.headers, timeout=20) as http:
        transport = streamable_http_client(f"{server_url}{path}", http_client=http)
        async with Client(transport, mode=mode, cache=None, **options) as client:
            yield client


async def send(tenant: Tenant, method: str, params: Any = None, headers: Any = None, **options: Any) -> httpx2.Response:
    """One message as it is written, with a session's headers or none."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    return await tenant.post(options.pop("path", "/mcp"), body, headers={**BOTH, **(headers or {})}, **options)


async def session_of(tenant: Tenant, capabilities: Any = None, version: str = "2025-11-25") -> dict[str, str]:
    """The headers of a new session."""
    given = {
        "protocolVersion": version,
        "capabilities": capabilities or {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    answer = await send(tenant, "initialize", given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["protocolVersion"] == version
    return {"Mcp-Session-Id": answer.headers["mcp-session-id"], "MCP-Protocol-Version": version}


def text_of(result: Any) -> str:
    """The text of a call's result."""
    return "".join(each.text for each in result.content if each.type == "text")

"""Tools of the types openapi and mcp, made and called as users do it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.conftest import Tenant
from tests.node_types.server import Server
from tests.tools.foreign.conftest import account
from tests.tools.foreign.legacy_server import LegacyServer, result

TOOLS = "/api/v1/tools"


@pytest.fixture
async def legacy() -> AsyncGenerator[LegacyServer]:
    started = LegacyServer()
    await started.start()
    yield started
    await started.stop()


async def test_an_operation_of_a_document(owner: Tenant, server: Server) -> None:
    uuid = await account(owner, {"type": "bearer"}, server.url, api_key="sk-very-secret-0123456789")
    document: dict[str, Any] = {"openapi": "3.1.0", "paths": {"/pets": {"get": {"operationId": "listPets"}}}}
    body = {"name": "Pets", "type": "openapi", "config": {"document": document}, "account_uuid": str(uuid)}
    made = await owner.post(TOOLS, body)
    assert made.status_code == 201, made.text
    tool = made.json()["data"]
    assert [each["name"] for each in tool["functions"]] == ["listPets"]
    called = await owner.post(f"{TOOLS}/{tool['uuid']}/call", {"arguments": {}})
    assert called.json()["data"]["data"] == {"ok": True}
    assert server.asked[0].headers["authorization"] == "Bearer sk-very-secret-0123456789"
    wrong = await owner.post(TOOLS, {**body, "config": {"document": "swagger: '2.0'"}})
    assert (wrong.status_code, wrong.json()["code"]) == (502, "document_unsupported")


async def test_a_tool_of_a_server(owner: Tenant, legacy: LegacyServer) -> None:
    made = await owner.post(TOOLS, {"name": "Looking", "type": "mcp", "config": {"url": legacy.url}})
    assert made.status_code == 201, made.text
    path = f"{TOOLS}/{made.json()['data']['uuid']}"
    called = await owner.post(f"{path}/call", {"function": "look", "arguments": {}})
    assert called.json()["data"]["content"] == "seen"
    legacy.answers["tools/list"] = result(tools=[{"name": "see", "inputSchema": {"type": "object"}}])
    refreshed = await owner.post(f"{path}/refresh")
    assert [each["name"] for each in refreshed.json()["data"]["functions"]] == ["see"]


async def test_no_tenant_names_a_program(owner: Tenant) -> None:
    for config, field in (({"server": "/bin/sh"}, "config.server"), ({"command": "/bin/sh"}, "config.command")):
        answer = await owner.post(TOOLS, {"name": "Shell", "type": "mcp", "config": config})
        assert answer.status_code == 422
        assert field in answer.json()["errors"]

"""The functions of tools of the type mcp, which follow what their servers say that they have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from athena.kit import clock
from athena.kit.db import Database, Row
from athena.tools.refreshing import Refresher
from athena.tools.service import ToolService
from tests.conftest import Tenant
from tests.tools.foreign.conftest import Bench
from tests.tools.foreign.legacy_server import Give, LegacyServer, raw, result
from tests.waiting import until

TOOLS = "/api/v1/tools"
NOTICE = b'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'
UNKNOWN = raw('{"jsonrpc":"2.0","id":$ID,"error":{"code":-32602,"message":"Unknown tool"}}')


def listing(*names: str) -> Give:
    return result(tools=[{"name": name, "inputSchema": {"type": "object"}} for name in names])


@pytest.fixture
async def legacy() -> AsyncGenerator[LegacyServer]:
    started = LegacyServer()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture(autouse=True)
async def refresher(database: Database) -> AsyncGenerator[Refresher]:
    """Of this test alone, in the place of the process's, which hardly pauses."""
    former = database.provided(Refresher)
    made = Refresher(database, pause_seconds=0.05)
    database.provide(made)
    yield made
    await made.close()
    database.provide(former)


class Stored:
    """A tool of ``legacy``'s, as its users see it."""

    def __init__(self, tenant: Tenant, uuid: str) -> None:
        self.tenant, self.uuid = tenant, uuid
        self.path = f"{TOOLS}/{uuid}"

    async def names(self) -> list[str]:
        answer = await self.tenant.get(self.path)
        return [each["name"] for each in answer.json()["data"]["functions"]]

    async def call(self, function: str) -> dict[str, Any]:
        answer = await self.tenant.post(f"{self.path}/call", {"function": function, "arguments": {}})
        return answer.json()["data"]

    async def becomes(self, *names: str) -> None:
        """Waits until these are the functions."""
        for _ in range(200):
            if await self.names() == [*names]:
                return
            await asyncio.sleep(0.02)
        assert await self.names() == [*names]

    async def told(self) -> list[dict[str, Any]]:
        """The log's entries of refreshes of it."""
        entries = (await self.tenant.get("/api/v1/audit-events?per_page=100")).json()["data"]
        return [each for each in entries if each["action"] == "tool.refreshed" and each["resource_uuid"] == self.uuid]


async def make(tenant: Tenant, url: str, **config: Any) -> Stored:
    made = await tenant.post(TOOLS, {"name": "Looking", "type": "mcp", "config": {"url": url, **config}})
    assert made.status_code == 201, made.text
    return Stored(tenant, made.json()["data"]["uuid"])


async def aged(database: Database, bench: Bench, tool: Stored, age: timedelta) -> Row:
    """Has the functions of ``tool`` be found that long ago; its row."""
    async with database.session(bench.access.scope) as session:
        await session.execute("UPDATE tools SET refreshed_at = $2 WHERE uuid = $1", UUID(tool.uuid), clock.now() - age)
        return await ToolService(session, bench.access).get(UUID(tool.uuid))


async def test_a_change_that_the_server_tells_of_is_taken_over(owner: Tenant, legacy: LegacyServer) -> None:
    tool = await make(owner, legacy.url)
    await tool.call("look")
    legacy.answers["tools/list"] = listing("look", "see")
    await legacy.pushed.put(NOTICE)
    await tool.becomes("look", "see")
    (entry,) = await tool.told()
    assert entry["details"] == {"changed": ["functions", "refreshed_at"]}
    assert (entry["actor_user_uuid"], entry["credential"]["kind"]) == (None, "system")


async def test_a_tool_that_vanished_is_no_longer_offered_and_says_so(owner: Tenant, legacy: LegacyServer) -> None:
    legacy.answers["tools/list"] = listing("look", "see")
    tool = await make(owner, legacy.url, tools=["look", "see"])
    legacy.answers |= {"tools/list": listing("look"), "tools/call": UNKNOWN}
    called = await tool.call("see")
    assert called["error"] == {"code": "unknown_function", "message": "The MCP server has no tool 'see' any more."}
    await tool.becomes("look")
    assert (await tool.call("see"))["error"]["message"] == "There is no function 'see'; there are: look."


async def test_servers_that_say_it_in_a_result_are_understood(owner: Tenant, legacy: LegacyServer) -> None:
    tool = await make(owner, legacy.url)
    legacy.answers["tools/call"] = result(content=[{"type": "text", "text": "Unknown tool: look"}], isError=True)
    assert (await tool.call("look"))["content"] == "Unknown tool: look"
    legacy.answers["tools/list"] = listing("see")
    assert (await tool.call("look"))["error"]["code"] == "unknown_function"
    await tool.becomes("see")


async def test_what_was_found_a_day_ago_is_found_anew_when_it_is_used(
    owner: Tenant, legacy: LegacyServer, database: Database, bench: Bench
) -> None:
    tool = await make(owner, legacy.url)
    legacy.answers["tools/list"] = listing("look", "see")
    await aged(database, bench, tool, timedelta(hours=23))
    await tool.call("look")
    await aged(database, bench, tool, timedelta(hours=25))
    assert await tool.names() == ["look"]
    await tool.call("look")
    await tool.becomes("look", "see")


async def test_what_stayed_the_same_is_no_change_of_the_tool(
    owner: Tenant, legacy: LegacyServer, database: Database, bench: Bench
) -> None:
    tool = await make(owner, legacy.url)
    row = await aged(database, bench, tool, timedelta(days=2))
    await tool.call("look")

    now = row
    for _ in range(200):
        async with database.session(bench.access.scope) as session:
            now = await ToolService(session, bench.access).get(UUID(tool.uuid))
        if now["refreshed_at"] != row["refreshed_at"]:
            break
        await asyncio.sleep(0.02)
    assert now["refreshed_at"] > row["refreshed_at"]
    assert now["revision"] == row["revision"]
    assert await tool.told() == []


async def test_many_processes_ask_the_server_once(
    owner: Tenant, legacy: LegacyServer, database: Database, bench: Bench
) -> None:
    tool = await make(owner, legacy.url)
    row = await aged(database, bench, tool, timedelta(days=2))
    legacy.answers["tools/list"] = listing("see")
    others = [Refresher(database) for _ in range(5)]
    for each in others:
        for _ in range(10):
            each.use([row], bench.access)
    await tool.becomes("see")
    for each in others:
        await each.close()
    assert legacy.asked.count("tools/list") == 2
    assert len(await tool.told()) == 1


async def test_a_server_that_does_not_tell_is_left_alone_and_keeps_its_list(
    owner: Tenant, legacy: LegacyServer, database: Database, bench: Bench
) -> None:
    tool = await make(owner, legacy.url)
    row = await aged(database, bench, tool, timedelta(days=2))
    legacy.answers["tools/list"] = raw("{}", 503)
    for number in range(3):
        refresher = Refresher(database)
        refresher.use([row], bench.access)
        if not number:
            await until(lambda: legacy.asked.count("tools/list") == 2)
        await asyncio.sleep(0.05)
        await refresher.close()
    assert legacy.asked.count("tools/list") == 2
    assert await tool.names() == ["look"]
    legacy.answers["tools/list"] = listing("see")
    assert (await owner.post(f"{tool.path}/refresh")).status_code == 200

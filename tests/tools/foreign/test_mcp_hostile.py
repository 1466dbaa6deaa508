"""MCP servers that break, lie, flood or wait, over the protocol with sessions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

import pytest

from athena.kit.db import Database
from athena.kit.egress import Egress
from athena.tools.kinds.mcp import McpTool
from athena.tools.mcp_pool import McpPool
from athena.tools.mcp_servers import HttpServer
from tests.tools.foreign.conftest import Bench
from tests.tools.foreign.legacy_server import Give, LegacyServer, endless, hang_up, raw, result, said, silent
from tests.waiting import until

kind = McpTool()


@pytest.fixture
async def legacy() -> AsyncGenerator[LegacyServer]:
    started = LegacyServer()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def sessions(database: Database) -> AsyncGenerator[McpPool]:
    """Of this test alone, in the place of the process's, and soon idle."""
    former = database.provided(McpPool)
    made = McpPool(database.provided(Egress), idle_seconds=0.1)
    database.provide(made)
    yield made
    await made.close()
    database.provide(former)


pytestmark = pytest.mark.usefixtures("sessions")


async def test_one_session_serves_many_calls_and_ends_when_idle(bench: Bench, legacy: LegacyServer) -> None:
    config = {"url": legacy.url}
    results = await asyncio.gather(*(bench.call(kind, config, "look") for _ in range(10)))
    assert {each.content for each in results} == {"seen"}
    assert legacy.sessions == 1
    await until(lambda: legacy.ended == {"session-1"})
    await bench.call(kind, config, "look")
    assert legacy.sessions == 2


async def test_a_session_that_the_server_forgot_is_begun_anew_once(bench: Bench, legacy: LegacyServer) -> None:
    config = {"url": legacy.url}
    await bench.call(kind, config, "look")
    legacy.ended.add("session-1")
    assert (await bench.call(kind, config, "look")).content == "seen"
    assert legacy.sessions == 2
    legacy.answers["tools/call"] = raw("", 404)
    failure = await bench.failure(kind, config, "look")
    assert failure.code == "session_lost"
    assert legacy.sessions == 3


async def test_a_call_that_may_have_been_made_is_not_made_again(bench: Bench, legacy: LegacyServer) -> None:
    legacy.answers["tools/call"] = hang_up
    failure = await bench.failure(kind, {"url": legacy.url}, "look")
    assert (failure.code, failure.unknown) == ("connection_failed", True)
    assert legacy.asked.count("tools/call") == 1


async def test_a_list_without_end(bench: Bench, legacy: LegacyServer) -> None:
    legacy.answers["tools/list"] = result(tools=[], nextCursor="on")
    assert (await bench.undiscovered(kind, url=legacy.url)).code == "too_many_functions"
    assert legacy.asked.count("tools/list") == 50


async def test_too_many_tools(bench: Bench, legacy: LegacyServer) -> None:
    tools = [{"name": f"t{n}", "inputSchema": {"type": "object"}} for n in range(129)]
    legacy.answers["tools/list"] = [result(tools=tools[:100], nextCursor="2"), result(tools=tools[100:])]
    failure = await bench.undiscovered(kind, url=legacy.url)
    assert failure.message == "The MCP server has 129 tools; choose at most 128 of them."
    legacy.answers["tools/list"] = [result(tools=tools[:100], nextCursor="2"), result(tools=tools[100:])]
    chosen = await bench.functions(kind, url=legacy.url, tools=["t128", "t0"])
    assert [each.name for each in chosen] == ["t128", "t0"]


async def test_schemas_of_the_servers_stand_alone_and_are_small(bench: Bench, legacy: LegacyServer) -> None:
    far = {"type": "object", "properties": {"a": {"$ref": "http://169.254.169.254/"}, "b": {"$ref": "#/$defs/B"}},
           "$defs": {"B": {"type": "object", "properties": {"again": {"$ref": "#/$defs/B"}}}}}  # fmt: skip
    wide = {"type": "object", "properties": {f"p{n}": {"description": "x" * 900} for n in range(200)}}
    schemas = {"far": far, "wide": wide}
    legacy.answers["tools/list"] = result(tools=[{"name": n, "inputSchema": s} for n, s in schemas.items()])
    found = {each.name: each.parameters for each in await bench.functions(kind, url=legacy.url)}
    b = {"type": "object", "properties": {"again": {}}}
    assert found["far"] == {"type": "object", "properties": {"a": {}, "b": b}}
    assert len(str(found["wide"])) < 70_000
    assert set(found["wide"]["properties"]) == set(wide["properties"])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (raw("<html>"), "protocol_error"),
        (raw('{"jsonrpc": "1.0"}'), "protocol_error"),
        (raw("{}", content_type="text/html"), "server_error"),
        (raw('{"jsonrpc":"2.0","id":$ID,"result":{"content":"none"}}'), "protocol_error"),
        (raw('{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"odd"}]}}'), "protocol_error"),
        (raw('{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":"broke\\u001b[2J"}}'), "server_error"),
        (raw("data: {no\n\n", content_type="text/event-stream"), "protocol_error"),
        (raw("", content_type="text/event-stream"), "connection_failed"),
        (raw("", 202), "server_error"),
        (raw("", 500), "http_status"),
        (raw("", 401), "unauthorized"),
        (raw(" " * (3 * 1024 * 1024)), "response_too_large"),
        (endless(), "response_too_large"),
        (raw("", 307, location="http://10.0.0.1/mcp"), "server_error"),
        (raw("", 307, location="http://localhost:1/mcp"), "server_error"),
        (raw("", 307, location="/mcp"), "server_error"),
    ],
)
async def test_wrong_answers_fail_the_call_and_the_next_one_works(
    bench: Bench, legacy: LegacyServer, answer: Give, code: str
) -> None:
    legacy.answers["tools/call"] = [answer] * 25 + [said("seen")]
    failure = await bench.failure(kind, {"url": legacy.url}, "look")
    assert failure.code == code
    assert "\x1b" not in failure.message
    legacy.answers["tools/call"] = said("seen")
    assert (await bench.call(kind, {"url": legacy.url}, "look")).content == "seen"
    assert legacy.sessions <= 2


@pytest.mark.parametrize("answer", [silent, endless(0.05)])
async def test_waiting_has_an_end(bench: Bench, legacy: LegacyServer, answer: Give) -> None:
    legacy.answers["tools/call"] = answer
    failure = await bench.failure(kind, {"url": legacy.url}, "look", seconds=0.3)
    assert failure.code == "timeout"
    assert failure.unknown


async def test_a_server_that_cannot_be_connected_to(bench: Bench, legacy: LegacyServer) -> None:
    assert (await bench.failure(kind, {"url": "http://10.0.0.1/mcp"}, "look")).code == "address_refused"
    assert (await bench.failure(kind, {"url": "http://127.0.0.1:9/mcp"}, "look")).code == "connection_failed"
    assert (await bench.failure(kind, {"url": legacy.url + "x"}, "look")).code == "http_status"
    legacy.answers["initialize"] = raw("", 403)
    assert (await bench.failure(kind, {"url": legacy.url}, "look")).code == "unauthorized"
    legacy.answers["initialize"] = silent
    failure = await bench.failure(kind, {"url": legacy.url}, "look", seconds=0.3)
    assert failure.code == "timeout"


async def test_changes_are_heard(bench: Bench, legacy: LegacyServer, sessions: McpPool) -> None:
    server = HttpServer(bench.access.workspace_uuid, legacy.url)
    await bench.call(kind, {"url": legacy.url}, "look")
    heard = (await sessions.calls()).sessions
    assert heard.changed_at(server) is None
    notice = b'data: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'
    await legacy.pushed.put(notice)
    await until(lambda: heard.changed_at(server) is not None)


async def test_a_tool_that_the_server_does_not_know_has_changed(
    bench: Bench, legacy: LegacyServer, sessions: McpPool
) -> None:
    legacy.answers["tools/call"] = raw('{"jsonrpc":"2.0","id":$ID,"error":{"code":-32602,"message":"Unknown tool"}}')
    failure = await bench.failure(kind, {"url": legacy.url}, "gone")
    assert (failure.code, failure.message) == ("unknown_function", "The MCP server has no tool 'gone' any more.")
    assert (await sessions.calls()).sessions.changed_at(HttpServer(bench.access.workspace_uuid, legacy.url)) is not None


async def test_what_a_server_asks_of_the_client_is_refused(bench: Bench, legacy: LegacyServer) -> None:
    ask = '{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}'
    answer = '{"jsonrpc":"2.0","id":$ID,"result":{"content":[{"type":"text","text":"seen"}]}}'
    stream = f"data: {ask}\n\ndata: {answer}\n\n"
    legacy.answers["tools/call"] = raw(stream, content_type="text/event-stream")
    assert (await bench.call(kind, {"url": legacy.url}, "look")).content == "seen"
    await until(lambda: "" in legacy.asked)


async def test_a_server_cannot_slow_athena_down_with_the_schema_of_its_results(
    bench: Bench, legacy: LegacyServer
) -> None:
    slow = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    tool = {"name": "look", "inputSchema": {"type": "object"}, "outputSchema": slow}
    legacy.answers["tools/list"] = result(tools=[tool])
    legacy.answers["tools/call"] = result(content=[], structuredContent={"a": "a" * 60 + "!"})
    await bench.functions(kind, url=legacy.url)
    assert (await bench.call(kind, {"url": legacy.url}, "look")).data == {"a": "a" * 60 + "!"}


async def test_nothing_that_a_server_says_reaches_the_log(
    bench: Bench, legacy: LegacyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("mcp").propagate = True
    for body in ("NEEDLE", '{"jsonrpc":"2.0","id":$ID,"error":{"code":1,"message":"NEEDLE"}}', "{}"):
        legacy.answers["tools/call"] = raw(body)
        await bench.failure(kind, {"url": legacy.url}, "look")
    assert "NEEDLE" not in caplog.text

"""Messages as they are written: both generations, sessions, refusals, and whatever is no message at all."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from athena.config import Environment, Settings
from athena.dialects.mcp.calls import Call
from athena.dialects.mcp.methods import CALL, INITIALIZE, METHODS
from athena.dialects.mcp.resources import KINDS as RESOURCES
from athena.dialects.mcp.service import is_known_origin
from athena.dialects.mcp.tools import KINDS as TOOLS
from athena.dialects.rpc import Message, ProtocolError, read
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from tests.conftest import MakeTenant, Tenant
from tests.dialects.mcp_client import BOTH, send, session_of

ALONE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def code(answer: Any) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


def test_what_is_refused_to_strangers_is_tested_for_every_method_and_kind() -> None:
    """A new method, kind of tool or kind of resource needs its part in the tests of other tenants."""
    tested = {"prompts/get", "resources/read", "tools/list", "prompts/list", "resources/list", CALL}
    harmless = {"ping", "server/discover", "resources/templates/list", INITIALIZE}
    assert {*METHODS, INITIALIZE, CALL} == tested | harmless
    assert set(TOOLS) == {"agent", "workflow"}
    assert set(RESOURCES) == {"memories", "threads", "runs"}


async def test_a_session_says_what_there_is(owner: Tenant) -> None:
    headers = await session_of(owner)
    assert (await send(owner, "ping", headers=headers)).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
    for version, agreed in (("2024-11-05", "2024-11-05"), ("2025-06-18", "2025-06-18"), ("2099-01-01", "2025-11-25")):
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        result = (await send(owner, INITIALIZE, params)).json()["result"]
        assert result["protocolVersion"] == agreed
        assert set(result["capabilities"]) == {"tools", "prompts", "resources"}
    initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    answer = await owner.post("/mcp", initialized, headers=headers)
    assert (answer.status_code, answer.content) == (202, b"")


async def test_a_session_is_its_callers_in_its_workspace_alone(
    owner: Tenant, stranger: Tenant, make_tenant: MakeTenant
) -> None:
    headers = await session_of(owner)
    colleague = await make_tenant(workspace_uuid=owner.workspace_uuid)
    for other in (stranger, colleague):
        assert code(await send(other, "ping", headers=headers)) == (404, -32600)
        resumed = await other.get("/mcp", headers={**headers, "Last-Event-ID": "x"})
        assert resumed.status_code in {404, 422}
    own = headers["Mcp-Session-Id"]
    for wrong in ("", "x", own[:-1], own.replace(".0.", ".1."), f"{own}é", "a.b.c.d"):
        answer = await send(owner, "ping", headers={**headers, "Mcp-Session-Id": wrong.encode()})
        assert answer.status_code == 404, wrong
    assert code(await send(owner, "ping")) == (400, -32600)


async def test_a_workspace_is_named_in_the_path(owner: Tenant, stranger: Tenant) -> None:
    path = f"/mcp/{owner.workspace_uuid}"
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    assert (await send(owner, INITIALIZE, params, path=path)).status_code == 200
    for other in (path, f"/mcp/{new_uuid()}"):
        assert code(await send(stranger, INITIALIZE, params, path=other)) == (404, -32602)
    assert code(await send(owner, INITIALIZE, params, path="/mcp/none")) == (422, -32602)


async def test_a_request_alone_brings_everything_along(owner: Tenant) -> None:
    headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
    answer = await send(owner, "tools/list", {"_meta": ALONE}, headers)
    result = answer.json()["result"]
    assert (result["resultType"], result["cacheScope"], result["tools"]) == ("complete", "private", [])
    assert "mcp-session-id" not in answer.headers
    for method, params, more, expected in (
        ("tools/list", {"_meta": ALONE}, {"Mcp-Method": "ping"}, (400, -32020)),
        ("tools/list", {"_meta": ALONE}, {"MCP-Protocol-Version": "2026-07-29"}, (400, -32020)),
        ("tools/list", {}, {}, (400, -32602)),
        ("ping", {"_meta": ALONE}, {"Mcp-Method": "ping"}, (404, -32601)),
        ("resources/read", {"_meta": ALONE, "uri": "athena://x"}, {"Mcp-Method": "resources/read"}, (400, -32020)),
        (
            "resources/read",
            {"_meta": ALONE, "uri": "athena://x"},
            {"Mcp-Method": "resources/read", "Mcp-Name": "=?base64?YXRoZW5hOi8veA==?="},
            (400, -32602),
        ),
    ):
        assert code(await send(owner, method, params, {**headers, **more})) == expected, method
    late = {**ALONE, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    refused = await send(owner, "tools/list", {"_meta": late}, {**headers, "MCP-Protocol-Version": "2099-01-01"})
    assert code(refused) == (400, -32022)
    assert "2026-07-28" in refused.json()["error"]["data"]["supported"]


async def test_who_is_unknown_or_was_is_refused(owner: Tenant) -> None:
    for token in ("", "Bearer ath_nonsense"):
        answer = await owner.client.post("/mcp", json={}, headers={"authorization": token})
        assert code(answer) == (401, -32000)
        assert answer.headers["www-authenticate"].startswith("Bearer ")
    headers = await session_of(owner)
    [token] = [each for each in (await owner.get("/api/v1/tokens")).json()["data"] if each["name"] == "test"]
    assert (await owner.delete(f"/api/v1/tokens/{token['uuid']}")).status_code == 204
    assert (await send(owner, "ping", headers=headers)).status_code == 401


async def test_pages_of_other_origins_are_refused(owner: Tenant) -> None:
    headers = await session_of(owner)
    for origin, status in (
        ("http://athena.test", 200),
        ("http://localhost:6274", 200),
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("null", 403),
    ):
        assert (await send(owner, "ping", headers={**headers, "Origin": origin})).status_code == status, origin


def test_in_production_pages_of_this_machine_are_others(settings: Settings) -> None:
    strict = settings.model_copy(
        update={"environment": Environment.PRODUCTION, "cors_origins": ("https://app.example",)}
    )
    assert not is_known_origin("http://localhost:6274", strict)
    assert is_known_origin("https://app.example", strict)
    assert is_known_origin(None, strict)


async def test_bodies_have_a_limit(owner: Tenant, settings: Settings) -> None:
    answer = await send(owner, CALL, {"name": "x" * settings.max_body_bytes})
    assert code(answer) == (413, -32000)


async def test_what_is_no_message_is_told_so(owner: Tenant) -> None:
    headers = {**BOTH, **await session_of(owner)}
    deep: Any = []
    for _ in range(80):
        deep = [deep]
    for body, expected in (
        (b"{", (400, -32700)),
        (b"[]", (400, -32600)),
        (b"1", (400, -32600)),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', (400, -32600)),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', (400, -32600)),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "ping"}', (400, -32600)),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', (400, -32600)),
        (b'{"jsonrpc": "2.0", "id": 1}', (400, -32600)),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "nothing"}', (200, -32601)),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "server/discover"}', (200, -32601)),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": 7}}', (200, -32602)),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 7}}', (200, -32602)),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "a\\u0000"}}', (422, -32602)),
    ):
        answer = await owner.request(
            "POST", "/mcp", content=body, headers={**headers, "content-type": "application/json"}
        )
        assert code(answer) == expected, body
    assert code(await send(owner, "tools/call", {"arguments": deep}, headers)) == (400, -32600)
    assert (await owner.request("POST", "/mcp", content=b"{}", headers=headers)).status_code == 415
    for method in ("GET", "DELETE"):
        answer = await owner.request(method, "/mcp", headers=headers)
        assert code(answer) == (405, -32601)


HOSTILE: list[dict[str, Any]] = [
    {"_meta": 7},
    {"_meta": {"progressToken": []}, "name": "x"},
    {"cursor": ""},
    {"cursor": "é"},
    {"cursor": "memories.W2ZhbHNlLFsieCJdXQ"},
    {"cursor": "W2ZhbHNlLFsieCJdXQ", "name": "%", "uri": "athena://memories/%"},
    {"name": "' OR 1=1 --", "uri": "athena://runs/" + "-" * 36},
    {"name": "", "arguments": {"": ""}, "uri": ""},
    {"name": "x" * 300, "arguments": 7, "uri": "x" * 3_000},
    {"name": str(new_uuid()), "arguments": {"a": []}, "uri": f"file:///{new_uuid()}", "requestState": "x.y"},
    {"protocolVersion": 7, "capabilities": []},
]


@pytest.mark.parametrize("method", [*METHODS, CALL, INITIALIZE])
async def test_nothing_that_is_sent_breaks_it(owner: Tenant, method: str) -> None:
    headers = await session_of(owner)
    for params in HOSTILE:
        alone = {"_meta": ALONE, **params}
        version = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method}
        for answer in (await send(owner, method, params, headers), await send(owner, method, alone, version)):
            assert answer.status_code in {200, 400, 404}, (params, answer.text)
            told = answer.json()
            assert ("result" in told) != ("error" in told)
            assert told.get("error", {}).get("code") != -32603, (params, answer.text)


async def test_answers_to_what_nobody_asked_say_nothing(owner: Tenant) -> None:
    headers = await session_of(owner, {"elicitation": {}})
    for number in (1, "x", "approval/x", f"approval/{new_uuid()}"):
        reply = {"jsonrpc": "2.0", "id": number, "result": {"action": "accept", "content": {"decision": "approved"}}}
        assert (await owner.post("/mcp", reply, headers=headers)).status_code == 202


@given(JSON)
@hypothesis_settings(max_examples=200)
def test_any_json_is_a_message_or_told_why_not(body: Any) -> None:
    for value in (body, {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": body}):
        with contextlib.suppress(ProtocolError):
            assert isinstance(read(value), Message)


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=200))
@hypothesis_settings(max_examples=200)
def test_text_that_is_no_mark_is_told_so(text: str) -> None:
    with pytest.raises(ValidationFailed, match="stream"):
        Call.marked(text)


@given(st.integers(0, 2**53) | st.text(max_size=64), st.none() | st.integers(0, 99) | st.text(max_size=64))
def test_a_mark_leads_back_to_its_call(number: int | str, token: int | str | None) -> None:
    call = Call(new_uuid(), number, token, "agent", structured=True)
    assert Call.marked(call.mark(7)) == (call, 7)

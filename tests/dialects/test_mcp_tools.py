"""Agents and workflows are tools: listed with their schemas, called as runs, followed and cancelled."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from mcp import MCPError

from athena.dialects.mcp.calls import Call
from athena.dialects.mcp.methods import CALL
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.dialects.conftest import workflow
from tests.dialects.mcp_client import GENERATIONS, client_of, send, session_of, text_of
from tests.runs.conftest import Scene, until
from tests.runs.model_server import saying

TYRE = {"type": "object", "properties": {"tyre": {"type": "string"}}, "required": ["tyre"]}
PRICED = {
    "name": "Total",
    "description": "Adds it up.",
    "nodes": [
        {"id": "t", "type": "manual_trigger", "data": {"input_schema": {"type": "object", "required": ["price"]}}},
        {"id": "s", "type": "set", "data": {"fields": {"total": "{{ trigger.input.price * 2 }}"}}},
    ],
}


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_agents_and_active_workflows_are_listed_and_called(scene: Scene, server_url: str, mode: str) -> None:
    agent = await scene.agent(name="Bike Shop (Graz)", description="Knows tyres.")
    made = await workflow(scene.tenant)
    await workflow(scene.tenant, name="Draft", status="draft")
    scene.model.scripts = [saying("Wide", " ones.")]
    async with client_of(scene.tenant, server_url, mode) as client:
        listed = {each.name: each for each in (await client.list_tools()).tools}
        assert set(listed) == {"bike_shop_graz", "price_list"}
        assert listed["bike_shop_graz"].description == "Knows tyres."
        assert listed["bike_shop_graz"].input_schema["required"] == ["input"]
        assert listed["price_list"].input_schema["properties"] == {"input": {}}
        answer = await client.call_tool("bike_shop_graz", {"input": "Which tyres?"})
        assert (text_of(answer), answer.is_error) == ("Wide ones.", False)
        assert scene.model.asked == [("user", "Which tyres?")]
        for name in ("price_list", made["uuid"]):
            given = await client.call_tool(name, {"input": "Hello"})
            assert json.loads(text_of(given)) == {"asked": "Hello"}
    runs = (await scene.tenant.get(f"/api/v1/runs?agent_uuid={agent['uuid']}")).json()["data"]
    assert [each["status"] for each in runs] == ["succeeded"]


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_what_has_a_schema_gives_a_structure(scene: Scene, server_url: str, mode: str) -> None:
    await scene.agent(name="Shop", output_schema=TYRE)
    number = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    await workflow(scene.tenant, **PRICED, settings={"output_schema": number})
    wrong = {"type": "object", "properties": {"total": {"type": "string"}}}
    await workflow(scene.tenant, **{**PRICED, "name": "Wrong"}, settings={"output_schema": wrong})
    scene.model.scripts = [saying('{"tyre": "wide"}')]
    async with client_of(scene.tenant, server_url, mode) as client:
        listed = {each.name: each for each in (await client.list_tools()).tools}
        assert listed["shop"].output_schema == TYRE
        assert listed["total"].input_schema == {"type": "object", "required": ["price"]}
        answer = await client.call_tool("shop", {"input": "Which?"})
        assert answer.structured_content == {"tyre": "wide"}
        given = await client.call_tool("total", {"price": 4})
        assert given.structured_content == {"total": 8}
        unfit = await client.call_tool("wrong", {"price": 4})
        assert unfit.is_error
        assert "does not fit its schema" in text_of(unfit)


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_progress_is_told_while_the_run_goes_on(scene: Scene, server_url: str, mode: str) -> None:
    await scene.agent(name="Shop")
    more = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=more)]
    told: list[tuple[float, str | None]] = []

    async def follow(progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        told.append((progress, message))
        if message == "Wide":
            more.set()

    async with client_of(scene.tenant, server_url, mode) as client:
        answer = await client.call_tool("shop", {"input": "Which?"}, progress_callback=follow)
    assert text_of(answer) == "Wide ones."
    assert [message for _, message in told] == ["Started.", "Wide", " ones."]
    numbers = [number for number, _ in told]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_a_call_that_is_cancelled_ends_its_run(scene: Scene, server_url: str, mode: str) -> None:
    agent = await scene.agent(name="Shop")
    never = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=never)]
    async with client_of(scene.tenant, server_url, mode) as client:
        call = asyncio.create_task(client.call_tool("shop", {"input": "Which?"}))
        await until(lambda: scene.model.requests)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        [run] = (await scene.tenant.get(f"/api/v1/runs?agent_uuid={agent['uuid']}")).json()["data"]
        assert (await scene.ended(run["uuid"]))["status"] == "cancelled"
    never.set()


async def test_a_session_cancels_its_own_calls_alone(scene: Scene, server_url: str) -> None:
    agent = await scene.agent(name="Shop")
    more = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=more)]
    other = await session_of(scene.tenant)
    async with client_of(scene.tenant, server_url, "legacy") as client:
        call = asyncio.create_task(client.call_tool("shop", {"input": "Which?"}))
        await until(lambda: scene.model.requests)
        for number in (0, 1, 2, 3, "1"):
            message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
            assert (await scene.tenant.post("/mcp", message, headers=other)).status_code == 202
        more.set()
        assert text_of(await call) == "Wide ones."
    [run] = (await scene.tenant.get(f"/api/v1/runs?agent_uuid={agent['uuid']}")).json()["data"]
    assert run["status"] == "succeeded"


async def test_a_user_follows_so_many_calls_at_once(
    scene: Scene, stranger: Tenant, app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.agent(name="Shop")
    await workflow(stranger)
    monkeypatch.setattr(app._app.state.open_streams, "most", 1)
    more = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=more)]
    headers = await session_of(scene.tenant)
    given = {"name": "shop", "arguments": {"input": "Which?"}}
    first = asyncio.create_task(send(scene.tenant, CALL, given, headers))
    await until(lambda: scene.model.requests)
    refused = await send(scene.tenant, CALL, given, headers)
    assert (refused.status_code, refused.json()["error"]["data"]["code"]) == (429, "too_many_streams")
    assert refused.headers["retry-after"]
    others = await send(stranger, CALL, {"name": "price_list"}, await session_of(stranger))
    assert others.status_code == 200
    more.set()
    assert "Wide ones." in (await first).text
    assert (await send(scene.tenant, CALL, given, headers)).status_code == 200


async def test_calls_that_come_at_once_are_counted_too(scene: Scene, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.agent(name="Shop")
    monkeypatch.setattr(app._app.state.open_streams, "most", 1)
    more = asyncio.Event()
    scene.model.scripts = [saying("Wide", until=more) for _ in range(4)]
    headers = await session_of(scene.tenant)
    calls = [
        asyncio.create_task(send(scene.tenant, CALL, {"name": "shop", "arguments": {"input": "Which?"}}, headers))
        for _ in range(4)
    ]
    ended = asyncio.as_completed(calls)
    async with asyncio.timeout(20):
        assert [(await next(ended)).status_code for _ in range(3)] == [429, 429, 429]
    more.set()
    assert (await next(ended)).status_code == 200


async def test_long_lists_come_in_pages_without_gap_or_repeat(owner: Tenant, server_url: str) -> None:
    await asyncio.gather(*(workflow(owner, name=f"Flow {number}") for number in range(60)))
    names: list[str] = []
    async with client_of(owner, server_url) as client:
        page = await client.list_tools()
        names += [each.name for each in page.tools]
        assert page.next_cursor is not None
        page = await client.list_tools(cursor=page.next_cursor)
        names += [each.name for each in page.tools]
        assert page.next_cursor is None
        with pytest.raises(MCPError, match="cursor"):
            await client.list_tools(cursor="nowhere!")
    assert sorted(names) == sorted(f"flow_{number}" for number in range(60))


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_a_call_that_cannot_be_made_tells_the_model_why(scene: Scene, server_url: str, mode: str) -> None:
    await scene.agent(name="Shop")
    await workflow(scene.tenant, **PRICED)
    async with client_of(scene.tenant, server_url, mode) as client:
        for name, arguments, reason in (
            ("shop", {}, "arguments.input"),
            ("shop", {"input": "Which?", "size": 1}, "arguments.size"),
            ("shop", {"input": ""}, "arguments.input"),
            ("total", {"amount": 1}, "price"),
        ):
            answer = await client.call_tool(name, arguments)
            assert answer.is_error, name
            assert reason in text_of(answer)
        with pytest.raises(MCPError, match="no tool"):
            await client.call_tool("nothing", {})


async def test_a_conversation_goes_on_in_a_thread(scene: Scene, server_url: str) -> None:
    agent = await scene.agent(name="Shop")
    thread = await scene.thread(agent)
    async with client_of(scene.tenant, server_url) as client:
        for text in ("First.", "Second."):
            await client.call_tool("shop", {"input": text, "thread_uuid": thread})
    assert [each[1] for each in await scene.said(thread)] == ["First.", "Answer 1.", "Second.", "Answer 2."]


async def test_names_that_two_have_are_uuids(scene: Scene, server_url: str) -> None:
    made = [await scene.agent(name=name) for name in ("Bike Shop", "Bike  shop!", "Bücher")]
    async with client_of(scene.tenant, server_url) as client:
        assert {each.name for each in (await client.list_tools()).tools} == {each["uuid"] for each in made}
        for each in made:
            assert not (await client.call_tool(each["uuid"], {"input": "Hello"})).is_error


async def test_a_viewer_sees_no_tools_and_calls_none(scene: Scene, make_tenant: MakeTenant, server_url: str) -> None:
    agent = await scene.agent(name="Shop")
    viewer = await make_tenant(Role.VIEWER, scene.tenant.workspace_uuid)
    async with client_of(viewer, server_url) as client:
        assert (await client.list_tools()).tools == []
        for name in ("shop", agent["uuid"]):
            with pytest.raises(MCPError, match="no tool"):
                await client.call_tool(name, {"input": "Which?"})
    assert scene.model.requests == []


async def test_a_stream_that_broke_off_is_resumed(scene: Scene) -> None:
    await scene.agent(name="Shop")
    headers = await session_of(scene.tenant)
    given: dict[str, Any] = {"name": "shop", "arguments": {"input": "Which?"}, "_meta": {"progressToken": "p"}}
    whole = (await send(scene.tenant, "tools/call", given, headers)).text
    events = [dict(line.split(": ", 1) for line in block.splitlines()) for block in whole.split("\n\n") if block]
    assert events[0]["data"] == ""
    for number, event in enumerate(events[:-1]):
        again = await scene.tenant.get("/mcp", headers={**headers, "Last-Event-ID": event["id"]})
        rest = "".join(f"{each}\n\n" for each in whole.split("\n\n")[number + 1 :] if each)
        assert again.text == rest
    other = await session_of(scene.tenant)
    refused = await scene.tenant.get("/mcp", headers={**other, "Last-Event-ID": events[0]["id"]})
    assert refused.status_code == 404
    for wrong in ("x", "WzFd", events[0]["id"][:-8]):
        refused = await scene.tenant.get("/mcp", headers={**headers, "Last-Event-ID": wrong})
        assert refused.status_code in {404, 422}


async def test_a_place_that_was_made_up_leads_to_no_stream(owner: Tenant) -> None:
    await workflow(owner)
    headers = await session_of(owner)
    told = (await send(owner, CALL, {"name": "price_list", "arguments": {"input": "Which?"}}, headers)).text
    call, after = Call.marked(told.partition("id: ")[2].partition("\n")[0])
    for kind, status in (("workflow", 200), ("agent", 404)):
        mark = replace(call, kind=kind).mark(after)
        assert (await owner.get("/mcp", headers={**headers, "Last-Event-ID": mark})).status_code == status

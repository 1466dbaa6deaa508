"""Prompts are prompts; memories, threads and runs are resources. Of another workspace there is nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mcp import MCPError

from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.dialects.conftest import workflow
from tests.dialects.mcp_client import GENERATIONS, client_of
from tests.runs.conftest import Scene

SUMMARY = {
    "name": "Summary",
    "description": "Makes it short.",
    "content": "In {{sentences}} sentences:\n\n{{text}}",
    "variables": [
        {"name": "sentences", "type": "integer", "default": 3},
        {"name": "text", "description": "What is long."},
    ],
}


async def made(tenant: Tenant, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await tenant.post(f"/api/v1/{path}", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_prompts_are_listed_with_their_variables_and_filled_in(owner: Tenant, server_url: str, mode: str) -> None:
    prompt = await made(owner, "prompts", SUMMARY)
    async with client_of(owner, server_url, mode) as client:
        [listed] = (await client.list_prompts()).prompts
        assert (listed.name, listed.title, listed.description) == ("summary", "Summary", "Makes it short.")
        arguments = [(each.name, each.required, each.description) for each in listed.arguments or ()]
        assert arguments == [("sentences", False, "(integer)"), ("text", True, "What is long.")]
        for name in ("summary", prompt["uuid"]):
            for given, number in (({"text": "Rain."}, 3), ({"text": "Rain.", "sentences": "1"}, 1)):
                [message] = (await client.get_prompt(name, given)).messages
                content: Any = message.content
                assert (message.role, content.text) == ("user", f"In {number} sentences:\n\nRain.")
        for name, given, reason in (
            ("summary", {}, "variables.text"),
            ("summary", {"text": "Rain.", "sentences": "many"}, "variables.sentences"),
            ("summary", {"text": "Rain.", "tone": "dry"}, "variables.tone"),
            ("nothing", {}, "no prompt"),
        ):
            with pytest.raises(MCPError, match=reason):
                await client.get_prompt(name, given)


@pytest.mark.parametrize("mode", GENERATIONS)
async def test_memories_and_threads_are_listed_and_read(scene: Scene, server_url: str, mode: str) -> None:
    tenant = scene.tenant
    memory = await made(tenant, "memories", {"content": "They like wide tyres.", "scope": "workspace"})
    thread = await scene.thread(name="Tyres")
    await scene.say(thread, "Which?")
    async with client_of(tenant, server_url, mode) as client:
        first = await client.list_resources()
        assert [(each.uri, each.name) for each in first.resources] == [
            (f"athena://memories/{memory['uuid']}", "They like wide tyres.")
        ]
        second = await client.list_resources(cursor=first.next_cursor)
        assert [(each.uri, each.name) for each in second.resources] == [(f"athena://threads/{thread}", "Tyres")]
        assert second.next_cursor is None
        for cursor in ("memories.x", "nothing.", "x"):
            with pytest.raises(MCPError, match="cursor"):
                await client.list_resources(cursor=cursor)
        templates = (await client.list_resource_templates()).resource_templates
        assert [each.uri_template for each in templates] == [
            f"athena://{kind}/{{uuid}}" for kind in ("memories", "threads", "runs")
        ]
        [content] = (await client.read_resource(first.resources[0].uri)).contents
        assert (content.mime_type, getattr(content, "text", "")) == ("text/plain", "They like wide tyres.")
        told: Any = (await client.read_resource(f"athena://threads/{thread}")).contents[0]
        shown = json.loads(told.text)
        assert (shown["name"], [each["content"] for each in shown["messages"]]) == ("Tyres", ["Which?", "Answer 1."])


async def test_many_memories_come_in_pages(owner: Tenant, server_url: str) -> None:
    bodies = [{"content": f"Fact {number}", "scope": "workspace"} for number in range(60)]
    await asyncio.gather(*(made(owner, "memories", body) for body in bodies))
    seen: list[str] = []
    cursor: str | None = None
    async with client_of(owner, server_url) as client:
        while True:
            page = await client.list_resources(cursor=cursor)
            seen += [each.name for each in page.resources]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert sorted(seen) == sorted(body["content"] for body in bodies)


async def test_what_is_anothers_is_in_no_list(scene: Scene, stranger: Tenant, server_url: str) -> None:
    await anothers(scene)
    async with client_of(stranger, server_url) as client:
        assert (await client.list_tools()).tools == []
        assert (await client.list_prompts()).prompts == []
        cursor: str | None = None
        for _ in range(2):
            page = await client.list_resources(cursor=cursor)
            assert page.resources == []
            cursor = page.next_cursor
        assert cursor is None


async def test_what_is_anothers_is_as_unknown_as_what_never_was(
    scene: Scene, stranger: Tenant, server_url: str
) -> None:
    there = await anothers(scene)
    told: dict[str, set[str]] = {}
    async with client_of(stranger, server_url) as client:
        for kind, name in [*there, *((kind, str(new_uuid())) for kind in dict(there))]:
            match kind:
                case "tool":
                    asked = client.call_tool(name, {"input": "Hello"})
                case "prompt":
                    asked = client.get_prompt(name, {"text": "a"})
                case _:
                    asked = client.read_resource(f"athena://{kind}/{name}")
            with pytest.raises(MCPError) as caught:
                await asked
            told.setdefault(kind, set()).add(caught.value.message.replace(name, "NAME"))
        own = (await stranger.post("/api/v1/agents", {"name": "Own", "model": "small"})).json()["data"]
        for thread in (dict(there)["threads"], str(new_uuid())):
            with pytest.raises(MCPError) as caught:
                await client.call_tool(own["uuid"], {"input": "Hello", "thread_uuid": thread})
            told.setdefault("in a thread", set()).add(caught.value.message)
    assert {kind: len(texts) for kind, texts in told.items()} == dict.fromkeys(
        ("tool", "prompt", "memories", "threads", "runs", "in a thread"), 1
    )


async def anothers(scene: Scene) -> list[tuple[str, str]]:
    """One of everything, by its kind and name."""
    agent = await scene.agent(name="Shop")
    flow = await workflow(scene.tenant)
    prompt = await made(scene.tenant, "prompts", SUMMARY)
    memory = await made(scene.tenant, "memories", {"content": "Secret.", "scope": "workspace"})
    thread = await scene.thread(agent)
    run = await scene.begin(thread, "Which?")
    return [
        *(("tool", name) for name in (agent["uuid"], flow["uuid"], "shop", "price_list")),
        *(("prompt", name) for name in (prompt["uuid"], "summary")),
        ("memories", memory["uuid"]),
        ("threads", thread),
        ("runs", run["uuid"]),
    ]


async def test_a_token_reads_no_more_than_its_scopes(scene: Scene, make_tenant: MakeTenant, server_url: str) -> None:
    memory = await made(scene.tenant, "memories", {"content": "Secret.", "scope": "workspace"})
    narrowed = await make_tenant(workspace_uuid=scene.tenant.workspace_uuid, scopes=["agents.run"])
    async with client_of(narrowed, server_url) as client:
        assert (await client.list_resources()).resources == []
        assert (await client.list_resource_templates()).resource_templates == []
        with pytest.raises(MCPError, match=r"memories\.view"):
            await client.read_resource(f"athena://memories/{memory['uuid']}")
        with pytest.raises(MCPError, match=r"prompts\.view"):
            await client.list_prompts()


async def test_another_members_private_agent_is_no_tool(scene: Scene, make_tenant: MakeTenant, server_url: str) -> None:
    agent = await scene.agent(name="Diary", visibility="private")
    other = await make_tenant(Role.BUILDER, scene.tenant.workspace_uuid)
    async with client_of(other, server_url) as client:
        assert (await client.list_tools()).tools == []
        for name in ("diary", agent["uuid"]):
            with pytest.raises(MCPError, match="no tool"):
                await client.call_tool(name, {"input": "Hello"})

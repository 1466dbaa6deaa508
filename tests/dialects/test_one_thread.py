"""One agent behind every protocol: the same answers in the same thread, under the same permissions and budgets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import pytest
from mcp import MCPError

from athena.permissions import Role
from tests.budgets.conftest import Spend, make_budget, spend, spender_of
from tests.conftest import MakeTenant, Tenant
from tests.dialects import a2a_client, mcp_client
from tests.dialects.a2a_client import V1, rpc, text_of
from tests.dialects.ag_ui_client import asking, decoded
from tests.dialects.ag_ui_client import text_of as shown_text
from tests.dialects.conftest import client_of
from tests.runs.conftest import Scene

__all__ = ["spend"]

Ask = Callable[[Tenant, str, str, str, str], Awaitable[str]]
"""As whom, at which server, which agent, in which thread, and what; what it answers."""


async def by_rest(tenant: Tenant, _server: str, agent: str, thread: str, text: str) -> str:
    body = {"input": text, "thread_uuid": thread}
    answer = await tenant.post(f"/api/v1/agents/{agent}/run", body)
    assert answer.status_code == 200, answer.json()["code"]
    return answer.json()["data"]["output"]["message"]["content"]


async def by_chat(tenant: Tenant, server: str, agent: str, thread: str, text: str) -> str:
    async with client_of(tenant, server) as client:
        messages: Any = [{"role": "user", "content": text}]
        made = await client.chat.completions.create(model=agent, messages=messages, metadata={"thread_uuid": thread})
    return made.choices[0].message.content or ""


async def by_responses(tenant: Tenant, server: str, agent: str, thread: str, text: str) -> str:
    async with client_of(tenant, server) as client:
        conversation = f"conv_{thread.replace('-', '')}"
        return (await client.responses.create(model=agent, input=text, conversation=conversation)).output_text


async def by_mcp(tenant: Tenant, server: str, agent: str, thread: str, text: str) -> str:
    async with mcp_client.client_of(tenant, server) as client:
        try:
            answer = await client.call_tool(agent, {"input": text, "thread_uuid": thread})
            failed, told = answer.is_error, mcp_client.text_of(answer)
        except MCPError as error:
            failed, told = True, str(error)
    # Outside of the client, which would put what is raised within it into a group.
    assert not failed, told
    return told


async def by_a2a(tenant: Tenant, server: str, agent: str, thread: str, text: str) -> str:
    async with a2a_client.client_of(tenant, server, agent) as client:
        return text_of(await a2a_client.send(client, text, context_id=thread))


async def by_ag_ui(tenant: Tenant, _server: str, agent: str, thread: str, text: str) -> str:
    answer = await tenant.post(f"/ag-ui/{agent}", asking(text, thread_id=thread))
    assert answer.status_code == 200, answer.json()["code"]
    return shown_text(decoded(answer.text))


WAYS: Mapping[str, Ask] = {
    "rest": by_rest,
    "chat": by_chat,
    "responses": by_responses,
    "mcp": by_mcp,
    "a2a": by_a2a,
    "ag-ui": by_ag_ui,
}


async def test_all_speak_in_one_thread(scene: Scene, server_url: str) -> None:
    agent = await scene.agent(name="Shop", system_prompt="Sell tyres.")
    thread = await scene.thread(agent)
    expected: list[tuple[str, str, str]] = []
    for number, (name, ask) in enumerate(WAYS.items(), 1):
        assert await ask(scene.tenant, server_url, agent["uuid"], thread, f"By {name}.") == f"Answer {number}."
        expected += [("user", f"By {name}.", "completed"), ("assistant", f"Answer {number}.", "completed")]
    assert await scene.said(thread) == expected
    # Each knew what was said before, in whichever protocol.
    assert scene.model.asked == [("system", "Sell tyres."), *(each[:2] for each in expected[:-1])]
    runs = (await scene.tenant.get(f"/api/v1/runs?thread_uuid={thread}")).json()["data"]
    assert [(each["status"], each["agent_uuid"]) for each in runs] == [("succeeded", agent["uuid"])] * len(WAYS)
    listed = await scene.tenant.post(f"/a2a/{agent['uuid']}", rpc("ListTasks", {"contextId": thread}), headers=V1)
    assert [each["id"] for each in listed.json()["result"]["tasks"]] == [each["uuid"] for each in runs]


@pytest.mark.parametrize("name", WAYS)
async def test_who_may_not_run_agents_may_in_no_protocol(
    scene: Scene, make_tenant: MakeTenant, server_url: str, name: str
) -> None:
    agent = await scene.agent(name="Shop")
    thread = await scene.thread(agent)
    viewer = await make_tenant(Role.VIEWER, scene.tenant.workspace_uuid)
    with pytest.raises(Exception, match=r"permission|not call|403"):
        await WAYS[name](viewer, server_url, agent["uuid"], thread, "Hello")
    assert scene.model.requests == []
    assert await scene.messages(thread) == []


@pytest.mark.parametrize("name", WAYS)
async def test_an_exhausted_budget_holds_in_every_protocol(
    scene: Scene, spend: Spend, server_url: str, name: str
) -> None:
    agent = await scene.agent(name="Shop")
    thread = await scene.thread(agent)
    await make_budget(scene.tenant, scope_type="agent", scope_uuid=agent["uuid"], limit_tokens=10)
    await spend(spender_of(scene.tenant, agent_uuid=UUID(agent["uuid"])), tokens=10)
    with pytest.raises(Exception, match=r"(?i)budget|quota"):
        await WAYS[name](scene.tenant, server_url, agent["uuid"], thread, "Hello")
    assert scene.model.requests == []
    assert await scene.messages(thread) == []

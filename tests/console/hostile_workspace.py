"""A workspace in which every text that somebody can set has a place (``qq-…-qq``) for something hostile."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from tests.e2e.program import Athena

PASSWORD: Final = "a-long-enough-password"


def place(name: str) -> str:
    return f"qq-{name}-qq"


def named(kind: str) -> dict[str, str]:
    return {"name": place(f"{kind}-name"), "description": place(f"{kind}-description")}


@dataclass(frozen=True)
class Hostile:
    """The workspace and what is in it, by uuid."""

    uuid: str
    agent: str
    thread: str
    tool: str
    prompt: str
    guardrail: str
    workflow: str
    asking: str
    failed: str
    succeeded: str
    evaluation: str
    dataset: str
    webhook: str


async def fill(athena: Athena, mockllm: str, address: str) -> Hostile:
    """Makes such a workspace."""
    uuid = (await athena.call("POST", "/workspaces", named("workspace")))["uuid"]
    maker = Maker(athena, uuid)
    account = await maker.account(mockllm)
    tool, guardrail, prompt, agent = await maker.library(account)
    (memory, webhook), (evaluation, dataset), _ = await asyncio.gather(
        maker.kept(agent), maker.judged(agent), maker.member(address)
    )
    workflow, succeeded, failed, asking = await maker.executions()
    thread = await maker.chat(agent, memory)
    return Hostile(
        uuid, agent, thread, tool, prompt, guardrail, workflow, asking, failed, succeeded, evaluation, dataset, webhook
    )


class Maker:
    """Calls the API for one workspace."""

    def __init__(self, athena: Athena, workspace: str) -> None:
        self.athena = athena
        self.workspace = workspace

    async def post(self, path: str, body: Any, status: int = 201) -> Any:
        return await self.athena.call("POST", f"{path}?workspace_uuid={self.workspace}", body, status=status)

    async def uuid(self, path: str, body: Any) -> str:
        return (await self.post(path, body))["uuid"]

    async def account(self, mockllm: str) -> str:
        """An account of the scripted model, beside a provider of the workspace's own."""
        own = {
            "name": place("provider-name"),
            "base_url": mockllm,
            "authentication_config": {
                "type": "api_key",
                "name": "X-Key",
                "fields": {
                    "properties": {
                        "api_key": {"title": place("field-title"), "description": place("field-description")}
                    }
                },
            },
        }
        await self.post("/providers", own)
        (provider,) = await self.athena.call("GET", "/providers?slug=openai-compatible")
        credentials = {"base_url": mockllm, "api_key": "sk-canary"}
        account = {"name": place("account-name"), "provider_uuid": provider["uuid"], "credentials": credentials}
        uuid = await self.uuid("/accounts", account)
        await self.athena.client.post(f"/api/v1/accounts/{uuid}/verify?workspace_uuid={self.workspace}")
        return uuid

    async def library(self, account: str) -> tuple[str, str, str, str]:
        """A tool, a guardrail, a prompt, and an agent that has them."""
        schema = {"type": "object", "properties": {"a": {"type": "string", "description": place("argument")}}}
        config = {"code": f"raise ValueError('{place('tool-error')}')"}
        tool = {**named("tool"), "type": "code", "parameters": schema, "config": config}
        tool_uuid = await self.uuid("/tools", tool)
        guardrail = {
            **named("guardrail"),
            "type": "pattern",
            "stages": ["input"],
            "config": {"words": [place("guardrail-word")]},
        }
        guardrail_uuid = await self.uuid("/guardrails", {**guardrail, "message": place("guardrail-message")})
        prompt = {
            **named("prompt"),
            "content": place("prompt-text") + " {{ who }}",
            "variables": [{"name": "who", "description": place("prompt-variable")}],
            "tags": [place("prompt-tag")],
        }
        agent = {
            **named("agent"),
            "model": "mock-t20-d5",
            "account_uuid": account,
            "system_prompt": place("agent-instructions"),
            "tags": [place("agent-tag")],
            "metadata": {"conversation_starters": place("agent-starter")},
            "tool_uuids": [tool_uuid],
        }
        agent_uuid = await self.uuid("/agents", {**agent, "system_prompt": place("agent-old-instructions")})
        await self.athena.call("PUT", f"/agents/{agent_uuid}?workspace_uuid={self.workspace}", agent)
        return tool_uuid, guardrail_uuid, await self.uuid("/prompts", prompt), agent_uuid

    async def kept(self, agent: str) -> tuple[str, str]:
        """What stands in lists; the uuids of a memory and of a webhook."""
        source = {"type": "url", "url": f"http://127.0.0.1/{place('memory-address')}"}
        memory = await self.uuid("/memories", {"content": place("memory"), "source": source})
        await self.post(
            "/budgets", {"name": place("budget"), "scope_type": "workspace", "period": "day", "limit_cost": 9}
        )
        await self.post("/variables", {"name": "PLACE", "description": place("variable"), "value": place("value")})
        webhook = {"url": "https://example.com/", "description": place("webhook"), "enabled": False}
        webhook_uuid = await self.uuid("/webhooks", webhook)
        steps = [
            {"title": place("task-title"), "description": place("task-description"), "app": place(f"task-app-{app}"),
             "action": place("task-action"), "session_id": f"day {day}"}
            for day in range(3)
            for app in ("one", "other")
        ]  # fmt: skip
        await self.post("/command-room-tasks", {"tasks": steps})
        text = {"type": "text", "title": place("source-title"), "text": place("source-text")}
        sources = {"sources": [text], "background": False}
        answer = await self.athena.client.post(
            f"/api/v1/agents/{agent}/train?workspace_uuid={self.workspace}", json=sources
        )
        assert answer.is_success, answer.text
        return memory, webhook_uuid

    async def judged(self, agent: str) -> tuple[str, str]:
        """An evaluation with its results, and its dataset; their uuids."""
        expected = {"type": "contains", "value": place("expected")}
        items = [{"input": f"{place('asked')} [[say: {place('answered')}]]", "expectations": [expected]}]
        dataset = await self.uuid("/datasets", {**named("dataset"), "items": items})
        asked = {"dataset_uuid": dataset, "agent_uuid": agent}
        return (await self.post("/evaluations", asked, status=202))["uuid"], dataset

    async def member(self, address: str) -> None:
        """Somebody with a name of their own choice."""
        path = f"/workspaces/{self.workspace}/invitations"
        made = await self.athena.call("POST", path, {"email": f"{self.workspace}@example.com", "role": "viewer"})
        body = {"token": made["token"], "name": place("member"), "password": PASSWORD}
        async with httpx2.AsyncClient() as client:
            answer = await client.post(f"{address}/api/v1/invitations/accept", json=body)
        assert answer.is_success, answer.text

    async def executions(self) -> tuple[str, str, str, str]:
        """A workflow that a webhook starts, and what it did: one that succeeded, one that failed, one that asks."""
        nodes = [
            {"id": "hook", "type": "webhook_trigger", "data": {"response_mode": "immediately"}},
            {"id": "work", "type": "code", "name": place("node"), "data": {"code": WORK}},
            {"id": "cut", "type": "code", "data": {"code": CUT}},
            {"id": "odd", "type": "code", "data": {"code": ODD}},
            {"id": "ask", "type": "approval", "data": {
                "title": place("question"), "message": place("question-message"), "payload": "{{ input }}"}},
            {"id": "why", "type": "note", "data": {"text": place("note")}},
        ]  # fmt: skip
        row = ("hook", "work", "cut", "odd", "ask")
        edges = [{"source": one, "target": other} for one, other in itertools.pairwise(row)]
        made = await self.post(
            "/workflows",
            {**named("workflow"), "tags": [place("workflow-tag")], "nodes": nodes, "edges": edges, "status": "active"},
        )
        assert made["problems"] == []
        runs = [await self.sent(made, body) for body in ("approve", "fail", "ask")]
        await self.reached(runs[0], "waiting")
        (question,) = await self.athena.call(
            "GET", f"/approvals?workspace_uuid={self.workspace}&run_uuid={runs[0]}&status=open"
        )
        answer = {"decision": "approved", "comment": place("approval-comment")}
        await self.post(f"/approvals/{question['uuid']}/answer", answer, status=200)
        for run, status in zip(runs, ("succeeded", "failed", "waiting"), strict=True):
            await self.reached(run, status)
        return made["uuid"], runs[0], runs[1], runs[2]

    async def sent(self, workflow: dict[str, Any], kind: str) -> str:
        """A request to the webhook; the uuid of the execution."""
        path = "/hooks/" + workflow["webhook"]["url"].rpartition("/hooks/")[2]
        body = {"kind": kind, "text": place("webhook-body"), place("webhook-key"): 1}
        answer = await self.athena.client.post(path, json=body, headers={"X-Place": place("webhook-header")})
        assert answer.status_code == 202, answer.text
        return answer.json()["data"]["uuid"]

    async def reached(self, run: str, status: str) -> None:
        """Waits until an execution has come to a status."""
        async with asyncio.timeout(20):
            path = f"/workflow-executions/{run}?workspace_uuid={self.workspace}"
            while True:
                if (await self.athena.call("GET", path))["status"] == status:
                    return
                await asyncio.sleep(0.05)

    async def chat(self, agent: str, memory: str) -> str:
        """A thread with a file, a call and a source."""
        thread = await self.uuid("/threads", {"name": place("thread"), "agent_uuid": agent})
        upload = {"file": (f"{place('file')}.txt", b"What is in it.", "text/plain")}
        answer = await self.athena.client.post(f"/api/v1/media?workspace_uuid={self.workspace}", files=upload)
        media = answer.json()["data"]["uuid"]
        said = {"thread_uuid": thread, "role": "user", "content": place("said"), "attachments": [{"media_uuid": media}]}
        await self.post("/messages", said)
        parts = [
            {"type": "text", "text": place("answer")},
            {
                "type": "tool_call",
                "id": "c",
                "name": place("call"),
                "arguments": f'{{"a": "{place("call-argument")}"}}',
            },
            {"type": "tool_result", "tool_call_id": "c", "content": place("call-result")},
        ]
        source = {"url": f"javascript:{place('citation')}", "type": "url"}
        sources = [{"number": 1, "memory_uuid": memory, "kind": "fact", "score": 1, "source": source, "cited": True}]
        answered = {"thread_uuid": thread, "role": "assistant", "content": parts, "metadata": {"sources": sources}}
        await self.post("/messages", answered)
        return thread


WORK: Final = f"""
if input["body"]["kind"] == "fail":
    raise ValueError("{place("execution-error")}")
result = {{"text": "{place("execution-output")}", "{place("execution-key")}": [1]}}
"""
CUT: Final = f"""
result = {{"truncated": True, "size": 5, "begin": "{place("value-begin")}", "url": "https://a.example//elsewhere.example/"}}
"""
"""Looks like a value that Athena cuts, and leads elsewhere."""
ODD: Final = f"""
result = {{"truncated": True, "size": 5, "begin": {{"{place("odd-begin")}": 1}}, "url": "https://["}}
"""
"""The same, with nothing that could be shown and an address that is none."""

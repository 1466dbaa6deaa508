"""A workflow that takes GitHub's deliveries, the systems around it, and what a user does with it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
from aiohttp import web

from tests.e2e.program import LOST, Athena

SECRET = "shared-with-github"
UNUSABLE = "??"
"""A title that the ticket system does not take."""


@dataclass
class Office:
    """A ticket system that is busy at first and takes each ticket once, and a chat in which links are posted."""

    url: str = ""
    busy: int = 0
    asked: int = 0
    tickets: dict[str, str] = field(default_factory=dict[str, str])
    """Titles by idempotency keys."""
    links: list[str] = field(default_factory=list[str])
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/tickets", self._ticket)
        app.router.add_post("/chat", self._chat)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _ticket(self, request: web.Request) -> web.Response:
        self.asked += 1
        title: str = (await request.json())["title"]
        if self.busy:
            self.busy -= 1
            return web.json_response({"error": "busy"}, status=503)
        if title == UNUSABLE:
            return web.json_response({"error": "no title"}, status=422)
        self.tickets.setdefault(request.headers["Idempotency-Key"], title)
        return web.json_response({"id": f"T-{len(self.tickets)}"})

    async def _chat(self, request: web.Request) -> web.Response:
        self.links.append((await request.json())["link"])
        return web.json_response({})


def node(name: str, kind: str, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "data": data or {}, **more}


def workflow(office: Office, account_uuid: str) -> dict[str, Any]:
    """Deliveries are verified, classified, branched, made a ticket of, approved and answered."""
    authentication = {"type": "hmac", "preset": "github", "secret": {"secret": "GITHUB"}}
    categories = [{"name": "bug", "description": "Something does not work."}, {"name": "question"}]
    asked = {"model": "mock-t3-f700", "account_uuid": account_uuid, "text": "{{ trigger.body.issue.title }}"}
    ticket = {"type": "json", "value": {"title": "{{ input.title }}"}}
    approval = {"title": "Work on {{ nodes.issue.output.title }}?", "link": True, "notify_url": f"{office.url}/chat"}
    body = {"ticket": "{{ nodes.open.output.body.id }}", "decision": "{{ nodes.approve.output.decision }}"}
    return {
        "name": "Issues",
        "status": "active",
        "nodes": [
            node("hook", "webhook_trigger", {"authentication": authentication, "response_mode": "respond_node"}),
            node("sort", "classify", {**asked, "categories": categories}),
            node("urgent", "if", {"condition": "{{ input.category == 'bug' }}"}),
            node("issue", "set", {"fields": {"title": "{{ trigger.body.issue.title }}"}}),
            node(
                "open",
                "http_request",
                {"method": "POST", "url": f"{office.url}/tickets", "body": ticket},
                retry={"max_attempts": 4, "delay_ms": 700, "jitter": False},
            ),
            node("approve", "approval", approval),
            node("answer", "respond_to_webhook", {"status": 201, "body": body}),
            node("later", "respond_to_webhook", {"status": 200, "body": {"ticket": None}}),
        ],
        "edges": [
            {"source": "hook", "target": "sort"},
            {"source": "sort", "target": "urgent", "source_handle": "bug"},
            {"source": "urgent", "target": "issue", "source_handle": "true"},
            {"source": "urgent", "target": "later", "source_handle": "false"},
            {"source": "issue", "target": "open"},
            {"source": "open", "target": "approve"},
            {"source": "approve", "target": "answer", "source_handle": "approved"},
        ],
    }


async def deliver(athena: Athena, made: dict[str, Any], title: str, delivery: str) -> httpx2.Response | None:
    """As GitHub does it; ``None`` when the server dies meanwhile."""
    body = orjson.dumps({"action": "opened", "issue": {"title": title}})
    headers = {
        "content-type": "application/json",
        "x-hub-signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
        "x-github-event": "issues",
        "x-github-delivery": delivery,
        "authorization": "",
    }
    try:
        return await athena.client.post(urlsplit(made["webhook"]["url"]).path, content=body, headers=headers)
    except LOST:
        return None


async def approve(athena: Athena, office: Office) -> None:
    """As somebody who was sent the link."""
    path = urlsplit(office.links[-1]).path
    answer = await athena.client.post(path, json={"decision": "approved"}, headers={"authorization": ""})
    assert answer.status_code == 200, answer.text


async def executions(athena: Athena, made: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    """The workflow's, the newest first."""
    path = f"/workflow-executions?workflow_uuid={made['uuid']}&with=data&{query}"
    return await athena.call("GET", path)


async def until(
    athena: Athena, made: dict[str, Any], holds: Callable[[dict[str, Any]], bool], uuid: str | None = None
) -> dict[str, Any]:
    """The newest execution, or the one of that uuid, once it is so."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while True:
            found = [each for each in await executions(athena, made) if uuid in {None, each["uuid"]}]
            if found and holds(found[0]):
                return found[0]
            await asyncio.sleep(0.02)


def is_at(name: str, *statuses: str) -> Callable[[dict[str, Any]], bool]:
    """Whether a node is in one of these states."""
    return lambda execution: execution["data"]["nodes"][name]["status"] in statuses


def states(execution: dict[str, Any]) -> Counter[str]:
    """How many nodes are in which state."""
    return Counter(each["status"] for each in execution["data"]["nodes"].values())

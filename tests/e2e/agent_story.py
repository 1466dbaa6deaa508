"""An agent of a bicycle shop, the models and the server around it, and what a user does with it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from tests.documents.files import pdf
from tests.e2e.program import Athena
from tests.runs.model_server import ModelServer, Script, saying

FILE: Final = "handbook.pdf"
PAGES: Final = (
    "The workshop is open from nine to six.\nRepairs take two days.",
    "Bicycles come back within thirty days,\nand the whole price is refunded.",
    "Gift vouchers never expire.",
)
NUMBERED: Final = re.compile(r"^\[(\d+)\] .*$", re.MULTILINE)


@dataclass(frozen=True)
class Shop:
    """The agent's uuid, and the servers of the two models that may answer for it."""

    athena: Athena
    first: ModelServer
    second: ModelServer
    agent: str

    async def begin(self, thread: str, text: str) -> str:
        """A run in the background; its uuid."""
        body = {"message": text, "background": True}
        return (await self.athena.call("POST", f"/threads/{thread}/run", body, 202))["uuid"]

    async def say(self, text: str) -> dict[str, Any]:
        """The finished run that answers in a new thread."""
        thread = await self.athena.thread(self.agent)
        return await self.athena.call("POST", f"/threads/{thread}/run", {"message": text}, 200)

    async def until(self, run: str, *statuses: str) -> dict[str, Any]:
        """The run once it is so."""
        async with asyncio.timeout(30):
            while True:
                found = await self.athena.call("GET", f"/runs/{run}")
                if found["status"] in statuses:
                    return found
                await asyncio.sleep(0.02)


async def open_shop(athena: Athena, first: ModelServer, second: ModelServer, mcp: str) -> Shop:
    """An agent with two providers, a memory, and tools: notes, and a server's, one of which asks before large sums."""
    agent = await athena.connect(first.url, "small")
    stand_in = await athena.call("GET", f"/agents/{await athena.connect(second.url, 'large')}")
    adds = {
        "name": "Till",
        "type": "mcp",
        "config": {"url": mcp, "tools": ["add"]},
        "approval_condition": "arguments.a > 10.0",
    }
    orders = {"name": "Orders", "type": "mcp", "config": {"url": mcp, "tools": ["slow"]}}
    notes = {"name": "Notes", "type": "builtin", "config": {"name": "memory_write"}}
    tools = [await athena.call("POST", "/tools", each) for each in (adds, orders, notes)]
    fields = {
        "system_prompt": "You help customers of a bicycle shop.",
        "metadata": {"max_tokens": 50},
        "tool_uuids": [each["uuid"] for each in tools],
        "memory": {"recall": True},
        "fallback_models": [{"model": "large", "account_uuid": stand_in["account_uuid"], "causes": ["rate_limit"]}],
    }
    await athena.call("PUT", f"/agents/{agent}", fields)
    return Shop(athena, first, second, agent)


async def train(shop: Shop) -> str:
    """Has the agent learn the handbook; the file's uuid."""
    files = {"file": (FILE, pdf(PAGES), "application/pdf")}
    answer = await shop.athena.client.post("/api/v1/media", files=files)
    assert answer.status_code == 201, answer.text
    media: str = answer.json()["data"]["uuid"]
    body = {"sources": [{"type": "media", "media_uuid": media}], "background": False}
    run = await shop.athena.call("POST", f"/agents/{shop.agent}/train", body, 200)
    assert run["status"] == "succeeded", run
    return media


def citing(known: str, says: str) -> Script:
    """Says something with the number under which the model was told what is ``known``; else that it does not know."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        system: str = body["messages"][0]["content"]
        numbers = [each[1] for each in NUMBERED.finditer(system) if known in each[0]]
        return await saying(f"{says} [{numbers[0]}]." if numbers else "I do not know.")(request, body)

    return answer


def results(body: dict[str, Any]) -> list[str]:
    """What a model reads of the tools' results."""
    return [each["content"] for each in body["messages"] if each["role"] == "tool"]


def cited(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Where what the answer cites is from."""
    return [each["source"] for each in run["output"]["message"]["sources"] if each["cited"]]

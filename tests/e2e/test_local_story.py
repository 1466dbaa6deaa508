"""The story of ``test_agent_story.py`` with the packaged model; ``make test-local`` runs it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from athena.local_model.catalog import MODELS
from athena.local_model.files import find_model, models_folder
from tests.documents.files import pdf
from tests.e2e.agent_story import FILE, PAGES
from tests.e2e.conftest import MakeAthena
from tests.e2e.program import ROOT, Athena
from tests.runs.model_server import ModelServer, failing
from tests.tools.foreign.mcp_process import running_server

pytestmark = pytest.mark.local_model

SIZE = "0.5b"
SECONDS = 120.0
PROMPT = (
    "You help customers of a bicycle shop. Answer from the numbered sources, and put the number of the source in "
    "brackets after each sentence, such as [1]."
)


@dataclass(frozen=True)
class Shop:
    """A program with the packaged model, and its first agent."""

    athena: Athena
    agent: str

    async def say(self, text: str) -> dict[str, Any]:
        """The run that answers in a new thread, once it has ended or waits."""
        thread = await self.athena.thread(self.agent)
        body = {"message": text, "background": True}
        run = (await self.athena.call("POST", f"/threads/{thread}/run", body, 202))["uuid"]
        return await self.until(run, "waiting", "succeeded", "failed")

    async def until(self, run: str, *statuses: str) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            while True:
                found = await self.athena.call("GET", f"/runs/{run}")
                if found["status"] in statuses:
                    return found
                await asyncio.sleep(0.1)


@pytest.fixture
async def shop(make_athena: MakeAthena) -> Shop:
    found = find_model(MODELS[SIZE], ROOT / "data")
    if found is None:
        pytest.skip("the local model is not here; `athena model fetch` gets it")
    athena = make_athena("local", ATHENA_LOCAL_MODEL=SIZE)
    models = models_folder(athena.folder / "data")
    models.mkdir(parents=True)
    os.link(found, models / found.name)
    await athena.start()
    athena.sign_in_as_first_owner()
    [agent] = await athena.call("GET", "/agents")
    return Shop(athena, agent["uuid"])


@pytest.fixture
def mcp() -> Iterator[str]:
    with running_server() as url:
        yield url


@pytest.fixture
async def busy() -> AsyncIterator[ModelServer]:
    """A provider that is over its limit."""
    server = ModelServer()
    await server.start()
    server.scripts = [failing(429, headers={"Retry-After": "60"})]
    yield server
    await server.stop()


def said(run: dict[str, Any]) -> dict[str, Any]:
    assert run["status"] == "succeeded", run["error"]
    return run["output"]["message"]


async def test_the_packaged_model_knows_acts_asks_and_remembers(shop: Shop, mcp: str, busy: ModelServer) -> None:
    await answers_with_a_citation_of_a_pdf(shop)
    await goes_on_with_edited_arguments_after_a_power_cut(shop, mcp)
    await remembers_in_a_later_thread(shop)
    await stands_in_for_a_provider_that_is_over_its_limit(shop, busy)
    await stops_at_its_budget(shop)


async def answers_with_a_citation_of_a_pdf(shop: Shop) -> None:
    files = {"file": (FILE, pdf(PAGES), "application/pdf")}
    media = (await shop.athena.client.post("/api/v1/media", files=files)).json()["data"]["uuid"]
    training = {"sources": [{"type": "media", "media_uuid": media}], "background": False}
    assert (await shop.athena.call("POST", f"/agents/{shop.agent}/train", training, 200))["status"] == "succeeded"
    fields = {"system_prompt": PROMPT, "metadata": {"temperature": 0, "max_tokens": 80}, "memory": {"recall": True}}
    await shop.athena.call("PUT", f"/agents/{shop.agent}", fields)
    message = said(await shop.say("Until when can I return a bicycle, and is the price refunded?"))
    assert "thirty days" in message["content"]
    [source] = [each["source"] for each in message["sources"] if each["cited"]]
    assert (source["uuid"], source["title"], source["location"]) == (media, FILE, "page 2")


async def goes_on_with_edited_arguments_after_a_power_cut(shop: Shop, mcp: str) -> None:
    athena = shop.athena
    adds = {"name": "Till", "type": "mcp", "config": {"url": mcp, "tools": ["add"]}, "requires_approval": True}
    tool = await athena.call("POST", "/tools", adds)
    await athena.call("PUT", f"/agents/{shop.agent}", {"tool_uuids": [tool["uuid"]]})
    run = await shop.say("Add 100 and 2 with the tool.")
    assert run["status"] == "waiting"
    athena.kill_everything()
    await athena.start()
    [open_] = await athena.call("GET", f"/approvals?run_uuid={run['uuid']}")
    assert open_["payload"] == {"name": "add", "arguments": {"a": 100, "b": 2}}
    edited = {"decision": "approved", "payload": {"name": "add", "arguments": {"a": 40, "b": 2}}}
    await athena.call("POST", f"/runs/{run['uuid']}/approve", edited, 200)
    message = said(await shop.until(run["uuid"], "succeeded", "failed"))
    assert "42" in message["content"]
    await athena.call("PUT", f"/agents/{shop.agent}", {"tool_uuids": []})


async def remembers_in_a_later_thread(shop: Shop) -> None:
    athena = shop.athena
    notes = {"name": "Notes", "type": "builtin", "config": {"name": "memory_write"}}
    tool = await athena.call("POST", "/tools", notes)
    await athena.call("PUT", f"/agents/{shop.agent}", {"tool_uuids": [tool["uuid"]]})
    told = await shop.say("Remember with the tool that my bicycle is called Rocinante.")
    said(told)
    [known] = await athena.call("GET", "/memories?scope=user")
    assert "Rocinante" in known["content"]
    await athena.call("PUT", f"/agents/{shop.agent}", {"tool_uuids": []})
    message = said(await shop.say("What is the name of my bicycle?"))
    assert "Rocinante" in message["content"]
    [source] = [each["source"] for each in message["sources"] if each["source"]["type"] == "thread"]
    assert source["uuid"] == told["thread_uuid"]


async def stands_in_for_a_provider_that_is_over_its_limit(shop: Shop, busy: ModelServer) -> None:
    athena = shop.athena
    agent = await athena.connect(busy.url, "small")
    fallback = {"model": MODELS[SIZE].name, "causes": ["rate_limit"]}
    await athena.call("PUT", f"/agents/{agent}", {"fallback_models": [fallback], "metadata": {"max_tokens": 20}})
    thread = await athena.thread(agent)
    run = await athena.call("POST", f"/threads/{thread}/run", {"message": "Say hello."}, 200)
    assert said(run)["model"] == MODELS[SIZE].name


async def stops_at_its_budget(shop: Shop) -> None:
    scope = {"scope_type": "agent", "scope_uuid": shop.agent, "period": "month"}
    await shop.athena.call("POST", "/budgets", {"name": "Shop", "limit_tokens": 10, **scope})
    run = await shop.say("When is the workshop open?")
    assert (run["status"], run["error"]["code"]) == ("failed", "budget_exhausted")

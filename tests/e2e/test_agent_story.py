"""What agents are for: they know, act, ask before they act, and go on, whatever dies or fails meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.agent_story import FILE, Shop, cited, citing, open_shop, results, train
from tests.e2e.conftest import MakeAthena
from tests.e2e.program import Follower, check_stored
from tests.runs.model_server import ModelServer, calling, failing, saying
from tests.tools.foreign.mcp_process import running_server

pytestmark = pytest.mark.durability

NAME = "My bicycle is called Rocinante."


@pytest.fixture
async def models() -> AsyncIterator[tuple[ModelServer, ModelServer]]:
    first, second = ModelServer(), ModelServer()
    await first.start()
    await second.start()
    yield first, second
    await first.stop()
    await second.stop()


@pytest.fixture
def mcp() -> Iterator[str]:
    with running_server() as url:
        yield url


async def test_an_agent_knows_acts_asks_and_remembers_whatever_dies(
    make_athena: MakeAthena, models: tuple[ModelServer, ModelServer], mcp: str
) -> None:
    athena = make_athena("agents")
    await athena.start()
    athena.sign_in_as_first_owner()
    athena.load()
    shop = await open_shop(athena, *models, mcp)
    await answers_with_a_citation_of_a_pdf(shop)
    told_in = await is_told_something(shop)
    await goes_on_with_edited_arguments_after_a_power_cut(shop)
    await remembers_in_a_later_thread(shop, told_in)
    await makes_no_call_twice_after_a_power_cut_in_it(shop)
    await is_stood_in_for_when_its_provider_is_over_its_limit(shop)
    await stops_at_its_budget(shop)


async def answers_with_a_citation_of_a_pdf(shop: Shop) -> None:
    media = await train(shop)
    shop.first.scripts = [citing("thirty days", "Within thirty days")]
    run = await shop.say("Until when can I return a bicycle, and is the price refunded?")
    assert run["output"]["message"]["content"].startswith("Within thirty days [")
    [source] = cited(run)
    assert (source["type"], source["uuid"]) == ("media", media)
    assert (source["title"], source["location"]) == (FILE, "page 2")
    assert (await shop.athena.message(run))["metadata"]["sources"] == run["output"]["message"]["sources"]


async def is_told_something(shop: Shop) -> str:
    """The thread in which it was told."""
    shop.first.scripts = [calling(("memory_write", {"content": NAME})), saying("I shall remember.")]
    run = await shop.say(f"{NAME} Keep that in mind.")
    assert run["output"]["message"]["content"] == "I shall remember."
    return run["thread_uuid"]


async def goes_on_with_edited_arguments_after_a_power_cut(shop: Shop) -> None:
    athena = shop.athena
    asked = len(shop.first.requests)
    shop.first.scripts = [calling(("add", {"a": 1, "b": 2}), ("add", {"a": 100, "b": 2})), saying("42 in all.")]
    run = await shop.begin(await athena.thread(shop.agent), "Add it up.")
    await shop.until(run, "waiting")
    athena.kill_everything()
    await athena.start()
    athena.load()
    assert (await athena.call("GET", f"/runs/{run}"))["status"] == "waiting"
    [open_] = await athena.call("GET", f"/approvals?run_uuid={run}")
    assert open_["payload"] == {"name": "add", "arguments": {"a": 100, "b": 2}}
    edited = {"decision": "approved", "payload": {"name": "add", "arguments": {"a": 40, "b": 2}}}
    await athena.call("POST", f"/runs/{run}/approve", edited, 200)
    ended = await shop.until(run, "succeeded", "failed")
    assert ended["output"]["message"]["content"] == "42 in all."
    assert results(shop.first.requests[-1]) == ["3", "42"]
    assert len(shop.first.requests) == asked + 2
    follower = Follower()
    follower.run_uuid = run
    await follower.persist(athena)
    kinds = [event.type for event in follower.events]
    assert kinds.count("approval.required") == 1
    assert kinds.count("tool_call.started") == kinds.count("tool_call.completed") == 2


async def remembers_in_a_later_thread(shop: Shop, told_in: str) -> None:
    [known] = await shop.athena.call("GET", "/memories?scope=user")
    shop.first.scripts = [citing("Rocinante", "It is called Rocinante")]
    run = await shop.say("What is my bicycle called?")
    assert run["thread_uuid"] != told_in
    assert run["output"]["message"]["content"].startswith("It is called Rocinante [")
    [source] = cited(run)
    assert source == known["source"]
    assert (source["type"], source["uuid"]) == ("thread", told_in)


async def makes_no_call_twice_after_a_power_cut_in_it(shop: Shop) -> None:
    athena = shop.athena
    asked = len(shop.first.requests)
    shop.first.scripts = [calling(("slow", {}), says="Let me see."), saying("I do not know.")]
    follower = Follower()
    thread = await athena.thread(shop.agent)
    following = asyncio.create_task(follower.begin(athena, thread, "Order it."))
    async with asyncio.timeout(30):
        while not any(event.type == "tool_call.started" for event in follower.events):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    athena.kill_everything()
    await following
    await athena.start()
    await follower.persist(athena)
    assert [event.id for event in follower.events] == list(range(1, len(follower.events) + 1))
    assert (follower.events[-1].type, follower.text()) == ("run.completed", "Let me see.\n\nI do not know.")
    assert len(shop.first.requests) == asked + 2
    [told] = results(shop.first.requests[-1])
    assert told.startswith("It is not known whether this call took effect")


async def is_stood_in_for_when_its_provider_is_over_its_limit(shop: Shop) -> None:
    shop.first.scripts = [failing(429, headers={"Retry-After": "60"})]
    shop.second.scripts = [saying("Here ", "I am.")]
    follower = Follower()
    await follower.begin(shop.athena, await shop.athena.thread(shop.agent), "Hello?")
    follower.check("Here I am.")
    await check_stored(shop.athena, follower, "Here I am.")
    [told] = [event.data for event in follower.events if event.type == "model.fallback"]
    assert (told["from"], told["to"], told["cause"]) == ("small", "large", "rate_limit")
    assert follower.events[-1].data["output"]["message"]["model"] == "large"


async def stops_at_its_budget(shop: Shop) -> None:
    athena = shop.athena
    scope = {"scope_type": "agent", "scope_uuid": shop.agent, "period": "month"}
    await athena.call("POST", "/budgets", {"name": "Shop", "limit_tokens": 5_000, **scope})
    expensive = {"prompt_tokens": 4_900, "completion_tokens": 50}
    shop.first.scripts = [calling(("add", {"a": 1, "b": 2}), usage=expensive)]
    asked = len(shop.first.requests)
    thread = await athena.thread(shop.agent)
    path = f"/api/v1/threads/{thread}/run"
    answer = await athena.client.post(path, json={"message": "Add it up."})
    assert (answer.status_code, answer.json()["code"]) == (402, "budget_exhausted"), answer.text
    assert "Shop" in answer.json()["detail"]
    assert len(shop.first.requests) == asked + 1
    *_, stopped = await athena.call("GET", f"/messages?thread_uuid={thread}&sort=created_at")
    assert [part["type"] for part in stopped["content"]] == ["tool_call", "tool_result"]
    [budget] = await athena.call("GET", "/budgets")
    assert (budget["used"]["tokens"], budget["reserved"]["tokens"]) == (4_950, 0)

"""Budgets hold what runs ask models: at their start, at each turn, and with a cheaper model past a soft limit."""

from __future__ import annotations

import asyncio

from tests.budgets.conftest import Spend, make_budget, shown, spend, spender_of
from tests.runs.conftest import Scene
from tests.runs.model_server import calling, failing, saying
from tests.tools.conftest import make

__all__ = ["spend"]

TEN = {"prompt_tokens": 6, "completion_tokens": 4}
SMALL = {"max_tokens": 20}


async def test_what_a_run_asks_counts_for_its_user_agent_and_workspace(scene: Scene) -> None:
    agent = await scene.agent(metadata=SMALL)
    scopes = {"agent": agent["uuid"], "user": str(scene.tenant.user_uuid)}
    budgets = [await make_budget(scene.tenant, limit_tokens=1_000)]
    for scope, uuid in scopes.items():
        budgets.append(await make_budget(scene.tenant, scope_type=scope, scope_uuid=uuid, limit_tokens=1_000))
    scene.model.scripts = [saying("Hi", usage=TEN)]
    answer = await scene.say(await scene.thread(agent), "Hello")
    assert answer.status_code == 200
    for budget in budgets:
        after = await shown(scene.tenant, budget)
        assert (after["used"]["tokens"], after["reserved"]["tokens"]) == (10, 0)


async def test_a_call_without_room_ends_the_run_and_asks_no_model(scene: Scene) -> None:
    budget = await make_budget(scene.tenant, name="Small", limit_tokens=15)
    answer = await scene.say(await scene.thread(await scene.agent(metadata=SMALL)), "Hello")
    assert (answer.status_code, answer.json()["code"]) == (402, "budget_exhausted")
    assert "Small" in answer.json()["detail"]
    assert scene.model.requests == []
    assert (await shown(scene.tenant, budget))["reserved"]["tokens"] == 0


async def test_nothing_begins_when_nothing_is_left(scene: Scene, spend: Spend) -> None:
    thread = await scene.thread(await scene.agent(metadata=SMALL))
    await make_budget(scene.tenant, limit_tokens=30)
    await spend(spender_of(scene.tenant), tokens=30)
    answer = await scene.say(thread, "Hello", background=True)
    assert (answer.status_code, answer.json()["code"]) == (402, "budget_exhausted")
    assert await scene.messages(thread) == []


async def test_a_run_of_several_turns_stops_at_the_budget_and_keeps_what_it_did(scene: Scene) -> None:
    tool = await make(scene.tenant)
    agent = await scene.agent(tool_uuids=[tool["uuid"]], metadata=SMALL)
    thread = await scene.thread(agent)
    await make_budget(scene.tenant, limit_tokens=260)
    scene.model.scripts = [
        calling(("sum", {"numbers": [1, 2]}), usage={"prompt_tokens": 200, "completion_tokens": 20}),
        saying("never"),
    ]
    answer = await scene.say(thread, "Add.")
    assert (answer.status_code, answer.json()["code"]) == (402, "budget_exhausted")
    assert len(scene.model.requests) == 1
    content = (await scene.messages(thread))[-1]["content"]
    assert [part["type"] for part in content] == ["tool_call", "tool_result"]


async def test_parallel_runs_never_pass_the_budget(scene: Scene) -> None:
    agent = await scene.agent(metadata=SMALL)
    budget = await make_budget(scene.tenant, limit_tokens=200)
    scene.model.scripts = [saying("Hi", usage={"prompt_tokens": 2, "completion_tokens": 18})] * 40
    path = f"/api/v1/agents/{agent['uuid']}/run"
    answers = await asyncio.gather(*(scene.tenant.post(path, {"input": "Hello"}) for _ in range(40)))
    served = [answer for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} == {200, 402}
    after = await shown(scene.tenant, budget)
    assert after["used"]["tokens"] == 20 * len(served) <= 200
    assert after["reserved"]["tokens"] == 0


async def test_past_a_soft_limit_a_cheaper_model_answers(scene: Scene, spend: Spend) -> None:
    agent = await scene.agent(metadata=SMALL)
    await make_budget(
        scene.tenant,
        limit_tokens=1_000,
        soft_limit=0.5,
        on_soft="use_model",
        model="cheap",
        account_uuid=str(scene.account),
    )
    await spend(spender_of(scene.tenant), tokens=600)
    run = (await scene.say(await scene.thread(agent), "Hello")).json()["data"]
    assert run["output"]["message"]["model"] == "cheap"
    assert scene.model.requests[0]["model"] == "cheap"
    (warned,) = [event.data for event in await scene.events_of(run["uuid"]) if event.type == "budget.warned"]
    assert warned["model"] == "cheap"


async def test_what_fails_gives_back_what_was_set_aside(scene: Scene) -> None:
    budget = await make_budget(scene.tenant, limit_tokens=1_000)
    thread = await scene.thread(await scene.agent(metadata=SMALL))
    scene.model.scripts = [failing(401)]
    await scene.say(thread, "Hello")
    assert (await shown(scene.tenant, budget))["used"]["tokens"] == 0
    scene.model.scripts = [saying("Half of it", drop=True), failing(401)]
    await scene.say(thread, "Hello?")
    after = await shown(scene.tenant, budget)
    assert after["reserved"]["tokens"] == 0

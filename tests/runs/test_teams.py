"""An agent asks the agents of its team: each in a run of its own, counted up, and never in a circle."""

from __future__ import annotations

from typing import Any

from tests.runs.conftest import Scene, check_told
from tests.runs.model_server import calling, saying
from tests.tools.conftest import make


async def child_of(scene: Scene, event: Any) -> dict[str, Any]:
    return await scene.run(event.data["details"]["run_uuid"])


async def test_an_agent_asks_two_others_at_once_and_answers_with_what_they_said(scene: Scene) -> None:
    tyres = await scene.agent(name="Tyre expert", description="Knows all about tyres.", system_prompt="Tyres only.")
    routes = await scene.agent(name="Route expert", system_prompt="Routes only.")
    lead = await scene.agent(team_uuids=[tyres["uuid"], routes["uuid"]])
    thread = await scene.thread(lead)
    scene.model.scripts = [
        calling(
            ("ask_tyre_expert", {"question": "Which tyres?"}),
            ("ask_route_expert", {"question": "Which route?"}),
            says="Let me ask.",
        ),
        saying("Wide."),
        saying("Flat."),
        saying("Wide tyres, flat route."),
    ]
    run = (await scene.say(thread, "Plan my trip.")).json()["data"]
    message = run["output"]["message"]
    assert message["content"] == "Wide tyres, flat route."
    assert [part["type"] for part in message["parts"]] == [
        "text",
        "tool_call",
        "tool_call",
        "tool_result",
        "tool_result",
        "text",
    ]
    offered = {tool["function"]["name"]: tool["function"]["description"] for tool in scene.model.requests[0]["tools"]}
    assert set(offered) == {
        "ask_tyre_expert",
        "ask_route_expert",
        "hand_over_to_tyre_expert",
        "hand_over_to_route_expert",
    }
    assert "Knows all about tyres." in offered["ask_tyre_expert"]
    told = await scene.events_of(run["uuid"])
    check_told(told, run["uuid"])
    done = [event for event in told if event.type == "tool_call.completed"]
    children = [await child_of(scene, event) for event in done]
    assert {child["agent_uuid"] for child in children} == {tyres["uuid"], routes["uuid"]}
    assert {event.data["usage"]["input_tokens"] for event in done} == {7}
    stored = (await scene.messages(thread))[-1]
    assert stored["content"] == message["parts"]
    assert run["usage"]["input_tokens"] == 11 + 7


async def test_the_next_turn_of_the_thread_has_the_calls_and_their_results(scene: Scene) -> None:
    helper = await scene.agent(name="Helper")
    thread = await scene.thread(await scene.agent(team_uuids=[helper["uuid"]]))
    scene.model.scripts = [calling(("ask_helper", {"question": "What?"}), says="One moment.")]
    scene.model.scripts += [saying("This."), saying("It is this."), saying("Glad to help.")]
    await scene.say(thread, "What is it?")
    await scene.say(thread, "Thanks!")
    said = scene.model.requests[-1]["messages"]
    assert [message["role"] for message in said] == ["user", "assistant", "tool", "assistant", "user"]
    assert said[1]["tool_calls"][0]["function"]["name"] == "ask_helper"
    assert (said[2]["content"], said[3]["content"]) == ("This.", "It is this.")


async def test_agents_do_not_ask_in_a_circle(scene: Scene) -> None:
    first, second = await scene.agent(name="First"), await scene.agent(name="Second")
    for one, other in ((first, second), (second, first)):
        await scene.tenant.put(f"/api/v1/agents/{one['uuid']}", {"team_uuids": [other["uuid"]]})
    scene.model.scripts = [
        calling(("ask_second", {"question": "You?"})),
        calling(("ask_first", {"question": "No, you?"})),
        saying("I could not ask."),
        saying("Nobody knows."),
    ]
    answer = await scene.tenant.post(f"/api/v1/agents/{first['uuid']}/run", {"input": "Who knows?"})
    assert answer.json()["data"]["output"]["message"]["content"] == "Nobody knows."
    result = scene.model.requests[2]["messages"][-1]
    assert (result["role"], "asked already" in result["content"]) == ("tool", True)


async def test_an_agent_that_fails_is_a_result_and_no_end(scene: Scene) -> None:
    helper = await scene.agent(name="Helper", model="unknown-model", account_uuid=None)
    lead = await scene.agent(team_uuids=[helper["uuid"]])
    scene.model.scripts = [
        calling(("ask_helper", {"question": "What?"}), ("ask_helper", "no JSON"), ("ask_nobody", {})),
        saying("Sorry."),
    ]
    answer = await scene.tenant.post(f"/api/v1/agents/{lead['uuid']}/run", {"input": "What?"})
    assert answer.json()["data"]["output"]["message"]["content"] == "Sorry."
    results = [message["content"] for message in scene.model.requests[-1]["messages"] if message["role"] == "tool"]
    assert "unknown-model" in results[0]
    assert "no valid JSON" in results[1]
    assert "There is no such function" in results[2]
    assert "ask_helper" in results[2]


async def test_a_run_makes_no_more_calls_and_turns_than_it_may(scene: Scene) -> None:
    helper = await scene.agent(name="Helper")
    lead = await scene.agent(team_uuids=[helper["uuid"]], limits={"tool_calls": 2, "turns": 3})
    ask = ("ask_helper", {"question": "What?"})
    scene.model.scripts = [calling(ask, ask, ask, ids=["", "same", "same"]), saying("a"), saying("b"), saying("End.")]
    answer = await scene.tenant.post(f"/api/v1/agents/{lead['uuid']}/run", {"input": "What?"})
    message = answer.json()["data"]["output"]["message"]
    assert message["content"] == "End."
    ids = [part["id"] for part in message["parts"] if part["type"] == "tool_call"]
    assert len(set(ids)) == 3
    assert scene.model.requests[-1]["tool_choice"] == "none"
    results = [part for part in message["parts"] if part["type"] == "tool_result"]
    assert [part.get("is_error", False) for part in results] == [False, False, True]
    assert "may not call any more" in results[2]["content"]


async def test_an_agent_hands_over_to_another_who_answers_in_the_same_run(scene: Scene) -> None:
    own = await make(scene.tenant)
    expert = await scene.agent(
        name="Expert", model="large", system_prompt="You add.", tool_uuids=[own["uuid"]], metadata={"temperature": 0.5}
    )
    thread = await scene.thread(await scene.agent(team_uuids=[expert["uuid"]], system_prompt="You hand over."))
    scene.model.scripts = [
        calling(("hand_over_to_expert", {}), says="Let me pass you on."),
        calling(("sum", {"numbers": [1, 2]})),
        saying("Three."),
    ]
    run = (await scene.say(thread, "Add one and two.")).json()["data"]
    assert run["output"]["message"]["content"] == "Three."
    assert run["output"]["message"]["model"] == "large"
    second = scene.model.requests[1]
    assert (second["model"], second["temperature"]) == ("large", 0.5)
    assert second["messages"][0] == {"role": "system", "content": "You add."}
    assert [each["function"]["name"] for each in second["tools"]] == ["sum"]
    (handed,) = [e.data for e in await scene.events_of(run["uuid"]) if e.type == "agent.handed_over"]
    assert (handed["agent_uuid"], handed["name"]) == (expert["uuid"], "Expert")
    stored = (await scene.messages(thread))[-1]
    assert stored["metadata"]["answered_by"] == expert["uuid"]
    assert stored["usage"]["input_tokens"] == 11 + 11 + 7

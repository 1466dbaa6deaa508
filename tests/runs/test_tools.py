"""An agent uses its tools: side by side, within its limits, and never more than it was given."""

from __future__ import annotations

from typing import Any

from tests.runs.conftest import Scene, check_told
from tests.runs.model_server import calling, saying
from tests.tools.conftest import make

ADD = ("sum", {"numbers": [1, 2, 3.5]})


async def with_tools(scene: Scene, *tools: dict[str, Any], **fields: Any) -> str:
    agent = await scene.agent(tool_uuids=[tool["uuid"] for tool in tools], **fields)
    return await scene.thread(agent)


def results(scene: Scene) -> list[str]:
    """What the tools answered, as the model was told last."""
    return [message["content"] for message in scene.model.requests[-1]["messages"] if message["role"] == "tool"]


async def test_a_tool_is_called_and_its_result_is_answered_with(scene: Scene) -> None:
    tool = await make(scene.tenant)
    thread = await with_tools(scene, tool)
    scene.model.scripts = [calling(ADD), saying("6.5 in all.")]
    run = (await scene.say(thread, "Add them up.")).json()["data"]
    assert run["output"]["message"]["content"] == "6.5 in all."
    assert results(scene) == ["6.5"]
    offered = scene.model.requests[0]["tools"]
    assert [each["function"]["name"] for each in offered] == ["sum"]
    assert offered[0]["function"]["parameters"]["required"] == ["numbers"]
    told = await scene.events_of(run["uuid"])
    check_told(told, run["uuid"])
    kinds = [event.type for event in told]
    assert kinds == [
        "run.started",
        "message.started",
        "model_call.completed",
        "tool_call.started",
        "tool_call.completed",
        "model_call.started",
        "message.delta",
        "message.completed",
        "run.completed",
    ]
    started, completed = told[3].data, told[4].data
    assert (started["name"], started["tool_uuid"], started["function"]) == ("sum", tool["uuid"], "sum")
    assert started["tool_call_id"] == completed["tool_call_id"]
    assert (completed["content"], completed["is_error"]) == ("6.5", False)


async def test_the_three_ways_give_the_same(scene: Scene) -> None:
    tool = await make(scene.tenant)
    thread = await with_tools(scene, tool)
    contents: list[Any] = []
    for way in ("finished", "background", "stream"):
        scene.model.scripts = [calling(ADD, says="One moment."), saying("6.5.")]
        if way == "stream":
            path = f"/api/v1/threads/{thread}/run"
            told = await scene.stream("POST", path, {"message": "Add.", "stream": True})
            contents.append(told[-1].data["output"]["message"]["parts"])
        elif way == "background":
            run = await scene.ended((await scene.begin(thread, "Add."))["uuid"])
            contents.append(run["output"]["message"]["parts"])
        else:
            contents.append((await scene.say(thread, "Add.")).json()["data"]["output"]["message"]["parts"])
    assert contents[0] == contents[1] == contents[2]
    assert [part["type"] for part in contents[0]] == ["text", "tool_call", "tool_result", "text"]


async def test_several_calls_of_a_turn_run_side_by_side_and_failures_are_results(scene: Scene) -> None:
    tools = [await make(scene.tenant), await make(scene.tenant, name="Fail", config={"code": "1 / 0"})]
    thread = await with_tools(scene, *tools)
    wrong = ("sum", {"numbers": "many"})
    scene.model.scripts = [calling(ADD, ("fail", {"numbers": []}), wrong, ("sum", "{not JSON")), saying("Done.")]
    message = (await scene.say(thread, "Go.")).json()["data"]["output"]["message"]
    found = results(scene)
    assert found[0] == "6.5"
    assert "ZeroDivisionError" in found[1]
    assert "do not fit" in found[2]
    assert "no valid JSON" in found[3]
    parts = [part for part in message["parts"] if part["type"] == "tool_result"]
    assert [part.get("is_error", False) for part in parts] == [False, True, True, True]


async def test_ten_thousand_calls_at_once_come_to_as_many_as_the_agent_may(scene: Scene) -> None:
    tool = await make(scene.tenant)
    thread = await with_tools(scene, tool, limits={"tool_calls": 5})
    scene.model.scripts = [calling(*[ADD] * 10_000), saying("That is all.")]
    run = (await scene.say(thread, "Go.")).json()["data"]
    assert run["output"]["message"]["content"] == "That is all."
    told = await scene.events_of(run["uuid"])
    assert len([event for event in told if event.type == "tool_call.started"]) == 5
    assert len(results(scene)) == 128
    assert scene.model.requests[-1]["tool_choice"] == "none"


async def test_what_a_run_may_spend_ends_it(scene: Scene) -> None:
    tool = await make(scene.tenant)
    thread = await with_tools(scene, tool, limits={"tokens": 16})
    scene.model.scripts = [calling(ADD), saying("never asked")]
    answer = await scene.say(thread, "Go.")
    assert (answer.status_code, answer.json()["code"]) == (402, "limit_reached")
    assert len(scene.model.requests) == 1
    message = (await scene.messages(thread))[-1]
    assert (message["status"], message["error"]["code"]) == ("failed", "limit_reached")
    assert [part["type"] for part in message["content"]] == ["tool_call", "tool_result"]


async def test_a_tool_that_is_deleted_is_not_offered_any_more(scene: Scene) -> None:
    tool, other = await make(scene.tenant), await make(scene.tenant, name="Other")
    thread = await with_tools(scene, tool, other)
    await scene.tenant.delete(f"/api/v1/tools/{tool['uuid']}")
    scene.model.scripts = [calling(ADD), saying("No such tool.")]
    await scene.say(thread, "Go.")
    assert "There is no such function" in results(scene)[0]
    assert [each["function"]["name"] for each in scene.model.requests[0]["tools"]] == ["other"]


async def test_an_agent_can_be_a_tool(scene: Scene) -> None:
    helper = await scene.agent(name="Helper")
    tool = await make(scene.tenant, "agent", name="Ask the expert", config={"agent_uuid": helper["uuid"]})
    thread = await with_tools(scene, tool)
    scene.model.scripts = [calling(("ask_the_expert", {"question": "Why?"})), saying("Because."), saying("Because so.")]
    run = (await scene.say(thread, "Why?")).json()["data"]
    (done,) = [e for e in await scene.events_of(run["uuid"]) if e.type == "tool_call.completed"]
    assert (await scene.run(done.data["details"]["run_uuid"]))["agent_uuid"] == helper["uuid"]
    tried = await scene.tenant.post(f"/api/v1/tools/{tool['uuid']}/call", {"arguments": {"question": "Who?"}})
    assert tried.json()["data"]["content"].startswith("Answer ")

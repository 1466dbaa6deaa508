"""What an agent is asked, says, calls and reads passes its guardrails, in each way of running."""

from __future__ import annotations

from typing import Any

import pytest

from tests.runs.conftest import Scene, check_told, text_of
from tests.runs.model_server import calling, saying
from tests.tools.conftest import make


async def guarded(scene: Scene, *stages: str, tools: bool = False, **fields: Any) -> str:
    """A thread with an agent that a guardrail watches."""
    body = {"name": "Fruit", "type": "pattern", "config": {"words": ["grape"]}, "stages": list(stages), **fields}
    answer = await scene.tenant.post("/api/v1/guardrails", body)
    assert answer.status_code == 201, answer.text
    guardrails = [answer.json()["data"]["uuid"]]
    own: dict[str, Any] = {"tool_uuids": [(await make(scene.tenant, **ECHO))["uuid"]]} if tools else {}
    return await scene.thread(await scene.agent(guardrail_uuids=guardrails, **own))


ECHO: dict[str, Any] = {
    "name": "Echo",
    "config": {"code": "result = text + ' grape'"},
    "parameters": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}


async def test_what_is_asked_may_be_masked_before_a_model_sees_it(scene: Scene) -> None:
    thread = await guarded(scene, "input", action="mask")
    run = (await scene.say(thread, "Is a grape a berry?")).json()["data"]
    asked = scene.model.asked[-1][1]
    assert "grape" not in asked
    assert asked.endswith(" a berry?")
    assert (await scene.messages(thread))[0]["content"] == "Is a grape a berry?"
    (decided,) = [event.data for event in await scene.events_of(run["uuid"]) if event.type == "guardrail.decided"]
    assert (decided["stage"], decided["outcome"]) == ("input", "masked")
    assert "grape" not in decided["reason"]


async def test_what_is_asked_may_be_refused_without_asking_a_model(scene: Scene) -> None:
    thread = await guarded(scene, "input", action="refuse", message="Let us not speak of this.")
    message = (await scene.say(thread, "Is a grape a berry?")).json()["data"]["output"]["message"]
    assert (message["content"], message["finish_reason"]) == ("Let us not speak of this.", "content_filter")
    assert scene.model.requests == []
    assert await scene.said(thread) == [
        ("user", "Is a grape a berry?", "completed"),
        ("assistant", "Let us not speak of this.", "completed"),
    ]


async def test_what_is_said_is_masked_before_it_is_streamed(scene: Scene) -> None:
    thread = await guarded(scene, "output", action="mask")
    scene.model.scripts = [saying("A gr", "ape", " is a ber", "ry.")]
    path = f"/api/v1/threads/{thread}/run"
    told = await scene.stream("POST", path, {"message": "What is it?", "stream": True})
    check_told(told, told[0].data["run_uuid"])
    final = told[-1].data["output"]["message"]["content"]
    assert text_of(told) == final
    assert "grape" not in final
    assert final.endswith(" is a berry.")
    assert "grape" not in str([event.data for event in told])
    assert (await scene.messages(thread))[-1]["content"] == final


async def test_what_is_said_is_refused_in_the_middle_and_replaced(scene: Scene) -> None:
    thread = await guarded(scene, "output", action="refuse", message="I must not say that.")
    scene.model.scripts = [saying("This long sentence begins well, goes on for a while, and then a gr", "ape comes.")]
    path = f"/api/v1/threads/{thread}/run"
    told = await scene.stream("POST", path, {"message": "What is it?", "stream": True})
    assert text_of(told) == "I must not say that."
    message = told[-1].data["output"]["message"]
    assert (message["content"], message["finish_reason"]) == ("I must not say that.", "content_filter")
    assert message["usage"]["output_tokens"] > 0


@pytest.mark.parametrize("action", ["mask", "refuse"])
async def test_arguments_and_results_of_tools_pass_as_well(scene: Scene, action: str) -> None:
    thread = await guarded(scene, "tool_call", "tool_result", tools=True, action=action, message="No fruit.")
    scene.model.scripts = [calling(("echo", {"text": "a grape"}), ("echo", {"text": "a plum"})), saying("Done.")]
    run = (await scene.say(thread, "Go.")).json()["data"]
    found = [m["content"] for m in scene.model.requests[-1]["messages"] if m["role"] == "tool"]
    assert not any("grape" in content for content in found)
    if action == "refuse":
        assert found == ["Not called: No fruit.", "Withheld: No fruit."]
    else:
        assert found[1].startswith("a plum ")
    decided = [
        event.data["outcome"] for event in await scene.events_of(run["uuid"]) if event.type == "guardrail.decided"
    ]
    assert ("masked" if action == "mask" else "refused") in decided


async def test_in_the_shadow_nothing_changes_but_it_is_told(scene: Scene) -> None:
    thread = await guarded(scene, "input", "output", action="refuse", shadow=True)
    scene.model.scripts = [saying("A grape.")]
    run = (await scene.say(thread, "A grape?")).json()["data"]
    assert run["output"]["message"]["content"] == "A grape."
    decided = [event.data for event in await scene.events_of(run["uuid"]) if event.type == "guardrail.decided"]
    assert [(each["stage"], each["outcome"]) for each in decided] == [("input", "shadow"), ("output", "shadow")]


async def test_what_judging_took_is_counted_although_the_run_was_begun_anew(scene: Scene) -> None:
    config = {"policy": "Be kind.", "model": "small", "account_uuid": str(scene.account)}
    judged = ["input", "tool_call", "tool_result"]
    body = {"name": "Kind", "type": "model", "config": config, "stages": judged, "action": "refuse"}
    guardrail = (await scene.tenant.post("/api/v1/guardrails", body)).json()["data"]
    tool = await make(scene.tenant, **ECHO, requires_approval=True)
    thread = await scene.thread(await scene.agent(guardrail_uuids=[guardrail["uuid"]], tool_uuids=[tool["uuid"]]))
    took = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    fine, call = saying('{"allowed": true}', usage=took), calling(("echo", {"text": "a"}))
    scene.model.scripts = [fine, call, fine, fine, call, fine, fine, saying("Done.")]
    run = (await scene.begin(thread, "Say it."))["uuid"]
    for _ in range(2):
        asked: list[Any] = []
        while not asked:
            listed = (await scene.tenant.get(f"/api/v1/approvals?run_uuid={run}")).json()["data"]
            asked = [each["uuid"] for each in listed if each["status"] == "open"]
        # Whoever goes on after a decision has nothing but what is stored, as after a crash.
        answer = await scene.tenant.post(f"/api/v1/approvals/{asked[0]}/answer", {"decision": "approved"})
        assert answer.status_code == 200, answer.text
    message = (await scene.ended(run))["output"]["message"]
    assert message["content"] == "Done."
    assert len(scene.model.requests) == 8
    assert message["usage"]["input_tokens"] == 2 * 11 + 7 + 5 * 100
    assert message["usage"]["output_tokens"] == 2 * 5 + 3 + 5 * 20

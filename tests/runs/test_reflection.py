"""An agent that reflects plans first, looks at its answer, and makes it anew, in as many rounds as it may."""

from __future__ import annotations

import json
from typing import Any

from tests.runs.conftest import Scene, check_told, text_of
from tests.runs.model_server import failing, saying

PLAN = json.dumps({"understanding": "They want a number.", "steps": ["Count", "Answer"]})


def verdict(*problems: str) -> Any:
    return saying(json.dumps({"good": not problems, "problems": list(problems)}))


async def ask(scene: Scene, *scripts: Any, rounds: int = 1) -> list[Any]:
    thread = await scene.thread(await scene.agent(reflection={"rounds": rounds}))
    scene.model.scripts = list(scripts)
    path = f"/api/v1/threads/{thread}/run"
    told = await scene.stream("POST", path, {"message": "How many?", "stream": True})
    check_told(told, told[0].data["run_uuid"])
    return told


async def test_the_plan_is_followed_and_a_good_answer_counts(scene: Scene) -> None:
    told = await ask(scene, saying(PLAN), saying("Three."), verdict())
    assert text_of(told) == told[-1].data["output"]["message"]["content"] == "Three."
    planned = next(event.data for event in told if event.type == "reflection.planned")
    assert planned["steps"] == ["Count", "Answer"]
    assert "1. Count" in scene.model.requests[1]["messages"][0]["content"]
    assert "Three." in scene.model.requests[2]["messages"][-1]["content"]
    verified = next(event.data for event in told if event.type == "reflection.verified")
    assert verified["good"] is True
    spent = [event.data["usage"]["input_tokens"] for event in told if event.type.startswith("reflection.")]
    assert told[-1].data["usage"]["input_tokens"] == 7 + sum(spent)


async def test_a_draft_with_problems_is_void_and_made_anew(scene: Scene) -> None:
    told = await ask(scene, saying(PLAN), saying("Two."), verdict("It is three."), saying("Three."))
    assert text_of(told) == "Three."
    assert "message.restarted" in [event.type for event in told]
    assert "It is three." in scene.model.requests[-1]["messages"][-1]["content"]
    assert len(scene.model.requests) == 4


async def test_there_are_as_many_rounds_as_it_may_have(scene: Scene) -> None:
    scripts = [saying(PLAN)]
    for number in range(3):
        scripts += [saying(f"Try {number}."), verdict("No.")]
    told = await ask(scene, *scripts, rounds=2)
    assert text_of(told) == "Try 2."
    assert len(scene.model.requests) == 6


async def test_a_thought_that_fails_keeps_nobody_from_answering(scene: Scene) -> None:
    told = await ask(scene, failing(400), saying("Three."), saying("what?"), saying("still no JSON"))
    assert text_of(told) == "Three."
    assert [event.type for event in told].count("reflection.failed") == 2

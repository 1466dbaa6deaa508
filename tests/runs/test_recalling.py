"""An agent is told what fits the conversation, cites it, and its message says what it used."""

from __future__ import annotations

from tests.runs.conftest import Scene
from tests.runs.model_server import saying


async def test_what_was_learned_is_told_and_what_is_cited_is_marked(scene: Scene) -> None:
    for content in ("Order 4711 was sent on Monday.", "The shop opens at nine."):
        answer = await scene.tenant.post("/api/v1/memories", {"content": content, "kind": "fact"})
        assert answer.status_code == 201, answer.text
    thread = await scene.thread(await scene.agent(system_prompt="Be brief.", memory={"recall": True, "limit": 2}))
    scene.model.scripts = [saying("It was sent on Monday [1].")]
    run = (await scene.say(thread, "When was order 4711 sent?")).json()["data"]
    system = scene.model.asked[0][1]
    assert system.startswith("Be brief.\n\nWhat is known from earlier")
    assert "[1] (fact) Order 4711 was sent on Monday." in system
    sources = run["output"]["message"]["sources"]
    assert [source["cited"] for source in sources][:1] == [True]
    assert all(not source["cited"] for source in sources[1:])
    memory = (await scene.tenant.get(f"/api/v1/memories/{sources[0]['memory_uuid']}")).json()["data"]
    assert memory["content"] == "Order 4711 was sent on Monday."
    assert (await scene.messages(thread))[-1]["metadata"]["sources"] == sources
    told = [event for event in await scene.events_of(run["uuid"]) if event.type == "memory.recalled"]
    assert [each["memory_uuid"] for each in told[0].data["memories"]] == [each["memory_uuid"] for each in sources]


async def test_nothing_is_looked_for_unless_the_agent_recalls(scene: Scene) -> None:
    await scene.tenant.post("/api/v1/memories", {"content": "Order 4711 was sent on Monday.", "kind": "fact"})
    thread = await scene.thread(await scene.agent())
    run = (await scene.say(thread, "When was order 4711 sent?")).json()["data"]
    assert "4711 was sent" not in str(scene.model.asked)
    assert "sources" not in run["output"]["message"]

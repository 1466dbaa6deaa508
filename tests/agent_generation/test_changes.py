"""A model changes an agent that there is, as it is told to; the changed one is tried before it is answered or kept."""

from __future__ import annotations

from typing import Any

import orjson

from tests.agent_generation.test_generate import DRAFT, GOOD, Json, generate, script
from tests.conftest import MakeTenant
from tests.runs.conftest import Scene
from tests.tools.conftest import make

AGENT: Json = {
    "name": "Reifen",
    "description": "Berät.",
    "model": "small",
    "system_prompt": "Du berätst Kunden bei Reifen.\nAntworte lang.",
    "metadata": {"temperature": 0.9, "team": "shop"},
    "limits": {"turns": 3},
}
CHANGED: Json = {key: value for key, value in DRAFT.items() if key != "temperature"} | {
    "instructions": "Du berätst Kunden bei Reifen.\nAntworte in einem Satz, und freundlich."
}


async def existing(scene: Scene, **more: Any) -> Json:
    body = {**AGENT, "account_uuid": str(scene.account), **more}
    answer = await scene.tenant.post("/api/v1/agents", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def change(scene: Scene, agent: Json, **more: Any) -> Any:
    body = {"description": "Antworte kurz.", "agent_uuid": agent["uuid"], **more}
    return await scene.tenant.post("/api/v1/agents/generate", body)


async def test_a_change_is_shown_without_being_kept(scene: Scene) -> None:
    agent = await existing(scene)
    script(scene, CHANGED, "Ein Gravelreifen.", GOOD)
    answer = await change(scene, agent)
    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]
    assert (made["uuid"], made["version"], made["name"]) == (agent["uuid"], 1, "Reifen")
    assert made["system_prompt"] == CHANGED["instructions"]
    assert made["metadata"]["temperature"] == 0.9
    told = made["generation"]
    assert [each["path"] for each in told["changes"]] == ["system_prompt", "metadata.conversation_starters"]
    assert "-Antworte lang." in told["changes"][0]["lines"]
    assert told["summary"][0].startswith("system_prompt: from Du berätst")
    assert (await scene.tenant.get(f"/api/v1/agents/{agent['uuid']}")).json()["data"] == agent


async def test_the_model_is_told_of_the_agent_and_its_tools(scene: Scene) -> None:
    tool = await make(scene.tenant, enabled=False)
    agent = await existing(scene, tool_uuids=[tool["uuid"]])
    script(scene, {**CHANGED, "tools": ["tool_1"]}, "Ein Gravelreifen.", GOOD)
    answer = await change(scene, agent)
    assert answer.json()["data"]["tool_uuids"] == [tool["uuid"]]
    asked = scene.model.requests[0]["messages"][1]["content"]
    told = orjson.loads(asked.split("\n")[1])
    assert told["instructions"] == AGENT["system_prompt"]
    assert (told["tools"], told["temperature"]) == (["tool_1"], 0.9)
    assert asked.endswith("Antworte kurz.")


async def test_a_saved_change_is_a_new_version(scene: Scene) -> None:
    agent = await existing(scene)
    script(scene, {**CHANGED, "temperature": None}, "Ein Gravelreifen.", GOOD)
    answer = await change(scene, agent, save=True)
    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]
    kept = (await scene.tenant.get(f"/api/v1/agents/{agent['uuid']}")).json()["data"]
    assert {name: made[name] for name in kept} == kept
    assert (kept["version"], kept["name"], kept["model"]) == (2, "Reifen", "small")
    assert (kept["metadata"]["temperature"], kept["metadata"]["team"]) == (None, "shop")
    assert kept["limits"] == agent["limits"]
    path = f"/api/v1/agents/{agent['uuid']}/versions/2/changes?since=1"
    compared = (await scene.tenant.get(path)).json()["data"]
    told = made["generation"]
    assert (told["changes"], told["summary"]) == (compared["changes"], compared["summary"])


async def test_what_was_changed_meanwhile_is_not_overwritten(scene: Scene) -> None:
    agent = await existing(scene)
    body = {"description": "Antworte kurz.", "agent_uuid": agent["uuid"], "save": True}
    answer = await scene.tenant.post("/api/v1/agents/generate", body, headers={"If-Match": '"7"'})
    assert answer.status_code == 412
    assert scene.model.requests == []


async def test_a_bad_change_is_not_kept(scene: Scene) -> None:
    agent = await existing(scene)
    script(scene, {**CHANGED, "tools": ["tool_9"]})
    answer = await change(scene, agent, save=True, max_repairs=0)
    assert (answer.status_code, answer.json()["code"]) == (502, "invalid_agent")
    assert (await scene.tenant.get(f"/api/v1/agents/{agent['uuid']}")).json()["data"] == agent


async def test_who_may_not_change_agents_may_not_save_a_change(scene: Scene, make_tenant: MakeTenant) -> None:
    agent = await existing(scene)
    missing = await generate(scene, agent_uuid="01a20ef0-9569-7e1c-9a3c-42375a60599f")
    assert missing.status_code == 404
    for scopes, save, needed in (
        (["agents.generate", "agents.create"], True, "agents.update"),
        (["agents.generate"], False, "agents.view"),
    ):
        narrow = await make_tenant(scopes=scopes)
        body = {"description": "x", "agent_uuid": agent["uuid"], "save": save}
        answer = await narrow.post("/api/v1/agents/generate", body)
        assert answer.status_code == 403
        assert needed in answer.json()["detail"]

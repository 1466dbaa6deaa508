"""A model drafts agents, which are tried before they are answered; what is wrong goes back to it, up to a limit."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from aiohttp import web

from athena.agent_generation import service
from athena.agent_generation.schemas import GeneratedAgent
from athena.agents.schemas import Agent
from athena.agents.service import RELATIONS
from tests.conftest import MakeTenant, Tenant
from tests.runs.conftest import Scene
from tests.runs.model_server import failing, saying
from tests.tools.conftest import make

PATH = "/api/v1/agents/generate"
Json = dict[str, Any]

DRAFT: Json = {
    "name": "Reifenberater",
    "description": "Findet den richtigen Reifen.",
    "instructions": "Du berätst Kunden eines Fahrradladens bei Reifen. Antworte freundlich und kurz.",
    "temperature": 0.3,
    "tools": [],
    "conversation_starters": ["Welcher Reifen für Schotter?", "Was ist tubeless?", "Was ist tubeless?"],
    "test_message": "Welcher Reifen passt auf Schotter?",
}
GOOD = {"sensible": True, "assessment": "It names a fitting tyre."}
BAD = {"sensible": False, "assessment": "It answers in English.", "problems": ["Have it answer in German."]}


def script(scene: Scene, *answers: Json | str) -> None:
    scene.model.scripts += [saying(each if isinstance(each, str) else orjson.dumps(each).decode()) for each in answers]


async def generate(scene: Scene, **more: Any) -> Any:
    body = {"description": "Berät bei Reifen.", "model": "small", "account_uuid": str(scene.account), **more}
    return await scene.tenant.post(PATH, body)


async def agents(tenant: Tenant) -> int:
    return (await tenant.get("/api/v1/agents")).json()["meta"]["total"]


async def test_an_agent_is_drafted_tried_and_answered_without_being_kept(scene: Scene) -> None:
    script(scene, DRAFT, "Ein Gravelreifen, 40 mm breit.", GOOD)
    answer = await generate(scene)
    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]
    assert (made["uuid"], made["name"], made["model"]) == (None, "Reifenberater", "small")
    assert made["system_prompt"] == DRAFT["instructions"]
    assert made["metadata"]["temperature"] == 0.3
    assert made["metadata"]["conversation_starters"] == "Welcher Reifen für Schotter?\nWas ist tubeless?"
    told = made["generation"]
    assert told["conversation_starters"] == ["Welcher Reifen für Schotter?", "Was ist tubeless?"]
    assert told["test_conversation"] == [
        {"role": "user", "content": "Welcher Reifen passt auf Schotter?"},
        {"role": "assistant", "content": "Ein Gravelreifen, 40 mm breit."},
    ]
    assert (told["repairs"], told["assessment"]) == (0, "It names a fitting tyre.")
    assert told["usage"] == {"input_tokens": 21, "output_tokens": 9, "cost": 0.0}
    assert await agents(scene.tenant) == 0
    drafting, trying, judging = scene.model.requests
    assert drafting["messages"][1]["content"] == "Berät bei Reifen."
    assert trying["messages"] == [
        {"role": "system", "content": DRAFT["instructions"]},
        {"role": "user", "content": "Welcher Reifen passt auf Schotter?"},
    ]
    assert "Ein Gravelreifen" in judging["messages"][1]["content"]


async def test_a_saved_agent_can_be_used(scene: Scene) -> None:
    script(scene, DRAFT, "Ein Gravelreifen.", GOOD)
    answer = await generate(scene, save=True)
    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    kept = (await scene.tenant.get(answer.headers["location"])).json()["data"]
    assert {name: made[name] for name in kept} == kept
    ran = await scene.tenant.post(f"{answer.headers['location']}/run", {"input": "Hallo"})
    assert ran.status_code == 200, ran.text


async def test_tools_of_the_workspace_are_chosen_and_only_rehearsed(scene: Scene) -> None:
    tool = await make(scene.tenant)
    await make(scene.tenant, name="Off", enabled=False)

    async def calling(_request: web.Request, _body: Json) -> web.StreamResponse:
        call = {"id": "c1", "type": "function", "function": {"name": "sum", "arguments": '{"numbers": [1, 2]}'}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return web.json_response({"id": "c1", "choices": [choice]})

    script(scene, {**DRAFT, "tools": ["tool_1"]})
    scene.model.scripts.append(calling)
    script(scene, "Drei.", GOOD)
    answer = await generate(scene)
    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]
    assert made["tool_uuids"] == [tool["uuid"]]
    drafting, trying, going_on, _ = scene.model.requests
    assert "- tool_1: Sum (sum): Adds." in drafting["messages"][0]["content"]
    assert "Off" not in drafting["messages"][0]["content"]
    assert [each["function"]["name"] for each in trying["tools"]] == ["sum"]
    assert "rehearsal" in going_on["messages"][-1]["content"]
    said = [each["content"] for each in made["generation"]["test_conversation"]]
    assert said == [DRAFT["test_message"], '[calls sum with {"numbers": [1, 2]}]', "Drei."]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("I would make an agent.", "It is no JSON"),
        ({key: value for key, value in DRAFT.items() if key != "instructions"}, "instructions"),
        ({**DRAFT, "conversation_starters": ["One?"]}, "conversation_starters"),
        ({**DRAFT, "tools": ["tool_7"]}, "there is no tool tool_7"),
        ({**DRAFT, "name": "   "}, "name"),
    ],
)
async def test_what_is_wrong_with_a_draft_is_shown_to_the_model(scene: Scene, wrong: Json | str, told: str) -> None:
    script(scene, wrong, DRAFT, "Ein Gravelreifen.", GOOD)
    answer = await generate(scene)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["generation"]["repairs"] == 1
    assert told in scene.model.requests[1]["messages"][-1]["content"]


async def test_an_agent_that_answers_badly_is_drafted_anew(scene: Scene) -> None:
    script(scene, DRAFT, "A gravel tyre.", BAD, DRAFT, "Ein Gravelreifen.", GOOD)
    answer = await generate(scene)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["generation"]["repairs"] == 1
    shown = scene.model.requests[3]["messages"][-1]["content"]
    assert "A gravel tyre." in shown
    assert "Have it answer in German." in shown


async def test_what_the_model_cannot_mend_is_not_answered(scene: Scene) -> None:
    script(scene, *[DRAFT, "A gravel tyre.", BAD] * 2)
    answer = await generate(scene, max_repairs=1, save=True)
    assert (answer.status_code, answer.json()["code"]) == (502, "invalid_agent")
    assert len(scene.model.requests) == 6
    assert await agents(scene.tenant) == 0


async def test_it_ends_when_too_much_was_used(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "ALL_TOKENS", 15)
    script(scene, DRAFT, "Ein Gravelreifen.", GOOD)
    answer = await generate(scene)
    assert (answer.status_code, answer.json()["code"]) == (502, "invalid_agent")
    assert len(scene.model.requests) == 2


@pytest.mark.parametrize("before", [0, 1, 2])
async def test_a_model_that_fails_is_told(scene: Scene, before: int) -> None:
    script(scene, *[DRAFT, "Ein Gravelreifen."][:before])
    scene.model.scripts.append(failing(401))
    answer = await generate(scene, save=True)
    assert (answer.status_code, answer.json()["code"]) == (502, "authentication")
    assert await agents(scene.tenant) == 0


async def test_it_ends_in_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SECONDS", 0.0)
    script(scene, DRAFT)
    answer = await generate(scene)
    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")


async def test_who_may_not_create_agents_may_not_save_one(make_tenant: MakeTenant) -> None:
    narrow = await make_tenant(scopes=["agents.generate"])
    answer = await narrow.post(PATH, {"description": "x", "save": True})
    assert answer.status_code == 403
    assert "agents.create" in answer.json()["detail"]


def test_a_generated_agent_has_all_that_an_agent_has() -> None:
    assert GeneratedAgent.model_fields.keys() - {"generation"} == Agent.model_fields.keys()
    assert set(RELATIONS) <= GeneratedAgent.model_fields.keys()

"""A model drafts workflows; what it gets wrong is shown to it, and only what is valid and has run dry is answered."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, Callable
from typing import Any

import orjson
import pytest

from tests.conftest import Connect, MakeTenant, Tenant
from tests.runs.model_server import ModelServer, saying
from tests.workflow_executions.conftest import create, node

PATH = "/api/v1/workflows/generate"
Json = dict[str, Any]


def draft(nodes: list[Json], *ends: tuple[str, str] | tuple[str, str, str] | tuple[str, str, str | None, str]) -> Json:
    keys = ("source", "target", "source_handle", "target_handle")
    edges = [dict(zip(keys, each, strict=False)) for each in ends]
    return {"name": "Drafted", "nodes": nodes, "edges": edges, "example_input": {"x": 3, "items": [1, 2]}}


START = {"id": "start", "type": "manual_trigger", "data": {}}


def one(kind: str, data: Json, **more: Any) -> Json:
    """A workflow of one node after the trigger."""
    return draft([START, {"id": "a", "type": kind, "data": data, **more}], ("start", "a"))


SET = one("set", {"fields": {"y": "{{ trigger.x * 2 }}"}})
HTTP = one(
    "http_request", {"url": "https://example.com/{{ trigger.x }}"}, sample_output={"status": 200, "body": {"ok": True}}
)
BRANCHES = draft(
    [
        START,
        {"id": "big", "type": "if", "data": {"condition": "{{ trigger.x > 2 }}"}},
        {"id": "yes", "type": "set", "data": {"fields": {"a": "big"}}},
        {"id": "no", "type": "set", "data": {"fields": {"a": "small"}}},
        {"id": "all", "type": "merge", "data": {}},
    ],
    ("start", "big"),
    ("big", "yes", "true"),
    ("big", "no", "false"),
    ("yes", "all"),
    ("no", "all"),
)
LOOP = draft(
    [
        START,
        {"id": "each", "type": "loop", "data": {"items": "{{ trigger.items }}"}},
        {"id": "double", "type": "set", "data": {"fields": {"y": "{{ item * 2 }}"}}},
        {"id": "end", "type": "set", "data": {"fields": {"n": "{{ nodes.each.output.count }}"}}},
    ],
    ("start", "each"),
    ("each", "double", "item"),
    ("double", "each", None, "next"),
    ("each", "end", "done"),
)
AFTER_HTTP = draft(
    [*HTTP["nodes"], {"id": "b", "type": "set", "data": {"fields": {"ok": "{{ nodes.a.output.body.ok }}"}}}],
    ("start", "a"),
    ("a", "b"),
)


PEOPLE = draft(
    [
        START,
        {"id": "tell", "type": "set", "data": {"fields": {"url": "{{ execution.resume_urls.later }}"}}},
        {"id": "ask", "type": "approval", "data": {"title": "Go on?"}},
        {"id": "later", "type": "wait", "data": {"mode": "webhook"}},
    ],
    ("start", "tell"),
    ("tell", "ask"),
    ("ask", "later", "approved"),
)


def changed(given: Json, change: Callable[[Json], object]) -> Json:
    wrong = copy.deepcopy(given)
    change(wrong)
    return wrong


def spoiled(given: Json, place: int, **values: Any) -> Json:
    """A draft with another configuration of one of its nodes."""
    return changed(given, lambda wrong: wrong["nodes"][place].update(values))


WRONG: dict[str, tuple[Json | str, Json, str]] = {
    "no JSON": ("I would use a trigger and a node.", SET, "It is no JSON"),
    "cut off": ('{"name": "W", "nodes": [', SET, "It is no JSON"),
    "no edges": (changed(SET, lambda wrong: wrong.pop("edges")), SET, "edges"),
    "an unknown type": (spoiled(SET, 1, type="teleport"), SET, "There is no node type teleport"),
    "an unknown field": (spoiled(HTTP, 1, data={"uri": "https://example.com"}), HTTP, "uri"),
    "a missing field": (spoiled(HTTP, 1, data={}), HTTP, "url"),
    "a wrong value": (spoiled(HTTP, 1, data={"url": 7}), HTTP, "url"),
    "a broken expression": (spoiled(SET, 1, data={"fields": {"y": "{{ 1 + }}"}}), SET, "data.fields.y"),
    "an unknown node": (spoiled(SET, 1, data={"fields": {"y": "{{ nodes.b.output }}"}}), SET, "no node b"),
    "an unknown variable": (spoiled(SET, 1, data={"fields": {"y": "{{ variables.z }}"}}), SET, "no variable z"),
    "a secret in the open": (spoiled(SET, 1, data={"fields": {"y": "{{ secrets.KEY }}"}}), SET, "secrets"),
    "an edge to nowhere": (changed(SET, lambda wrong: wrong["edges"].append({"source": "a", "target": "z"})), SET, "z"),
    "an unknown port": (
        changed(BRANCHES, lambda wrong: wrong["edges"][1].update(source_handle="maybe")),
        BRANCHES,
        "maybe",
    ),
    "no trigger": (changed(SET, lambda wrong: wrong["nodes"].pop(0)), SET, "trigger"),
    "a node on its own": (changed(BRANCHES, lambda wrong: wrong["edges"].pop(1)), BRANCHES, "No trigger leads to yes"),
    "a circle": (changed(SET, lambda wrong: wrong["edges"].append({"source": "a", "target": "a"})), SET, "themselves"),
    "two of a name": (changed(SET, lambda wrong: wrong["nodes"].append(wrong["nodes"][1])), SET, "another node a"),
    "a loop that is left": (
        changed(LOOP, lambda wrong: wrong["edges"].append({"source": "double", "target": "end"})),
        LOOP,
        "loop",
    ),
    "what is not there in the dry run": (
        spoiled(AFTER_HTTP, 2, data={"fields": {"ok": "{{ nodes.a.output.body.fine }}"}}),
        AFTER_HTTP,
        "at the node b",
    ),
    "a list that is none": (spoiled(LOOP, 1, data={"items": "{{ trigger.x }}"}), LOOP, "at the node each"),
}


@pytest.fixture
async def model() -> AsyncGenerator[ModelServer]:
    server = ModelServer()
    await server.start()
    yield server
    await server.stop()


def script(model: ModelServer, *answers: Json | str) -> None:
    for answer in answers:
        model.scripts.append(saying(answer if isinstance(answer, str) else orjson.dumps(answer).decode()))


async def generate(tenant: Tenant, **more: Any) -> Any:
    return await tenant.post(PATH, {"description": "Double what comes in.", "model": "scripted", **more})


async def test_a_draft_that_holds_is_answered_and_not_kept(owner: Tenant, connect: Connect, model: ModelServer) -> None:
    account = str(await connect(owner, model.url))
    script(model, SET)
    answer = await generate(owner, account_uuid=account)
    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]
    assert (made["uuid"], made["status"], made["name"]) == (None, "draft", "Drafted")
    assert made["nodes"][1]["position"] == {"x": 280.0, "y": 0.0}
    assert made["generation"]["dry_run_output"] == {"y": 6}
    assert (await owner.get("/api/v1/workflows")).json()["meta"]["total"] == 0
    system, asked = model.asked
    assert "- http_request (in: input; out: output)" in system[1]
    assert asked == ("user", "Double what comes in.")


async def test_a_draft_that_waits_for_people_and_calls_runs_dry(
    owner: Tenant, connect: Connect, model: ModelServer
) -> None:
    account = str(await connect(owner, model.url))
    script(model, PEOPLE)
    answer = await generate(owner, account_uuid=account)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["generation"]["repairs"] == 0


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_with_a_draft_is_shown_to_the_model_which_mends_it(
    owner: Tenant, connect: Connect, model: ModelServer, name: str
) -> None:
    wrong, right, told = WRONG[name]
    account = str(await connect(owner, model.url))
    script(model, wrong, right)
    answer = await generate(owner, account_uuid=account, save=True)
    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert made["generation"]["repairs"] == 1
    assert told in model.asked[-1][1]
    kept = (await owner.get(answer.headers["location"])).json()["data"]
    assert (kept["uuid"], kept["problems"], kept["status"]) == (made["uuid"], [], "draft")


async def test_what_the_model_cannot_mend_is_not_answered(owner: Tenant, connect: Connect, model: ModelServer) -> None:
    account = str(await connect(owner, model.url))
    script(model, *([WRONG["an unknown type"][0]] * 3))
    answer = await generate(owner, account_uuid=account, max_repairs=2, save=True)
    assert (answer.status_code, answer.json()["code"]) == (502, "invalid_workflow")
    assert "teleport" in answer.json()["detail"]
    assert len(model.requests) == 3
    assert (await owner.get("/api/v1/workflows")).json()["meta"]["total"] == 0


async def test_a_workflow_is_changed_as_it_is_described(owner: Tenant, connect: Connect, model: ModelServer) -> None:
    account = str(await connect(owner, model.url))
    workflow = await create(owner, [node("a", "set", {"fields": {"y": "{{ trigger.x }}"}})], [("start", "a")])
    script(model, SET)
    answer = await generate(owner, account_uuid=account, workflow_uuid=workflow["uuid"], save=True)
    assert answer.status_code == 200, answer.text
    made = answer.json()["data"]
    assert (made["uuid"], made["version"], made["name"]) == (workflow["uuid"], 2, "W")
    assert any("{{ trigger.x * 2 }}" in line for line in made["generation"]["changes"])
    assert '"{{ trigger.x }}"' in model.asked[1][1]


async def test_who_may_not_create_workflows_may_not_save_one(owner: Tenant, make_tenant: MakeTenant) -> None:
    scopes = ["workflows.generate"]
    narrow = await make_tenant(scopes=scopes)
    answer = await generate(narrow, save=True)
    assert answer.status_code == 403
    assert "workflows.create" in answer.json()["detail"]


async def test_a_model_that_is_not_there_is_told(owner: Tenant) -> None:
    answer = await generate(owner, model="no-such-model")
    assert answer.status_code in {404, 409, 422}

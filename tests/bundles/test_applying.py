"""Bundles in a workspace: what is planned is what happens, once or not at all, and nothing of it twice."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

from athena.bundles.format import Resource
from athena.permissions import Role
from tests.bundles.conftest import (
    ANSWER,
    BUNDLES,
    CASES,
    CLOCK,
    DESK,
    FLOW,
    SUPPORT,
    Person,
    account,
    actions,
    bundle,
    changes,
    declared,
)
from tests.conftest import MakeTenant


def changed(resource: Resource, **fields: Any) -> Resource:
    return dataclasses.replace(resource, spec={**resource.spec, **fields})


async def test_a_bundle_is_planned_and_applied_and_then_unchanged(person: Person) -> None:
    plan = await person.plan(DESK)
    assert plan["applicable"]
    assert set(actions(plan).values()) == {"create"}
    assert await person.get("agents") == []

    made = await person.apply(DESK)
    agent = await person.get(f"agents/{made['agents/support']}")
    assert agent["tool_uuids"] == [made["tools/clock"]]
    assert agent["system_prompt"] == "You help customers.\nBe brief.\n"
    workflow = await person.get(f"workflows/{made['workflows/ask']}")
    assert workflow["status"] == "draft"
    assert workflow["nodes"][1]["data"]["agent_uuid"] == made["agents/support"]
    assert workflow["problems"] == []
    [source] = await person.get(f"agents/{made['agents/support']}/sources")
    assert (source["uuid"], source["title"]) == (made["knowledge/returns"], "Returns")
    assert (await person.get(f"datasets/{made['evaluation_sets/cases']}"))["items_count"] == 2

    again = await person.plan(DESK)
    assert set(actions(again).values()) == {"unchanged"}
    assert await person.apply(DESK) == made
    assert len(await person.get("agents")) == 1


async def test_a_new_version_changes_what_differs_field_by_field(person: Person) -> None:
    made = await person.apply(DESK)
    asked = [*CASES.spec["items"][:1], {"input": "Bye", "expectations": [{"type": "contains", "value": "bye"}]}]  # type: ignore[index]
    nodes: Any = FLOW.spec["nodes"]
    newer = bundle(
        CLOCK,
        changed(SUPPORT, system_prompt="Be kind.\n", metadata={"max_tokens": 100}, description="Helps."),
        changed(ANSWER, content="Answer {{question}} in {{language}}."),
        changed(CASES, items=asked),
        changed(FLOW, nodes=[nodes[0], {**nodes[1], "timeout": 20}]),
        version="1.1.0",
    )
    plan = await person.plan(newer)
    assert actions(plan) == {
        "tools/clock": "unchanged",
        "prompts/answer": "update",
        "agents/support": "update",
        "workflows/ask": "update",
        "evaluation_sets/cases": "update",
        "knowledge/returns": "left",
    }
    assert changes(plan, "agents/support") == {
        "system_prompt": ("You help customers.\nBe brief.\n", "Be kind.\n"),
        "metadata.max_tokens": (None, 100),
        "metadata.temperature": (0.2, None),
        "description": (None, "Helps."),
    }
    assert changes(plan, "workflows/ask") == {"nodes.ask.timeout": (None, 20)}
    assert changes(plan, "prompts/answer") == {
        "content": ("Answer {{question}} kindly.", "Answer {{question}} in {{language}}.")
    }
    kept = (await person.get(f"datasets/{made['evaluation_sets/cases']}/items"))[0]["uuid"]

    assert (await person.apply(newer))["agents/support"] == made["agents/support"]
    agent = await person.get(f"agents/{made['agents/support']}")
    assert (agent["system_prompt"], agent["metadata"]["max_tokens"], agent["version"]) == ("Be kind.\n", 100, 2)
    assert agent["metadata"]["temperature"] is None
    items = await person.get(f"datasets/{made['evaluation_sets/cases']}/items")
    assert [each["messages"][0]["content"] for each in items] == ["May I return it?", "Bye"]
    assert items[0]["uuid"] == kept
    assert set(actions(await person.plan(newer)).values()) == {"unchanged", "left"}


async def test_what_was_changed_by_hand_is_a_conflict_until_it_is_overwritten(person: Person) -> None:
    made = await person.apply(DESK)
    await person.put(f"agents/{made['agents/support']}", system_prompt="By hand.")
    plan = await person.plan(DESK)
    assert (plan["applicable"], plan["conflicts"], actions(plan)["agents/support"]) == (True, 1, "conflict")
    assert changes(plan, "agents/support") == {"system_prompt": ("By hand.", "You help customers.\nBe brief.\n")}
    refused = await person.carry_out(plan)
    assert (refused.status_code, refused.json()["code"]) == (409, "bundle_conflict")
    assert "agents/support" in refused.json()["detail"]
    await person.apply(DESK, overwrite=True)
    assert (await person.get(f"agents/{made['agents/support']}"))["system_prompt"] == "You help customers.\nBe brief.\n"

    # The same change in both places is none.
    await person.put(f"agents/{made['agents/support']}", system_prompt="Both.")
    both = bundle(CLOCK, changed(SUPPORT, system_prompt="Both."), version="2.0.0")
    assert actions(await person.plan(both))["agents/support"] == "unchanged"


async def test_an_account_that_was_chosen_by_hand_is_no_conflict(person: Person) -> None:
    made = await person.apply(DESK)
    key = await person.key("Key")
    await person.put(f"agents/{made['agents/support']}", account_uuid=key)
    newer = bundle(CLOCK, changed(SUPPORT, description="Helps."), version="1.1.0")
    assert changes(await person.plan(newer), "agents/support") == {"description": (None, "Helps.")}
    await person.apply(newer)
    assert (await person.get(f"agents/{made['agents/support']}"))["account_uuid"] == key


async def test_a_plan_holds_only_as_long_as_nothing_changes(person: Person) -> None:
    plan = await person.plan(DESK)
    await person.carry_out(plan)
    stale = await person.carry_out(plan)
    assert (stale.status_code, stale.json()["code"]) == (409, "plan_changed")
    assert len(await person.get("agents")) == 1


async def test_all_is_applied_or_nothing(person: Person) -> None:
    broken = Resource("tools", "weather", {"name": "Weather", "type": "http", "config": {"url": "no address"}})
    plan = await person.plan(bundle(CLOCK, SUPPORT, broken))
    answer = await person.carry_out(plan)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("tools/weather: ")
    assert await person.get("agents") == []
    assert await person.get("tools") == []


async def test_tools_whose_functions_are_asked_for_are_part_of_the_whole(person: Person) -> None:
    """What a tool offers is found before anything is stored, since no transaction waits for a server."""
    pets: dict[str, Any] = {"openapi": "3.1.0", "paths": {"/pets": {"get": {"operationId": "listPets"}}}}
    config = {"document": pets, "base_url": "https://pets.example.com"}
    tool = Resource("tools", "pets", {"name": "Pets", "type": "openapi", "config": config})
    agent = changed(SUPPORT, tool_uuids=[{"$ref": "tools/pets"}])
    broken = Resource("tools", "weather", {"name": "Weather", "type": "http", "config": {"url": "no address"}})
    more = Resource("tools", "pets-too", {**tool.spec, "name": "More pets"})
    answer = await person.carry_out(await person.plan(bundle(tool, more, agent, broken)))
    assert answer.status_code == 422
    assert await person.get("tools") == []

    made = await person.apply(bundle(tool, agent))
    shown = await person.get(f"tools/{made['tools/pets']}")
    assert [each["name"] for each in shown["functions"]] == ["listPets"]
    pets["paths"]["/pets"]["post"] = {"operationId": "addPet"}
    await person.apply(bundle(tool, agent, version="1.1.0"))
    shown = await person.get(f"tools/{made['tools/pets']}")
    assert {each["name"] for each in shown["functions"]} == {"listPets", "addPet"}

    gone = Resource("tools", "gone", {"name": "Gone", "type": "openapi", "config": {"url": "http://127.0.0.1:9/x"}})
    answer = await person.carry_out(await person.plan(bundle(gone, changed(SUPPORT, tool_uuids=[]), name="other")))
    assert answer.status_code == 502
    assert answer.json()["detail"].startswith("tools/gone: ")
    assert len(await person.get("agents")) == 1


async def test_of_two_at_once_one_is_told_that_the_plan_is_another(person: Person) -> None:
    plan = await person.plan(DESK)
    answers = await asyncio.gather(person.carry_out(plan), person.carry_out(plan))
    assert sorted(each.status_code for each in answers) == [200, 409]
    assert len(await person.get("agents")) == 1


async def test_what_was_deleted_is_made_again(person: Person) -> None:
    made = await person.apply(DESK)
    assert (await person.tenant.delete(f"/api/v1/workflows/{made['workflows/ask']}")).status_code == 204
    assert actions(await person.plan(DESK))["workflows/ask"] == "create"
    assert (await person.apply(DESK))["workflows/ask"] != made["workflows/ask"]


async def test_a_title_that_changes_leaves_no_knowledge_behind(person: Person) -> None:
    made = await person.apply(DESK)
    spec = next(each.spec for each in DESK.resources if each.kind == "knowledge")
    renamed = Resource("knowledge", "returns", {**spec, "title": "Returning"})
    await person.apply(bundle(CLOCK, SUPPORT, renamed, version="1.1.0"))
    [source] = await person.get(f"agents/{made['agents/support']}/sources")
    assert source["title"] == "Returning"


async def test_what_a_model_refuses_is_told_in_the_plan(person: Person) -> None:
    wrong = Resource("agents", "wrong", {"name": "Wrong", "colour": "red", "limits": {"turns": 0}})
    plan = await person.plan(bundle(wrong))
    assert not plan["applicable"]
    told = {each["message"] for each in plan["problems"] if each["resource"] == "agents/wrong"}
    assert told == {
        "colour: Extra inputs are not permitted",
        "limits.turns: Input should be greater than or equal to 1",
    }
    assert (await person.carry_out(plan)).status_code == 422


async def test_a_type_of_nodes_that_no_package_here_brings_is_named(person: Person) -> None:
    nodes = [{"id": "start", "type": "manual_trigger"}, {"id": "fly", "type": "acme_drone"}]
    flow = Resource(
        "workflows", "fly", {"name": "Fly", "nodes": nodes, "edges": [{"source": "start", "target": "fly"}]}
    )
    plan = await person.plan(bundle(flow))
    assert plan["applicable"]
    assert plan["problems"][0] == {
        "resource": "workflows/fly",
        "message": "node fly: There is no node type acme_drone. A Python package that brings it must be installed.",
        "blocking": False,
    }


async def test_agents_that_refer_to_each_other_in_a_circle_are_made_and_joined(person: Person) -> None:
    first = Resource("agents", "first", {"name": "First", "team_uuids": [{"$ref": "agents/second"}]})
    second = Resource(
        "agents",
        "second",
        {"name": "Second", "team_uuids": [{"$ref": "agents/first"}], "tool_uuids": [{"$ref": "tools/first"}]},
    )
    tool = Resource(
        "tools", "first", {"name": "Ask", "type": "agent", "config": {"agent_uuid": {"$ref": "agents/first"}}}
    )
    circle = bundle(first, second, tool)
    made = await person.apply(circle)
    assert (await person.get(f"agents/{made['agents/first']}"))["team_uuids"] == [made["agents/second"]]
    assert (await person.get(f"agents/{made['agents/second']}"))["team_uuids"] == [made["agents/first"]]
    assert (await person.get(f"tools/{made['tools/first']}"))["config"]["agent_uuid"] == made["agents/first"]
    assert set(actions(await person.plan(circle)).values()) == {"unchanged"}


async def test_accounts_and_variables_are_asked_for(person: Person) -> None:
    agent = changed(SUPPORT, tool_uuids=[], account_uuid={"$ref": "accounts/key"})
    needing = bundle(agent, variables=declared(SHOP="variable", TOKEN="secret"), accounts=[account("key", "openai")])
    plan = await person.plan(needing)
    assert plan["applicable"]
    assert [each["name"] for each in plan["missing_variables"]] == ["SHOP", "TOKEN"]
    assert plan["accounts"][0]["account_uuid"] is None
    made = await person.apply(needing)

    older, newer = await person.key("Old"), await person.key("New")
    await person.make("variables", name="SHOP", value="x")
    plan = await person.plan(needing, accounts={"key": older})
    assert [each["name"] for each in plan["missing_variables"]] == ["TOKEN"]
    assert changes(plan, "agents/support") == {"account_uuid": (None, {"$ref": "accounts/key"})}
    await person.apply(needing, accounts={"key": older})
    assert (await person.get(f"agents/{made['agents/support']}"))["account_uuid"] == older
    # It is remembered, though there is a newer one.
    assert (await person.plan(needing))["accounts"][0]["account_uuid"] == older != newer
    assert set(actions(await person.plan(needing)).values()) == {"unchanged"}


async def test_a_bundle_stands_on_another(person: Person) -> None:
    base = bundle(CLOCK, name="base", version="1.2.0")
    leaning = changed(SUPPORT, tool_uuids=[{"$ref": "base/tools/clock"}])
    upper = bundle(leaning, name="upper", dependencies={"base": ">=1.2"})
    plan = await person.plan(upper)
    assert "It needs the bundle base, which was not applied here." in [each["message"] for each in plan["problems"]]
    assert not plan["applicable"]
    made = await person.apply(base)
    agent = (await person.apply(upper))["agents/support"]
    assert (await person.get(f"agents/{agent}"))["tool_uuids"] == [made["tools/clock"]]
    newer = bundle(leaning, name="upper", dependencies={"base": ">=2"})
    assert (await person.plan(newer))["problems"][0]["message"] == "It needs the bundle base >=2; here is 1.2.0."
    later = bundle(CLOCK, name="later", athena=">=99")
    assert (await person.plan(later))["problems"][0]["message"].startswith("It needs Athena >=99; this is ")


async def test_each_kind_needs_its_own_permission(person: Person, make_tenant: MakeTenant) -> None:
    scopes = ["bundles.*", "agents.*", "tools.view"]
    narrow = Person(await make_tenant(Role.OWNER, person.tenant.workspace_uuid, scopes))
    plan = await narrow.plan(bundle(CLOCK, SUPPORT))
    assert [each["message"] for each in plan["problems"]] == ["The permission tools.create is missing."]
    assert (await narrow.carry_out(plan)).status_code == 422
    viewer = await make_tenant(Role.VIEWER, person.tenant.workspace_uuid)
    assert (await viewer.post(f"{BUNDLES}/plan", {"bundle_uuid": plan["bundle_uuid"]})).status_code == 403


async def test_another_workspace_has_its_own(person: Person, make_tenant: MakeTenant) -> None:
    uuid = await person.upload(DESK)
    await person.apply(uuid)
    other = Person(await make_tenant())
    assert (await other.tenant.post(f"{BUNDLES}/plan", {"bundle_uuid": uuid})).status_code == 404
    assert (await other.tenant.get(f"{BUNDLES}/{uuid}")).status_code == 404
    assert set(actions(await other.plan(DESK)).values()) == {"create"}


async def test_what_is_no_bundle_is_refused_with_its_place(person: Person) -> None:
    answer = await person.tenant.post(BUNDLES, files={"file": ("bundle.zip", b"PK", "application/zip")})
    assert (answer.status_code, answer.json()["code"]) == (422, "bundle_invalid")
    assert (await person.tenant.post(BUNDLES, {"file": "x"})).status_code == 415

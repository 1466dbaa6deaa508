"""What an agent may do is kept with it: its team, other models, structured answers, memory, limits."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.budgets.conftest import make_budget
from tests.conftest import Connect, MakeTenant, Tenant
from tests.tools.conftest import make as make_tool

PATH = "/api/v1/agents"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def make(tenant: Tenant, **fields: Any) -> dict[str, Any]:
    answer = await tenant.post(PATH, {"name": "Agent", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def test_what_is_not_said_is_as_it_usually_is(owner: Tenant) -> None:
    agent = await make(owner)
    assert (agent["tool_uuids"], agent["guardrail_uuids"], agent["team_uuids"]) == ([], [], [])
    assert (agent["output_schema"], agent["fallback_models"], agent["reflection"]) == (None, [], None)
    assert agent["memory"] == {"recall": False, "extract": False, "extract_model": None, "limit": 8}
    assert agent["limits"] == {"turns": 20, "tool_calls": 50, "tokens": None, "cost": None, "seconds": None}


async def test_abilities_are_kept_as_they_were_given(owner: Tenant, connect: Connect) -> None:
    account, colleague = str(await connect(owner)), (await make(owner))["uuid"]
    given = {
        "team_uuids": [colleague, colleague],
        "output_schema": SCHEMA,
        "fallback_models": [{"model": "gpt-4o", "account_uuid": account, "causes": ["rate_limit"]}, {"model": "other"}],
        "memory": {"recall": True},
        "limits": {"turns": 3, "cost": 0.5},
        "reflection": {"rounds": 2},
    }
    agent = await make(owner, **given)
    assert agent["team_uuids"] == [colleague]
    assert agent["output_schema"] == SCHEMA
    assert agent["fallback_models"] == [
        {"model": "gpt-4o", "account_uuid": account, "causes": ["rate_limit"]},
        {"model": "other", "account_uuid": None, "causes": ["error", "rate_limit", "context_too_long"]},
    ]
    assert agent["memory"] == {"recall": True, "extract": False, "extract_model": None, "limit": 8}
    assert agent["limits"] == {"turns": 3, "tool_calls": 50, "tokens": None, "cost": 0.5, "seconds": None}
    assert agent["reflection"] == {"rounds": 2}


async def test_of_memory_and_limits_what_is_not_named_stays(owner: Tenant) -> None:
    path = f"{PATH}/{(await make(owner, memory={'recall': True}, limits={'turns': 3, 'seconds': 60}))['uuid']}"
    answer = await owner.put(path, {"memory": {"limit": 3}, "limits": {"turns": 5}, "fallback_models": []})
    assert answer.json()["data"]["memory"] == {"recall": True, "extract": False, "extract_model": None, "limit": 3}
    assert answer.json()["data"]["limits"]["turns"] == 5
    assert answer.json()["data"]["limits"]["seconds"] == 60
    unset = await owner.put(path, {"limits": {"seconds": None}, "output_schema": None, "reflection": None})
    assert unset.json()["data"]["limits"]["seconds"] is None


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"output_schema": {"type": "nonsense"}}, "output_schema"),
        ({"output_schema": {"$ref": "https://example.com/schema.json"}}, "output_schema"),
        ({"limits": {"turns": 0}}, "limits.turns"),
        ({"limits": {"cost": -1}}, "limits.cost"),
        ({"memory": {"recall": "yes"}}, "memory.recall"),
        ({"fallback_models": [{"model": "m", "causes": []}]}, "fallback_models.0.causes"),
        ({"fallback_models": [{"model": "m", "causes": ["boredom"]}]}, "fallback_models.0.causes.0"),
        ({"reflection": {"rounds": 50}}, "reflection.rounds"),
    ],
)
async def test_what_makes_no_sense_is_refused(owner: Tenant, fields: dict[str, Any], place: str) -> None:
    answer = await owner.post(PATH, {"name": "Agent", **fields})
    assert answer.status_code == 422
    assert place in answer.json()["errors"], answer.text


async def test_a_team_is_of_agents_that_the_workspace_has(owner: Tenant, make_tenant: MakeTenant) -> None:
    foreign = (await make(await make_tenant()))["uuid"]
    for uuid in (foreign, str(uuid4())):
        answer = await owner.post(PATH, {"name": "Agent", "team_uuids": [uuid]})
        assert answer.status_code == 404
        assert uuid not in answer.json()["detail"]
    own = (await make(owner))["uuid"]
    assert (await owner.put(f"{PATH}/{own}", {"team_uuids": [own]})).status_code == 422


async def test_an_agent_that_is_deleted_leaves_its_teams(owner: Tenant) -> None:
    first, second = (await make(owner))["uuid"], (await make(owner))["uuid"]
    lead = await make(owner, team_uuids=[first, second])
    await owner.delete(f"{PATH}/{first}")
    shown = await owner.get(f"{PATH}/{lead['uuid']}")
    assert shown.json()["data"]["team_uuids"] == [second]


async def test_an_agent_is_shown_with_its_tools_and_budgets(owner: Tenant) -> None:
    tool = await make_tool(owner)
    agent = await make(owner, tool_uuids=[tool["uuid"]])
    budget = await make_budget(owner, scope_type="agent", scope_uuid=agent["uuid"], limit_tokens=100)
    await make_budget(owner, limit_tokens=100)
    shown = (await owner.get(f"{PATH}/{agent['uuid']}?with=tools,budgets")).json()["data"]
    assert [each["uuid"] for each in shown["tools"]] == [tool["uuid"]]
    assert [each["uuid"] for each in shown["budgets"]] == [budget["uuid"]]
    bare = (await owner.get(f"{PATH}/{agent['uuid']}")).json()["data"]
    assert (bare["tools"], bare["budgets"]) == (None, None)
    refused = await owner.put(f"{PATH}/{agent['uuid']}", {"tool_uuids": [str(uuid4())]})
    assert refused.status_code == 404

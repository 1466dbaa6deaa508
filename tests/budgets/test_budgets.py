"""Budgets of a workspace: made, shown, changed, found and deleted, by those who may."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from athena.budgets.schemas import BudgetUpdate
from athena.budgets.service import BudgetService
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.permissions import Role
from tests.budgets.conftest import PATH, Spend, make_agent, make_budget, shown, spender_of
from tests.conftest import MakeTenant, Tenant
from tests.waiting import until


async def test_a_budget_lives_from_its_creation_to_its_deletion(owner: Tenant) -> None:
    body = {"name": "Team", "scope_type": "workspace", "period": "total", "limit_cost": 20.5, "soft_limit": 0.8}
    made = await owner.post(PATH, {**body, "with": "creator"})
    assert made.status_code == 201, made.text
    row = made.json()["data"]
    path = f"{PATH}/{row['uuid']}"
    assert made.headers["location"] == path
    assert {**row, **body} == row
    assert (row["scope_uuid"], row["timezone"], row["on_soft"], row["resets_at"]) == (None, "UTC", "warn", None)
    assert (row["status"], row["limit_tokens"]) == ("ok", None)
    assert row["remaining"] == {"cost": 20.5, "tokens": None}
    assert row["creator"]["uuid"] == str(owner.user_uuid)
    got = await owner.get(path)
    assert got.json()["data"] == {**row, "creator": None}

    changes = {"limit_cost": None, "limit_tokens": 1_000, "name": "All"}
    changed = await owner.put(path, changes, headers={"If-Match": got.headers["etag"]})
    assert {**changed.json()["data"], **changes, "soft_limit": 0.8} == changed.json()["data"]
    stale = {"If-Match": got.headers["etag"]}
    assert (await owner.put(path, {"name": "B"}, headers=stale)).status_code == 412
    assert (await owner.delete(path, headers=stale)).status_code == 412
    assert (await owner.delete(path)).status_code == 204
    for answer in (await owner.get(path), await owner.get(f"{path}/usage"), await owner.delete(path)):
        assert answer.status_code == 404


async def test_it_is_known_as_changed_when_something_was_spent(owner: Tenant, spend: Spend) -> None:
    budget = await make_budget(owner, limit_cost=1)
    path = f"{PATH}/{budget['uuid']}"
    seen = {"If-None-Match": (await owner.get(path)).headers["etag"]}
    assert (await owner.get(path, headers=seen)).status_code == 304
    await spend(spender_of(owner), 0.25)
    again = await owner.get(path, headers=seen)
    assert (again.status_code, again.json()["data"]["used"]["cost"]) == (200, 0.25)
    # Nobody has changed the budget itself, and so a change of it still can be made.
    matching = {"If-Match": seen["If-None-Match"]}
    assert (await owner.put(path, {"limit_cost": 2}, headers=matching)).status_code == 200


async def test_lists_are_searched_sorted_and_filtered(owner: Tenant) -> None:
    agent = str(await make_agent(owner))
    await make_budget(owner, name="A", limit_cost=1)
    await make_budget(owner, name="B", limit_cost=1, period="day")
    await make_budget(owner, name="C", limit_cost=1, scope_type="agent", scope_uuid=agent)

    async def names(query: str) -> list[str]:
        return [each["name"] for each in (await owner.get(f"{PATH}?{query}")).json()["data"]]

    assert await names("sort=name") == ["A", "B", "C"]
    assert await names("") == ["C", "B", "A"]
    assert await names(f"scope_uuid={agent}") == await names("scope_type=agent") == await names("search=c") == ["C"]
    assert await names("period=day") == ["B"]
    assert (await owner.get(f"{PATH}?colour=red")).status_code == 422


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "limit_cost"),
        ({"limit_cost": 0}, "limit_cost"),
        ({"limit_cost": -1}, "limit_cost"),
        ({"limit_tokens": 1.5}, "limit_tokens"),
        ({"limit_cost": 1, "soft_limit": 1}, "soft_limit"),
        ({"limit_cost": 1, "timezone": "Mars/Olympus"}, "timezone"),
        ({"limit_cost": 1, "period": "year"}, "period"),
        ({"limit_cost": 1, "scope_type": "agent"}, "scope_uuid"),
        ({"limit_cost": 1, "scope_uuid": str(uuid4())}, "scope_uuid"),
        ({"limit_cost": 1, "on_soft": "use_model", "soft_limit": 0.5}, "model"),
        ({"limit_cost": 1, "on_soft": "use_model", "model": "small"}, "soft_limit"),
    ],
)
async def test_bad_input_is_told_where_it_is(owner: Tenant, body: dict[str, Any], path: str) -> None:
    answer = await owner.post(PATH, {"name": "A", "scope_type": "workspace", **body})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [path])


async def test_no_change_leaves_a_budget_without_a_limit(owner: Tenant) -> None:
    budget = await make_budget(owner, limit_cost=1)
    for changes, path in (({"limit_cost": None}, "limit_cost"), ({"on_soft": "use_model"}, "model")):
        answer = await owner.put(f"{PATH}/{budget['uuid']}", changes)
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [path])
    assert (await owner.put(f"{PATH}/{budget['uuid']}", {"period": "day"})).status_code == 422


async def test_two_changes_at_once_leave_no_budget_without_a_limit(owner: Tenant, database: Database) -> None:
    budget = await make_budget(owner, limit_cost=1, limit_tokens=1_000)
    path = f"{PATH}/{budget['uuid']}"
    access = Access(WorkspaceId(owner.workspace_uuid), owner.user_uuid, Role.OWNER, frozenset())
    async with database.session(access.scope) as session:
        await BudgetService(session, access).update(UUID(budget["uuid"]), BudgetUpdate(limit_cost=None), None)
        second = asyncio.create_task(owner.put(path, {"limit_tokens": None}))
        await until(lambda: session.value("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))
    answer = await second
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["limit_cost"])
    assert (await shown(owner, budget))["limit_tokens"] == 1_000


async def test_what_belongs_to_others_has_no_budget_here(owner: Tenant, stranger: Tenant) -> None:
    workflow = await stranger.post("/api/v1/workflows", {"name": "A", "nodes": [], "edges": []})
    token = await stranger.post("/api/v1/tokens", {"name": "CI", "kind": "personal"})
    theirs = {
        "user": str(stranger.user_uuid),
        "token": token.json()["data"]["uuid"],
        "agent": str(await make_agent(stranger)),
        "workflow": workflow.json()["data"]["uuid"],
    }
    for scope, uuid in theirs.items():
        answers = [
            await owner.post(PATH, {"name": "A", "limit_cost": 1, "scope_type": scope, "scope_uuid": each})
            for each in (uuid, str(uuid4()))
        ]
        assert [each.status_code for each in answers] == [404, 404]
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
    account = await owner.post(
        PATH, {"name": "A", "scope_type": "workspace", "limit_cost": 1, "account_uuid": str(uuid4())}
    )
    assert account.status_code == 404


async def test_what_a_stranger_asks_for_is_not_there(owner: Tenant, stranger: Tenant) -> None:
    budget = await make_budget(owner, limit_cost=1)
    for uuid in (budget["uuid"], str(uuid4())):
        path = f"{PATH}/{uuid}"
        for answer in (
            await stranger.get(path),
            await stranger.get(f"{path}/usage"),
            await stranger.put(path, {"limit_cost": 100}),
            await stranger.delete(path),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await stranger.get(PATH)).json()["data"] == []
    assert (await shown(owner, budget))["limit_cost"] == 1


async def test_who_builds_cannot_raise_a_limit(owner: Tenant, make_tenant: MakeTenant) -> None:
    budget = await make_budget(owner, limit_cost=1)
    path = f"{PATH}/{budget['uuid']}"
    builder = await make_tenant(Role.BUILDER, owner.workspace_uuid)
    admin = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    assert (await builder.get(path)).status_code == 200
    for answer, missing in (
        (await builder.post(PATH, {"name": "A", "scope_type": "workspace", "limit_cost": 1}), "budgets.create"),
        (await builder.put(path, {"limit_cost": 100}), "budgets.update"),
        (await builder.delete(path), "budgets.delete"),
    ):
        assert answer.status_code == 403
        assert missing in answer.json()["detail"]
    assert (await admin.put(path, {"limit_cost": 2})).status_code == 200


async def test_a_budget_goes_with_what_it_is_for(owner: Tenant) -> None:
    agent = await make_agent(owner)
    budget = await make_budget(owner, limit_cost=1, scope_type="agent", scope_uuid=str(agent))
    await owner.delete(f"/api/v1/agents/{agent}")
    assert (await owner.get(f"{PATH}/{budget['uuid']}")).status_code == 404


async def test_agents_are_told_their_budgets(owner: Tenant, database: Database, spend: Spend) -> None:
    agents = [await make_agent(owner) for _ in range(3)]
    for number, period in ((0, "month"), (0, "day"), (1, "total")):
        scope = {"scope_type": "agent", "scope_uuid": str(agents[number])}
        await make_budget(owner, limit_cost=1, period=period, **scope)
    await spend(spender_of(owner, agent_uuid=agents[0]), 0.25)
    access = Access(WorkspaceId(owner.workspace_uuid), owner.user_uuid, Role.OWNER, frozenset())
    async with database.session(access.scope) as session:
        found: dict[UUID, list[dict[str, Any]]] = await BudgetService(session, access).of_agents(agents)
    told = [[(each["period"], each["used"]["cost"]) for each in found[agent]] for agent in agents]
    assert told == [[("day", 0.25), ("month", 0.25)], [("total", 0)], []]


async def test_what_was_spent_is_told_by_period(owner: Tenant, spend: Spend) -> None:
    budget = await make_budget(owner, limit_tokens=100, period="day", timezone="Asia/Kolkata")
    await spend(spender_of(owner), 0.5, 20)
    path = f"{PATH}/{budget['uuid']}/usage"
    usage = (await owner.get(path)).json()["data"]
    assert len(usage["series"]) == 30
    assert usage["series"][-1] == {
        "starts_at": budget["period_started_at"],
        "ends_at": budget["resets_at"],
        "used": {"cost": 0.5, "tokens": 20},
    }
    assert usage["total"] == {"cost": 0.5, "tokens": 20}
    before = (await owner.get(path, params={"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"})).json()[
        "data"
    ]
    assert [each["starts_at"] for each in before["series"]] == [
        f"{day}T18:30:00.000Z" for day in ("2025-12-31", "2026-01-01", "2026-01-02")
    ]
    assert before["total"] == {"cost": 0, "tokens": 0}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "to"),
        ({"from": "1800-01-01T00:00:00Z"}, "from"),
        ({"to": "9000-01-01T00:00:00Z"}, "to"),
        ({"from": "2000-01-01T00:00:00Z"}, "from"),
    ],
)
async def test_no_usage_of_no_time(owner: Tenant, query: dict[str, str], path: str) -> None:
    budget = await make_budget(owner, limit_tokens=100, period="day")
    answer = await owner.get(f"{PATH}/{budget['uuid']}/usage", params=query)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [path])

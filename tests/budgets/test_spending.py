"""Spending within budgets: nothing is spent past a limit, nothing set aside is lost, and limits are told once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from athena.budgets import spending
from athena.budgets.known import KnownBudgets
from athena.budgets.spending import Spender, applies, check, release, reserve, settle
from athena.budgets.tasks import PATIENCE, release_abandoned
from athena.kit import clock
from athena.kit.db import Database, Scope
from athena.kit.errors import BudgetExhausted
from athena.kit.ids import new_uuid
from tests.budgets.conftest import PATH, Spend, make_agent, make_budget, shown, spender_of
from tests.conftest import Tenant

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def told(tenant: Tenant, action: str) -> list[dict[str, Any]]:
    return (await tenant.get(f"/api/v1/audit-events?action={action}")).json()["data"]


async def test_what_is_set_aside_becomes_what_was_used(owner: Tenant, database: Database) -> None:
    budget = await make_budget(owner, limit_cost=10, limit_tokens=1_000)
    reservation = await reserve(database, spender_of(owner), "call", 4.0, 400)
    held = await shown(owner, budget)
    assert (held["used"], held["reserved"]) == ({"cost": 0, "tokens": 0}, {"cost": 4, "tokens": 400})
    assert held["remaining"] == {"cost": 6, "tokens": 600}
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await settle(session, reservation, 0.1, 30)
        await settle(session, reservation, 0.1, 30)
    used = await shown(owner, budget)
    assert (used["used"], used["reserved"]) == ({"cost": 0.1, "tokens": 30}, {"cost": 0, "tokens": 0})


async def test_what_was_not_spent_is_given_back(owner: Tenant, database: Database) -> None:
    budget = await make_budget(owner, limit_cost=1)
    reservation = await reserve(database, spender_of(owner), "call", 1.0, 1)
    await release(database, reservation)
    await release(database, reservation)
    after = await shown(owner, budget)
    assert (after["used"]["cost"], after["reserved"]["cost"], after["remaining"]["cost"]) == (0, 0, 1)


async def test_a_settlement_counts_only_with_what_it_is_kept_with(owner: Tenant, database: Database) -> None:
    budget = await make_budget(owner, limit_cost=1)
    reservation = await reserve(database, spender_of(owner), "call", 0.5, 1)
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await settle(session, reservation, 0.4, 1)
        await session.rollback()
    assert (await shown(owner, budget))["reserved"]["cost"] == 0.5


async def test_a_call_that_would_pass_the_limit_is_refused_with_the_reason(
    owner: Tenant, database: Database, spend: Spend
) -> None:
    budget = await make_budget(owner, name="Team", limit_cost=1, limit_tokens=100, timezone="Europe/Berlin")
    await spend(spender_of(owner), 0.75, 60)
    with pytest.raises(BudgetExhausted) as refused:
        await reserve(database, spender_of(owner), "call", 0.5, 10)
    assert refused.value.detail == (
        "The budget Team (workspace, per month) is exhausted: of 1 US dollars and 100 tokens, 0.75 US dollars and "
        "60 tokens are used and 0 US dollars and 0 tokens set aside; the call may take 0.5 US dollars and 10 tokens. "
        f"It begins anew at {budget['resets_at']}."
    )
    with pytest.raises(BudgetExhausted):
        await reserve(database, spender_of(owner), "call", 0.0, 50)
    await spend(spender_of(owner), 0.25, 40)
    assert (await shown(owner, budget))["status"] == "exhausted"
    with pytest.raises(BudgetExhausted):
        await reserve(database, spender_of(owner), "call", 0.0, 0)


async def test_all_budgets_that_apply_are_charged_or_none(owner: Tenant, database: Database, spend: Spend) -> None:
    agent = await make_agent(owner)
    whole = await make_budget(owner, limit_cost=10)
    daily = await make_budget(owner, limit_tokens=1_000_000, period="day")
    narrow = await make_budget(owner, scope_type="agent", scope_uuid=str(agent), limit_cost=1)
    other = await make_budget(owner, scope_type="agent", scope_uuid=str(await make_agent(owner)), limit_cost=0.1)
    await spend(spender_of(owner, agent_uuid=agent), 0.75, 5)
    with pytest.raises(BudgetExhausted):
        await reserve(database, spender_of(owner, agent_uuid=agent), "call", 0.5, 5)
    await spend(spender_of(owner), 2.0, 5)
    taken = [await shown(owner, each) for each in (whole, daily, narrow, other)]
    assert [each["used"]["cost"] for each in taken] == [2.75, 2.75, 0.75, 0]
    assert {each["reserved"]["cost"] for each in taken} == {0}


@pytest.mark.parametrize("scope", ["user", "token", "agent", "workflow"])
async def test_who_has_nothing_to_do_with_a_budget_is_not_held_by_it(
    owner: Tenant, database: Database, scope: str
) -> None:
    workflow = await owner.post("/api/v1/workflows", {"name": "A", "nodes": [], "edges": []})
    token = await owner.post("/api/v1/tokens", {"name": "CI", "kind": "personal"})
    ids = {
        "user": owner.user_uuid,
        "token": UUID(token.json()["data"]["uuid"]),
        "agent": await make_agent(owner),
        "workflow": UUID(workflow.json()["data"]["uuid"]),
    }
    await make_budget(owner, scope_type=scope, scope_uuid=str(ids[scope]), limit_tokens=10)
    nobody = Spender(owner.workspace_uuid)
    meant = Spender(owner.workspace_uuid, **{f"{scope}_uuid": ids[scope]})
    assert [await applies(database, each) for each in (nobody, meant)] == [False, True]
    assert (await reserve(database, nobody, "call", 5.0, 500)).uuid is None
    with pytest.raises(BudgetExhausted):
        await reserve(database, meant, "call", 5.0, 500)


async def test_budgets_of_others_are_not_touched(
    owner: Tenant, stranger: Tenant, database: Database, spend: Spend
) -> None:
    mine, theirs = await make_budget(owner, limit_cost=1), await make_budget(stranger, limit_cost=1)
    await spend(spender_of(owner), 1.0)
    await spend(spender_of(stranger), 0.25)
    assert [(await shown(owner, mine))["used"]["cost"], (await shown(stranger, theirs))["used"]["cost"]] == [1, 0.25]
    held = await reserve(database, spender_of(stranger), "call", 0.5, 0)
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await settle(session, held, 0.0, 0)
    assert (await shown(stranger, theirs))["reserved"]["cost"] == 0.5


async def test_two_hundred_at_once_never_pass_a_budget_for_twenty(owner: Tenant, database: Database) -> None:
    agent = await make_agent(owner)
    budgets = [
        await make_budget(owner, limit_cost=2),
        await make_budget(owner, limit_cost=2, period="day"),
        await make_budget(owner, scope_type="agent", scope_uuid=str(agent), limit_tokens=2_000),
    ]

    async def run(number: int) -> bool:
        spender = spender_of(owner, agent_uuid=agent)
        try:
            reservation = await reserve(database, spender, "call", 0.1, 100)
        except BudgetExhausted:
            return False
        await asyncio.sleep(0.001 * (number % 7))
        async with database.session(Scope(owner.workspace_uuid)) as session:
            await settle(session, reservation, 0.1, 100)
        return True

    made = await asyncio.gather(*(run(number) for number in range(200)))
    assert sum(made) == 20
    for budget in budgets:
        after = await shown(owner, budget)
        assert (after["used"], after["reserved"]["tokens"]) == ({"cost": 2, "tokens": 2_000}, 0)
        assert after["status"] == "exhausted"


async def test_the_same_call_has_one_reservation(owner: Tenant, database: Database) -> None:
    budget = await make_budget(owner, limit_cost=1)
    spender = spender_of(owner)
    found = await asyncio.gather(*(reserve(database, spender, "call", 0.6, 1) for _ in range(8)))
    assert len({each.uuid for each in found}) == 1
    assert (await shown(owner, budget))["reserved"]["cost"] == 0.6
    with pytest.raises(BudgetExhausted):
        await reserve(database, spender, "another", 0.6, 1)


async def test_a_call_that_is_made_again_after_it_was_settled_is_paid_again(owner: Tenant, spend: Spend) -> None:
    budget = await make_budget(owner, limit_cost=1)
    spender = spender_of(owner)
    await spend(spender, 0.25)
    await spend(spender, 0.25)
    assert (await shown(owner, budget))["used"]["cost"] == 0.5


async def test_what_a_crash_left_goes_back_once_the_run_has_ended(
    owner: Tenant, database: Database, superuser: Superuser
) -> None:
    budget = await make_budget(owner, limit_cost=3)
    running, ended, unknown = new_uuid(), new_uuid(), new_uuid()
    async with database.system() as session:
        for uuid, status, at in ((running, "running", None), (ended, "failed", clock.now())):
            await session.execute(
                "INSERT INTO runs (workspace_uuid, uuid, created_at, updated_at, kind, status, input, finished_at) "
                "VALUES ($1, $2, now(), now(), 'test', $3, '{}', $4)",
                owner.workspace_uuid,
                uuid,
                status,
                at,
            )
    for run in (running, ended, unknown):
        await reserve(database, spender_of(owner, run_uuid=run), "call", 1.0, 1)
    await release_abandoned(database)
    assert (await shown(owner, budget))["reserved"]["cost"] == 2
    await superuser.execute(
        "UPDATE budget_reservations SET created_at = created_at - $2::interval WHERE workspace_uuid = $1",
        owner.workspace_uuid,
        PATIENCE,
    )
    await release_abandoned(database)
    after = await shown(owner, budget)
    assert (after["reserved"]["cost"], after["used"]["cost"]) == (1, 0)
    again = await reserve(database, spender_of(owner, run_uuid=running), "call", 1.0, 1)
    await release(database, again)
    assert (await shown(owner, budget))["reserved"]["cost"] == 0


async def test_a_new_period_begins_with_nothing(
    owner: Tenant, database: Database, spend: Spend, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = await make_budget(owner, limit_tokens=10, period="day", timezone="Asia/Tokyo")
    late = await reserve(database, spender_of(owner), "late", 0.0, 4)
    await spend(spender_of(owner), 0.0, 6)
    tomorrow = datetime.fromisoformat(budget["resets_at"])

    class Tomorrow:
        rfc3339 = staticmethod(clock.rfc3339)

        @staticmethod
        def now() -> datetime:
            return tomorrow

    with pytest.raises(BudgetExhausted):
        await reserve(database, spender_of(owner), "call", 0.0, 1)
    monkeypatch.setattr(spending, "clock", Tomorrow)
    await spend(spender_of(owner), 0.0, 9)
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await settle(session, late, 0.0, 3)
    usage = await owner.get(f"{PATH}/{budget['uuid']}/usage", params={"to": clock.rfc3339(tomorrow + timedelta(1))})
    assert [each["used"]["tokens"] for each in usage.json()["data"]["series"]][-2:] == [9, 9]
    assert usage.json()["data"]["total"]["tokens"] == 18


async def test_a_soft_limit_warns_or_names_a_cheaper_model(owner: Tenant, database: Database, spend: Spend) -> None:
    agent = await make_agent(owner)
    budget = await make_budget(owner, name="Team", limit_cost=1, soft_limit=0.5)
    scope = {"scope_type": "agent", "scope_uuid": str(agent)}
    cheaper = {"soft_limit": 0.75, "on_soft": "use_model", "model": "small"}
    await make_budget(owner, name="Agent", limit_cost=1, **scope, **cheaper)
    assert (await spend(spender_of(owner, agent_uuid=agent), 0.25)).soft is None
    warned = (await spend(spender_of(owner, agent_uuid=agent), 0.375)).soft
    assert warned is not None
    assert warned.model is None
    [sentence] = warned.warnings
    assert sentence == (
        "The budget Team (workspace, per month) has passed 50 % of its limit: "
        "of 1 US dollars, 0.25 US dollars are used and 0.375 US dollars set aside."
    )
    assert (await shown(owner, budget))["status"] == "warning"
    instead = (await spend(spender_of(owner, agent_uuid=agent), 0.25)).soft
    assert instead is not None
    assert (instead.model, len(instead.warnings)) == ("small", 2)
    assert [each["resource_uuid"] for each in await told(owner, "budget.warning")][-1] == budget["uuid"]
    assert len(await told(owner, "budget.warning")) == 2


async def test_that_a_budget_is_exhausted_is_told_once(owner: Tenant, database: Database, spend: Spend) -> None:
    refusing = await make_budget(owner, limit_cost=1)
    for _ in range(3):
        with pytest.raises(BudgetExhausted):
            await reserve(database, spender_of(owner), "call", 2.0, 1)
    [event] = await told(owner, "budget.exhausted")
    assert (event["resource_uuid"], event["details"]["used_cost"]) == (refusing["uuid"], 0)
    await owner.delete(f"{PATH}/{refusing['uuid']}")
    emptied = await make_budget(owner, limit_tokens=100)
    await spend(spender_of(owner), 0.0, 100)
    events = await told(owner, "budget.exhausted")
    assert [each["resource_uuid"] for each in events] == [emptied["uuid"], refusing["uuid"]]


async def test_a_start_is_refused_when_nothing_is_left(owner: Tenant, database: Database, spend: Spend) -> None:
    await make_budget(owner, limit_cost=1)
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await check(session, spender_of(owner))
        await spend(spender_of(owner), 1.0)
        with pytest.raises(BudgetExhausted):
            await check(session, spender_of(owner))


async def test_limits_hold_from_the_next_call_on(owner: Tenant, database: Database, spend: Spend) -> None:
    budget = await make_budget(owner, limit_cost=1)
    await spend(spender_of(owner), 0.75)
    await owner.put(f"{PATH}/{budget['uuid']}", {"limit_cost": 0.5})
    with pytest.raises(BudgetExhausted):
        await reserve(database, spender_of(owner), "call", 0.01, 1)
    await owner.put(f"{PATH}/{budget['uuid']}", {"limit_cost": 2})
    await spend(spender_of(owner), 1.25)
    assert (await shown(owner, budget))["status"] == "exhausted"
    await owner.delete(f"{PATH}/{budget['uuid']}")
    assert (await reserve(database, spender_of(owner), "call", 100.0, 1)).uuid is None


async def test_a_budget_that_goes_during_a_call_holds_nobody(owner: Tenant, database: Database) -> None:
    budget = await make_budget(owner, limit_cost=1)
    reservation = await reserve(database, spender_of(owner), "call", 0.5, 1)
    known = await database.provided(KnownBudgets).of(
        database.session(Scope(owner.workspace_uuid)), owner.workspace_uuid
    )
    await owner.delete(f"{PATH}/{budget['uuid']}")
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await settle(session, reservation, 0.5, 1)
    # As in a process that does not know of it yet.
    remembered: Any = database.provided(KnownBudgets)
    remembered._known[owner.workspace_uuid] = (float("inf"), known)
    assert (await reserve(database, spender_of(owner), "call", 5.0, 1)).uuid is None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["settle", "release", "leave"]), st.integers(0, 400)), max_size=8))
async def test_the_sums_are_those_of_the_calls(
    owner: Tenant, database: Database, calls: Sequence[tuple[str, int]]
) -> None:
    agent = await make_agent(owner)
    budget = await make_budget(owner, scope_type="agent", scope_uuid=str(agent), limit_cost=1)
    used = held = Decimal(0)
    for number, (end, thousandths) in enumerate(calls):
        amount = Decimal(thousandths) / 1000
        full = used + held + amount > 1 or used + held >= 1
        try:
            reservation = await reserve(
                database, spender_of(owner, agent_uuid=agent), str(number), float(amount), thousandths
            )
        except BudgetExhausted:
            assert full
            continue
        assert not full
        if end == "settle":
            async with database.session(Scope(owner.workspace_uuid)) as session:
                await settle(session, reservation, float(amount / 2), 1)
            used += amount / 2
        elif end == "release":
            await release(database, reservation)
        else:
            held += amount
    state = await shown(owner, budget)
    assert (state["used"]["cost"], state["reserved"]["cost"]) == (float(used), float(held))

"""The leaderboard of agents: who stands where, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from athena.kit import clock
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from tests.conftest import Tenant
from tests.metrics.conftest import AddRun, Fold, agent

PATH = "/api/v1/agents/leaderboard"


async def board(tenant: Tenant, query: str = "") -> list[dict[str, Any]]:
    answer = await tenant.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def names(tenant: Tenant, query: str = "") -> list[str]:
    return [entry["agent"]["name"] for entry in await board(tenant, query)]


async def ran(add_run: AddRun, tenant: Tenant, uuid: str, runs: int, **fields: Any) -> None:
    at = fields.pop("at", clock.now())
    for _ in range(runs):
        await add_run(tenant, at, label=("agent_uuid", uuid), **fields)


async def test_agents_stand_by_what_can_be_said_for_certain(owner: Tenant, add_run: AddRun, fold: Fold) -> None:
    lucky, proven, poor = [await agent(owner, name) for name in ("Lucky", "Proven", "Poor")]
    await agent(owner, "Idle")
    await ran(add_run, owner, lucky, 3, milliseconds=100)
    await ran(add_run, owner, proven, 40, usage={"input_tokens": 10, "output_tokens": 5, "cost": 0.5})
    await ran(add_run, owner, proven, 1, status="failed")
    await ran(add_run, owner, proven, 20, status="cancelled")
    await ran(add_run, owner, poor, 10, status="failed")
    for _ in range(2):
        entries = await board(owner)
        assert [(entry["rank"], entry["agent"]["name"]) for entry in entries] == [
            (1, "Proven"),
            (2, "Lucky"),
            (3, "Poor"),
        ]
        first = entries[0]
        assert (first["runs"], first["success_rate"]) == (61, round(40 / 41, 4))
        assert (first["tokens"], first["cost"]) == ({"input": 400, "output": 200}, 20.0)
        assert first["p50_latency_ms"] == pytest.approx(1000, rel=0.04)
        assert first["score"] == first["score_interval"]["low"] < first["score_interval"]["high"]
        assert (first["rating"], first["ratings"], entries[2]["p95_latency_ms"]) == (None, 0, None)
        await fold()


async def test_it_is_sorted_searched_and_paged(owner: Tenant, add_run: AddRun) -> None:
    for number, name in enumerate(("Alpha", "Beta", "Gamma"), 1):
        uuid = await agent(owner, name)
        await ran(add_run, owner, uuid, number, usage={"cost": 10 - number}, milliseconds=10**number)
    assert await names(owner) == ["Gamma", "Beta", "Alpha"]
    assert await names(owner, "sort=-cost") == ["Gamma", "Beta", "Alpha"]
    assert await names(owner, "sort=p50_latency_ms") == ["Alpha", "Beta", "Gamma"]
    assert [entry["rank"] for entry in await board(owner, "sort=runs")] == [3, 2, 1]
    assert await names(owner, "search=eta") == ["Beta"]
    assert await names(owner, "search=%25") == []
    page = (await owner.get(f"{PATH}?per_page=2&page=2")).json()
    assert ([entry["agent"]["name"] for entry in page["data"]], page["meta"]["total"]) == (["Alpha"], 3)
    first = (await owner.get(f"{PATH}?per_page=2&cursor=")).json()
    second = (await owner.get(first["links"]["next"])).json()
    assert [len(first["data"]), len(second["data"]), second["links"]["next"]] == [2, 1, None]
    back = (await owner.get(second["links"]["prev"])).json()
    assert back["data"] == first["data"]


async def test_a_period_says_which_runs_count(owner: Tenant, add_run: AddRun, fold: Fold) -> None:
    uuid = await agent(owner, "A")
    for days in (0, 2, 20, 60, 200, 800):
        await ran(add_run, owner, uuid, 1, at=clock.now() - timedelta(days=days))
    for _ in range(2):
        found = {
            period: (await board(owner, f"period={period}"))[0]["runs"]
            for period in ("day", "week", "month", "quarter", "year", "all")
        }
        assert found == {"day": 1, "week": 2, "month": 3, "quarter": 4, "year": 5, "all": 6}
        await fold()


async def test_ratings_count_as_they_are_given_changed_and_taken_back(
    owner: Tenant, database: Database, fold: Fold
) -> None:
    uuid = await agent(owner, "Rated")
    thread = (await owner.post("/api/v1/threads", {"agent_uuid": uuid})).json()["data"]["uuid"]
    messages = [new_uuid() for _ in range(3)]
    async with database.session(Scope(owner.workspace_uuid)) as session:
        for message in messages:
            await session.execute(
                "INSERT INTO messages (workspace_uuid, uuid, created_at, updated_at, thread_uuid, agent_uuid, role, "
                "content, status, metadata) VALUES ($1, $2, now(), now(), $3, $4, 'assistant', $5, 'completed', '{}')",
                owner.workspace_uuid,
                message,
                thread,
                uuid,
                "An answer",
            )
    for message, feedback, rating, ratings in (
        (0, {"rating": 1}, 1.0, 1),
        (1, {"rating": -1}, 0.0, 2),
        (0, {"rating": 1, "comment": "Good."}, 0.0, 2),
        (1, {"rating": 1}, 1.0, 2),
        (2, {"rating": -1, "comment": "Wrong."}, 0.3333, 3),
        (2, None, 1.0, 2),
    ):
        answer = await owner.put(f"/api/v1/messages/{messages[message]}", {"feedback": feedback})
        assert answer.status_code == 200, answer.text
        (entry,) = await board(owner)
        assert (entry["rating"], entry["ratings"], entry["runs"]) == (rating, ratings, 0)
        await fold()


async def test_deleted_agents_and_those_of_others_are_not_on_it(
    owner: Tenant, stranger: Tenant, add_run: AddRun
) -> None:
    uuid = await agent(owner, "Gone")
    await ran(add_run, owner, uuid, 1)
    assert await names(stranger) == []
    # A label that names another workspace's agent shows nothing of it.
    await ran(add_run, stranger, uuid, 1)
    assert await names(stranger) == []
    assert (await owner.delete(f"/api/v1/agents/{uuid}")).status_code == 204
    assert await names(owner) == []


@pytest.mark.parametrize("query", ["period=decade", "sort=name", "cursor=x", "cursor=W2ZhbHNlLFsieCJdXQ", "a=b"])
async def test_what_it_does_not_know_is_refused(owner: Tenant, query: str) -> None:
    assert (await owner.get(f"{PATH}?{query}")).status_code == 422

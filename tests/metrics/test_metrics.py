"""The metrics of a workspace: what each number counts, over time and by whom."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from athena.kit import clock
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import Connect, MakeTenant, Tenant
from tests.metrics.conftest import AddRun, Fold, agent, metrics
from tests.threads.queries import counted

NAMES = ("agents", "workflows", "threads", "messages", "workflow-executions")


def values(data: dict[str, Any]) -> list[int]:
    return [bucket["value"] for bucket in data["series"]]


@pytest.mark.parametrize("name", NAMES)
async def test_without_anything_every_bucket_is_there_and_0(owner: Tenant, name: str) -> None:
    data = await metrics(owner, name, "from=2026-01-01T00:00:00Z&to=2026-01-08T00:00:00Z")
    assert (data["total"], data["previous_total"], data["change"], data["breakdown"]) == (0, 0, None, [])
    assert values(data) == [0] * 7
    assert [bucket["at"] for bucket in data["series"]][:2] == ["2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"]
    assert (data["from"], data["to"]) == ("2026-01-01T00:00:00.000Z", "2026-01-08T00:00:00.000Z")
    assert (data["interval"], data["timezone"]) == ("day", "UTC")
    default = await metrics(owner, name)
    assert len(default["series"]) == 30


async def test_threads_count_when_they_are_created_by_agent(owner: Tenant, fold: Fold) -> None:
    first = await agent(owner, "First")
    for agent_uuid in (first, first, None):
        answer = await owner.post("/api/v1/threads", {"agent_uuid": agent_uuid})
        assert answer.status_code == 201
    for _ in range(2):
        data = await metrics(owner, "threads")
        assert (data["total"], data["series"][-1]["value"]) == (3, 3)
        assert data["breakdown"] == [
            {"agent_uuid": first, "name": "First", "value": 2},
            {"agent_uuid": None, "name": None, "value": 1},
        ]
        narrowed = await metrics(owner, "threads", f"agent_uuid={first}&interval=hour")
        assert (narrowed["total"], len(narrowed["breakdown"])) == (2, 1)
        # The same, once it is folded.
        await fold()


async def test_runs_count_when_they_end_with_what_they_used(owner: Tenant, add_run: AddRun, fold: Fold) -> None:
    one, two = await agent(owner, "One"), await agent(owner, "Two")
    day = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
    usage = {"input_tokens": 100, "output_tokens": 20, "cost": 0.25}
    for n, milliseconds in enumerate((1000, 1000, 1000, 8000)):
        at = day + timedelta(days=n)
        await add_run(owner, at, label=("agent_uuid", one), milliseconds=milliseconds, usage=usage)
    await add_run(owner, day, kind="thread", status="failed", label=("agent_uuid", two))
    await add_run(owner, day, kind="thread", status="cancelled", label=("agent_uuid", two))
    # Neither a thread without an agent nor other kinds of run are runs of agents.
    await add_run(owner, day, kind="thread")
    await add_run(owner, day, kind="train", label=("agent_uuid", one))
    for _ in range(2):
        data = await metrics(owner, "agents", "from=2026-03-10T00:00:00Z&to=2026-03-14T00:00:00Z")
        assert (data["total"], values(data)) == (6, [3, 1, 1, 1])
        assert data["statuses"] == {"succeeded": 4, "failed": 1, "cancelled": 1}
        assert (data["tokens"], data["cost"]) == ({"input": 400, "output": 80}, 1.0)
        assert data["latency_ms"]["p50"] == pytest.approx(1000, rel=0.04)
        assert data["latency_ms"]["p99"] == pytest.approx(8000, rel=0.04)
        assert data["series"][3]["latency_ms"]["p50"] == pytest.approx(8000, rel=0.04)
        first, second = data["breakdown"]
        assert (first["agent_uuid"], first["name"], first["value"], first["cost"]) == (one, "One", 4, 1.0)
        assert (second["agent_uuid"], second["statuses"]["cancelled"], second["latency_ms"]["p50"]) == (two, 1, None)
        narrowed = await metrics(owner, "agents", f"from=2026-03-10T00:00:00Z&to=2026-03-12T00:00:00Z&agent_uuid={one}")
        assert (narrowed["total"], values(narrowed), len(narrowed["breakdown"])) == (2, [1, 1], 1)
        await fold()


async def test_messages_count_by_role_and_model_and_answers_at_their_end(
    owner: Tenant, connect: Connect, fold: Fold
) -> None:
    account = await connect(owner)
    uuid = await agent(owner, "Answering", account_uuid=str(account), model="mock")
    thread = (await owner.post("/api/v1/threads", {"agent_uuid": uuid})).json()["data"]["uuid"]
    run = await owner.post(f"/api/v1/threads/{thread}/run", {"message": "[[say:Hello!]]"})
    assert run.status_code == 200, run.text
    used = run.json()["data"]["usage"]
    for _ in range(2):
        data = await metrics(owner, "messages")
        assert (data["total"], data["series"][-1]["value"]) == (2, 2)
        assert data["tokens"] == {"input": used["input_tokens"], "output": used["output_tokens"]}
        assert data["latency_ms"]["p95"] > 0
        answers, questions = sorted(data["breakdown"], key=lambda item: item["role"])
        assert (answers["role"], answers["model"], answers["value"]) == ("assistant", "mock", 1)
        assert (questions["role"], questions["model"], questions["latency_ms"]["p50"]) == ("user", None, None)
        for query, total in (("role=user", 1), ("model=mock", 1), ("model=other", 0), (f"agent_uuid={uuid}", 1)):
            assert (await metrics(owner, "messages", query))["total"] == total, query
        runs = await metrics(owner, "agents")
        assert (runs["total"], runs["tokens"]) == (1, data["tokens"])
        await fold()
    pending = {"status": "pending", "role": "assistant"}
    assert (await owner.get("/api/v1/messages", params=pending)).json()["data"] == []


async def test_executions_count_by_how_they_ended(owner: Tenant, add_run: AddRun, fold: Fold) -> None:
    workflow = str(new_uuid())
    day = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
    for status, milliseconds in (("succeeded", 100), ("succeeded", 300), ("failed", 9000), ("cancelled", 9000)):
        await add_run(
            owner, day, kind="workflow", status=status, label=("workflow_uuid", workflow), milliseconds=milliseconds
        )
    query = "from=2026-03-10T00:00:00Z&to=2026-03-11T00:00:00Z"
    for _ in range(2):
        data = await metrics(owner, "workflow-executions", query)
        assert (data["total"], data["statuses"]) == (4, {"succeeded": 2, "failed": 1, "cancelled": 1})
        assert data["duration_ms"]["average"] == 200
        assert data["duration_ms"]["p95"] == pytest.approx(300, rel=0.04)
        assert data["breakdown"][0]["workflow_uuid"] == workflow
        assert data["breakdown"][0]["statuses"] == data["statuses"] == data["series"][0]["statuses"]
        assert (await metrics(owner, "workflows", query))["total"] == 4
        assert (await metrics(owner, "workflows", f"{query}&workflow_uuid={new_uuid()}"))["total"] == 0
        assert (await metrics(owner, "agents", query))["total"] == 0
        await fold()


async def test_the_period_before_is_compared(owner: Tenant, add_run: AddRun) -> None:
    uuid = await agent(owner, "A")
    for text in ("2026-03-09T23:59:59", "2026-03-08T00:00:00", "2026-03-10T00:00:00", "2026-03-11T23:59:59"):
        await add_run(owner, datetime.fromisoformat(f"{text}+00:00"), label=("agent_uuid", uuid))
    await add_run(owner, datetime.fromisoformat("2026-03-11T10:00:00+00:00"), label=("agent_uuid", uuid))
    data = await metrics(owner, "agents", "from=2026-03-10T00:00:00Z&to=2026-03-12T00:00:00Z")
    assert (data["total"], data["previous_total"], data["change"]) == (3, 2, 0.5)
    # `from` is inclusive, `to` is not.
    data = await metrics(owner, "agents", "from=2026-03-11T00:00:00Z&to=2026-03-11T10:00:00Z")
    assert (data["total"], data["previous_total"]) == (0, 0)


async def test_buckets_follow_the_calendar_of_a_time_zone(owner: Tenant, add_run: AddRun, fold: Fold) -> None:
    uuid = await agent(owner, "A")
    # In Berlin, the night in which two o'clock comes twice; in Kathmandu, a quarter to midnight.
    for text in ("2026-10-24T22:10:00", "2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-10-25T23:10:00"):
        await add_run(owner, datetime.fromisoformat(f"{text}+00:00"), label=("agent_uuid", uuid))
    query = "from=2026-10-24T22:00:00Z&to=2026-10-26T23:00:00Z"
    for _ in range(2):
        berlin = await metrics(owner, "agents", f"{query}&timezone=Europe/Berlin")
        assert [bucket["at"][:16] for bucket in berlin["series"]] == ["2026-10-24T22:00", "2026-10-25T23:00"]
        assert values(berlin) == [3, 1]
        hours = await metrics(owner, "agents", f"{query}&timezone=Europe/Berlin&interval=hour")
        assert (len(hours["series"]), values(hours)[:5], hours["total"]) == (49, [1, 0, 1, 1, 0], 4)
        nepal = await metrics(owner, "agents", f"{query}&timezone=Asia/Kathmandu")
        assert nepal["series"][0]["at"] == "2026-10-24T18:15:00.000Z"
        assert (values(nepal), nepal["total"]) == ([3, 1, 0], 4)
        narrowed = await metrics(owner, "agents", f"{query}&timezone=Asia/Kathmandu&agent_uuid={uuid}")
        assert values(narrowed) == values(nepal)
        weeks = await metrics(owner, "agents", f"{query}&timezone=Europe/Berlin&interval=week")
        assert values(weeks) == [3, 1]
        await fold()


@pytest.mark.parametrize(
    "query",
    [
        "interval=minute",
        "interval=",
        "timezone=Mars/Olympus",
        "timezone=..%2Fetc%2Fpasswd",
        "timezone=",
        "from=yesterday",
        "from=2026-01-01T00:00:00",
        "from=0001-01-01T00:00:00Z",
        "to=9999-12-31T23:59:59Z",
        "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=2020-01-01T00:00:00Z&interval=hour",
        "workspace_uuid=x",
        "agent_uuid=x",
        "colour=red",
    ],
)
async def test_what_cannot_be_asked_is_refused(owner: Tenant, query: str) -> None:
    answer = await owner.get(f"/api/v1/metrics/agents?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_deleting_lowers_nothing_that_was_counted(owner: Tenant, fold: Fold) -> None:
    thread = (await owner.post("/api/v1/threads", {})).json()["data"]["uuid"]
    message = await owner.post("/api/v1/messages", {"thread_uuid": thread, "content": "Hello"})
    await owner.delete(f"/api/v1/messages/{message.json()['data']['uuid']}")
    await owner.delete(f"/api/v1/threads/{thread}")
    await fold()
    assert [(await metrics(owner, name))["total"] for name in ("threads", "messages")] == [1, 1]


async def test_what_is_rolled_back_was_never_counted(owner: Tenant, database: Database, fold: Fold) -> None:
    session = database.session(Scope(owner.workspace_uuid))
    await session.execute(
        "INSERT INTO threads (workspace_uuid, uuid, created_at, updated_at, name, metadata, last_message_at) "
        "VALUES ($1, $2, now(), now(), 'Never', '{}', now())",
        owner.workspace_uuid,
        new_uuid(),
    )
    await session.rollback()
    await fold()
    assert (await metrics(owner, "threads"))["total"] == 0


async def test_an_odd_output_ends_a_run_all_the_same(owner: Tenant, add_run: AddRun, fold: Fold) -> None:
    uuid = await agent(owner, "Odd")
    now = clock.now()
    for usage in ("much", [1], {"input_tokens": "ten", "cost": None}, {"input_tokens": -5, "output_tokens": 1.9}, 7):
        await add_run(owner, now, label=("agent_uuid", uuid), usage=usage)
    await add_run(owner, now, label=("agent_uuid", uuid), milliseconds=-5)
    await add_run(owner, now, label=("agent_uuid", "x" * 36))
    await fold()
    data = await metrics(owner, "agents")
    assert (data["total"], data["tokens"]) == (6, {"input": 0, "output": 1})


async def test_figures_that_cannot_be_true_are_cut_to_the_greatest_number(owner: Tenant, add_run: AddRun) -> None:
    usage = {"input_tokens": 1e30, "cost": 1e30}
    await add_run(owner, clock.now(), label=("agent_uuid", await agent(owner, "A")), usage=usage)
    data = await metrics(owner, "agents")
    assert (data["tokens"]["input"], data["cost"]) == (2**63 - 1, float(2**63 - 1))


async def test_a_time_that_has_passed_still_counts_what_comes_late(owner: Tenant, add_run: AddRun, fold: Fold) -> None:
    uuid = await agent(owner, "A")
    at = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
    query = "from=2026-03-10T00:00:00Z&to=2026-03-12T00:00:00Z&interval=hour"
    for number in range(1, 4):
        await add_run(owner, at, label=("agent_uuid", uuid), milliseconds=1000 * number, usage={"cost": 0.1})
        for _ in range(2):
            data = await metrics(owner, "agents", query)
            bucket = data["series"][12]
            assert (bucket["value"], bucket["cost"], data["total"]) == (number, round(0.1 * number, 1), number)
            assert bucket["latency_ms"]["p99"] == pytest.approx(1000 * number, rel=0.04)
            assert data["breakdown"][0]["latency_ms"] == bucket["latency_ms"] == data["latency_ms"]
            await fold()


async def test_only_the_greatest_are_broken_down(owner: Tenant, add_run: AddRun, fold: Fold) -> None:
    at = datetime.fromisoformat("2026-03-10T12:00:00+00:00")
    workflows = sorted(str(new_uuid()) for _ in range(22))
    for workflow in (*workflows, workflows[21], workflows[21], workflows[20]):
        await add_run(owner, at, kind="workflow", label=("workflow_uuid", workflow))
    for _ in range(2):
        data = await metrics(owner, "workflows", "from=2026-03-10T00:00:00Z&to=2026-03-11T00:00:00Z")
        found = [(item["workflow_uuid"], item["value"], item["latency_ms"]["p50"] > 0) for item in data["breakdown"]]
        ones = [(workflow, 1, True) for workflow in workflows[:18]]
        assert found == [(workflows[21], 3, True), (workflows[20], 2, True), *ones]
        assert data["total"] == 25
        await fold()


async def test_nobody_sees_the_metrics_of_others(
    owner: Tenant, stranger: Tenant, add_run: AddRun, fold: Fold, database: Database
) -> None:
    uuid = await agent(owner, "Mine")
    await add_run(owner, clock.now(), label=("agent_uuid", uuid))
    for _ in range(2):
        assert (await metrics(stranger, "agents"))["total"] == 0
        times = "from=2026-10-01T00:00:00Z&to=2026-11-01T00:00:00Z"
        theirs, random = [
            await metrics(stranger, "agents", f"agent_uuid={each}&{times}") for each in (uuid, new_uuid())
        ]
        assert theirs == random
        for table in ("metric_deltas", "metric_rollups"):
            async with database.session(Scope(stranger.workspace_uuid)) as session:
                assert await session.value(f"SELECT count(*) FROM {table}") == 0
        answer = await stranger.get(f"/api/v1/metrics/agents?workspace_uuid={owner.workspace_uuid}")
        unknown = await stranger.get(f"/api/v1/metrics/agents?workspace_uuid={new_uuid()}")
        assert answer.status_code == unknown.status_code == 404
        assert answer.json()["detail"] == unknown.json()["detail"]
        await fold()


async def test_every_role_may_see_them_and_a_narrowed_token_may_not(make_tenant: MakeTenant) -> None:
    viewer = await make_tenant(role=Role.VIEWER)
    assert (await viewer.get("/api/v1/metrics/messages")).status_code == 200
    narrowed = await make_tenant(scopes=["threads.view"])
    for path in ("metrics/messages", "workspaces/metrics", "agents/leaderboard"):
        answer = await narrowed.get(f"/api/v1/{path}")
        assert (answer.status_code, "metrics.view" in answer.json()["detail"]) == (403, True), path


async def test_a_deleted_workspace_takes_its_metrics_along(
    owner: Tenant, add_run: AddRun, fold: Fold, superuser: asyncpg.Connection[Any]
) -> None:
    uuid = await agent(owner, "A")
    await add_run(owner, clock.now(), label=("agent_uuid", uuid))
    await fold()
    await add_run(owner, clock.now(), label=("agent_uuid", uuid))
    await owner.post("/api/v1/workspaces", {"name": "Second"})
    assert (await owner.delete(f"/api/v1/workspaces/{owner.workspace_uuid}")).status_code == 204
    await fold()
    for table in ("metric_deltas", "metric_rollups"):
        left = await superuser.fetchval(f"SELECT count(*) FROM {table} WHERE workspace_uuid = $1", owner.workspace_uuid)
        assert left == 0, table


@pytest.mark.parametrize("path", [*(f"metrics/{name}" for name in NAMES), "agents/leaderboard", "workspaces/metrics"])
async def test_they_cost_three_queries(owner: Tenant, database: Database, path: str, add_run: AddRun) -> None:
    uuid = await agent(owner, "A")
    await add_run(owner, clock.now(), label=("agent_uuid", uuid))
    with counted(database) as queries:
        assert (await owner.get(f"/api/v1/{path}")).status_code == 200
    # One of them for the credentials.
    assert len(queries) <= 4, "\n".join(text[:110] for text in queries)

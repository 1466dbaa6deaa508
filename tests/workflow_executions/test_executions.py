"""Executions as a resource: found by what they are, stopped, and deleted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from athena.kit.db import Database
from athena.permissions import Role
from athena.process import fold_metrics
from athena.workflow_executions import repository
from tests.conftest import MakeTenant, Tenant
from tests.workflow_executions.conftest import PATH, create, ended, execution, node, probe, start
from tests.workflow_executions.plugin import FAILING

Superuser = asyncpg.Connection


async def uuids(tenant: Tenant, query: str = "") -> list[str]:
    answer = await tenant.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return [each["uuid"] for each in answer.json()["data"]]


@pytest.fixture
async def some(owner: Tenant, superuser: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Four executions of two workflows, the oldest first: 100 to 400 ms long, and ever more expensive."""
    one = await create(owner, [probe("a")], [("start", "a")], name="One")
    two = await create(owner, [probe("b")], [("start", "b")], name="Two")
    FAILING.add("b")
    found = [
        (await ended(owner, workflow, given))["uuid"]
        for workflow, given in (
            (one, "Tomatoes"),
            (two, "Cucumbers"),
            (one, "More tomatoes"),
            (two, {"is": "100% new"}),
        )
    ]
    for number, uuid in enumerate(found, 1):
        await superuser.execute(
            "UPDATE runs SET finished_at = started_at + $2 * interval '100 ms', labels = labels || $3::text::jsonb "
            "WHERE uuid = $1",
            UUID(uuid),
            number,
            f'{{"cost": {number / 10}}}',
        )
    return found


async def test_executions_are_listed_newest_first_and_those_of_others_are_not_there(
    owner: Tenant, stranger: Tenant, some: list[str]
) -> None:
    assert await uuids(owner) == some[::-1]
    assert await uuids(owner, "sort=created_at&per_page=3&page=2") == some[3:]
    by_cursor = (await owner.get(f"{PATH}?cursor=&per_page=3")).json()
    assert (await owner.get(by_cursor["links"]["next"])).json()["data"][0]["uuid"] == some[0]
    assert await uuids(stranger) == []
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/cancel"),
        ("GET", "/nodes/a"),
        ("GET", "/values/input"),
    ):
        assert (await stranger.request(method, f"{PATH}/{some[0]}{path}")).status_code == 404


async def test_what_is_no_workflow_s_run_is_no_execution(
    owner: Tenant, some: list[str], superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await superuser.execute("UPDATE runs SET kind = 'agent' WHERE uuid = $1", UUID(some[0]))
    assert await uuids(owner) == some[:0:-1]
    assert (await owner.get(f"{PATH}/{some[0]}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=failed", [3, 1]),
        ("status=waiting", []),
        ("trigger=api", [3, 2, 1, 0]),
        ("trigger=retry", []),
        ("error_code=refused", [3, 1]),
        ("error_code=timeout", []),
        ("workflow_version=1", [3, 2, 1, 0]),
        ("workflow_version=2", []),
        ("min_duration_ms=200&max_duration_ms=300", [2, 1]),
        ("min_cost=0.2&max_cost=0.3", [2, 1]),
        ("min_cost=0.35", [3]),
        ("sort=-duration_ms", [3, 2, 1, 0]),
        ("sort=cost", [0, 1, 2, 3]),
        ("sort=cost&cursor=&per_page=2", [0, 1]),
        ("search=TOMATO", [2, 0]),
        ("search=cucumber", [1]),
        ("search=100%25", [3]),
        ("search=17 times", [3, 1]),
        ("search=17 times&sort=duration_ms&status=failed", [1, 3]),
        ("search=nothing", []),
        ("created_after=2026-01-01T00:00:00Z", [3, 2, 1, 0]),
        ("created_before=2026-01-01T00:00:00Z", []),
    ],
)
async def test_they_are_found_by_what_they_are(owner: Tenant, some: list[str], query: str, expected: list[int]) -> None:
    assert await uuids(owner, query) == [some[number] for number in expected]
    total = (await owner.get(f"{PATH}?{query.replace('cursor=&', '')}")).json()["meta"]["total"]
    assert total == len(expected) or "per_page" in query


async def test_they_are_found_by_workflow_and_fingerprint(owner: Tenant, some: list[str]) -> None:
    rows = (await owner.get(f"{PATH}?with=workflow")).json()["data"]
    assert [row["workflow"]["name"] for row in rows] == ["Two", "One", "Two", "One"]
    assert await uuids(owner, f"workflow_uuid={rows[0]['workflow_uuid']}") == [some[3], some[1]]
    groups = (await owner.get(f"{PATH}/errors")).json()["data"]
    assert await uuids(owner, f"error_fingerprint={groups[0]['error_fingerprint']}") == [some[3], some[1]]


@pytest.mark.parametrize(
    "query",
    [
        "status=lost",
        "trigger=x",
        "min_cost=-1",
        "min_cost=nan",
        "max_duration_ms=x",
        "workflow_uuid=1",
        "sort=status",
        "with=x",
        "x=1",
    ],
)
async def test_wrong_filters_are_refused(owner: Tenant, query: str) -> None:
    assert (await owner.get(f"{PATH}?{query}")).status_code == 422


async def test_what_has_not_ended_has_no_place_by_duration(owner: Tenant, some: list[str]) -> None:
    workflow = await create(owner, [node("hold", "pause")], [("start", "hold")])
    uuid = await start(owner, workflow)
    await execution(owner, uuid, "waiting")
    assert await uuids(owner, "sort=-duration_ms") == some[::-1]
    assert uuid in await uuids(owner, "sort=-cost")


async def test_a_search_looks_at_the_newest_alone(
    owner: Tenant, some: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "SEARCHED", 2)
    assert await uuids(owner, "search=tomatoes") == [some[2]]
    assert await uuids(owner, "search=cucumbers") == []
    assert await uuids(owner, "search=cucumbers&status=failed") == [some[1]]


async def test_the_ways_to_fail_are_told_with_an_example(owner: Tenant, some: list[str]) -> None:
    other = await create(owner, [node("c", "set", {"fields": {"v": "{{ input.x }}"}})], [("start", "c")])
    last = await ended(owner, other, {})
    page = (await owner.get(f"{PATH}/errors")).json()
    assert [(each["node_id"], each["code"], each["count"], each["execution_uuid"]) for each in page["data"]] == [
        ("c", "expression_error", 1, last["uuid"]),
        ("b", "refused", 2, some[3]),
    ]
    assert page["data"][1]["message"] == "The call 'b' was refused 17 times."
    assert page["data"][1]["first_seen_at"] < page["data"][1]["last_seen_at"]
    assert page["meta"]["total"] == 2
    most = (await owner.get(f"{PATH}/errors?sort=-count&per_page=1&cursor=")).json()
    assert [each["node_id"] for each in most["data"]] == ["b"]
    assert [each["node_id"] for each in (await owner.get(most["links"]["next"])).json()["data"]] == ["c"]
    narrowed = (await owner.get(f"{PATH}/errors?workflow_uuid={other['uuid']}")).json()["data"]
    assert [each["count"] for each in narrowed] == [1]


async def test_an_execution_that_ended_can_be_deleted(
    owner: Tenant, superuser: asyncpg.Connection[asyncpg.Record], some: list[str]
) -> None:
    path = f"{PATH}/{some[0]}"
    tag = (await owner.get(path)).headers["etag"]
    assert (await owner.delete(path, headers={"If-Match": '"1"'})).status_code == 412
    assert (await owner.delete(path, headers={"If-Match": tag})).status_code == 204
    assert (await owner.get(path)).status_code == 404
    assert (await owner.delete(path)).status_code == 404
    assert await superuser.fetchval("SELECT count(*) FROM run_events WHERE run_uuid = $1", UUID(some[0])) == 0
    events = (await owner.get("/api/v1/audit-events?action=workflow_execution.deleted")).json()["data"]
    assert [each["resource_uuid"] for each in events] == [some[0]]


async def test_one_that_has_not_ended_is_cancelled_first(owner: Tenant) -> None:
    workflow = await create(owner, [node("hold", "pause")], [("start", "hold")])
    uuid = await start(owner, workflow)
    await execution(owner, uuid, "waiting")
    refused = await owner.delete(f"{PATH}/{uuid}")
    assert (refused.status_code, refused.json()["code"]) == (409, "execution_unfinished")
    assert (await owner.post(f"{PATH}/{uuid}/cancel")).json()["data"]["status"] == "cancelled"
    again = await owner.post(f"{PATH}/{uuid}/cancel")
    assert (again.status_code, again.json()["data"]["status"]) == (200, "cancelled")
    assert (await owner.delete(f"{PATH}/{uuid}")).status_code == 204


async def test_many_are_cancelled_by_filters(owner: Tenant, some: list[str]) -> None:
    workflow = await create(owner, [node("hold", "pause")], [("start", "hold")])
    other = await create(owner, [node("hold", "pause")], [("start", "hold")])
    held = [await start(owner, workflow) for _ in range(3)]
    left = await start(owner, other)
    for uuid in (*held, left):
        await execution(owner, uuid, "waiting")
    assert (await owner.post(f"{PATH}/cancel")).json()["code"] == "filter_missing"
    answer = await owner.post(f"{PATH}/cancel?workflow_uuid={workflow['uuid']}")
    assert (answer.status_code, answer.json()["data"]) == (200, {"count": 3, "refused": 0, "more": False})
    assert await uuids(owner, "status=cancelled") == held[::-1]
    assert await uuids(owner, "status=waiting") == [left]


async def test_what_is_deleted_takes_its_unfinished_executions_along(owner: Tenant) -> None:
    workflow = await create(owner, [node("hold", "pause")], [("start", "hold")])
    held = [await start(owner, workflow) for _ in range(2)]
    for uuid in held:
        await execution(owner, uuid, "waiting")
    path = f"/api/v1/workflows/{workflow['uuid']}"
    assert (await owner.delete(path, headers={"If-Match": '"77"'})).status_code == 412
    assert await uuids(owner, "status=waiting") == held[::-1]
    assert (await owner.delete(path)).status_code == 204
    assert await uuids(owner, "status=cancelled") == held[::-1]


async def test_what_failed_or_was_stopped_counts_with_its_cost(owner: Tenant, database: Database) -> None:
    FAILING.add("b")
    failing = await create(owner, [probe("a", cost=0.5), probe("b")], [("start", "a"), ("a", "b")])
    holding = await create(owner, [probe("a", cost=0.25), node("hold", "pause")], [("start", "a"), ("a", "hold")])
    failed = await ended(owner, failing)
    uuid = await start(owner, holding)
    await execution(owner, uuid, "waiting")
    await owner.post(f"{PATH}/{uuid}/cancel")
    stopped = await execution(owner, uuid)
    assert (failed["usage"]["cost"], stopped["usage"]["cost"], stopped["output"]) == (0.5, 0.25, None)
    assert await uuids(owner, "sort=-cost") == [failed["uuid"], uuid]
    await fold_metrics(database)
    metrics = (await owner.get("/api/v1/metrics/workflow-executions")).json()["data"]
    assert (metrics["total"], metrics["cost"]) == (2, 0.75)


async def test_the_log_of_changes_tells_whose_execution_began_and_ended(owner: Tenant) -> None:
    workflow = await create(owner, [probe("a", cost=0.5)], [("start", "a")])
    uuid = (await ended(owner, workflow))["uuid"]
    events = (await owner.get(f"/api/v1/audit-events?resource_uuid={uuid}")).json()["data"]
    told = [(each["action"], each["details"]["kind"], each["details"]["workflow_uuid"]) for each in events]
    assert told == [(f"run.{verb}", "workflow", workflow["uuid"]) for verb in ("completed", "started")]
    assert events[0]["details"]["usage"]["cost"] == 0.5


async def test_one_that_takes_too_long_is_among_the_errors(owner: Tenant) -> None:
    settings: dict[str, Any] = {"timeout_seconds": 0.05}
    slow = {"max_attempts": 20, "delay_ms": 1_000}
    FAILING.add("a")
    workflow = await create(owner, [probe("a", retry=slow)], [("start", "a")], settings=settings)
    found = await ended(owner, workflow)
    assert (found["status"], found["error"]["code"]) == ("failed", "deadline_exceeded")
    groups = (await owner.get(f"{PATH}/errors")).json()["data"]
    assert [(each["code"], each["node_id"], each["count"]) for each in groups] == [("deadline_exceeded", None, 1)]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, {"GET"}),
        (Role.OPERATOR, {"GET", "POST"}),
        (Role.BUILDER, {"GET", "POST", "DELETE"}),
    ],
)
async def test_roles_may_what_they_may(
    owner: Tenant, make_tenant: MakeTenant, some: list[str], role: Role, allowed: set[str]
) -> None:
    member = await make_tenant(role, owner.workspace_uuid)
    for method, path in (
        *(("GET", each) for each in (PATH, f"{PATH}/counts", f"{PATH}/errors", f"{PATH}/{some[0]}")),
        *(("POST", f"{PATH}{each}") for each in (f"/{some[0]}/cancel", f"/{some[0]}/retry", "/cancel?status=waiting")),
        ("DELETE", f"{PATH}/{some[0]}"),
    ):
        status = (await member.request(method, path)).status_code
        assert (status != 403) == (method in allowed), (method, path, status)


async def test_somebody_at_the_console_starts_by_hand(owner: Tenant) -> None:
    workflow = await create(owner, [probe("a")], [("start", "a")])
    password = "correct horse battery staple"
    assert (await owner.put("/api/v1/user", {"password": password})).status_code == 200
    given = {"email": owner.email, "password": password, "session": True}
    signed_in = await owner.client.post("/api/v1/auth/sign-in", json=given)
    cookies = "; ".join(f"{name}={value}" for name, value in signed_in.cookies.items())
    owner.client.cookies.clear()
    answer = await owner.client.post(
        f"/api/v1/workflows/{workflow['uuid']}/run",
        json={"input": 1},
        headers={"Cookie": cookies, "X-CSRF-Token": signed_in.json()["data"].get("csrf_token", "")},
    )
    assert answer.status_code == 200, answer.text
    assert (await execution(owner, answer.json()["data"]["uuid"]))["trigger"] == "manual"

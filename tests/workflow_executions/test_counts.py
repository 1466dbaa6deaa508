"""How many executions there are: exact at once, whatever happens to them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from athena.kit import clock
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.process import fold_executions
from athena.workflow_executions import repository
from tests.conftest import Tenant
from tests.workflow_executions.conftest import PATH, create, ended, execution, node, probe, start
from tests.workflow_executions.plugin import FAILING

STATUSES = ("queued", "running", "waiting", "succeeded", "failed", "cancelled")


async def counts(tenant: Tenant, query: str = "") -> dict[str, int]:
    """Those that are not 0."""
    answer = await tenant.get(f"{PATH}/counts?{query}")
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert set(data) == {"total", "at_least", *STATUSES}
    assert data["total"] == sum(data[name] for name in STATUSES)
    return {name: value for name, value in data.items() if value}


async def test_executions_are_counted_in_each_state_of_their_life(
    owner: Tenant, stranger: Tenant, database: Database
) -> None:
    assert await counts(owner) == {}
    FAILING.add("b")
    works = await create(owner, [probe("a")], [("start", "a")])
    fails = await create(owner, [probe("b")], [("start", "b")])
    holds = await create(owner, [node("hold", "pause")], [("start", "hold")])
    for _ in range(2):
        await ended(owner, works)
    failed = await ended(owner, fails)
    held = await start(owner, holds)
    await execution(owner, held, "waiting")
    for _ in range(2):
        assert await counts(owner) == {"total": 4, "succeeded": 2, "failed": 1, "waiting": 1}
        assert await counts(owner, f"workflow_uuid={works['uuid']}") == {"total": 2, "succeeded": 2}
        assert await counts(owner, f"workflow_uuid={works['uuid']}&workflow_version=2") == {}
        assert await counts(owner, "status=failed&trigger=api") == {"total": 1, "failed": 1}
        assert await counts(owner, "trigger=retry") == {}
        assert await counts(stranger) == {}
        # The same, once they are folded.
        await fold_executions(database)
    await owner.post(f"{PATH}/{held}/cancel")
    await owner.delete(f"{PATH}/{failed['uuid']}")
    for _ in range(2):
        assert await counts(owner) == {"total": 3, "succeeded": 2, "cancelled": 1}
        listed = (await owner.get(f"{PATH}?per_page=1")).json()["meta"]
        assert (listed["total"], "total_at_least" in listed) == (3, False)
        await fold_executions(database)


async def test_with_other_filters_they_are_counted_one_by_one(owner: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = await create(owner, [probe("a")], [("start", "a")])
    for number in range(4):
        await ended(owner, workflow, f"number {number}")
    assert await counts(owner, "min_duration_ms=0") == {"total": 4, "succeeded": 4}
    assert await counts(owner, "search=number 2") == {"total": 1, "succeeded": 1}
    assert await counts(owner, "created_after=2030-01-01T00:00:00Z") == {}
    assert await counts(owner, "error_code=refused") == {}


async def test_beyond_a_limit_they_say_that_there_are_more(owner: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "MAXIMUM_COUNT", 2)
    workflow = await create(owner, [probe("a")], [("start", "a")])
    for _ in range(4):
        await ended(owner, workflow)
    data = (await owner.get(f"{PATH}/counts?max_cost=1")).json()["data"]
    assert (data["total"], data["at_least"], data["succeeded"]) == (3, True, 3)
    assert (await owner.get(f"{PATH}/counts?trigger=api")).json()["data"]["total"] == 4


@pytest.mark.parametrize("query", ["page=1", "sort=cost", "with=data", "cursor=", "status=lost"])
async def test_what_is_about_a_page_is_no_filter(owner: Tenant, query: str) -> None:
    assert (await owner.get(f"{PATH}/counts?{query}")).status_code == 422


Steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "move", "move", "delete", "fold"]),
        st.integers(0, 5),
        st.sampled_from(STATUSES),
        st.integers(1, 2),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=Steps)
async def test_numbers_are_what_the_rows_are(
    owner: Tenant, database: Database, steps: list[tuple[str, int, str, int]]
) -> None:
    workflow = new_uuid()
    rows: list[UUID] = []
    async with database.session(Scope(owner.workspace_uuid)) as session:
        for verb, place, status, version in steps:
            if verb == "fold":
                await session.commit()
                await fold_executions(database)
            elif verb == "add":
                rows.append(new_uuid())
                labels: dict[str, Any] = {"workflow_uuid": str(workflow), "workflow_version": version, "trigger": "api"}
                await session.execute(
                    "INSERT INTO runs (workspace_uuid, uuid, created_at, updated_at, kind, status, input, labels) "
                    "VALUES ($1, $2, $3, $3, 'workflow', $4, '{}', $5)",
                    *(owner.workspace_uuid, rows[-1], clock.now(), status, labels),
                )
            elif rows and verb == "move":
                uuid = rows[place % len(rows)]
                await session.execute("UPDATE runs SET status = $2 WHERE uuid = $1", uuid, status)
            elif rows:
                await session.execute("DELETE FROM runs WHERE uuid = $1", rows.pop(place % len(rows)))
        found = await session.fetch(
            "SELECT status, count(*) AS count FROM runs WHERE workflow_uuid = $1 AND workflow_version = 1 GROUP BY 1",
            str(workflow),
        )
    told = await counts(owner, f"workflow_uuid={workflow}&workflow_version=1")
    told.pop("total", None)
    assert told == {row["status"]: row["count"] for row in found}

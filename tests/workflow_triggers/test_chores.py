"""Workflows that begin by the clock, and such that await events of other resources."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest

from athena.kit import clock
from athena.kit.db import Database
from athena.workflow_triggers.tasks import start_awaited, start_scheduled
from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def started(tenant: Tenant, workflow: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """The executions of a workflow, once there are so many at their end."""
    for _ in range(200):
        answer = await tenant.get(f"/api/v1/runs?workflow_uuid={workflow['uuid']}")
        rows = [row for row in answer.json()["data"] if row["finished_at"]]
        if len(rows) >= count:
            return rows
        await asyncio.sleep(0.02)
    raise AssertionError(f"there are not {count} executions")


async def scheduled(tenant: Tenant, **schedule: Any) -> dict[str, Any]:
    given = {"type": "interval", "unit": "minutes", "every": 10, **schedule}
    return await create(tenant, [node("clock", "schedule_trigger", {"schedule": given})], [], status="active")


async def wind(superuser: Superuser, workflow: dict[str, Any], minutes: float) -> None:
    """As if the schedule had begun so long ago, and nobody had looked since."""
    await superuser.execute(
        "UPDATE workflow_triggers SET anchor_at = $2, last_at = $2, next_at = $2 WHERE workflow_uuid = $1::text::uuid",
        workflow["uuid"],
        clock.now() - timedelta(minutes=minutes),
    )


async def next_at(superuser: Superuser, workflow: dict[str, Any]) -> Any:
    return await superuser.fetchval(
        "SELECT next_at FROM workflow_triggers WHERE workflow_uuid = $1::text::uuid", workflow["uuid"]
    )


async def test_a_schedule_starts_an_execution_each_time_and_once(
    owner: Tenant, database: Database, superuser: Superuser
) -> None:
    workflow = await scheduled(owner)
    await start_scheduled(database)
    await wind(superuser, workflow, 10.1)
    await asyncio.gather(*(start_scheduled(database) for _ in range(4)))
    [run] = await started(owner, workflow, 1)
    assert run["output"]["description"] == "Every 10 minutes"
    assert await next_at(superuser, workflow) > clock.now()


@pytest.mark.parametrize(("missed", "count"), [("skip", 0), ("once", 1), ("all", 3)])
async def test_what_was_missed_while_nothing_ran_is_caught_up_with_as_it_says(
    owner: Tenant, database: Database, superuser: Superuser, missed: str, count: int
) -> None:
    workflow = await scheduled(owner, missed=missed)
    await wind(superuser, workflow, 35)
    await start_scheduled(database)
    await start_scheduled(database)
    assert len(await started(owner, workflow, count)) == count
    assert await next_at(superuser, workflow) > clock.now()


async def test_an_inactive_workflow_has_no_schedule_and_a_changed_one_begins_anew(
    owner: Tenant, superuser: Superuser
) -> None:
    workflow = await scheduled(owner)
    path = f"/api/v1/workflows/{workflow['uuid']}"
    before = await next_at(superuser, workflow)
    await owner.put(path, {"name": "Other", "tags": ["t"], "settings": {"timeout_seconds": 5}})
    assert await next_at(superuser, workflow) == before
    nodes = workflow["nodes"]
    nodes[0]["data"]["schedule"]["every"] = 20
    assert (await owner.put(path, {"nodes": nodes})).status_code == 200
    assert await next_at(superuser, workflow) > before
    await owner.put(path, {"status": "inactive"})
    assert await next_at(superuser, workflow) is None


async def test_an_event_of_another_resource_starts_what_awaits_it(owner: Tenant, database: Database) -> None:
    workflow = await create(
        owner, [node("made", "event_trigger", {"event_types": ["prompt.created"]})], [], status="active"
    )
    made = (await owner.post("/api/v1/prompts", {"name": "P", "content": "Hello"})).json()["data"]
    await owner.put(f"/api/v1/prompts/{made['uuid']}", {"name": "Q"})
    await start_awaited(database)
    [run] = await started(owner, workflow, 1)
    assert (run["output"]["type"], run["output"]["resource_uuid"]) == ("prompt.created", made["uuid"])


async def test_what_a_workflow_does_itself_is_no_event_for_it(owner: Tenant, database: Database) -> None:
    watching = await create(owner, [node("all", "event_trigger", {"event_types": ["run.*"]})], [], status="active")
    other = await create(owner, [], [])
    await owner.post(f"/api/v1/workflows/{other['uuid']}/run", {"input": 1})
    for _ in range(3):
        await start_awaited(database)
        await started(owner, watching, 2)
    assert len(await started(owner, watching, 2)) == 2, "that the other began, and that it ended"

"""What a workflow needs from outside of its graph is looked for when it is saved: its secrets, and times to come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from athena.kit import clock
from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node

PATH = "/api/v1/workflows"
Superuser = asyncpg.Connection


async def secret(tenant: Tenant, name: str, kind: str = "secret") -> str:
    answer = await tenant.post("/api/v1/variables", {"name": name, "kind": kind, "value": "sk-0123456789"})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


def places(workflow: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(each["code"], each["node_id"], each["path"], each["position"]) for each in workflow["problems"]]


HOOK = node(
    "hook",
    "webhook_trigger",
    {"authentication": {"type": "hmac", "preset": "github", "secret": {"secret": "GITHUB_KEY"}}},
)
CALL = node(
    "call",
    "http_request",
    {"url": "https://shop.test/orders", "headers": {"X-Key": "Key {{ secrets.SHOP_KEY }}{{ secrets.SHOP_KEY }}"}},
)


async def test_secrets_that_are_not_there_are_named_with_their_places(owner: Tenant, stranger: Tenant) -> None:
    await secret(stranger, "SHOP_KEY")
    await secret(owner, "SHOP_KEY", "variable")
    workflow = await create(owner, [HOOK, CALL], [("hook", "call")])
    assert places(workflow) == [
        ("secret_missing", "hook", "data", None),
        ("secret_missing", "call", "data.headers.X-Key", 4),
    ]
    assert workflow["problems"][1]["message"] == "The workspace has no secret SHOP_KEY."
    path = f"{PATH}/{workflow['uuid']}"
    refused = await owner.put(path, {"status": "active"})
    assert (refused.status_code, refused.json()["code"]) == (422, "workflow_invalid")
    assert list(refused.json()["errors"]) == ["nodes.hook.data", "nodes.call.data.headers.X-Key@4"]


async def test_what_was_missing_is_there_with_the_next_save(owner: Tenant) -> None:
    workflow = await create(owner, [HOOK], [])
    path = f"{PATH}/{workflow['uuid']}"
    uuid = await secret(owner, "GITHUB_KEY")
    assert (await owner.put(path, {"name": "Orders"})).json()["data"]["problems"] == []
    assert (await owner.put(path, {"status": "active"})).status_code == 200
    await owner.delete(f"/api/v1/variables/{uuid}")
    # Its name has nothing to do with that; its nodes do.
    assert (await owner.put(path, {"name": "Sales"})).status_code == 200
    changed = await owner.put(path, {"nodes": [{**HOOK, "name": "Push"}]})
    assert (changed.status_code, list(changed.json()["errors"])) == (422, ["nodes.hook.data"])
    assert (await owner.put(path, {"nodes": [{**HOOK, "disabled": True}, node("s", "manual_trigger")]})).is_success


async def test_an_export_names_the_secrets_that_requests_are_checked_by(owner: Tenant) -> None:
    workflow = await create(owner, [HOOK, CALL], [("hook", "call")])
    document = (await owner.get(f"{PATH}/{workflow['uuid']}/export?format=json")).json()
    assert document["requires"]["secrets"] == ["GITHUB_KEY", "SHOP_KEY"]


def clocked(**schedule: Any) -> dict[str, Any]:
    return node("clock", "schedule_trigger", {"schedule": schedule})


LONG_AGO = {"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2020-02-01T00:00:00Z"}


@pytest.mark.parametrize(
    "schedule",
    [
        {"type": "interval", "unit": "hours", "every": 1, **LONG_AGO},
        {"type": "cron", "expression": "0 9 * * *", **LONG_AGO},
        {"type": "rrule", "rule": "FREQ=DAILY;COUNT=3", "starts_at": "2020-01-01T00:00:00Z"},
        {"type": "rrule", "rule": "FREQ=DAILY;UNTIL=20200301T000000Z", "starts_at": "2020-01-01T00:00:00Z"},
        # Begins when it has ended already: no day between.
        {
            "type": "cron",
            "expression": "0 0 1 1 *",
            "starts_at": "2030-02-01T00:00:00Z",
            "ends_at": "2030-03-01T00:00:00Z",
        },
    ],
)
async def test_a_schedule_of_which_no_time_is_to_come_keeps_a_workflow_from_being_active(
    owner: Tenant, schedule: dict[str, Any]
) -> None:
    draft = await create(owner, [clocked(**schedule)], [])
    assert places(draft) == [("never_due", "clock", "data.schedule", None)]
    refused = await owner.put(f"{PATH}/{draft['uuid']}", {"status": "active"})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["nodes.clock.data.schedule"])


async def test_a_schedule_that_came_to_its_end_at_work_stands_in_the_way_of_no_change(
    owner: Tenant, superuser: Superuser[Any]
) -> None:
    soon = clock.rfc3339(clock.now() + timedelta(hours=2))
    nodes = [clocked(type="interval", unit="hours", every=1, ends_at=soon), node("a", "set", {"fields": {"x": 1}})]
    workflow = await create(owner, nodes, [("clock", "a")], status="active")
    path = f"{PATH}/{workflow['uuid']}"
    nodes[0]["data"]["schedule"]["ends_at"] = "2020-01-01T00:00:00.000Z"
    # As if that time had passed since.
    await superuser.execute(
        "UPDATE workflows SET nodes = replace(nodes::text, $2, '2020-01-01T00:00:00.000Z')::jsonb WHERE uuid = $1",
        workflow["uuid"],
        workflow["nodes"][0]["data"]["schedule"]["ends_at"],
    )
    nodes[1]["data"]["fields"]["x"] = 2
    changed = await owner.put(path, {"nodes": nodes})
    assert changed.status_code == 200, changed.text
    assert (await owner.put(path, {"status": "inactive"})).status_code == 200
    assert (await owner.put(path, {"status": "active"})).status_code == 422

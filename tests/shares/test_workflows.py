"""A shared workflow is run for what it gives; its graph, secrets and other executions stay with its owner."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import orjson

from athena.kit import clock
from athena.permissions import Role
from athena.shares.view import EXECUTIONS
from tests.conftest import MakeTenant, Tenant
from tests.shares.conftest import Anybody, Sharing
from tests.workflow_executions.conftest import create, node

Superuser = asyncpg.Connection
SCHEMA = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}
INSIDE = ("crm.internal", "inner", "multiply", "start", "set", "stop_with_error")


async def workflow(owner: Tenant, *nodes: dict[str, Any], **fields: Any) -> str:
    """One that multiplies, and whose setting nobody outside may see or change."""
    variables = [
        {"name": "amount", "type": "integer", "required": True, "description": "How many."},
        {"name": "crm", "default": "https://crm.internal"},
    ]
    chain = nodes or (
        node("inner", "set", {"fields": {"url": "{{ variables.crm }}", "total": "{{ trigger.input.price * 2 }}"}}),
        node("multiply", "set", {"fields": {"total": "{{ input.total * double(variables.amount) }}"}}),
    )
    ids = ["start", *(each["id"] for each in chain)]
    begin = node("start", "manual_trigger", {"input_schema": SCHEMA})
    made = await create(
        owner,
        [begin, *chain],
        list(itertools.pairwise(ids)),
        name="Total",
        variables=variables,
        settings={"output_schema": {"type": "object"}},
        tags=["money"],
        **fields,
    )
    return made["uuid"]


GIVEN = {"input": {"price": 2}, "variables": {"amount": 3}}


def told(answer: Any) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream."""
    found: list[tuple[str, dict[str, Any]]] = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines["event"], orjson.loads(lines["data"])))
    return found


async def test_a_workflow_is_seen_by_what_it_takes_and_gives(sharing: Sharing, stranger: Tenant) -> None:
    uuid = await workflow(sharing.owner)
    shown = await stranger.get(await sharing.to(stranger, "workflow", uuid, permission="view"))
    assert shown.status_code == 200, shown.text
    resource = shown.json()["data"]["resource"]
    asked = {"name": "amount", "type": "integer", "description": "How many.", "required": True}
    assert resource.pop("variables") == [{**asked, "default": None, "options": None}]
    assert resource.pop("updated_at")
    assert resource == {
        "uuid": uuid,
        "name": "Total",
        "description": "",
        "tags": ["money"],
        "input_schema": SCHEMA,
        "output_schema": {"type": "object"},
    }
    assert not [inside for inside in INSIDE if inside in shown.text.replace("user", "")]
    listed = (await stranger.get("/api/v1/shared?shareable_type=workflow")).json()["data"]
    assert [each["name"] for each in listed] == ["Total"]


async def test_it_is_run_and_followed_without_what_is_inside(sharing: Sharing, anybody: Anybody) -> None:
    uuid = await workflow(sharing.owner)
    path = await sharing.link("workflow", uuid)
    answer = await anybody.post(f"{path}/run", GIVEN)
    assert answer.status_code == 200, answer.text
    run = answer.json()["data"]
    assert (run["status"], run["output"], run["error"]) == ("succeeded", {"total": 12.0}, None)
    assert answer.headers["location"] == f"{path}/runs/{run['uuid']}"
    assert (await anybody.get(answer.headers["location"])).json() == answer.json()
    events = await anybody.get(f"{path}/runs/{run['uuid']}/events")
    assert [kind for kind, _ in told(events)] == ["run.started", *["node.completed"] * 3, "run.completed"]
    assert [set(data) for _, data in told(events)] == [*[{"run_uuid", "at"}] * 4, {"run_uuid", "at", "output"}]
    assert not [inside for inside in INSIDE if inside in events.text.replace("run.started", "")]
    streamed = await anybody.post(f"{path}/run", {**GIVEN, "stream": True})
    assert told(streamed)[-1][1]["output"] == {"total": 12.0}
    share = (await sharing.owner.get("/api/v1/shares")).json()["data"][0]
    own = (await sharing.owner.get(f"/api/v1/runs?share_uuid={share['uuid']}")).json()["data"]
    assert [(each["workflow_uuid"], each["kind"]) for each in own] == [(uuid, "workflow")] * 2
    execution = (await sharing.owner.get(f"/api/v1/workflow-executions/{run['uuid']}")).json()["data"]
    assert execution["data"]["nodes"]["inner"]["output"]["url"] == "https://crm.internal"
    assert share["runs"] == 2


async def test_only_what_the_workflow_asks_for_is_given(
    sharing: Sharing, anybody: Anybody, superuser: Superuser[Any]
) -> None:
    path = await sharing.link("workflow", await workflow(sharing.owner), permission="edit")
    for body, field in (
        ({}, "input"),
        ({"input": {"price": "high"}, "variables": {"amount": 1}}, "input.price"),
        ({"input": {"price": 1}}, "variables.amount"),
        ({"input": {"price": 1}, "variables": {"amount": "x"}}, "variables.amount"),
        # Where the workflow's requests go to, with its secrets in them.
        ({**GIVEN, "variables": {"amount": 1, "crm": "https://mine.test"}}, "variables.crm"),
        ({**GIVEN, "variables": {"amount": 1, "other": 1}}, "variables.other"),
        ({**GIVEN, "message": "x"}, "message"),
        ({**GIVEN, "pinned": {"inner": 1}}, "pinned"),
        ({**GIVEN, "test": True}, "test"),
        ({**GIVEN, "only_node_id": "inner"}, "only_node_id"),
        ({**GIVEN, "trigger_node_id": "start"}, "trigger_node_id"),
    ):
        answer = await anybody.post(f"{path}/run", body)
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field]), answer.text
    for field in ("nodes", "edges", "variables", "settings", "status"):
        refused = await anybody.put(path, {field: []})
        assert (refused.status_code, list(refused.json()["errors"])) == (422, [field])
    assert await superuser.fetchval("SELECT count(*) FROM runs WHERE workspace_uuid = $1", workspace(sharing)) == 0


def workspace(sharing: Sharing) -> Any:
    return sharing.owner.workspace_uuid


async def test_with_edit_its_name_is_changed_and_nothing_that_it_does(sharing: Sharing, stranger: Tenant) -> None:
    uuid = await workflow(sharing.owner)
    path = await sharing.to(stranger, "workflow", uuid, permission="edit")
    changed = await stranger.put(path, {"name": "Sum", "description": "Adds.", "tags": ["a"]})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["data"]["resource"]["name"], changed.json()["data"]["resource"]["version"]) == ("Sum", 1)
    seen = (await sharing.owner.get(f"/api/v1/workflows/{uuid}")).json()["data"]
    assert (seen["name"], seen["description"], seen["tags"], seen["version"]) == ("Sum", "Adds.", ["a"], 1)
    assert len(seen["nodes"]) == 3


async def test_what_a_node_says_of_its_failure_stays_inside(sharing: Sharing, anybody: Anybody) -> None:
    broken = await workflow(sharing.owner, node("inner", "set", {"fields": {"x": "{{ variables.crm.inner }}"}}))
    path = await sharing.link("workflow", broken)
    answer = await anybody.post(f"{path}/run", GIVEN)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
        502,
        "workflow_failed",
        "The workflow failed.",
    )
    background = (await anybody.post(f"{path}/run", {**GIVEN, "background": True})).json()["data"]
    events = await anybody.get(f"{path}/runs/{background['uuid']}/events")
    assert [kind for kind, _ in told(events)][-2:] == ["node.failed", "run.failed"]
    run = await anybody.get(f"{path}/runs/{background['uuid']}")
    assert run.json()["data"]["error"] == {"code": "workflow_failed", "message": "The workflow failed."}
    for text in (answer.text, events.text, run.text):
        assert "inner" not in text
        assert "expression" not in text


async def test_what_a_workflow_says_to_its_callers_is_told(sharing: Sharing, anybody: Anybody) -> None:
    stop = node("inner", "stop_with_error", {"message": "{{ trigger.input.price }} is too little.", "code": "too_low"})
    path = await sharing.link("workflow", await workflow(sharing.owner, stop))
    answer = await anybody.post(f"{path}/run", GIVEN)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (502, "too_low", "2 is too little.")
    assert "inner" not in answer.text


def test_that_a_workflow_took_too_long_is_told_without_where() -> None:
    for code in ("timeout", "deadline_exceeded"):
        error = {
            "code": code,
            "message": "crm.internal did not answer.",
            "node_id": "inner",
            "node_type": "http_request",
        }
        assert EXECUTIONS.error(error) == {"code": code, "message": "The workflow took longer than it may."}


async def test_a_workflow_that_cannot_be_run_says_no_more_than_that(sharing: Sharing, anybody: Anybody) -> None:
    off = await workflow(sharing.owner, status="inactive")
    hook = await create(sharing.owner, [node("hook", "webhook_trigger")], [])
    key = await workflow(sharing.owner)
    settings = {"concurrency": {"limit": 1, "key": "{{ trigger.input.inner }}"}}
    assert (await sharing.owner.put(f"/api/v1/workflows/{key}", {"settings": settings})).status_code == 200
    for uuid in (off, hook["uuid"], key):
        path = await sharing.link("workflow", uuid)
        answer = await anybody.post(f"{path}/run", GIVEN if uuid != hook["uuid"] else {})
        assert (answer.status_code, answer.json()["code"]) == (409, "share_unusable"), answer.text
        assert "inner" not in answer.text


async def test_limit_password_and_end_hold_for_workflows(
    sharing: Sharing, anybody: Anybody, superuser: Superuser[Any]
) -> None:
    uuid = await workflow(sharing.owner)
    path = await sharing.link("workflow", uuid, run_limit=2, password="open, please")
    right = {"X-Share-Password": "open, please"}
    assert (await anybody.post(f"{path}/run", GIVEN)).status_code == 401
    answers = await asyncio.gather(*(anybody.post(f"{path}/run", GIVEN, headers=right) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409]
    counted = await superuser.fetchval("SELECT count(*) FROM runs WHERE workspace_uuid = $1", workspace(sharing))
    assert counted == 2
    await superuser.execute(
        "UPDATE shares SET expires_at = $1 WHERE shareable_uuid = $2", clock.now() - timedelta(seconds=1), uuid
    )
    assert (await anybody.get(path, headers=right)).status_code == 404


async def test_no_other_execution_is_within_reach(sharing: Sharing, stranger: Tenant) -> None:
    uuid = await workflow(sharing.owner)
    one, two = [await sharing.to(stranger, "workflow", uuid) for _ in range(2)]
    run = (await stranger.post(f"{one}/run", GIVEN)).json()["data"]["uuid"]
    own = (await sharing.owner.post(f"/api/v1/workflows/{uuid}/run", GIVEN)).json()["data"]["uuid"]
    again = await sharing.owner.post(f"/api/v1/workflow-executions/{run}/retry", {})
    assert (await stranger.get(f"{one}/runs/{run}")).status_code == 200
    for path, each in ((one, own), (one, again.json()["data"]["uuid"]), (two, run), (one, str(uuid4()))):
        for suffix in ("", "/events"):
            assert (await stranger.get(f"{path}/runs/{each}{suffix}")).status_code == 404
    for path in (f"workflows/{uuid}", f"workflow-executions/{run}", f"runs/{run}", f"workflows/{uuid}/export"):
        assert (await stranger.get(f"/api/v1/{path}")).status_code == 404
    assert (await stranger.post(f"/api/v1/workflow-executions/{run}/cancel", {})).status_code == 404


async def test_a_members_role_limits_a_workflow_that_is_shared_with_the_workspace(
    sharing: Sharing, stranger: Tenant, make_tenant: MakeTenant
) -> None:
    uuid = await workflow(sharing.owner)
    to = {"grantee": "workspace", "workspace_uuid": str(stranger.workspace_uuid)}
    share = await sharing.give("workflow", uuid, **to)
    path = f"/api/v1/shared/{share['uuid']}/run"
    viewer = await make_tenant(Role.VIEWER, stranger.workspace_uuid)
    refused = await viewer.post(path, GIVEN)
    assert (refused.status_code, "workflows.run" in refused.json()["detail"]) == (403, True)
    assert (await stranger.post(path, GIVEN)).json()["data"]["output"] == {"total": 12.0}
    builder = await make_tenant(Role.OPERATOR, sharing.owner.workspace_uuid)
    assert (await builder.post(f"/api/v1/workflows/{uuid}/share", {"grantee": "link"})).status_code == 403


async def test_a_share_goes_with_its_workflow(sharing: Sharing, stranger: Tenant) -> None:
    uuid = await workflow(sharing.owner)
    path = await sharing.to(stranger, "workflow", uuid)
    assert (await sharing.owner.delete(f"/api/v1/workflows/{uuid}")).status_code == 204
    assert (await stranger.get(path)).status_code == 404
    assert (await sharing.owner.get("/api/v1/shares")).json()["data"] == []

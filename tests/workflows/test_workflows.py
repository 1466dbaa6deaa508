"""Workflows are made, checked, changed, kept in versions, compared, restored and deleted."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.workflow_executions.conftest import create, execution, node, run, start

PATH = "/api/v1/workflows"
ADD = {"fields": {"x": "{{ trigger.input.x + 1 }}"}}


async def added(tenant: Tenant, **more: Any) -> dict[str, Any]:
    """A workflow of one node that adds."""
    return await create(tenant, [node("a", "set", ADD)], [("start", "a")], **more)


async def problems(tenant: Tenant, nodes: list[dict[str, Any]], edges: list[Any], **more: Any) -> list[tuple[Any, ...]]:
    """What keeps such a workflow from being active."""
    workflow = await create(tenant, nodes, edges, **more)
    return [(each["code"], each["node_id"], each["path"]) for each in workflow["problems"]]


async def test_a_workflow_is_kept_as_it_was_given(owner: Tenant) -> None:
    body: dict[str, Any] = {
        "name": "Orders",
        "description": "What becomes of orders.",
        "nodes": [node("start", "manual_trigger", position={"x": 1.5, "y": 2}), node("a", "set", ADD, name="Add")],
        "edges": [{"source": "start", "target": "a", "condition": "{{ input.x > 0 }}"}],
        "variables": [{"name": "limit", "type": "integer", "default": 3, "description": "How many."}],
        "settings": {"timeout_seconds": 60, "concurrency": {"limit": 2, "key": "{{ trigger.input.x }}"}},
        "tags": ["shop"],
        "with": "creator,versions",
    }
    made = await owner.post(PATH, body)
    assert made.status_code == 201, made.text
    data = made.json()["data"]
    path = f"{PATH}/{data['uuid']}"
    assert made.headers["location"] == path
    for name in ("name", "description", "tags"):
        assert data[name] == body[name]
    assert (data["status"], data["version"], data["problems"], data["webhook"]) == ("draft", 1, [], None)
    first, second = data["nodes"]
    assert (first["position"], second["name"], second["on_error"]) == ({"x": 1.5, "y": 2}, "Add", "fail")
    assert data["edges"][0]["condition"] == "{{ input.x > 0 }}"
    assert data["settings"]["concurrency"] == {"limit": 2, "key": "{{ trigger.input.x }}"}
    assert data["variables"][0]["default"] == 3
    assert data["creator"]["uuid"] == str(owner.user_uuid)
    assert [each["number"] for each in data["versions"]] == [1]
    got = await owner.get(path)
    assert got.json()["data"] == {**data, "creator": None, "versions": None}
    assert got.headers["etag"] == made.headers["etag"]
    assert (await owner.get(f"{path}?with=creator,versions")).json()["data"] == data


async def test_a_change_leaves_what_it_does_not_name(owner: Tenant) -> None:
    workflow = await added(owner)
    path = f"{PATH}/{workflow['uuid']}"
    tag = (await owner.get(path)).headers["etag"]
    changed = await owner.put(path, {"name": "Other", "tags": ["new"]}, headers={"If-Match": tag})
    data = changed.json()["data"]
    assert {**workflow, "name": "Other", "tags": ["new"], "updated_at": data["updated_at"]} == data
    assert data["version"] == 1
    assert changed.headers["etag"] != tag
    for method in ("PUT", "DELETE"):
        stale = await owner.request(
            method, path, json={"name": "X"} if method == "PUT" else None, headers={"If-Match": tag}
        )
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await owner.get(path)).json()["data"] == data


async def test_a_draft_names_its_problems_and_an_active_workflow_has_none(owner: Tenant) -> None:
    broken = [node("start", "manual_trigger"), node("a", "set", {"fields": {"x": "{{ 1 + }}"}})]
    edges = [{"source": "start", "target": "a"}]
    body = {"name": "W", "nodes": broken, "edges": edges}
    refused = await owner.post(PATH, {**body, "status": "active"})
    assert (refused.status_code, refused.json()["code"]) == (422, "workflow_invalid")
    [place] = refused.json()["errors"]
    assert place.startswith("nodes.a.data.fields.x@")
    draft = (await owner.post(PATH, body)).json()["data"]
    assert [(each["node_id"], each["path"]) for each in draft["problems"]] == [("a", "data.fields.x")]
    assert draft["problems"][0]["position"] is not None
    path = f"{PATH}/{draft['uuid']}"
    assert (await owner.put(path, {"status": "active"})).json()["code"] == "workflow_invalid"
    mended = await owner.put(path, {"status": "active", "nodes": [broken[0], node("a", "set", ADD)]})
    assert (mended.status_code, mended.json()["data"]["problems"]) == (200, [])
    assert (await owner.put(path, {"nodes": broken})).json()["code"] == "workflow_invalid"
    assert (await owner.get(path)).json()["data"]["nodes"] == mended.json()["data"]["nodes"]
    inactive = await owner.put(path, {"status": "inactive", "nodes": broken})
    assert (inactive.json()["data"]["status"], len(inactive.json()["data"]["problems"])) == ("inactive", 1)


async def test_what_is_wrong_with_a_graph_is_told_with_its_place(owner: Tenant) -> None:
    start, a, b = node("start", "manual_trigger"), node("a", "set"), node("b", "set")

    async def of(nodes: list[dict[str, Any]], edges: list[Any], **more: Any) -> list[tuple[Any, ...]]:
        return await problems(owner, nodes, edges, **more)

    def reads(text: str) -> dict[str, Any]:
        return node("a", "set", {"fields": {"x": text}})

    assert await of([], []) == []
    assert [each[0] for each in await of([node("hook", "error_trigger", disabled=True)], [])] == []
    assert await of([start, start], []) == [("duplicate_node", "start", None)]
    assert ("unknown_node_type", "a", "type") in await of([start, node("a", "nothing")], [("start", "a")])
    assert ("unknown_node", None, "target") in await of([start], [("start", "a")])
    assert ("unknown_port", None, "source_handle") in await of([start, a], [("start", "a", "side")])
    assert await of([start, a], []) == [("unreachable_node", "a", None)]
    assert ("cycle", "a", None) in await of([start, a, b], [("start", "a"), ("a", "b"), ("b", "a")])
    assert ("missing_configuration", "a", "data.condition") in await of([start, node("a", "if")], [("start", "a")])
    assert ("invalid_configuration", "a", "data.fields") in await of(
        [start, node("a", "set", {"fields": 1})], [("start", "a")]
    )
    assert await of([start, reads("{{ nodes.b.output }}")], [("start", "a")]) == [
        ("unknown_node", "a", "data.fields.x")
    ]
    later = [start, reads("{{ nodes.b.output }}"), b]
    assert ("not_upstream", "a", "data.fields.x") in await of(later, [("start", "a"), ("a", "b")])
    assert await of([start, reads("{{ item }}")], [("start", "a")]) == [("expression_error", "a", "data.fields.x")]
    assert await of([start, reads("{{ variables.y }}")], [("start", "a")]) == [
        ("unknown_variable", "a", "data.fields.x")
    ]
    assert await of([start, reads("{{ secrets.KEY }}")], [("start", "a")]) == [
        ("expression_error", "a", "data.fields.x")
    ]
    loop = node("each", "loop", {"items": "{{ [1] }}"})
    entered = [("start", "each"), ("each", "a", "item"), ("start", "b"), ("b", "a")]
    assert "loop_entered" in {each[0] for each in await of([start, loop, a, b], entered)}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"status": "running"}, "status"),
        ({"nodes": [node("a b", "set")]}, "nodes.0.id"),
        ({"nodes": [{"id": "a"}]}, "nodes.0.type"),
        ({"nodes": [node("a", "set", timeout=0)]}, "nodes.0.timeout"),
        ({"nodes": [node("a", "set", retry={"max_attempts": 99})]}, "nodes.0.retry.max_attempts"),
        ({"edges": [{"source": "a"}]}, "edges.0.target"),
        ({"variables": [{"name": "1"}]}, "variables.0.name"),
        ({"settings": {"budget": 0}}, "settings.budget"),
        ({"tags": [" "]}, "tags.0"),
        ({"webhook_token": "x"}, "webhook_token"),
        ({"with": "owner"}, "with"),
    ],
)
async def test_what_is_no_workflow_is_refused_with_the_place(owner: Tenant, body: dict[str, Any], path: str) -> None:
    workflow = await added(owner)
    for answer in (
        await owner.post(PATH, {"name": "W", **body}),
        await owner.put(f"{PATH}/{workflow['uuid']}", body),
    ):
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [path])


async def test_each_change_of_what_it_does_is_a_version(owner: Tenant) -> None:
    workflow = await added(owner)
    path = f"{PATH}/{workflow['uuid']}"
    for change in ({"name": "X"}, {"status": "active"}, {"nodes": workflow["nodes"]}, {"settings": {}}):
        assert (await owner.put(path, change)).json()["data"]["version"] == 1
    for number, change in enumerate(({"settings": {"budget": 1}}, {"variables": [{"name": "v"}]}), 2):
        assert (await owner.put(path, change)).json()["data"]["version"] == number
    listed = (await owner.get(f"{path}/versions?with=creator&per_page=2")).json()
    assert [each["number"] for each in listed["data"]] == [3, 2]
    assert (listed["meta"]["total"], listed["data"][0]["creator"]["uuid"]) == (3, str(owner.user_uuid))
    first = (await owner.get(f"{path}/versions/1")).json()["data"]
    assert (first["nodes"], first["variables"], first["workflow_uuid"]) == (workflow["nodes"], [], workflow["uuid"])
    for number, status in ((4, 404), (0, 422), ("x", 422)):
        assert (await owner.get(f"{path}/versions/{number}")).status_code == status


async def test_two_versions_are_compared_field_by_field_and_in_words(owner: Tenant) -> None:
    workflow = await added(owner, settings={"timeout_seconds": 5})
    path = f"{PATH}/{workflow['uuid']}"
    nodes = [
        workflow["nodes"][0] | {"position": {"x": 9, "y": 9}},
        workflow["nodes"][1] | {"data": {"fields": {"x": 1}}},
        node("b", "set"),
    ]
    edges = [*workflow["edges"], {"source": "a", "target": "b"}]
    await owner.put(path, {"nodes": nodes, "edges": edges, "settings": {"timeout_seconds": 9}})
    compared = (await owner.get(f"{path}/versions/2/changes?since=1")).json()["data"]
    told = {(each["kind"], each["part"], each["name"], each["path"]) for each in compared["changes"]}
    assert told == {
        ("changed", "node", "a", "data.fields.x"),
        ("added", "node", "b", None),
        ("added", "edge", "a → b", None),
        ("changed", "setting", "timeout_seconds", "timeout_seconds"),
    }
    assert "node a: data.fields.x from '{{ trigger.input.x + 1 }}' to 1" in compared["summary"]
    assert (compared["before"], compared["after"]) == (1, 2)
    assert (await owner.get(f"{path}/versions/2/changes?since=2")).json()["data"]["changes"] == []
    assert (await owner.get(f"{path}/versions/2/changes?since=7")).status_code == 404
    assert (await owner.get(f"{path}/versions/2/changes")).status_code == 422


async def test_a_version_comes_back_as_a_new_one(owner: Tenant) -> None:
    workflow = await added(owner)
    path = f"{PATH}/{workflow['uuid']}"
    changed = await owner.put(path, {"nodes": workflow["nodes"][:1], "edges": []})
    stale = {"If-Match": '"1"'}
    assert (await owner.post(f"{path}/versions/1/restore", headers=stale)).status_code == 412
    tag = {"If-Match": changed.headers["etag"]}
    restored = await owner.post(f"{path}/versions/1/restore", headers=tag)
    assert restored.status_code == 200, restored.text
    data = restored.json()["data"]
    assert (data["version"], data["nodes"], data["edges"]) == (3, workflow["nodes"], workflow["edges"])
    assert (await run(owner, data, {"x": 1}))["output"] == {"x": 2}
    assert (await owner.post(f"{path}/versions/9/restore")).status_code == 404


async def test_what_is_active_takes_back_no_version_with_problems(owner: Tenant) -> None:
    workflow = await create(owner, [node("a", "set", {"fields": {"x": "{{ nobody }}"}})], [("start", "a")])
    path = f"{PATH}/{workflow['uuid']}"
    good = [workflow["nodes"][0], node("a", "set", ADD)]
    assert (await owner.put(path, {"nodes": good, "status": "active"})).status_code == 200
    refused = await owner.post(f"{path}/versions/1/restore")
    assert (refused.status_code, refused.json()["code"]) == (422, "workflow_invalid")
    assert (await owner.get(path)).json()["data"]["version"] == 2


async def test_an_execution_keeps_the_version_that_it_began_with(owner: Tenant) -> None:
    waits = node("wait", "wait", {"duration": 0.3, "unit": "seconds"})
    set_to_one = node("a", "set", {"fields": {"v": 1}})
    workflow = await create(owner, [waits, set_to_one], [("start", "wait"), ("wait", "a")])
    uuid = await start(owner, workflow)
    nodes = [*workflow["nodes"][:2], node("a", "set", {"fields": {"v": 2}})]
    assert (await owner.put(f"{PATH}/{workflow['uuid']}", {"nodes": nodes})).status_code == 200
    found = await execution(owner, uuid)
    assert (found["workflow_version"], found["output"]) == (1, {"v": 1})
    assert found["data"]["workflow_data"]["nodes"] == workflow["nodes"]


async def test_workflows_are_found_by_what_they_are(owner: Tenant, stranger: Tenant) -> None:
    for name, more in (
        ("Orders", {"tags": ["shop"]}),
        ("Invoices", {"description": "Of orders"}),
        ("Mail", {"status": "active"}),
    ):
        await added(owner, name=name, **more)

    async def names(query: str) -> list[str]:
        answer = await owner.get(f"{PATH}?{query}")
        assert answer.status_code == 200, answer.text
        return [each["name"] for each in answer.json()["data"]]

    assert await names("") == ["Mail", "Invoices", "Orders"]
    assert await names("sort=name") == ["Invoices", "Mail", "Orders"]
    assert await names("search=order") == ["Invoices", "Orders"]
    assert await names("status=active") == ["Mail"]
    assert await names("tag=shop") == ["Orders"]
    assert await names("name=Mail") == ["Mail"]
    assert await names(f"creator_uuid={uuid4()}") == []
    assert await names("sort=-name&per_page=1&page=2") == ["Mail"]
    assert (await stranger.get(PATH)).json()["data"] == []
    assert (await owner.get(f"{PATH}?status=gone")).status_code == 422


async def test_a_deleted_workflow_is_gone_with_its_versions(owner: Tenant, stranger: Tenant) -> None:
    workflow = await added(owner)
    path = f"{PATH}/{workflow['uuid']}"
    for method, place in (("GET", ""), ("DELETE", ""), ("GET", "/versions"), ("GET", "/versions/1"), ("POST", "/run")):
        assert (
            await stranger.request(method, f"{path}{place}", json={} if method == "POST" else None)
        ).status_code == 404
    assert (await owner.delete(path)).status_code == 204
    for place in ("", "/versions", "/versions/1", "/versions/1/changes?since=1"):
        assert (await owner.get(f"{path}{place}")).status_code == 404
    events = (await owner.get(f"/api/v1/audit-events?resource_uuid={workflow['uuid']}")).json()["data"]
    assert [each["action"] for each in events] == ["workflow.deleted", "workflow.created"]


async def test_changes_at_the_same_time_lose_nothing(owner: Tenant) -> None:
    workflow = await added(owner)
    path = f"{PATH}/{workflow['uuid']}"
    bodies: list[Any] = [{"settings": {"budget": number}} for number in range(1, 6)]
    answers = await asyncio.gather(*(owner.put(path, body) for body in bodies))
    assert [each.status_code for each in answers] == [200] * 5
    assert sorted(each.json()["data"]["version"] for each in answers) == [2, 3, 4, 5, 6]
    assert (await owner.get(f"{path}/versions")).json()["meta"]["total"] == 6


@pytest.mark.parametrize(
    ("role", "allowed"),
    [(Role.VIEWER, {"GET"}), (Role.OPERATOR, {"GET", "run"}), (Role.BUILDER, {"GET", "run", "change"})],
)
async def test_roles_may_what_they_may(owner: Tenant, make_tenant: MakeTenant, role: Role, allowed: set[str]) -> None:
    workflow = await added(owner)
    path = f"{PATH}/{workflow['uuid']}"
    member = await make_tenant(role, owner.workspace_uuid)
    requests: list[tuple[str, str, str, Any]] = [
        ("GET", "GET", PATH, None),
        ("GET", "GET", f"{path}/versions", None),
        ("run", "POST", f"{path}/run", {"input": {"x": 1}}),
        ("change", "POST", PATH, {"name": "W"}),
        ("change", "PUT", path, {"name": "W"}),
        ("change", "POST", f"{path}/versions/1/restore", None),
        ("change", "DELETE", path, None),
    ]
    for kind, method, place, body in requests:
        status = (await member.request(method, place, json=body)).status_code
        assert (status != 403) == (kind in allowed), (method, place, status)

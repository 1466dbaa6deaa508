"""A workflow as a document: exported, read by people, and imported again."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node, run

BEGIN = "format: athena/workflow/1\nname: W\n"


async def drawn(tenant: Tenant) -> dict[str, Any]:
    return await create(
        tenant,
        [node("a", "set", {"fields": {"x": "{{ trigger.input.x + variables.more }}\nsecond"}}, notes="Adds")],
        [("start", "a")],
        variables=[{"name": "more", "type": "integer", "default": 2}],
        settings={"timeout_seconds": 60},
        tags=["t"],
    )


@pytest.mark.parametrize("kind", ["yaml", "json"])
async def test_what_is_exported_can_be_imported_and_does_the_same(owner: Tenant, stranger: Tenant, kind: str) -> None:
    workflow = await drawn(owner)
    exported = await owner.get(f"/api/v1/workflows/{workflow['uuid']}/export?format={kind}")
    assert exported.status_code == 200
    given: Any = exported.json() if kind == "json" else exported.text
    imported = await stranger.post("/api/v1/workflows/import", {"document": given, "name": "Again"})
    assert imported.status_code == 201, imported.text
    again = imported.json()["data"]
    assert (again["name"], again["status"], again["problems"]) == ("Again", "draft", [])
    for part in ("nodes", "edges", "variables", "settings", "tags"):
        assert again[part] == workflow[part]
    assert (await run(stranger, again, {"x": 1}))["output"] == {"x": "3\nsecond"}


async def test_an_export_names_what_is_needed_and_leaves_out_what_is_usual(owner: Tenant) -> None:
    workflow = await create(
        owner, [node("a", "set", {"fields": {"x": "{{ workspace.variables.region }}"}})], [("start", "a")]
    )
    document = yaml.safe_load((await owner.get(f"/api/v1/workflows/{workflow['uuid']}/export")).text)
    assert document["requires"] == {"secrets": [], "variables": ["region"]}
    assert document["nodes"][0] == {"id": "start", "type": "manual_trigger"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[", "document"),
        ("- 1", "document"),
        ("name: W", "document.format"),
        (BEGIN + "nodes: [{id: 'a b', type: set}]", "document.nodes.0.id"),
        (BEGIN + "surprise: 1", "document.surprise"),
        (BEGIN + "description: &a x\ntags: [*a, *a]", "document"),
        (BEGIN + "tags: !!set {a, b}", "document"),
        (BEGIN + "nodes: [{id: a, type: !!python/object/apply:os.system [true]}]", "document"),
    ],
)
async def test_what_is_no_workflow_is_refused_with_the_place(owner: Tenant, text: str, path: str) -> None:
    answer = await owner.post("/api/v1/workflows/import", {"document": text})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [path]


async def test_a_workflow_describes_itself_as_an_api(owner: Tenant) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
    workflow = await create(
        owner,
        [node("start", "manual_trigger", {"input_schema": schema})],
        [],
        variables=[{"name": "more", "type": "integer", "required": True}],
        settings={"output_schema": {"type": "object"}},
    )
    document = (await owner.get(f"/api/v1/workflows/{workflow['uuid']}/openapi.json")).json()
    (path, operations), *_ = document["paths"].items()
    body = operations["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["input"] == schema
    assert body["properties"]["variables"]["required"] == ["more"]
    refused = await owner.post(path, {"input": {"x": "one"}, "variables": {"more": 1}})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["input.x"])
    assert (await owner.post(path, {"input": {"x": 1}})).json()["errors"] == {
        "variables.more": ["This variable is required."]
    }
    assert (await owner.post(path, {"input": {"x": 1}, "variables": {"more": 1}})).status_code == 200

"""What an expression comes to while it is written, with the data of an execution or with outputs that are given."""

from __future__ import annotations

from typing import Any

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.workflow_executions.conftest import create, ended, node, probe


async def shown(tenant: Tenant, workflow: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    path = f"/api/v1/workflows/{workflow['uuid']}/expressions/preview"
    answer = await tenant.post(path, {"text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def value(tenant: Tenant, workflow: dict[str, Any], text: str, **more: Any) -> Any:
    found = await shown(tenant, workflow, text, **more)
    assert found["error"] is None, found
    return found["value"]


async def orders(tenant: Tenant) -> dict[str, Any]:
    """A loop over what arrives, between two nodes."""
    nodes = [
        probe("first", "{{ trigger.input }}"),
        node("each", "loop", {"items": "{{ input }}"}),
        probe("tax", "{{ item * 2 }}"),
        probe("last", "{{ input.results }}"),
    ]
    edges: Any = [("start", "first"), ("first", "each"), ("each", "tax", "item"), ("tax", "each", None, "next")]
    return await create(tenant, nodes, [*edges, ("each", "last", "done")])


async def test_it_has_what_the_nodes_gave(owner: Tenant) -> None:
    workflow = await orders(owner)
    past = {"execution_uuid": (await ended(owner, workflow, [3, 5]))["uuid"]}
    assert await value(owner, workflow, "{{ nodes.first.output }}", **past) == [3, 5]
    assert await value(owner, workflow, "Sum: {{ input.results.sum() }}", node_id="last", **past) == "Sum: 16"
    assert await value(owner, workflow, "{{ trigger.type }}", **past) == "api"
    assert await value(owner, workflow, "{{ execution.uuid }}", **past) == past["execution_uuid"]


async def test_in_a_loop_it_is_of_one_pass(owner: Tenant) -> None:
    workflow = await orders(owner)
    past = {"execution_uuid": (await ended(owner, workflow, [3, 5]))["uuid"], "node_id": "tax"}
    text = "{{ [item, index, nodes.tax.output, size(nodes.first.output)] }}"
    assert await value(owner, workflow, text, **past) == [3, 0, 6, 2]
    assert await value(owner, workflow, text, path=[1], **past) == [5, 1, 10, 2]


async def test_outputs_that_are_given_take_the_place_of_those_that_were(owner: Tenant) -> None:
    workflow = await orders(owner)
    given = {"nodes": {"first": [1]}, "input_node_id": "first"}
    assert await value(owner, workflow, "{{ input + nodes.first.output }}", **given) == [1, 1]
    past = (await ended(owner, workflow, [3, 5]))["uuid"]
    assert await value(owner, workflow, "{{ input }}", execution_uuid=past, input_node_id="first") == [3, 5]
    assert await value(owner, workflow, "{{ input }}", execution_uuid=past, **given) == [1]


async def test_a_field_that_is_evaluated_for_each_item_has_the_first(owner: Tenant) -> None:
    workflow = await orders(owner)
    given = {"nodes": {"first": [{"x": 4}, {"x": 5}]}, "input_node_id": "first", "items": "{{ input }}"}
    assert await value(owner, workflow, "{{ item.x + index }}", **given) == 4


async def test_what_is_wrong_is_told_with_its_place(owner: Tenant) -> None:
    workflow = await orders(owner)
    for text, code, position in (
        ("ab {{ 1 + }}", "expression_error", 10),
        ("{{ nobody }}", "expression_error", 3),
        ("{{ [1][4] }}", "expression_error", 6),
        ("{{ secrets.key }}", "expression_error", 3),
        ("{{ lists.range(3000000) }}", "expression_error", 14),
        ("{{ nodes.first.output }}", "no_data", None),
        ("{{ input }}", "no_data", None),
        ("{{ trigger.input }}", "no_data", None),
    ):
        error = (await shown(owner, workflow, text))["error"]
        assert (error["code"], error["position"]) == (code, position), (text, error)
    assert await value(owner, workflow, "{{ default(nodes.first.output, 7) }}") == 7


async def test_secrets_are_not_read_and_hidden_values_stay_hidden(owner: Tenant) -> None:
    body = {"name": "key", "kind": "secret", "value": "s3cret-value"}
    assert (await owner.post("/api/v1/variables", body)).status_code == 201
    workflow = await create(owner, [probe("hidden", "{{ trigger.input }}", redact=True)], [("start", "hidden")])
    past = (await ended(owner, workflow, "mine"))["uuid"]
    assert await value(owner, workflow, "Key {{ secrets.key }}", takes_secrets=True) == "Key [secret:key]"
    assert await value(owner, workflow, "{{ nodes.hidden.output }}", execution_uuid=past) == "[redacted]"


async def test_variables_have_the_values_of_the_execution_or_else_their_present_ones(owner: Tenant) -> None:
    assert (await owner.post("/api/v1/variables", {"name": "city", "value": "Ulm"})).status_code == 201
    variables = [{"name": "rate", "type": "number", "default": 2}]
    workflow = await create(owner, [probe("a")], [("start", "a")], variables=variables)
    text = "{{ variables.rate }} {{ workspace.variables.city }}"
    assert await value(owner, workflow, text) == "2 Ulm"
    past = (await ended(owner, workflow, variables={"rate": 3}))["uuid"]
    assert await value(owner, workflow, text, execution_uuid=past) == "3 Ulm"


async def test_a_long_value_is_read_whole_and_shown_in_part(owner: Tenant) -> None:
    workflow = await create(owner, [probe("long", "{{ trigger.input }}")], [("start", "long")])
    past = (await ended(owner, workflow, ["x" * 100] * 1_000))["uuid"]
    assert await value(owner, workflow, "{{ nodes.long.output.size() }}", execution_uuid=past) == 1_000
    cut = await value(owner, workflow, "{{ nodes.long.output }}", execution_uuid=past)
    assert (cut["truncated"], cut["size"], len(cut["begin"])) == (True, 103_001, 1_000)


async def test_it_is_for_those_who_build_here(make_tenant: MakeTenant) -> None:
    one, other = await make_tenant(), await make_tenant()
    workflow, theirs = await orders(one), await orders(other)
    past = (await ended(other, theirs, [1]))["uuid"]
    path = f"/api/v1/workflows/{workflow['uuid']}/expressions/preview"
    assert (await other.post(path, {"text": "x"})).status_code == 404
    assert (await one.post(path, {"text": "x", "execution_uuid": past})).status_code == 404
    second = await orders(one)
    elsewhere = (await ended(one, second, [1]))["uuid"]
    assert (await one.post(path, {"text": "x", "execution_uuid": elsewhere})).status_code == 404
    viewer = await make_tenant(Role.VIEWER, one.workspace_uuid)
    assert (await viewer.post(path, {"text": "x"})).status_code == 403

"""Running a part of a workflow: up to a node, a node alone, and with outputs that are given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, ended, node, probe, statuses
from tests.workflow_executions.plugin import CALLS

EDGES: Any = [("start", "a"), ("a", "b"), ("b", "c"), ("start", "side")]


async def line(tenant: Tenant) -> dict[str, Any]:
    b = node("b", "set", {"fields": {"v": "{{ input.v + nodes.a.output.v }}"}})
    return await create(tenant, [probe("a", {"v": 1}), b, probe("c"), probe("side")], EDGES)


async def test_it_runs_to_a_node_and_what_that_needs(owner: Tenant) -> None:
    found = await ended(owner, await line(owner), stop_after_node_id="b")
    assert (found["status"], found["output"], dict(CALLS)) == ("succeeded", {"v": 2}, {"a": 1})
    assert statuses(found) == {
        "start": "succeeded",
        "a": "succeeded",
        "b": "succeeded",
        "c": "skipped",
        "side": "skipped",
    }


async def test_a_node_runs_alone_with_an_input_and_what_it_reads(owner: Tenant) -> None:
    found = await ended(owner, await line(owner), {"v": 5}, only_node_id="b", pinned={"a": {"v": 30}})
    assert (found["status"], found["output"], dict(CALLS)) == ("succeeded", {"v": 35}, {})
    assert found["data"]["nodes"]["b"]["input"] == {"v": 5}
    assert statuses(found)["a"] == "skipped"
    missing = await ended(owner, await line(owner), {"v": 5}, only_node_id="b")
    assert (missing["status"], missing["error"]["code"]) == ("failed", "expression_error")


async def test_a_loop_runs_alone_with_its_body(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [probe("a"), node("each", "loop", {"items": "{{ input }}"}), probe("b"), probe("c")],
        [("start", "a"), ("a", "each"), ("each", "b", "item"), ("b", "each", None, "next"), ("each", "c", "done")],
    )
    found = await ended(owner, workflow, [1, 2], only_node_id="each")
    assert (found["output"]["results"], dict(CALLS)) == ([1, 2], {"b": 2})


async def test_the_trigger_s_output_can_be_pinned_for_a_node_alone(owner: Tenant) -> None:
    schema = {"type": "object"}
    trigger = node("start", "manual_trigger", {"input_schema": schema})
    reads = node("a", "set", {"fields": {"v": "{{ trigger.input.x + input }}"}})
    workflow = await create(owner, [trigger, reads], [("start", "a")])
    found = await ended(owner, workflow, 1, only_node_id="a", pinned={"start": {"x": 2}})
    assert found["output"] == {"v": 3}


async def test_pinned_outputs_stand_in_for_nodes(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [probe("a"), node("each", "loop", {"items": "{{ input }}"}), probe("b"), probe("c", pinned_output=7)],
        [("start", "a"), ("a", "each"), ("each", "b", "item"), ("b", "each", None, "next"), ("each", "c", "done")],
    )
    found = await ended(owner, workflow, pinned={"a": [1, 2], "b": None})
    assert (found["data"]["nodes"]["each"]["output"]["results"], dict(CALLS)) == ([None, None], {"c": 1})
    tested = await ended(owner, workflow, [1], test=True)
    assert (tested["output"], dict(CALLS)) == (7, {"a": 1, "b": 1, "c": 1})


async def test_what_is_unfinished_elsewhere_keeps_no_part_from_being_run(owner: Tenant) -> None:
    broken = node("later", "set", {"fields": {"v": "{{ nobody }}"}})
    workflow = await create(owner, [probe("a"), broken], [("start", "a"), ("a", "later")])
    assert (await ended(owner, workflow, 1))["error"]["node_id"] == "later"
    assert (await ended(owner, workflow, 1, stop_after_node_id="a"))["output"] == 1
    assert (await ended(owner, workflow, 1, only_node_id="a"))["output"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stop_after_node_id": "x"}, "stop_after_node_id"),
        ({"only_node_id": "x"}, "only_node_id"),
        ({"only_node_id": "start"}, "only_node_id"),
        ({"only_node_id": "a", "stop_after_node_id": "a"}, "body"),
        ({"pinned": {"x": 1}}, "pinned.x"),
    ],
)
async def test_what_is_no_part_is_refused(owner: Tenant, body: dict[str, Any], field: str) -> None:
    workflow = await line(owner)
    answer = await owner.post(f"/api/v1/workflows/{workflow['uuid']}/run", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert not CALLS


async def test_a_node_in_a_loop_is_run_with_its_loop(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [node("each", "loop", {"items": "{{ input }}"}), probe("b"), probe("c"), probe("d")],
        [("start", "each"), ("each", "b", "item"), ("b", "each", None, "next"), ("each", "c", "done"), ("b", "d")],
    )
    answer = await owner.post(f"/api/v1/workflows/{workflow['uuid']}/run", {"only_node_id": "b", "input": 1})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["only_node_id"])
    found = await ended(owner, workflow, [1, 2], stop_after_node_id="b")
    assert (found["output"]["results"], dict(CALLS)) == ([1, 2], {"b": 2})

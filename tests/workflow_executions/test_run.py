"""Running a workflow: values go along its edges, and every branch comes to its end."""

from __future__ import annotations

from typing import Any

import orjson

from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node, run

SET = "set"


def fields(**values: Any) -> dict[str, Any]:
    return {"fields": values}


async def events(tenant: Tenant, run_uuid: str) -> list[tuple[str, dict[str, Any]]]:
    answer = await tenant.get(f"/api/v1/runs/{run_uuid}/events")
    found: list[tuple[str, dict[str, Any]]] = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in lines:
            found.append((lines["event"], orjson.loads(lines["data"])))
    return found


async def test_a_value_goes_through_the_nodes_and_the_last_one_s_is_the_output(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [
            node("a", SET, fields(sum="{{ trigger.input.x + 1 }}")),
            node("b", SET, fields(twice="{{ input.sum * 2 }}", before="{{ nodes.a.output.sum }}")),
        ],
        [("start", "a"), ("a", "b")],
    )
    assert workflow["problems"] == []
    done = await run(owner, workflow, {"x": 3})
    assert (done["kind"], done["status"]) == ("workflow", "succeeded")
    assert done["output"] == {"twice": 8, "before": 4}


async def test_the_log_tells_of_each_node_once(owner: Tenant) -> None:
    workflow = await create(owner, [node("a", SET, fields(x=1))], [("start", "a")])
    done = await run(owner, workflow)
    told = await events(owner, done["uuid"])
    assert [(kind, data.get("node_id")) for kind, data in told] == [
        ("run.started", None),
        ("node.completed", "start"),
        ("node.completed", "a"),
        ("run.completed", None),
    ]
    assert told[2][1]["outputs"] == {"output": {"x": 1}}


async def test_only_the_chosen_branch_runs_and_a_merge_waits_for_what_comes(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [
            node("large", "if", {"condition": "{{ trigger.input > 10 }}"}),
            node("yes", SET, fields(answer="large")),
            node("no", SET, fields(answer="small")),
            node("all", "merge"),
        ],
        [("start", "large"), ("large", "yes", "true"), ("large", "no", "false"), ("yes", "all"), ("no", "all")],
    )
    assert (await run(owner, workflow, 11))["output"] == [{"answer": "large"}]
    assert (await run(owner, workflow, 9))["output"] == [{"answer": "small"}]


async def test_a_loop_leads_each_item_through_its_body(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [
            node("each", "loop", {"items": "{{ trigger.input }}"}),
            node("double", SET, fields(value="{{ item * 2 }}", at="{{ index }}")),
            node("after", SET, fields(values="{{ nodes.each.output.results.map(r, r.value) }}")),
        ],
        [("start", "each"), ("each", "double", "item"), ("double", "each", None, "next"), ("each", "after", "done")],
    )
    assert workflow["problems"] == []
    assert (await run(owner, workflow, [1, 2, 3]))["output"] == {"values": [2, 4, 6]}
    assert (await run(owner, workflow, []))["output"] == {"values": []}


async def test_a_failing_node_fails_the_execution_and_says_which(owner: Tenant) -> None:
    workflow = await create(owner, [node("a", SET, fields(x="{{ input.missing }}"))], [("start", "a")])
    answer = await owner.post(f"/api/v1/workflows/{workflow['uuid']}/run", {"input": {}})
    assert answer.status_code == 502
    assert answer.json()["code"] == "expression_error"


async def test_a_draft_with_problems_runs_as_far_as_it_makes_sense(owner: Tenant) -> None:
    broken = await create(
        owner, [node("a", SET, fields(x=1)), node("b", SET, fields(x="{{ 1 + }}"))], [("start", "a"), ("a", "b")]
    )
    circle = await create(owner, [node("a", "merge"), node("b", "merge")], [("start", "a"), ("a", "b"), ("b", "a")])
    for workflow, code in ((broken, "expression_error"), (circle, "incomplete")):
        assert workflow["problems"]
        answer = await owner.post(f"/api/v1/workflows/{workflow['uuid']}/run", {})
        assert answer.status_code == 502, answer.text
        assert answer.json()["code"] == code

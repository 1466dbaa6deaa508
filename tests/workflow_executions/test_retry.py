"""Running an execution once more: what was done is reused, and the rest is done."""

from __future__ import annotations

import itertools
from typing import Any

from athena.engine import Engine
from athena.kit.db import Database, Scope
from tests.conftest import Tenant
from tests.workflow_executions.conftest import PATH, create, ended, execution, node, probe, retry, run, start, statuses
from tests.workflow_executions.plugin import CALLS, FAILING


async def chain(tenant: Tenant, *nodes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Nodes in a row."""
    names = ["start", *(each["id"] for each in nodes)]
    return await create(tenant, nodes, list(itertools.pairwise(names)), **more)


async def test_what_failed_is_done_again_and_what_was_done_is_reused(owner: Tenant) -> None:
    workflow = await chain(
        owner,
        node("id", "set", {"fields": {"of": "{{ execution.uuid }}", "x": "{{ input.x }}"}}),
        probe("order", cost=0.5),
        probe("pay"),
        node("after", "set", {"fields": {"of": "{{ nodes.order.output.of }}"}}),
    )
    FAILING.add("pay")
    failed = await ended(owner, workflow, {"x": 1})
    assert (failed["status"], failed["usage"]["cost"]) == ("failed", 0.5)
    FAILING.clear()
    done = await retry(owner, failed["uuid"])
    assert (done["status"], done["trigger"], done["source_execution_uuid"]) == ("succeeded", "retry", failed["uuid"])
    assert (CALLS["order"], CALLS["pay"]) == (1, 2)
    assert statuses(done) == {
        "start": "succeeded",
        "id": "reused",
        "order": "reused",
        "pay": "succeeded",
        "after": "succeeded",
    }
    # What a computed node gave is reused as well: it may have gone out with what was done.
    assert done["output"] == {"of": failed["uuid"]}
    assert (done["input"], done["usage"]["cost"]) == ({"x": 1}, 0)
    found = (await owner.get(f"{PATH}?source_execution_uuid={failed['uuid']}")).json()["data"]
    assert [each["uuid"] for each in found] == [done["uuid"]]


async def test_a_retry_of_a_retry_reuses_what_both_did(owner: Tenant) -> None:
    workflow = await chain(owner, probe("a", "x" * 70_000, redact=True), probe("b", "y" * 70_000), probe("c"))
    FAILING.update({"b", "c"})
    first = await ended(owner, workflow)
    FAILING.remove("b")
    second = await retry(owner, first["uuid"])
    FAILING.clear()
    third = await retry(owner, second["uuid"])
    assert (first["status"], second["status"], third["status"]) == ("failed", "failed", "succeeded")
    assert dict(CALLS) == {"a": 1, "b": 2, "c": 2}
    assert third["output"]["truncated"]
    assert (await owner.get(third["output"]["url"])).json()["data"] == "y" * 70_000


async def test_from_a_node_on_all_that_depends_on_it_is_done_again(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [probe("a"), probe("b"), probe("c"), probe("side"), node("all", "merge")],
        [("start", "a"), ("a", "b"), ("b", "c"), ("start", "side"), ("c", "all"), ("side", "all")],
    )
    done = await ended(owner, workflow, 1)
    again = await retry(owner, done["uuid"], from_node_id="b")
    assert again["output"] == [1, 1]
    assert dict(CALLS) == {"a": 1, "side": 1, "b": 2, "c": 2}
    assert statuses(again)["all"] == "succeeded"


async def test_the_node_gets_an_edited_input(owner: Tenant) -> None:
    workflow = await chain(
        owner, probe("a"), node("b", "set", {"fields": {"is": "{{ input.x }}", "was": "{{ nodes.a.output.x }}"}})
    )
    failed = await ended(owner, workflow, {"y": 1})
    assert (failed["status"], failed["error"]["node_id"]) == ("failed", "b")
    # It is what `input` says; what came from nodes by their names is as it was.
    refused = await retry(owner, failed["uuid"], input={"x": 5})
    assert (refused["status"], refused["error"]["node_id"]) == ("failed", "b")
    edited = await retry(owner, failed["uuid"], from_node_id="a", input={"x": 7})
    assert (edited["status"], edited["output"]) == ("succeeded", {"is": 7, "was": 7})
    assert edited["data"]["nodes"]["a"]["input"] == {"x": 7}
    assert edited["input"] == {"y": 1}
    at_the_trigger = await retry(owner, failed["uuid"], from_node_id="start", input={"x": 9})
    assert (at_the_trigger["input"], at_the_trigger["output"]) == ({"x": 9}, {"is": 9, "was": 9})
    # A retry of that one keeps the input.
    assert (await retry(owner, edited["uuid"], from_node_id="a"))["output"] == {"is": 7, "was": 7}


async def test_an_edited_input_must_fit_what_the_trigger_takes(owner: Tenant) -> None:
    schema = {"type": "object", "required": ["x"]}
    trigger = node("start", "manual_trigger", {"input_schema": schema})
    workflow = await create(owner, [trigger, node("a", "set")], [("start", "a")])
    done = await ended(owner, workflow, {"x": 1})
    answer = await owner.post(f"{PATH}/{done['uuid']}/retry", {"from_node_id": "start", "input": {}})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["input"])


async def test_what_succeeded_is_done_anew_with_other_variables_too(owner: Tenant) -> None:
    tone = {"name": "tone", "default": "warm"}
    data = {"fields": {"tone": "{{ variables.tone }}"}}
    workflow = await chain(owner, probe("a"), node("b", "set", data), variables=[tone])
    done = await ended(owner, workflow, variables={"tone": "cold"})
    again = await retry(owner, done["uuid"])
    assert (again["output"], CALLS["a"]) == ({"tone": "cold"}, 2)
    assert (await retry(owner, done["uuid"], variables={"tone": "dry"}))["output"] == {"tone": "dry"}
    answer = await owner.post(f"{PATH}/{done['uuid']}/retry", {"variables": {"mood": "x"}})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["variables.mood"])


async def test_items_of_a_loop_that_were_done_are_not_done_again(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [
            probe("before"),
            node("each", "loop", {"items": "{{ trigger.input }}"}),
            probe("mail", key="mail {{ string(item) }}"),
            probe("note", key="note {{ string(item) }}"),
            node("after", "set", {"fields": {"all": "{{ nodes.each.output.results }}"}}),
        ],
        [
            *[("start", "before"), ("before", "each"), ("each", "mail", "item"), ("mail", "note")],
            *[("note", "each", None, "next"), ("each", "after", "done")],
        ],
    )
    FAILING.add("note 3")
    failed = await ended(owner, workflow, [1, 2, 3, 4])
    assert (failed["error"]["node_id"], failed["error"]["index"]) == ("note", 2)
    FAILING.clear()
    done = await retry(owner, failed["uuid"])
    assert done["output"] == {"all": [1, 2, 3, 4]}
    assert {key: count for key, count in CALLS.items() if count != 1} == {"note 3": 2}
    assert statuses(done) | {"each": "succeeded"} == statuses(done)
    assert (statuses(done)["before"], statuses(done)["mail"]) == ("reused", "succeeded")
    mails = (await owner.get(f"{PATH}/{done['uuid']}/nodes/mail")).json()["data"]
    assert [each["status"] for each in mails] == ["reused", "reused", "reused", "succeeded"]
    # From a node in the body on is from its loop on.
    anew = await retry(owner, done["uuid"], from_node_id="note")
    assert (anew["output"], CALLS["mail 1"], CALLS["before"]) == ({"all": [1, 2, 3, 4]}, 2, 1)
    answer = await owner.post(f"{PATH}/{done['uuid']}/retry", {"from_node_id": "note", "input": 1})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["input"])


async def test_a_failure_that_was_caught_stays_caught(owner: Tenant) -> None:
    FAILING.update({"find", "end"})
    workflow = await create(
        owner,
        [probe("find", on_error="branch"), probe("tell"), probe("end")],
        [("start", "find"), ("find", "tell", "error"), ("tell", "end")],
    )
    failed = await ended(owner, workflow)
    FAILING.clear()
    done = await retry(owner, failed["uuid"])
    assert (done["status"], dict(CALLS)) == ("succeeded", {"find": 1, "tell": 1, "end": 2})


async def test_with_the_present_version_what_was_changed_is_done_too(owner: Tenant) -> None:
    workflow = await chain(
        owner,
        probe("a"),
        node("b", "set", {"fields": {"x": 1}}),
        node("c", "set", {"fields": {"x": "{{ input.nothing }}"}}),
    )
    failed = await ended(owner, workflow)
    assert failed["error"]["node_id"] == "c"
    nodes = workflow["nodes"]
    nodes[2]["data"], nodes[1]["position"] = {"fields": {"nothing": 3}}, {"x": 40, "y": 2}
    path = f"/api/v1/workflows/{workflow['uuid']}"
    assert (await owner.put(path, {"nodes": nodes})).status_code == 200
    assert (await retry(owner, failed["uuid"]))["status"] == "failed"
    done = await retry(owner, failed["uuid"], use_current_version=True)
    assert (done["status"], done["workflow_version"], done["output"]) == ("succeeded", 2, {"x": 3})
    assert (CALLS["a"], statuses(done)["a"], statuses(done)["b"]) == (1, "reused", "succeeded")


async def test_a_fix_in_a_loop_leaves_what_comes_before_it_in_each_pass(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [
            node("each", "loop", {"items": "{{ trigger.input }}"}),
            probe("mail", key="mail {{ string(item) }}"),
            node("note", "set", {"fields": {"v": "{{ 4 / (item - 2) }}"}}),
            probe("after"),
        ],
        [
            ("each", "mail", "item"),
            ("mail", "note"),
            ("note", "each", None, "next"),
            ("start", "each"),
            ("each", "after", "done"),
        ],
    )
    failed = await ended(owner, workflow, [1, 2, 3])
    assert failed["error"]["index"] == 1
    nodes = workflow["nodes"]
    nodes[3]["data"] = {"fields": {"v": "{{ item }}"}}
    await owner.put(f"/api/v1/workflows/{workflow['uuid']}", {"nodes": nodes})
    done = await retry(owner, failed["uuid"], use_current_version=True)
    assert [each["v"] for each in done["output"]["results"]] == [1, 2, 3]
    assert dict(CALLS) == {"mail 1": 1, "mail 2": 1, "mail 3": 1, "after": 1}


async def test_what_cannot_be_retried_says_why(owner: Tenant, stranger: Tenant) -> None:
    workflow = await chain(owner, node("hold", "pause"))
    uuid = await start(owner, workflow)
    await execution(owner, uuid, "waiting")
    path = f"{PATH}/{uuid}/retry"
    answer = await owner.post(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "execution_unfinished")
    await owner.post(f"{PATH}/{uuid}/cancel")
    assert (await stranger.post(path)).status_code == 404
    for body, field in (({"from_node_id": "nobody"}, "from_node_id"), ({"input": 1}, "input")):
        answer = await owner.post(path, body)
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert (await owner.put(f"/api/v1/workflows/{workflow['uuid']}", {"nodes": [], "edges": []})).status_code == 200
    answer = await owner.post(path, {"use_current_version": True})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_trigger")
    await owner.delete(f"/api/v1/workflows/{workflow['uuid']}")
    answer = await owner.post(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "workflow_deleted")


async def test_a_cancelled_execution_goes_on_with_what_was_not_done(owner: Tenant, database: Database) -> None:
    workflow = await chain(owner, probe("a"), node("hold", "pause"), probe("b"))
    uuid = await start(owner, workflow, 1)
    await execution(owner, uuid, "waiting")
    await owner.post(f"{PATH}/{uuid}/cancel")
    answer = await owner.post(f"{PATH}/{uuid}/retry", {"background": True})
    again = answer.json()["data"]["uuid"]
    await execution(owner, again, "waiting")
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await database.provided(Engine).signal(session, owner.workspace_uuid, again, "node:hold", "yes")
    done = await execution(owner, again)
    assert (done["output"], dict(CALLS)) == ("yes", {"a": 1, "b": 1})


async def test_many_are_retried_by_filters_and_none_twice(owner: Tenant) -> None:
    workflow = await chain(owner, probe("a"))
    other = await chain(owner, probe("b"))
    FAILING.update({"a", "b"})
    failed = [(await ended(owner, workflow))["uuid"] for _ in range(3)]
    await ended(owner, other)
    FAILING.clear()
    assert (await owner.post(f"{PATH}/retry")).json()["code"] == "filter_missing"
    answer = await owner.post(f"{PATH}/retry?workflow_uuid={workflow['uuid']}")
    assert (answer.status_code, answer.json()["data"]) == (200, {"count": 3, "refused": 0, "more": False})
    rows = (await owner.get(f"{PATH}?trigger=retry")).json()["data"]
    assert sorted(row["source_execution_uuid"] for row in rows) == sorted(failed)
    for row in rows:
        assert (await execution(owner, row["uuid"]))["status"] == "succeeded"
    again = await owner.post(f"{PATH}/retry?workflow_uuid={workflow['uuid']}")
    assert again.json()["data"] == {"count": 0, "refused": 0, "more": False}
    await owner.delete(f"/api/v1/workflows/{other['uuid']}")
    gone = await owner.post(f"{PATH}/retry?workflow_uuid={other['uuid']}")
    assert gone.json()["data"] == {"count": 0, "refused": 1, "more": False}


async def test_a_retry_answers_in_the_ways_of_all_that_runs(owner: Tenant) -> None:
    workflow = await chain(owner, probe("a", {"x": 1}))
    done = await run(owner, workflow)
    answer = await owner.post(f"{PATH}/{done['uuid']}/retry", headers={"Idempotency-Key": done["uuid"]})
    assert (answer.status_code, answer.json()["data"]["output"]) == (200, {"x": 1})
    same = await owner.post(f"{PATH}/{done['uuid']}/retry", headers={"Idempotency-Key": done["uuid"]})
    assert (same.json(), same.headers["idempotency-replayed"]) == (answer.json(), "true")
    events = await owner.post(f"{PATH}/{done['uuid']}/retry", {"stream": True})
    assert "event: run.completed" in events.text
    assert CALLS["a"] == 3

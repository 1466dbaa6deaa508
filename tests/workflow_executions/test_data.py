"""An execution's data: what became of each node, what it got and what it gave."""

from __future__ import annotations

from typing import Any

import asyncpg

from athena.engine import Engine
from athena.kit.db import Database, Scope
from tests.conftest import Tenant
from tests.workflow_executions.conftest import PATH, create, ended, execution, node, probe, start, statuses
from tests.workflow_executions.plugin import CALLS, FAILING

LONG = "x" * 100_000


async def test_an_execution_shows_what_each_node_got_and_gave(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [node("sum", "set", {"fields": {"v": "{{ input.x + 1 }}"}}), probe("call", {"ok": True}, cost=0.5)],
        [("start", "sum"), ("sum", "call")],
        variables=[{"name": "tone", "default": "warm"}],
    )
    found = await ended(owner, workflow, {"x": 2})
    assert (found["status"], found["trigger"], found["workflow_version"]) == ("succeeded", "api", 1)
    assert (found["workflow_uuid"], found["workflow"]) == (workflow["uuid"], None)
    assert (found["input"], found["output"], found["error"]) == ({"x": 2}, {"ok": True}, None)
    assert found["usage"] == {"input_tokens": 10, "output_tokens": 2, "cost": 0.5}
    assert found["started_at"] <= found["finished_at"]
    graph = found["data"]["workflow_data"]
    assert (graph["nodes"], graph["edges"]) == (workflow["nodes"], workflow["edges"])
    assert graph["variables"] == workflow["variables"]
    first, second = found["data"]["nodes"]["sum"], found["data"]["nodes"]["call"]
    assert (first["status"], first["input"], first["output"]) == ("succeeded", {"x": 2}, {"v": 3})
    assert {**second, "input": {"v": 3}, "output": {"ok": True}, "outputs": {"output": {"ok": True}}} == second
    assert (second["attempts"], second["repeated"], second["details"]) == (1, False, {"key": "call"})
    assert (second["usage"], second["items"]) == (found["usage"], None)
    assert second["started_at"] <= second["finished_at"]
    assert second["duration_ms"] >= 0


async def test_nodes_that_were_not_come_to_are_skipped(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [
            node("large", "if", {"condition": "{{ input > 10 }}"}),
            node("yes", "set"),
            node("no", "set"),
            node("off", "set", disabled=True),
            node("all", "merge"),
        ],
        [
            ("start", "large"),
            ("large", "yes", "true"),
            ("large", "no", "false"),
            ("yes", "off"),
            ("off", "all"),
            ("no", "all"),
        ],
    )
    found = await ended(owner, workflow, 11)
    assert statuses(found) == {
        "start": "succeeded",
        "large": "succeeded",
        "yes": "succeeded",
        "no": "skipped",
        "off": "skipped",
        "all": "succeeded",
    }
    assert found["data"]["nodes"]["large"]["outputs"] == {"true": 11}
    # The node that is passed over hands on what came to it.
    assert (found["data"]["nodes"]["all"]["input"], found["output"]) == ({}, [{}])


async def test_of_several_edges_the_one_that_brought_something_tells_the_input(owner: Tenant) -> None:
    nodes = [node("a", "set", {"fields": {"of": "a"}}), node("b", "set", {"fields": {"of": "b"}}), node("c", "set")]
    edges = [("start", "a"), ("start", "b"), ("a", "c"), ("b", "c")]
    workflow = await create(owner, nodes, edges)
    assert (await ended(owner, workflow))["data"]["nodes"]["c"]["input"] == {"of": "a"}
    changed = workflow["edges"]
    changed[2]["condition"] = "{{ input.of == 'nobody' }}"
    assert (await owner.put(f"/api/v1/workflows/{workflow['uuid']}", {"edges": changed})).status_code == 200
    assert (await ended(owner, workflow))["data"]["nodes"]["c"]["input"] == {"of": "b"}


async def test_a_failure_is_told_at_its_node_and_of_the_execution(owner: Tenant) -> None:
    FAILING.add("call")
    retrying = {"max_attempts": 2, "delay_ms": 0}
    workflow = await create(
        owner, [probe("call", retry=retrying), node("after", "set")], [("start", "call"), ("call", "after")]
    )
    found = await ended(owner, workflow)
    error = {"code": "refused", "message": "The call 'call' was refused 17 times."}
    at = {"node_id": "call", "node_type": "probe"}
    assert (found["status"], found["output"], found["error"]) == ("failed", None, {**error, **at})
    assert found["usage"] == {"input_tokens": 0, "output_tokens": 0, "cost": 0}
    assert statuses(found) == {"start": "succeeded", "call": "failed", "after": "skipped"}
    called = found["data"]["nodes"]["call"]
    assert (called["attempts"], called["error"], CALLS["call"]) == (2, error, 2)


async def test_a_failure_that_was_caught_shows_what_went_on(owner: Tenant) -> None:
    FAILING.update({"soft", "side"})
    workflow = await create(
        owner,
        [
            probe("soft", on_error="continue", default_output={"v": 1}),
            node("a", "set", {"fields": {}, "keep_input": True}),
            probe("side", on_error="branch"),
            node("b", "set", {"fields": {}, "keep_input": True}),
        ],
        [("start", "soft"), ("soft", "a"), ("start", "side"), ("side", "b", "error")],
    )
    found = await ended(owner, workflow)
    nodes = found["data"]["nodes"]
    assert found["status"] == "succeeded"
    assert (nodes["soft"]["status"], nodes["soft"]["output"], nodes["a"]["input"]) == ("failed", {"v": 1}, {"v": 1})
    assert nodes["b"]["input"] == nodes["side"]["outputs"]["error"]
    assert nodes["b"]["input"]["node_id"] == "side"


async def test_what_waits_and_what_was_stopped_is_told(owner: Tenant) -> None:
    workflow = await create(
        owner, [node("hold", "pause"), node("after", "set")], [("start", "hold"), ("hold", "after")]
    )
    found = await execution(owner, await start(owner, workflow), "waiting")
    assert statuses(found) == {"start": "succeeded", "hold": "waiting", "after": "pending"}
    hold = found["data"]["nodes"]["hold"]
    assert (hold["details"], hold["finished_at"], hold["duration_ms"]) == (
        {"asks": "go on?", "until": None},
        None,
        None,
    )
    stopped = await owner.post(f"{PATH}/{found['uuid']}/cancel")
    assert (stopped.status_code, stopped.json()["data"]["status"]) == (200, "cancelled")
    assert statuses(stopped.json()["data"]) == {"start": "succeeded", "hold": "cancelled", "after": "skipped"}


async def test_a_loop_shows_its_items_together_and_one_by_one(owner: Tenant) -> None:
    FAILING.add("3")
    workflow = await create(
        owner,
        [
            node("each", "loop", {"items": "{{ input }}", "on_item_error": "null"}),
            probe("call", key="{{ string(item) }}", cost=0.25),
            node("next", "set", {"fields": {"v": "{{ item }}"}}),
        ],
        [("start", "each"), ("each", "call", "item"), ("call", "next"), ("next", "each", None, "next")],
    )
    found = await ended(owner, workflow, [1, 2, 3, 4])
    nodes = found["data"]["nodes"]
    call = nodes["call"]
    assert (call["status"], call["items"], call["failed_items"], call["input"]) == ("failed", 4, 1, None)
    assert (call["attempts"], call["usage"]) == (4, {"input_tokens": 30, "output_tokens": 6, "cost": 0.75})
    assert (nodes["next"]["status"], nodes["next"]["items"], nodes["each"]["items"]) == ("succeeded", 3, None)
    assert nodes["each"]["output"]["count"] == 4

    path = f"{PATH}/{found['uuid']}/nodes"
    page = (await owner.get(f"{path}/call?per_page=2&page=2")).json()
    assert [(each["path"], each["input"], each["status"]) for each in page["data"]] == [
        ([2], 3, "failed"),
        ([3], 4, "succeeded"),
    ]
    assert page["meta"]["total"] == 4
    failed = (await owner.get(f"{path}/call?status=failed")).json()["data"]
    assert [(each["path"], each["error"]["code"]) for each in failed] == [([2], "refused")]
    followed = (await owner.get(f"{path}/next?cursor=&sort=-path")).json()["data"]
    assert [(each["path"], each["input"], each["output"]) for each in followed] == [
        ([n], n + 1, {"v": n + 1}) for n in (3, 1, 0)
    ]
    alone = (await owner.get(f"{path}/start")).json()["data"]
    assert [(each["path"], each["output"]) for each in alone] == [([], [1, 2, 3, 4])]
    assert (await owner.get(f"{path}/nobody")).json()["data"] == []


async def test_a_long_value_is_kept_whole_behind_a_link(owner: Tenant, stranger: Tenant) -> None:
    workflow = await create(
        owner,
        [probe("call", {"text": "{{ input }}"}), node("copy", "set", {"fields": {"text": "{{ input.text }}"}})],
        [("start", "call"), ("call", "copy")],
    )
    found = await ended(owner, workflow, LONG)
    nodes = found["data"]["nodes"]
    whole = {"text": LONG}
    for shown, value in (
        (found["input"], LONG),
        (found["output"], whole),
        (nodes["start"]["output"], LONG),
        (nodes["call"]["output"], whole),
        (nodes["copy"]["input"], whole),
        (nodes["copy"]["outputs"]["output"], whole),
    ):
        assert (shown["truncated"], shown["size"] > 100_000, len(shown["begin"])) == (True, True, 1_000)
        assert (await owner.get(shown["url"])).json() == {"data": value}
        assert (await stranger.get(shown["url"])).status_code == 404
    for name in ("0.output", "2.nothing", "x", "99999999999999999999.output", "²"):
        assert (await owner.get(f"{PATH}/{found['uuid']}/values/{name}")).status_code == 404


async def test_all_values_together_have_a_limit_too(owner: Tenant) -> None:
    count = 60
    names = [f"n{number}" for number in range(count)]
    nodes = [node(name, "set", {"fields": {"text": "{{ trigger.input }}"}}) for name in names]
    workflow = await create(owner, nodes, list(zip(["start", *names], names, strict=False)))
    answer = await owner.get(f"{PATH}/{(await ended(owner, workflow, 'y' * 60_000))['uuid']}")
    assert len(answer.content) < 2_500_000
    last = answer.json()["data"]["data"]["nodes"][names[-1]]["output"]
    assert last["truncated"]
    assert (await owner.get(last["url"])).json()["data"] == {"text": "y" * 60_000}


async def test_a_redacted_node_shows_and_keeps_nothing(
    owner: Tenant, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    workflow = await create(
        owner,
        [
            node("start", "manual_trigger", redact=True),
            node("a", "set", {"fields": {"pin": "{{ input }}"}}, redact=True),
            node("b", "set", {"fields": {"pin": "{{ input.pin }}"}}, redact=True),
        ],
        [("start", "a"), ("a", "b")],
    )
    found = await ended(owner, workflow, f"canary{LONG}")
    hidden = "[redacted]"
    assert (found["input"], found["output"]) == (hidden, hidden)
    assert {(each["input"], each["output"]) for each in found["data"]["nodes"].values()} == {
        (None, hidden),
        (hidden, hidden),
    }
    for name in ("input", "output"):
        assert (await owner.get(f"{PATH}/{found['uuid']}/values/{name}")).status_code == 404
    listed = (await owner.get(f"{PATH}?search=canary")).json()["data"]
    assert listed == []
    rows = await superuser.fetch(
        "SELECT data::text, record::text FROM run_events WHERE run_uuid = $1 AND type LIKE 'node%'", found["uuid"]
    )
    assert rows
    assert not [row for row in rows if "canary" in f"{row[0]}{row[1]}"]


async def test_lists_have_data_where_it_is_asked_for(owner: Tenant) -> None:
    workflow = await create(owner, [node("a", "set", {"fields": {"v": "{{ input }}"}})], [("start", "a")])
    for number in range(3):
        await ended(owner, workflow, number)
    rows = (await owner.get(f"{PATH}?with=data,workflow&per_page=15")).json()["data"]
    assert [row["data"]["nodes"]["a"]["output"] for row in rows] == [{"v": 2}, {"v": 1}, {"v": 0}]
    assert {row["workflow"]["name"] for row in rows} == {"W"}
    assert [row["data"] for row in (await owner.get(PATH)).json()["data"]] == [None] * 3
    refused = await owner.get(f"{PATH}?with=data&per_page=16")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["per_page"])


async def test_what_the_workflow_was_is_shown_until_it_is_deleted(owner: Tenant) -> None:
    workflow = await create(owner, [node("a", "set", {"fields": {"v": 1}})], [("start", "a")])
    found = await ended(owner, workflow)
    path = f"/api/v1/workflows/{workflow['uuid']}"
    assert (await owner.put(path, {"nodes": workflow["nodes"][:1], "edges": []})).status_code == 200
    assert (await execution(owner, found["uuid"]))["data"] == found["data"]
    assert (await owner.delete(path)).status_code == 204
    left = await execution(owner, found["uuid"])
    assert (left["status"], left["output"], left["data"]["workflow_data"]) == ("succeeded", {"v": 1}, None)
    assert left["data"]["nodes"]["a"]["output"] == {"v": 1}


async def test_a_node_that_is_at_work_is_running(owner: Tenant, database: Database) -> None:
    """As it looks from another process, while nobody has told of the node's end yet."""
    workflow = await create(owner, [node("hold", "pause")], [("start", "hold")])
    uuid = await start(owner, workflow)
    await execution(owner, uuid, "waiting")
    before = await owner.get(f"{PATH}/{uuid}")
    async with database.session(Scope(owner.workspace_uuid)) as session:
        await session.execute("DELETE FROM run_events WHERE run_uuid = $1 AND type = 'node.waiting'", uuid)
    assert statuses(await execution(owner, uuid, "waiting"))["hold"] == "running"
    async with database.session(Scope(owner.workspace_uuid)) as session:
        given: Any = {"answer": 42}
        engine = database.provided(Engine)
        assert await engine.signal(session, owner.workspace_uuid, before.json()["data"]["uuid"], "node:hold", given)
    done = await execution(owner, uuid)
    assert done["output"] == {"answer": 42}
    after = await owner.get(f"{PATH}/{uuid}", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200

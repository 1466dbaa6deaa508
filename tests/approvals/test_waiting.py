"""A question waits as long as need be, costs nothing meanwhile, and is answered once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from athena.approvals.service import Question, ask
from athena.kit.access import WorkspaceId
from athena.kit.db import Scope
from athena.kit.errors import Conflict
from athena.process import Process
from tests.approvals.conftest import PATH, Asking, answer, code
from tests.workflow_executions.conftest import node

Superuser = asyncpg.Connection
FIRST = node("first", "approval", {"title": "First?"})
SECOND = node("second", "approval", {"title": "Second?"})


async def test_nothing_is_held_while_it_waits_and_it_goes_on_where_it_was(asking: Asking, process: Process) -> None:
    run, question = await asking.ask()
    await asking.waits(run)
    async with asyncio.timeout(10):
        while process.engine.holds(UUID(run)):  # noqa: ASYNC110 - what changes has no event
            await asyncio.sleep(0.01)
    await answer(asking.owner, question)
    assert (await asking.ended(run))["output"]["approved"] is True
    events = (await asking.owner.get(f"/api/v1/runs/{run}/events")).text
    assert events.count("event: approval.required") == 1


async def test_without_an_answer_in_time_it_fails(asking: Asking) -> None:
    run, question = await asking.ask(expires_after_seconds=0.3)
    assert question["expires_at"] is not None
    ended = await asking.ended(run)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "approval_expired")
    assert (await asking.show(question))["status"] == "expired"


async def test_without_an_answer_in_time_it_may_count_as_refused(asking: Asking) -> None:
    run, _ = await asking.ask(expires_after_seconds=0.3, on_expiry="refuse")
    given = (await asking.ended(run))["output"]
    assert (given["approved"], given["answer"]["decision"], given["answer"]["answers"]) == (False, "expired", [])


async def test_what_has_expired_is_not_answered_even_before_the_run_has_noticed(
    asking: Asking, superuser: Superuser[Any]
) -> None:
    run, question = await asking.ask(expires_after_seconds=3600)
    await superuser.execute(
        "UPDATE approvals SET expires_at = now() - interval '1 second' WHERE uuid = $1", UUID(question["uuid"])
    )
    assert code(await answer(asking.owner, question)) == (409, "approval_closed")
    assert (await asking.show(question))["status"] == "expired"
    for query, found in (("open", 0), ("expired", 1)):
        rows = (await asking.owner.get(f"{PATH}?run_uuid={run}&status={query}")).json()["data"]
        assert len(rows) == found, query


async def test_branches_ask_beside_each_other(asking: Asking) -> None:
    edges: Any = [("start", "first"), ("start", "second"), ("first", "all", "approved"), ("second", "all", "approved")]
    run, questions = await asking.start([FIRST, SECOND, node("all", "merge")], edges, 7, asked=2)
    path = f"/api/v1/runs/{run}/approve"
    ambiguous = await asking.owner.post(path, {"decision": "approved"})
    assert code(ambiguous) == (409, "approval_ambiguous")
    assert "first" in ambiguous.json()["detail"]
    assert (await asking.owner.post(path, {"decision": "approved", "node_id": "second"})).status_code == 200
    assert [each["node_id"] for each in await asking.open(run)] == ["first"]
    assert (await asking.owner.post(path, {"decision": "approved"})).status_code == 200
    assert [each["decision"] for each in (await asking.ended(run))["output"]] == ["approved", "approved"]
    assert len(questions) == 2


async def test_a_loop_asks_for_each_item(asking: Asking) -> None:
    nodes = [
        node("each", "loop", {"items": "{{ trigger.input }}", "concurrency": 3}),
        node("ask", "approval", {"title": "Take {{ item }}?"}),
        node("taken", "set", {"fields": {"took": "{{ item }}"}}),
    ]
    edges: Any = [
        ("start", "each"),
        ("each", "ask", "item"),
        ("ask", "taken", "approved"),
        ("taken", "each", None, "next"),
    ]
    run, questions = await asking.start(nodes, edges, ["a", "b", "c"], asked=3)
    by_title = {each["title"]: each for each in questions}
    await answer(asking.owner, by_title["Take c?"])
    await answer(asking.owner, by_title["Take a?"], "refused")
    await answer(asking.owner, by_title["Take b?"])
    assert (await asking.ended(run))["output"]["results"] == [{"took": "b"}, {"took": "c"}]


async def test_a_cancelled_execution_asks_no_more(asking: Asking) -> None:
    run, question = await asking.ask()
    assert (await asking.owner.post(f"/api/v1/runs/{run}/cancel")).status_code == 200
    assert (await asking.ended(run))["status"] == "cancelled"
    assert (await asking.show(question))["status"] == "cancelled"
    assert code(await answer(asking.owner, question)) == (409, "approval_closed")
    assert len((await asking.owner.get(f"{PATH}?status=cancelled")).json()["data"]) == 1


async def test_what_failed_elsewhere_asks_no_more(asking: Asking) -> None:
    wrong = node("wrong", "set", {"fields": {"x": "{{ input.nothing }}"}})
    edges: Any = [("start", "first"), ("start", "second"), ("first", "wrong", "approved")]
    run, questions = await asking.start([FIRST, SECOND, wrong], edges, 7, asked=2)
    first, second = sorted(questions, key=lambda each: each["node_id"])
    await answer(asking.owner, first)
    assert (await asking.ended(run))["status"] == "failed"
    assert (await asking.show(second))["status"] == "cancelled"
    assert (await asking.show(first))["status"] == "approved"


async def test_of_many_answers_at_once_one_counts(asking: Asking) -> None:
    run, question = await asking.ask()
    members = [asking.owner, *[await asking.member() for _ in range(3)]]
    answers = await asyncio.gather(
        *(answer(member, question, decision) for member in members for decision in ("approved", "refused"))
    )
    assert sorted(each.status_code for each in answers) == [200, *[409] * 7]
    decided = next(each.json()["data"] for each in answers if each.status_code == 200)
    assert len(decided["answers"]) == 1
    given = (await asking.ended(run))["output"]["answer"]
    assert (given["decision"], len(given["answers"])) == (decided["status"], 1)


async def test_a_member_who_answers_twice_at_once_counts_once(asking: Asking) -> None:
    _, question = await asking.ask(answers_needed=2)
    answers = await asyncio.gather(*(answer(asking.owner, question) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    shown = await asking.show(question)
    assert (shown["status"], len(shown["answers"])) == ("open", 1)


@pytest.mark.parametrize("first", range(3))
async def test_an_end_and_an_answer_at_once_do_not_block_each_other(asking: Asking, first: int) -> None:
    run, question = await asking.ask()
    if first:
        await asking.waits(run)
    cancelled, answered = await asyncio.gather(
        asking.owner.post(f"/api/v1/runs/{run}/cancel"), answer(asking.owner, question)
    )
    assert cancelled.status_code == 200, cancelled.text
    assert answered.status_code == 200 or code(answered) == (409, "approval_closed")
    status = (await asking.show(question))["status"]
    assert status == ("approved" if answered.status_code == 200 else "cancelled")
    assert (await asking.ended(run))["finished_at"]


async def test_a_question_goes_with_its_run(asking: Asking, superuser: Superuser[Any]) -> None:
    run, question = await asking.ask()
    await answer(asking.owner, question)
    await asking.ended(run)
    await superuser.execute("DELETE FROM runs WHERE uuid = $1", UUID(run))
    assert (await asking.owner.get(f"{PATH}/{question['uuid']}")).status_code == 404
    left = "SELECT count(*) FROM approval_answers WHERE workspace_uuid = $1"
    assert await superuser.fetchval(left, asking.owner.workspace_uuid) == 0


async def test_a_question_that_is_asked_again_after_a_crash_is_the_same(asking: Asking, process: Process) -> None:
    run, first = await asking.ask()
    owner = asking.owner
    again = Question(kind="approval", run_uuid=UUID(run), node_id="ask", signal="node:ask", title="Again?")
    async with process.database.session(Scope(owner.workspace_uuid)) as session:
        row = await ask(session, WorkspaceId(owner.workspace_uuid), again)
    assert (str(row["uuid"]), row["title"]) == (first["uuid"], "Pay 7?")
    await owner.post(f"/api/v1/runs/{run}/cancel")
    await asking.ended(run)
    async with process.database.session(Scope(owner.workspace_uuid)) as session:
        with pytest.raises(Conflict):
            await ask(session, WorkspaceId(owner.workspace_uuid), again)

"""Members approve or refuse what a workflow asks, and it goes on as they say."""

from __future__ import annotations

from typing import Any

import pytest

from athena.permissions import Role
from tests.approvals.conftest import NO, PATH, YES, Asking, answer, code
from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node


async def test_a_member_approves_and_the_workflow_goes_on(asking: Asking) -> None:
    run, question = await asking.ask({"total": 7}, message="To {{ 'Ada' }}.")
    shown = {name: question[name] for name in ("kind", "status", "title", "message", "payload", "answers", "link")}
    assert shown == {
        "kind": "approval",
        "status": "open",
        "title": "Pay 7?",
        "message": "To Ada.",
        "payload": {"total": 7},
        "answers": [],
        "link": False,
    }
    member = await asking.member()
    answered = await answer(member, question, comment="Go ahead.")
    assert answered.status_code == 200, answered.text
    after = answered.json()["data"]
    assert after["status"] == "approved"
    assert after["answers"][0]["user"]["uuid"] == str(member.user_uuid)
    output = (await asking.ended(run))["output"]
    assert output["approved"] is True
    given = output["answer"]
    told = {name: given[name] for name in ("decision", "comment", "payload", "input")}
    assert told == {"decision": "approved", "comment": "Go ahead.", "payload": {"total": 7}, "input": {"total": 7}}
    assert given["answers"] == [
        {
            "decision": "approved",
            "comment": "Go ahead.",
            "by": {"uuid": str(member.user_uuid), "name": given["answers"][0]["by"]["name"], "email": member.email},
            "by_link": False,
            "at": after["answers"][0]["created_at"],
        }
    ]
    assert await asking.show(question) == after


async def test_a_refusal_goes_on_by_its_own_port(asking: Asking) -> None:
    run, question = await asking.ask()
    assert (await answer(asking.owner, question, "refused", comment="Too dear.")).json()["data"]["status"] == "refused"
    output = (await asking.ended(run))["output"]
    assert (output["approved"], output["answer"]["decision"]) == (False, "refused")
    assert output["answer"]["comment"] == "Too dear."


async def test_a_refusal_may_be_a_failure(asking: Asking) -> None:
    run, question = await asking.ask(on_refusal="fail")
    await answer(asking.owner, question, "refused", comment="Too dear.")
    ended = await asking.ended(run)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "approval_refused")


async def test_what_people_see_may_be_other_than_the_input_and_be_edited(asking: Asking) -> None:
    run, question = await asking.ask({"total": 7, "name": "Ada"}, payload={"to": "{{ input.name }}"}, editable=True)
    assert question["payload"] == {"to": "Ada"}
    answered = (await answer(asking.owner, question, payload={"to": "Bea", "note": [1]})).json()["data"]
    assert answered["answers"][0]["payload"] == {"to": "Bea", "note": [1]}
    given = (await asking.ended(run))["output"]["answer"]
    assert (given["payload"], given["input"]) == ({"to": "Bea", "note": [1]}, {"total": 7, "name": "Ada"})


async def test_several_must_approve_and_one_refusal_is_enough(asking: Asking) -> None:
    run, question = await asking.ask(answers_needed=2)
    first, second = await asking.member(), await asking.member(Role.ADMIN)
    assert (await answer(first, question, comment="1")).json()["data"]["status"] == "open"
    assert code(await answer(first, question, "refused")) == (409, "already_answered")
    assert (await asking.run(run))["finished_at"] is None
    assert (await answer(second, question, comment="2")).json()["data"]["status"] == "approved"
    given = (await asking.ended(run))["output"]["answer"]
    assert [(each["decision"], each["comment"]) for each in given["answers"]] == [("approved", "1"), ("approved", "2")]
    run, question = await asking.ask(answers_needed=3)
    await answer(first, question)
    assert (await answer(second, question, "refused")).json()["data"]["status"] == "refused"
    assert (await asking.ended(run))["output"]["approved"] is False


async def test_only_those_who_are_asked_may_answer(asking: Asking) -> None:
    operator, builder, admin = [await asking.member(role) for role in (Role.OPERATOR, Role.BUILDER, Role.ADMIN)]
    answerers = {"roles": ["admin"], "user_uuids": [str(operator.user_uuid)]}
    for allowed in (operator, admin):
        run, question = await asking.ask(answerers=answerers, link=True)
        assert (question["roles"], question["user_uuids"]) == (["admin"], [str(operator.user_uuid)])
        assert code(await answer(builder, question)) == (403, "not_an_answerer")
        assert code(await asking.owner.post(f"{PATH}/{question['uuid']}/link")) == (403, "not_an_answerer")
        assert (await answer(allowed, question)).status_code == 200
        assert (await asking.ended(run))["output"]["approved"] is True


async def test_seeing_is_for_all_members_and_answering_is_not(asking: Asking, stranger: Tenant) -> None:
    _, question = await asking.ask()
    viewer = await asking.member(Role.VIEWER)
    assert (await viewer.get(f"{PATH}/{question['uuid']}")).json()["data"] == question
    assert code(await answer(viewer, question)) == (403, "permission_denied")
    assert code(await stranger.get(f"{PATH}/{question['uuid']}")) == (404, "not_found")
    assert code(await answer(stranger, question)) == (404, "not_found")
    assert (await stranger.get(PATH)).json()["data"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "decision"),
        ({"decision": "perhaps"}, "decision"),
        ({"decision": "approved", "values": {}}, "values"),
        ({"decision": "approved", "payload": 1}, "payload"),
        ({"decision": "approved", "payload": None}, "payload"),
        ({"decision": "approved", "comment": "x" * 2_001}, "comment"),
        ({"decision": "approved", "comment": "\0"}, "comment"),
        ({"decision": "approved", "by": "me"}, "by"),
    ],
)
async def test_an_answer_that_does_not_fit_is_refused_and_may_be_repeated(
    asking: Asking, body: dict[str, Any], path: str
) -> None:
    run, question = await asking.ask()
    wrong = await asking.owner.post(f"{PATH}/{question['uuid']}/answer", body)
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, [path])
    assert (await answer(asking.owner, question)).status_code == 200
    assert (await asking.ended(run))["status"] == "succeeded"


async def test_what_was_edited_has_a_limit(asking: Asking) -> None:
    _, question = await asking.ask(editable=True)
    assert code(await answer(asking.owner, question, payload="x" * 1_000_001)) == (413, "too_large")


async def test_lists_are_filtered(asking: Asking) -> None:
    run, question = await asking.ask()
    other, done = await asking.ask()
    await answer(asking.owner, done)

    async def found(query: str) -> list[str]:
        response = await asking.owner.get(f"{PATH}?{query}")
        assert response.status_code == 200, response.text
        return [each["uuid"] for each in response.json()["data"]]

    one, two = question["uuid"], done["uuid"]
    assert await found("") == [two, one]
    assert await found("sort=updated_at") == [one, two]
    assert await found("status=open") == [one]
    assert await found("status=approved") == [two]
    assert await found("status=expired") == []
    assert await found("kind=form") == []
    assert await found(f"run_uuid={other}&kind=approval") == [two]
    assert await found(f"workflow_uuid={(await asking.run(run))['workflow_uuid']}") == [one]
    assert await found("search=pay 7") == [two, one]


async def test_the_run_itself_takes_the_answer(asking: Asking) -> None:
    run, _ = await asking.ask()
    path = f"/api/v1/runs/{run}/approve"
    assert code(await asking.owner.post(path, {"node_id": "no", "decision": "approved"})) == (409, "nothing_to_approve")
    answered = await asking.owner.post(path, {"node_id": "ask", "decision": "refused", "comment": "No."})
    assert answered.json()["data"]["status"] == "refused"
    assert (await asking.ended(run))["output"]["answer"]["comment"] == "No."
    assert code(await asking.owner.post(path, {"decision": "approved"})) == (409, "nothing_to_approve")
    viewer = await asking.member(Role.VIEWER)
    assert code(await viewer.post(path, {"decision": "approved"})) == (403, "permission_denied")


async def test_a_run_that_is_not_there_is_not_approved(asking: Asking, stranger: Tenant) -> None:
    run, _ = await asking.ask()
    assert code(await stranger.post(f"/api/v1/runs/{run}/approve", {"decision": "approved"})) == (404, "not_found")


async def test_it_is_told_who_asked_and_who_answered(asking: Asking) -> None:
    run, question = await asking.ask()
    member = await asking.member()
    await answer(member, question, comment="canary")
    entries = (await asking.owner.get("/api/v1/audit-events?resource_type=approval&sort=created_at")).json()["data"]
    asked, answered = entries
    assert (asked["action"], asked["credential"]["kind"], asked["credential"]["uuid"]) == (
        "approval.created",
        "run",
        run,
    )
    assert (answered["action"], answered["actor_user_uuid"]) == ("approval.answered", str(member.user_uuid))
    assert answered["resource_uuid"] == question["uuid"]
    assert answered["details"] == {"decision": "approved", "by_link": False, "status": "approved"}
    assert "canary" not in str(entries)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "data.title"),
        ({"title": ""}, "data.title"),
        ({"title": "Pay?", "answers_needed": 21}, "data.answers_needed"),
        ({"title": "Pay?", "answers_needed": 2, "editable": True}, "data"),
        ({"title": "Pay?", "answerers": {"roles": ["king"]}}, "data.answerers.roles.0"),
        ({"title": "Pay?", "link_password": "open, please"}, "data"),
        ({"title": "Pay?", "link": True, "link_password": "short"}, "data.link_password"),
        ({"title": "{{ secrets.KEY }}"}, "data.title"),
        ({"title": "Pay?", "expires_after_seconds": 0}, "data.expires_after_seconds"),
    ],
)
async def test_a_wrong_configuration_is_seen_when_it_is_saved(owner: Tenant, data: dict[str, Any], path: str) -> None:
    workflow = await create(
        owner,
        [node("ask", "approval", data), YES, NO],
        [("start", "ask"), ("ask", "yes", "approved"), ("ask", "no", "refused")],
    )
    assert [each["path"] for each in workflow["problems"]] == [path]


async def test_what_nobody_can_look_at_is_not_asked(asking: Asking) -> None:
    nodes = [node("ask", "approval", {"title": "Pay?"})]
    run, _ = await asking.start(nodes, [("start", "ask")], "x" * 1_000_001, asked=0)
    ended = await asking.ended(run)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "too_large")

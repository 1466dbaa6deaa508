"""Whoever holds the link of a question answers it, without an account, where the question allows that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import httpx2
import pytest

from athena.kit.http import _loggable
from athena.kit.rate_limits import RateLimits
from athena.process import Process
from tests.approvals.conftest import DECIDED, NO, PATH, YES, Asking, answer, code
from tests.webhooks.receiver import Receiver, status
from tests.workflow_executions.conftest import node

Superuser = asyncpg.Connection
HEADER = "X-Approval-Password"
PASSWORD = "open, please"
APPROVED = {"decision": "approved"}


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    started = Receiver()
    await started.start()
    yield started
    await started.stop()


async def test_who_holds_the_link_sees_and_answers(asking: Asking, client: httpx2.AsyncClient) -> None:
    run, question = await asking.ask(link=True, message="Soon.")
    path = await asking.link(question)
    shown = await client.get(path)
    assert shown.status_code == 200, shown.text
    seen = shown.json()["data"]
    assert seen == {
        "created_at": question["created_at"],
        "kind": "approval",
        "status": "open",
        "title": "Pay 7?",
        "message": "Soon.",
        "payload": {"total": 7},
        "editable": False,
        "fields": [],
        "answers_needed": 1,
        "answers_given": 0,
        "expires_at": None,
    }
    answered = await client.post(path, json={**APPROVED, "comment": "By link."})
    assert answered.json()["data"] == {**seen, "status": "approved", "answers_given": 1}
    assert (await client.get(path)).json() == answered.json()
    assert code(await client.post(path, json=APPROVED)) == (409, "approval_closed")
    given = (await asking.ended(run))["output"]["answer"]["answers"][0]
    assert (given["by"], given["by_link"], given["comment"]) == (None, True, "By link.")
    [told] = (await asking.show(question))["answers"]
    assert (told["user"], told["by_link"]) == (None, True)


async def test_a_form_is_filled_in_by_link(asking: Asking, client: httpx2.AsyncClient) -> None:
    run, question = await asking.form({"name": "street", "required": True}, link=True)
    path = await asking.link(question)
    assert (await client.get(path)).json()["data"]["fields"] == question["fields"]
    assert (await client.post(path, json={"values": {}})).status_code == 422
    assert (await client.post(path, json={"values": {"street": "x"}})).status_code == 200
    assert (await asking.ended(run))["output"] == {"street": "x"}


async def test_a_link_is_one_person_and_the_others_are_members(asking: Asking, client: httpx2.AsyncClient) -> None:
    run, question = await asking.ask(link=True, answers_needed=2)
    assert (await client.post(await asking.link(question), json=APPROVED)).json()["data"]["status"] == "open"
    another = await asking.link(question)
    assert code(await client.post(another, json=APPROVED)) == (409, "already_answered")
    assert (await answer(asking.owner, question)).json()["data"]["status"] == "approved"
    assert (await asking.ended(run))["output"]["approved"] is True


async def test_a_link_asks_for_its_password(
    asking: Asking, client: httpx2.AsyncClient, superuser: Superuser[Any]
) -> None:
    await asking.owner.post("/api/v1/variables", {"name": "PASSWORD", "kind": "secret", "value": PASSWORD})
    run, question = await asking.ask(link=True, link_password="{{ secrets.PASSWORD }}")
    assert question["has_password"] is True
    path = await asking.link(question)
    assert code(await client.get(path)) == (401, "approval_password_required")
    assert code(await client.post(path, json=APPROVED)) == (401, "approval_password_required")
    wrong = {HEADER: "open"}
    assert code(await client.post(path, json=APPROVED, headers=wrong)) == (401, "approval_password_wrong")
    right = {HEADER: PASSWORD}
    guesses = await asyncio.gather(*(client.get(path, headers=wrong) for _ in range(10)))
    assert {each.status_code for each in guesses} == {401, 429}
    assert (await client.get(path, headers=right)).status_code == 429
    await superuser.execute("UPDATE approvals SET blocked_until = now() WHERE blocked_until IS NOT NULL")
    assert (await client.post(path, json=APPROVED, headers=right)).status_code == 200
    assert (await asking.ended(run))["status"] == "succeeded"
    stored = await superuser.fetch("SELECT data::text FROM run_events WHERE data::text LIKE $1", f"%{PASSWORD}%")
    assert stored == []


async def test_a_new_link_ends_the_one_before(asking: Asking, client: httpx2.AsyncClient) -> None:
    _, question = await asking.ask(link=True)
    first = await asking.link(question, password=PASSWORD)
    second = await asking.link(question)
    assert code(await client.get(first)) == (404, "not_found")
    assert code(await client.get(second)) == (401, "approval_password_required")
    third = await asking.link(question, password=None)
    assert (await client.get(third)).status_code == 200
    entries = (await asking.owner.get("/api/v1/audit-events?action=approval.link_created")).json()["data"]
    assert len(entries) == 3


async def test_there_is_no_link_where_members_alone_may_answer(asking: Asking, client: httpx2.AsyncClient) -> None:
    _, question = await asking.ask()
    assert code(await asking.owner.post(f"{PATH}/{question['uuid']}/link")) == (409, "no_link")
    _, question = await asking.ask(link=True)
    await answer(asking.owner, question)
    assert code(await asking.owner.post(f"{PATH}/{question['uuid']}/link")) == (409, "approval_closed")
    for token in ("x" * 43, "…", question["uuid"]):
        for response in (
            await client.get(f"{PATH}/links/{token}"),
            await client.post(f"{PATH}/links/{token}", json=APPROVED),
        ):
            assert (response.status_code, response.json()["detail"]) == (404, "There is no such approval.")


async def test_a_links_requests_are_counted(
    asking: Asking, client: httpx2.AsyncClient, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, question = await asking.ask(link=True)
    path = await asking.link(question)
    monkeypatch.setattr(process.authorizer, "limits", RateLimits({"link": 2}, clock=lambda: 60_000_030.0))
    assert [(await client.get(path)).status_code for _ in range(3)] == [200, 200, 429]


def test_the_token_is_in_no_log() -> None:
    assert _loggable({"path": f"{PATH}/links/secret"}) == f"{PATH}/links/…"


async def test_who_is_to_be_told_gets_the_link(
    asking: Asking, client: httpx2.AsyncClient, receiver: Receiver, superuser: Superuser[Any]
) -> None:
    secret = {"name": "CHAT", "kind": "secret", "value": f"{receiver.address}/chat/canary-1"}
    await asking.owner.post("/api/v1/variables", secret)
    run, question = await asking.ask(link=True, notify_url="{{ secrets.CHAT }}", expires_after_seconds=3600)
    [received] = await receiver.wait_for(1)
    assert received.path == "/chat/canary-1"
    assert received.headers["content-type"] == "application/json"
    told = received.event
    link = told.pop("link")
    assert told == {
        "kind": "approval",
        "title": "Pay 7?",
        "message": "",
        "expires_at": question["expires_at"],
        "approval_uuid": question["uuid"],
        "run_uuid": run,
        "workspace_uuid": str(asking.owner.workspace_uuid),
    }
    path = link.removeprefix("http://athena.test")
    assert (await client.post(path, json=APPROVED)).status_code == 200
    assert (await asking.ended(run))["output"]["approved"] is True
    token = path.rpartition("/")[2]
    for table in ("run_events", "runs", "approvals", "audit_events"):
        rows = await superuser.fetch(f"SELECT t::text FROM {table} AS t WHERE t::text ~ $1", f"{token}|canary-1")
        assert rows == [], table


async def test_a_notification_that_fails_is_sent_again_with_the_same_link(asking: Asking, receiver: Receiver) -> None:
    receiver.answers = [status(503, "What you sent, once more: …"), status(200)]
    data = {"title": "Pay?", "link": True, "notify_url": receiver.address}
    ask = node("ask", "approval", data, retry={"max_attempts": 2, "delay_ms": 0})
    run, _ = await asking.start([ask, YES, NO], DECIDED, asked=0)
    first, second = await receiver.wait_for(2)
    questions = await asking.open(run)
    assert first.event["link"] == second.event["link"]
    assert second.event["approval_uuid"] == questions[0]["uuid"]
    await answer(asking.owner, questions[0])
    assert (await asking.ended(run))["status"] == "succeeded"
    assert "once more" not in (await asking.owner.get(f"/api/v1/runs/{run}/events")).text


@pytest.mark.parametrize("refusal", [404, None])
async def test_a_notification_that_nobody_takes_is_a_failure_and_nobody_is_asked(
    asking: Asking, receiver: Receiver, refusal: int | None
) -> None:
    if refusal is None:
        await receiver.stop()
    receiver.answers = [status(refusal or 200)]
    data = {"title": "Pay?", "link": True, "notify_url": receiver.address}
    run, _ = await asking.start([node("ask", "approval", data), YES, NO], DECIDED, asked=0)
    ended = await asking.ended(run)
    assert ended["status"] == "failed"
    assert ended["error"]["code"] == ("http_status" if refusal else "connection_failed")
    assert (await asking.owner.get(f"{PATH}?run_uuid={run}")).json()["data"] == []

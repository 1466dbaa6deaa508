"""An execution that waits for a call goes on when its resume address is called, once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import httpx2
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from athena.kit.crypto import Keyring
from athena.kit.http import _loggable
from athena.kit.ids import new_uuid
from athena.kit.rate_limits import RateLimits
from athena.process import Process
from athena.workflow_executions.resume import Address
from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node

Superuser: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYRING = Keyring(["a secret key, long enough 0123456789"])
TELL = node("tell", "set", {"fields": {"url": "{{ execution.resume_urls.later }}"}})
LATER = node("later", "wait", {"mode": "webhook"})
TOLD: list[Any] = [("start", "tell"), ("tell", "later")]
BRIEFLY = {"data": {"mode": "webhook", "timeout": 0.2, "timeout_unit": "seconds"}}


@dataclass
class Waiting:
    """An execution, and the path at which it can be resumed."""

    tenant: Tenant
    run: str
    path: str

    async def call(self, **options: Any) -> httpx2.Response:
        return await self.tenant.client.post(self.path, **options)

    async def status(self) -> str:
        return (await self.tenant.get(f"/api/v1/runs/{self.run}")).json()["data"]["status"]

    async def until(self, *statuses: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while await self.status() not in statuses:  # noqa: ASYNC110 - what changes is in the database
                await asyncio.sleep(0.01)
        return (await self.tenant.get(f"/api/v1/runs/{self.run}")).json()["data"]


async def begin(tenant: Tenant, superuser: Superuser, later: dict[str, Any] | None = None) -> Waiting:
    """An execution that has told its resume address, and waits for a call there."""
    workflow = await create(tenant, [TELL, {**LATER, **(later or {})}], TOLD)
    assert workflow["problems"] == []
    answer = await tenant.post(f"/api/v1/workflows/{workflow['uuid']}/run", {"background": True})
    run = answer.json()["data"]["uuid"]
    waiting = Waiting(tenant, run, "")
    await waiting.until("waiting", "succeeded", "failed")
    data = await superuser.fetchval(
        "SELECT data FROM run_events WHERE run_uuid = $1 AND type = 'node.completed' AND data ->> 'node_id' = 'tell'",
        UUID(run),
    )
    url = orjson.loads(data)["outputs"]["output"]["url"]
    waiting.path = url.removeprefix("http://athena.test")
    assert waiting.path.startswith("/hooks/resume/")
    return waiting


def code(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        ({"json": {"ready": [1, None]}}, {"ready": [1, None]}),
        ({"content": b"as text", "headers": {"Content-Type": "text/plain; charset=utf-8"}}, "as text"),
        ({}, None),
    ],
)
async def test_a_call_ends_the_wait_with_what_was_sent(
    owner: Tenant, superuser: Superuser, sent: dict[str, Any], got: Any
) -> None:
    waiting = await begin(owner, superuser)
    answer = await waiting.call(**sent)
    assert (answer.status_code, answer.json()) == (202, {"data": {"run_uuid": waiting.run}})
    assert (await waiting.until("succeeded"))["output"] == {"timed_out": False, "answer": got}


async def test_the_first_call_counts(owner: Tenant, superuser: Superuser) -> None:
    waiting = await begin(owner, superuser)
    answers = await asyncio.gather(*(waiting.call(json=number) for number in range(5)))
    statuses = [each.status_code for each in answers]
    # The execution may have ended before the last of them.
    assert (statuses.count(202), set(statuses) <= {202, 409, 404}) == (1, True)
    first = next(number for number, each in enumerate(answers) if each.status_code == 202)
    assert (await waiting.until("succeeded"))["output"]["answer"] == first
    assert code(await waiting.call(json=9)) == (404, "not_found")


async def test_who_calls_before_the_wait_begins_is_heard(owner: Tenant, superuser: Superuser) -> None:
    ask = node("ask", "approval", {"title": "Go on?"})
    edges: list[Any] = [("start", "tell"), ("tell", "ask"), ("ask", "later", "approved")]
    workflow = await create(owner, [TELL, ask, LATER], edges)
    answer = await owner.post(f"/api/v1/workflows/{workflow['uuid']}/run", {"background": True})
    run = answer.json()["data"]["uuid"]
    waiting = Waiting(owner, run, "")
    await waiting.until("waiting")
    data = await superuser.fetchval(
        "SELECT data FROM run_events WHERE run_uuid = $1 AND data ->> 'node_id' = 'tell'", UUID(run)
    )
    waiting.path = orjson.loads(data)["outputs"]["output"]["url"].removeprefix("http://athena.test")
    assert (await waiting.call(json="early")).status_code == 202
    assert code(await waiting.call(json="again")) == (409, "already_resumed")
    assert await waiting.status() in {"waiting", "running"}
    approved = await owner.post(f"/api/v1/runs/{run}/approve", {"decision": "approved"})
    assert approved.status_code == 200, approved.text
    assert (await waiting.until("succeeded"))["output"] == {"timed_out": False, "answer": "early"}


async def test_after_its_time_nobody_is_heard(owner: Tenant, superuser: Superuser) -> None:
    waiting = await begin(owner, superuser, BRIEFLY)
    await waiting.until("failed")
    assert code(await waiting.call()) == (404, "not_found")


async def test_an_address_that_was_never_one_answers_as_one_that_is_over(
    owner: Tenant, superuser: Superuser, process: Process
) -> None:
    waiting = await begin(owner, superuser)
    token = waiting.path.rpartition("/")[2]
    body, _, mac = token.partition(".")
    keyring = process.database.provided(Keyring)
    gone = Address(owner.workspace_uuid, new_uuid(), "node:later").token(keyring)
    foreign = Address(new_uuid(), UUID(waiting.run), "node:later").token(keyring)
    await owner.post(f"/api/v1/runs/{waiting.run}/cancel")
    await waiting.until("cancelled")
    for each in (token, gone, foreign, f"{body}.{mac[::-1]}", body, f".{mac}", "x", "…", "a" * 300):
        answer = await owner.client.post(f"/hooks/resume/{each}")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Nothing waits here."), each


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": b'"\\u0000"', "headers": {"Content-Type": "application/json"}}, 422),
        ({"content": b"\xff", "headers": {"Content-Type": "text/plain"}}, 400),
        ({"content": b"\0", "headers": {"Content-Type": "text/plain"}}, 422),
        ({"content": b"x" * 1_000_001, "headers": {"Content-Type": "text/plain"}}, 413),
        ({"content": b"x"}, 415),
        ({"data": {"a": "b"}}, 415),
    ],
)
async def test_a_body_that_cannot_be_kept_is_refused_and_the_wait_goes_on(
    owner: Tenant, superuser: Superuser, sent: dict[str, Any], status: int
) -> None:
    waiting = await begin(owner, superuser)
    assert (await waiting.call(**sent)).status_code == status
    assert await waiting.status() == "waiting"
    assert (await waiting.call()).status_code == 202


async def test_calls_are_counted(
    owner: Tenant, superuser: Superuser, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = await begin(owner, superuser)
    await waiting.call()
    await waiting.until("succeeded")
    monkeypatch.setattr(process.authorizer, "limits", RateLimits({"link": 2}, clock=lambda: 60_000_030.0))
    assert [(await waiting.call()).status_code for _ in range(3)] == [404, 404, 429]


async def test_only_a_node_that_waits_outside_of_loops_has_an_address(owner: Tenant) -> None:
    each = node("each", "loop", {"items": [1]})
    inside: list[Any] = [
        ("start", "each"),
        ("each", "later", "item"),
        ("later", "each", None, "next"),
        ("each", "tell"),
    ]
    for nodes, edges in (
        ([TELL, {**LATER, "data": {"duration": 1}}], TOLD),
        ([TELL], TOLD[:1]),
        ([each, LATER, TELL], inside),
    ):
        problems = (await create(owner, nodes, edges))["problems"]
        assert [(each["code"], each["node_id"], each["path"]) for each in problems] == [
            ("unknown_node", "tell", "data.fields.url")
        ]


@UNTIMED
@given(st.uuids(), st.uuids(), st.text("abcZ09_-@.:", min_size=1, max_size=80))
def test_a_token_is_for_one_wait_alone(workspace: UUID, run: UUID, signal: str) -> None:
    address = Address(workspace, run, signal)
    token = address.token(KEYRING)
    assert Address.of_token(KEYRING, token) == address
    assert address.token(KEYRING) == token
    assert Address.of_token(Keyring(["another secret key, long 0123456789"]), token) is None
    body, _, mac = token.partition(".")
    other = Address(workspace, run, f"{signal}x").token(KEYRING).partition(".")[0]
    assert Address.of_token(KEYRING, f"{other}.{mac}") is None
    assert Address.of_token(KEYRING, f"{body}.{mac[1:]}") is None


@UNTIMED
@given(st.text("ab._-=é"))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert Address.of_token(KEYRING, text) is None


def test_a_token_outlives_a_change_of_the_secret_key() -> None:
    address = Address(new_uuid(), new_uuid(), "node:later")
    after = Keyring(["a new secret key, long enough 0123456789", "a secret key, long enough 0123456789"])
    assert Address.of_token(after, address.token(KEYRING)) == address


def test_the_token_is_in_no_log() -> None:
    assert _loggable({"path": "/hooks/resume/secret"}) == "/hooks/…"

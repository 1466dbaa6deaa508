"""Requests to a workflow's own address start it, if they may, and are answered as its webhook says."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node

BODY = b'{"action": "opened", "number": 7}'


async def hooked(tenant: Tenant, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """An active workflow that gives back what came in the body."""
    return await create(
        tenant,
        [
            node("hook", "webhook_trigger", data),
            node("out", "set", {"fields": {"got": "{{ trigger.body }}", "method": "{{ trigger.method }}"}}),
        ],
        [("hook", "out")],
        **{"status": "active", **more},
    )


async def call(tenant: Tenant, workflow: dict[str, Any], method: str = "POST", **options: Any) -> httpx2.Response:
    """As somebody from outside: without any token."""
    path = urlsplit(workflow["webhook"]["url"]).path + options.pop("suffix", "")
    return await tenant.client.request(method, path, **options)


async def executions(tenant: Tenant) -> list[dict[str, Any]]:
    return (await tenant.get("/api/v1/runs?kind=workflow")).json()["data"]


async def test_a_request_starts_an_execution_and_is_answered_at_once(owner: Tenant) -> None:
    workflow = await hooked(owner)
    assert workflow["webhook"]["response_mode"] == "immediately"
    answer = await call(owner, workflow, json={"x": 1})
    assert answer.status_code == 202
    run = answer.json()["data"]
    assert answer.headers["location"] == f"/api/v1/runs/{run['uuid']}"
    assert run["workflow_uuid"] == workflow["uuid"]


async def test_the_last_node_s_output_is_the_answer(owner: Tenant) -> None:
    workflow = await hooked(owner, {"response_mode": "last_node", "methods": ["POST", "GET"]})
    assert (await call(owner, workflow, json={"x": [1, 2]})).json() == {"got": {"x": [1, 2]}, "method": "POST"}
    assert (await call(owner, workflow, "GET")).json() == {"got": None, "method": "GET"}
    assert (await call(owner, workflow, data={"a": "1", "b": ["2", "3"]})).json()["got"] == {"a": "1", "b": ["2", "3"]}
    assert (await call(owner, workflow, content=b"hi", headers={"content-type": "text/plain"})).json()["got"] == "hi"


async def test_a_stream_brings_the_events(owner: Tenant) -> None:
    workflow = await hooked(owner, {"response_mode": "stream"})
    answer = await call(owner, workflow, json={})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.count("event: node.completed") == 2
    assert answer.text.count("event: run.completed") == 1


async def test_a_failing_execution_is_told_as_a_problem(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [
            node("hook", "webhook_trigger", {"response_mode": "last_node"}),
            node("out", "set", {"fields": {"x": "{{ trigger.body.missing }}"}}),
        ],
        [("hook", "out")],
        status="active",
    )
    answer = await call(owner, workflow, json={})
    assert (answer.status_code, answer.json()["code"]) == (502, "expression_error")


@pytest.mark.parametrize("status", ["draft", "inactive"])
async def test_what_is_not_active_does_not_exist_for_the_outside(owner: Tenant, status: str) -> None:
    workflow = await hooked(owner, status=status)
    unknown = await owner.client.post("/hooks/unknown", json={})
    answer = await call(owner, workflow, json={})
    assert (answer.status_code, answer.json()["detail"]) == (unknown.status_code, unknown.json()["detail"])
    assert answer.status_code == 404


async def test_other_methods_and_bodies_that_are_too_large_are_refused(owner: Tenant) -> None:
    workflow = await hooked(owner, {"maximum_bytes": 20})
    assert (await call(owner, workflow, "PUT", json={})).status_code == 405
    assert (await call(owner, workflow, content=b"x" * 21)).status_code == 413
    assert (await call(owner, workflow, content=b"{", headers={"content-type": "application/json"})).status_code == 400
    assert await executions(owner) == []


async def test_a_github_delivery_is_verified_and_starts_one_execution_however_often_it_comes(owner: Tenant) -> None:
    secret = {"name": "GITHUB", "kind": "secret", "value": "shared-with-github"}
    assert (await owner.post("/api/v1/variables", secret)).status_code == 201
    authentication = {"type": "hmac", "preset": "github", "secret": {"secret": "GITHUB"}}
    workflow = await hooked(owner, {"authentication": authentication, "response_mode": "last_node"})
    signature = "sha256=" + hmac.new(b"shared-with-github", BODY, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-hub-signature-256": signature,
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
    }
    first = await call(owner, workflow, content=BODY, headers=headers)
    assert first.json()["got"] == {"action": "opened", "number": 7}
    again = await call(owner, workflow, content=BODY, headers=headers)
    assert (again.json(), again.headers["location"]) == (first.json(), first.headers["location"])
    wrong = await call(owner, workflow, content=BODY + b" ", headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_signature")
    assert "shared-with-github" not in wrong.text
    assert len(await executions(owner)) == 1


async def test_credentials_are_not_kept_with_the_execution(owner: Tenant) -> None:
    await owner.post("/api/v1/variables", {"name": "KEY", "kind": "secret", "value": "very-secret-value"})
    workflow = await create(
        owner,
        [
            node(
                "hook",
                "webhook_trigger",
                {
                    "authentication": {"type": "header", "name": "X-Api-Key", "value": {"secret": "KEY"}},
                    "response_mode": "last_node",
                },
            ),
            node("out", "set", {"fields": {"headers": "{{ trigger.headers }}"}}),
        ],
        [("hook", "out")],
        status="active",
    )
    answer = await call(owner, workflow, json={}, headers={"x-api-key": "very-secret-value", "x-other": "kept"})
    assert answer.json()["headers"]["x-other"] == "kept"
    assert "very-secret-value" not in answer.text
    assert (await call(owner, workflow, json={}, headers={"x-api-key": "other"})).status_code == 401


async def test_files_of_a_form_are_kept_as_media(owner: Tenant) -> None:
    workflow = await create(
        owner,
        [
            node("hook", "webhook_trigger", {"response_mode": "last_node"}),
            node("out", "set", {"fields": {"files": "{{ trigger.files }}", "body": "{{ trigger.body }}"}}),
        ],
        [("hook", "out")],
        status="active",
    )
    answer = await call(owner, workflow, data={"note": "n"}, files={"file": ("a.txt", b"Hello", "text/plain")})
    [file] = answer.json()["files"]
    assert (file["field"], file["name"], file["size"]) == ("file", "a.txt", 5)
    assert answer.json()["body"] == {"note": "n"}
    kept = (await owner.get(f"/api/v1/media/{file['media_uuid']}")).json()["data"]
    assert kept["sha256"] == hashlib.sha256(b"Hello").hexdigest()


async def test_the_test_address_takes_one_request_while_it_listens(owner: Tenant) -> None:
    workflow = await hooked(owner, status="draft")
    assert (await call(owner, workflow, suffix="/test", json={})).status_code == 404
    path = f"/api/v1/workflows/{workflow['uuid']}/listen"
    listening = (await owner.post(path)).json()["data"]
    assert urlsplit(listening["url"]).path == urlsplit(workflow["webhook"]["url"]).path + "/test"
    caught = await call(owner, workflow, suffix="/test", json={"x": 1})
    assert caught.status_code == 202
    assert (await call(owner, workflow, suffix="/test", json={})).status_code == 404
    after = (await owner.get(path)).json()["data"]
    assert (after["listening_until"], after["execution_uuid"]) == (None, caught.json()["data"]["uuid"])


async def test_several_webhooks_have_addresses_of_their_own(owner: Tenant) -> None:
    answers = {"response_mode": "last_node"}
    workflow = await create(
        owner,
        [
            node("first", "webhook_trigger", answers),
            node("second", "webhook_trigger", answers),
            node("a", "set", {"fields": {"by": "first"}}),
            node("b", "set", {"fields": {"by": "second"}}),
        ],
        [("first", "a"), ("second", "b")],
        status="active",
    )
    assert (await call(owner, workflow, json={})).json() == {"by": "first"}
    assert (await call(owner, workflow, suffix="/nodes/second", json={})).json() == {"by": "second"}
    assert (await call(owner, workflow, suffix="/nodes/none", json={})).status_code == 404


async def test_who_may_run_workflows_triggers_the_webhook_with_a_token_alone(owner: Tenant, stranger: Tenant) -> None:
    workflow = await hooked(owner, {"response_mode": "last_node", "authentication": {"type": "none"}})
    path = f"/api/v1/workflows/{workflow['uuid']}/webhook"
    assert (await owner.post(path, {"x": 1})).json()["got"] == {"x": 1}
    assert (await stranger.post(path, {"x": 1})).status_code == 404
    await owner.put(f"/api/v1/workflows/{workflow['uuid']}", {"status": "inactive"})
    assert (await owner.post(path, {"x": 1})).status_code == 404


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
async def test_a_compressed_body_is_verified_as_it_was_sent_and_read_as_it_was_before(
    owner: Tenant, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    secret = {"name": "GITHUB", "kind": "secret", "value": "shared-with-github"}
    assert (await owner.post("/api/v1/variables", secret)).status_code == 201
    authentication = {"type": "hmac", "preset": "github", "secret": {"secret": "GITHUB"}}
    workflow = await hooked(owner, {"authentication": authentication, "response_mode": "last_node"})

    def signed(body: bytes) -> dict[str, str]:
        signature = hmac.new(b"shared-with-github", body, hashlib.sha256).hexdigest()
        return {
            "content-type": "application/json",
            "content-encoding": encoding,
            "x-hub-signature-256": f"sha256={signature}",
        }

    sent = compress(BODY)
    answer = await call(owner, workflow, content=sent, headers=signed(sent))
    assert answer.json() == {"got": {"action": "opened", "number": 7}, "method": "POST"}
    if encoding != "identity":
        assert (await call(owner, workflow, content=sent, headers=signed(BODY))).status_code == 401


async def test_a_bomb_or_what_is_not_compressed_as_it_says_starts_nothing(owner: Tenant) -> None:
    workflow = await hooked(owner, {"maximum_bytes": 10_000})
    for encoding, content, status in (
        ("gzip", gzip.compress(b"x" * 10_001), 413),
        ("deflate", zlib.compress(b"x" * 5_000_000), 413),
        ("gzip", b"plain", 400),
        ("gzip", gzip.compress(b"{}")[:-4], 400),
        ("br", b"{}", 415),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}")), 415),
    ):
        answer = await call(owner, workflow, content=content, headers={"content-encoding": encoding})
        assert answer.status_code == status, (encoding, answer.text)
    assert await executions(owner) == []

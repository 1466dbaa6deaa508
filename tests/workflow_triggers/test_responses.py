"""What a workflow's own node answers to the request that started it."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.conftest import Tenant
from tests.workflow_executions.conftest import create, node


async def answered(tenant: Tenant, data: dict[str, Any], given: Any = None) -> httpx2.Response:
    """The answer of a workflow whose node ``respond`` is configured so."""
    workflow = await create(
        tenant,
        [
            node("hook", "webhook_trigger", {"response_mode": "respond_node"}),
            node("respond", "respond_to_webhook", data),
            node("after", "set", {"fields": {"more": True}}),
        ],
        [("hook", "respond"), ("respond", "after")],
        status="active",
    )
    return await tenant.client.post(urlsplit(workflow["webhook"]["url"]).path, json=given)


async def test_the_node_says_status_headers_and_body(owner: Tenant) -> None:
    data = {"status": 201, "headers": {"X-Order": "{{ trigger.body.id }}"}, "body": {"got": "{{ trigger.body }}"}}
    answer = await answered(owner, data, {"id": 7})
    assert (answer.status_code, answer.json()) == (201, {"got": {"id": 7}})
    assert (answer.headers["x-order"], answer.headers["content-type"]) == ("7", "application/json")
    assert answer.headers["location"].startswith("/api/v1/runs/")


async def test_the_body_is_text_or_bytes_or_nothing(owner: Tenant) -> None:
    text = await answered(owner, {"body_type": "text", "body": "Olá", "headers": {"Content-Type": "text/csv"}})
    assert (text.content.decode(), text.headers["content-type"]) == ("Olá", "text/csv")
    raw = await answered(owner, {"body_type": "binary", "body": base64.b64encode(b"\0\xff").decode()})
    assert (raw.content, raw.headers["content-type"]) == (b"\0\xff", "application/octet-stream")
    empty = await answered(owner, {"status": 204})
    assert (empty.status_code, empty.content) == (204, b"")
    assert (await answered(owner, {"status": 202, "body_type": "none"})).content == b""


async def test_the_node_may_lead_elsewhere(owner: Tenant) -> None:
    answer = await answered(owner, {"status": 303, "headers": {"Location": "https://shop.test/"}, "body_type": "none"})
    assert answer.status_code == 303
    assert answer.headers.get_list("location") == ["https://shop.test/"]


async def test_a_page_of_a_workflow_runs_no_script_at_the_servers_address(owner: Tenant) -> None:
    page = {"body_type": "text", "body": "<script>alert(1)</script>", "headers": {"Content-Type": "text/html"}}
    answer = await answered(owner, page)
    assert answer.text == page["body"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_a_redacted_node_answers_is_in_the_answer_and_nowhere_else(owner: Tenant) -> None:
    plan = {
        "status": 201,
        "headers": {"X-Plan": "{{ trigger.body.plan }}"},
        "body": {"plan": "{{ trigger.body.plan }}"},
    }
    workflow = await create(
        owner,
        [
            node("hook", "webhook_trigger", {"response_mode": "respond_node"}, redact=True),
            node("respond", "respond_to_webhook", plan, redact=True),
            node("after", "set", {"fields": {"more": True}}),
        ],
        [("hook", "respond"), ("respond", "after")],
        status="active",
    )
    answer = await owner.client.post(urlsplit(workflow["webhook"]["url"]).path, json={"plan": "take over"})
    assert (answer.status_code, answer.json(), answer.headers["x-plan"]) == (201, {"plan": "take over"}, "take over")
    run = answer.headers["location"].rpartition("/")[2]
    told = await owner.get(f"/api/v1/runs/{run}/events")
    assert told.text.count("event: webhook.response") == 1
    assert "take over" not in told.text
    assert "take over" not in (await owner.get(f"/api/v1/workflow-executions/{run}")).text

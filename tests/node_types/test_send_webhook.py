"""The node `send_webhook`: an event that its receiver can trust."""

from __future__ import annotations

from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.node_types.conftest import Bench, problems
from tests.node_types.server import Server, answer, hang_up

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


def data(server: Server, **more: Any) -> dict[str, Any]:
    return {
        "url": server.url,
        "event_type": "order.approved",
        "data": {"order": "{{ input.id }}"},
        "secret": "{{ secrets.PARTNER }}",
        **more,
    }


async def test_the_receiver_can_check_who_sent_it(bench: Bench, server: Server) -> None:
    server.answers = [answer(b"thanks", 202, "text/plain")]
    result = await bench.perform("send_webhook", data(server), given={"id": 5}, secrets={"PARTNER": SECRET})
    [asked] = server.asked
    event = Webhook(SECRET).verify(asked.body, asked.headers)
    assert (event["type"], event["data"]) == ("order.approved", {"order": 5})
    assert event["timestamp"].endswith("Z")
    assert (asked.method, asked.headers["webhook-id"]) == ("POST", "key-1")
    assert result.outputs["output"] == {"status": 202, "body": "thanks", "id": "key-1"}


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_"), "c2hvcnQta2V5"])
async def test_the_secret_may_be_written_with_or_without_its_prefix(bench: Bench, server: Server, secret: str) -> None:
    await bench.perform("send_webhook", data(server), given={"id": 5}, secrets={"PARTNER": secret})
    Webhook(secret).verify(server.asked[0].body, server.asked[0].headers)


@pytest.mark.parametrize("secret", ["not base64!", "", "whsec_", "ü"])
async def test_what_is_no_secret_is_told_without_being_shown(bench: Bench, server: Server, secret: str) -> None:
    error = await bench.failure("send_webhook", data(server), given={"id": 5}, secrets={"PARTNER": secret})
    assert (error.code, error.retryable) == ("invalid_secret", False)
    assert "not base64!" not in error.message
    assert server.asked == []


@pytest.mark.parametrize(("status", "retryable"), [(302, False), (410, False), (429, True), (503, True)])
async def test_whatever_is_no_success_is_a_failure(bench: Bench, server: Server, status: int, retryable: bool) -> None:
    server.answers = [answer({"message": "no"}, status)]
    error = await bench.failure("send_webhook", data(server), given={"id": 5}, secrets={"PARTNER": SECRET})
    assert (error.code, error.retryable, error.details["status"]) == ("http_status", retryable, status)


async def test_a_broken_connection_is_tried_again_under_the_same_id(bench: Bench, server: Server) -> None:
    server.answers = [hang_up]
    error = await bench.failure("send_webhook", data(server), given={"id": 5}, secrets={"PARTNER": SECRET})
    assert (error.code, error.retryable, error.unknown) == ("connection_failed", True, True)
    await bench.perform("send_webhook", data(server), given={"id": 5}, secrets={"PARTNER": SECRET})
    first, second = server.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_secrets_are_for_the_address_and_the_signature() -> None:
    given = {"url": "https://x/{{ secrets.A }}", "event_type": "a", "data": "{{ secrets.B }}", "secret": "c2hvcnQ="}
    assert [path for path, _ in problems("send_webhook", given)] == ["data.data"]

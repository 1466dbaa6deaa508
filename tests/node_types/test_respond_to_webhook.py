"""Answers to webhooks: what may stand in them, and who is told."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from athena.node_types.base import NodeFailed
from athena.node_types.respond_to_webhook import MAXIMUM_BODY, RespondToWebhook
from tests.node_types.calling import configured, effect_call, refusal

KIND = RespondToWebhook()


async def answer(data: dict[str, Any], given: Any = None) -> Any:
    """What it gives, which is what it has told."""
    emitted: list[tuple[str, Any]] = []
    result = await KIND.execute(configured(KIND, data), effect_call(given, emitted))
    assert emitted == [("webhook.response", result.outputs["output"])]
    return result.outputs["output"]


async def failure(data: dict[str, Any], given: Any = None) -> tuple[str, str]:
    emitted: list[tuple[str, Any]] = []
    with pytest.raises(NodeFailed) as caught:
        await KIND.execute(configured(KIND, data), effect_call(given, emitted))
    assert emitted == []
    return caught.value.code, caught.value.message


async def test_the_answer_is_told_and_given() -> None:
    data = {"status": 201, "headers": {"X-Request": "7"}, "body": {"id": 7}}
    assert await answer(data) == {
        "status": 201,
        "headers": {"x-request": "7", "content-type": "application/json"},
        "body": {"id": 7},
        "body_type": "json",
    }


async def test_without_a_body_of_its_own_it_answers_with_the_input() -> None:
    assert (await answer({}, {"a": 1}))["body"] == {"a": 1}
    assert (await answer({"body": None}, {"a": 1}))["body"] is None
    assert await answer({"body_type": "none"}, "x") == {"status": 200, "headers": {}, "body": "", "body_type": "text"}


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_some_statuses_have_no_body(status: int) -> None:
    response = await answer({"status": status}, {"a": 1})
    assert (response["body"], response["body_type"], response["headers"]) == ("", "text", {})


@pytest.mark.parametrize(
    ("body_type", "body", "content_type"),
    [
        ("json", "text", "application/json"),
        ("text", "Olá\n", "text/plain; charset=utf-8"),
        ("binary", base64.b64encode(b"\0\1\2").decode(), "application/octet-stream"),
    ],
)
async def test_each_type_of_body_says_what_it_is(body_type: str, body: str, content_type: str) -> None:
    response = await answer({"body_type": body_type, "body": body})
    assert (response["body"], response["headers"]["content-type"]) == (body, content_type)
    own = await answer({"body_type": body_type, "body": body, "headers": {"Content-TYPE": "image/png"}})
    assert own["headers"] == {"content-type": "image/png"}


async def test_a_body_is_what_its_type_says() -> None:
    for body_type in ("text", "binary"):
        message = f"A body of the type {body_type} is a text, and this is a number."
        assert await failure({"body_type": body_type, "body": 7}) == ("wrong_body", message)
    for body in ("no base64!", "YQ", "é"):
        assert await failure({"body_type": "binary"}, body) == ("wrong_body", "The body is not in base64.")


async def test_a_body_has_a_largest_size() -> None:
    assert (await answer({"body_type": "text"}, "x" * MAXIMUM_BODY))["status"] == 200
    for data, given in (({"body_type": "text"}, "é" * (MAXIMUM_BODY // 2 + 1)), ({}, ["x" * MAXIMUM_BODY])):
        code, message = await failure(data, given)
        assert (code, str(MAXIMUM_BODY) in message) == ("wrong_body", True)


@pytest.mark.parametrize("status", [100, 199, 600, 200.5, "200", True])
def test_a_status_is_one_that_ends_an_exchange(status: Any) -> None:
    assert refusal(KIND, {"status": status})[0] == "status"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nSet-Cookie: b=c"),
        ("X-A", "a\nb"),
        ("X-A", "a\0"),
        ("X-A", "→"),
        ("X-A", "x" * 4_097),
        ("X A", "a"),
        ("X-A\r\nX-B", "a"),
        ("X-A\n", "a"),
        ("X:A", "a"),
        ("", "a"),
    ],
)
def test_headers_cannot_break_out(name: str, value: str) -> None:
    assert refusal(KIND, {"headers": {name: value}})[0].startswith("headers.")


@pytest.mark.parametrize("name", ["Set-Cookie", "content-length", "Transfer-Encoding", "Content-Security-Policy"])
def test_some_headers_are_not_the_workflows_to_say(name: str) -> None:
    assert refusal(KIND, {"headers": {name: "x"}}) == (
        "headers",
        f"Value error, The header {name} cannot be set here.",
    )


async def test_a_header_is_there_once_and_is_text() -> None:
    assert "same name" in refusal(KIND, {"headers": {"X-A": "1", "x-a": "2"}})[1]
    response = await answer({"headers": {"X-Count": 7, "X-None": None, "X-Tab": "a\tb é"}, "body_type": "none"})
    assert response["headers"] == {"x-count": "7", "x-none": "", "x-tab": "a\tb é"}

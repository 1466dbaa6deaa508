"""Answers in pages: `http_request` fetches them all."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from athena.node_types.http_pages import _linked
from tests.node_types.conftest import Bench, problems
from tests.node_types.server import Server, answer

HTTP = "http_request"


async def fetched(bench: Bench, server: Server, pagination: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"url": f"{server.url}/list?size=2", "pagination": pagination, **more}
    return (await bench.perform(HTTP, data)).outputs["output"]


def asked_for(server: Server, name: str) -> list[str | None]:
    """The query parameter of that name in each request."""
    return [parse_qs(urlsplit(asked.path).query).get(name, [None])[0] for asked in server.asked]


async def test_each_page_tells_the_next_one_s_address(bench: Bench, server: Server) -> None:
    server.answers = [
        answer({"results": [1, 2], "next": f"{server.url}/list?after=2"}),
        answer({"results": [3], "next": "/list?after=3"}),
        answer({"results": [], "next": None}),
    ]
    pagination = {
        "type": "next_url",
        "next_url": "{{ item.body.next }}",
        "items": "{{ item.body.results.map(r, r + index * 10) }}",
    }
    output = await fetched(bench, server, pagination, query={"key": "k"})
    assert output == {"items": [1, 2, 13], "pages": 3, "complete": True}
    assert [urlsplit(asked.path).path for asked in server.asked] == ["/list"] * 3
    assert asked_for(server, "after") == [None, "2", "3"]
    assert asked_for(server, "key") == ["k", "k", "k"]


async def test_each_page_tells_a_cursor(bench: Bench, server: Server) -> None:
    server.answers = [answer({"data": ["a"], "meta": {"cursor": "x/y"}}), answer({"data": ["b"], "meta": {}})]
    pagination = {
        "type": "cursor",
        "parameter": "after",
        "cursor": "{{ has(item.body.meta.cursor) ? item.body.meta.cursor : null }}",
        "items": "{{ item.body.data }}",
    }
    assert (await fetched(bench, server, pagination))["items"] == ["a", "b"]
    assert asked_for(server, "after") == [None, "x/y"]
    assert asked_for(server, "size") == ["2", "2"]


async def test_pages_are_counted_until_one_is_empty(bench: Bench, server: Server) -> None:
    server.answers = [answer([1, 2]), answer([3]), answer([])]
    assert await fetched(bench, server, {"type": "page"}) == {"items": [1, 2, 3], "pages": 3, "complete": True}
    assert asked_for(server, "page") == ["1", "2", "3"]


async def test_pages_are_counted_by_offset_until_there_are_no_more(bench: Bench, server: Server) -> None:
    server.answers = [answer({"rows": [1, 2], "more": True}), answer({"rows": [3], "more": False})]
    pagination = {
        "type": "page",
        "parameter": "offset",
        "start": 0,
        "step": 2,
        "more": "{{ item.body.more }}",
        "items": "{{ item.body.rows }}",
    }
    assert (await fetched(bench, server, pagination))["items"] == [1, 2, 3]
    assert asked_for(server, "offset") == ["0", "2"]


async def test_pages_are_linked_by_a_header(bench: Bench, server: Server) -> None:
    link = f'<{server.url}/list?page=0>; rel="prev", <{server.url}/list?page=2>; rel="next"'
    server.answers = [answer([1], Link=link), answer([2])]
    assert (await fetched(bench, server, {"type": "link"}))["items"] == [1, 2]
    assert asked_for(server, "page") == [None, "2"]


async def test_no_more_pages_than_wanted(bench: Bench, server: Server) -> None:
    server.answers = [answer([1]), answer([2]), answer([3])]
    output = await fetched(bench, server, {"type": "page", "max_pages": 2})
    assert output == {"items": [1, 2], "pages": 2, "complete": False}


async def test_each_page_of_what_changes_something_has_a_key_of_its_own(bench: Bench, server: Server) -> None:
    server.answers = [answer([1]), answer([])]
    await fetched(bench, server, {"type": "page"}, method="POST")
    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["key-1", "key-1-1"]


async def test_pages_stay_on_their_server(bench: Bench, server: Server) -> None:
    server.answers = [answer({"next": "http://127.0.0.1:1/list", "results": []})]
    pagination = {"type": "next_url", "next_url": "{{ item.body.next }}", "items": "{{ item.body.results }}"}
    error = await bench.failure(HTTP, {"url": server.url, "pagination": pagination})
    assert error.code == "pages_lead_away"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("pagination", "body", "code"),
    [
        ({"type": "next_url", "next_url": "{{ item.body.n }}", "items": "{{ [1] }}"}, {"n": "/"}, "pages_repeat"),
        ({"type": "cursor", "cursor": "{{ item.body.n }}", "items": "{{ [1] }}"}, {"n": "same"}, "pages_repeat"),
        ({"type": "next_url", "next_url": "{{ item.body.n }}", "items": "{{ [] }}"}, {"n": 5}, "wrong_next_url"),
        ({"type": "cursor", "cursor": "{{ item.body.n }}", "items": "{{ [] }}"}, {"n": [1]}, "wrong_cursor"),
        ({"type": "page"}, {"rows": []}, "wrong_items"),
        ({"type": "page", "items": "{{ item.body.rows }}"}, {"rows": None}, "wrong_items"),
    ],
)
async def test_pages_that_make_no_sense_are_a_failure(
    bench: Bench, server: Server, pagination: dict[str, Any], body: dict[str, Any], code: str
) -> None:
    server.answers = [answer(body)] * 3
    error = await bench.failure(HTTP, {"url": f"{server.url}/", "pagination": pagination})
    assert (error.code, error.retryable) == (code, False)


async def test_a_page_that_fails_fails_them_all(bench: Bench, server: Server) -> None:
    server.answers = [answer([1]), answer({"message": "slow down"}, 429, Retry_After="3")]
    error = await bench.failure(HTTP, {"url": server.url, "pagination": {"type": "page"}})
    assert (error.code, error.retryable, error.details["retry_after"]) == ("http_status", True, 3.0)


async def test_all_pages_together_are_no_larger_than_may_be(bench: Bench, server: Server) -> None:
    server.answers = [answer(["x" * 600])] * 3
    error = await bench.failure(HTTP, {"url": server.url, "max_bytes": 1_000, "pagination": {"type": "page"}})
    assert error.code == "response_too_large"
    assert len(server.asked) == 2


def test_secrets_cannot_be_named_where_pages_are_read() -> None:
    pagination = {"type": "cursor", "cursor": "{{ secrets.KEY }}"}
    [(path, _)] = problems(HTTP, {"url": "https://example.com", "pagination": pagination})
    assert path == "data.pagination.cursor"


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("", None),
        ("<a>; rel=next", "a"),
        ('<a>; rel="prev", <b>; title="x, y"; rel="last next"', "b"),
        ("<a>; rel=nextish, <b>; rel=NEXT", "b"),
        ("<a>", None),
        ("<a; rel=next", None),
        (f"<{'a' * 4000}>" + "; rel" * 800, None),
    ],
)
def test_a_link_header_is_read(header: str, target: str | None) -> None:
    assert _linked(header) == target

"""The node `http_request`: any request, and what becomes of its answer."""

from __future__ import annotations

import asyncio
import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from athena.kit.db import Database
from athena.kit.egress import Egress
from athena.node_types.base import NodeFailed
from tests.conftest import Tenant, free_port
from tests.node_types.conftest import Bench, http_account, problems
from tests.node_types.server import Server, answer, echo, hang_up

HTTP = "http_request"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
SECRET = "canary+secret/0123456789"


async def test_a_request_is_sent_as_it_is_configured(bench: Bench, server: Server) -> None:
    data = {
        "method": "PATCH",
        "url": f"{server.url}/orders/{{{{ input.id }}}}?fixed=1#part",
        "query": {"tag": ["new", "a b&c"], "page": 2, "deep": True, "absent": None},
        "headers": {"X-Trace": "{{ input.id }}", "X-Left-Out": None},
        "body": {"type": "json", "value": {"total": "{{ input.id * 2 }}"}},
    }
    await bench.perform(HTTP, data, given={"id": 7})
    [asked] = server.asked
    assert (asked.method, urlsplit(asked.path).path, asked.json) == ("PATCH", "/orders/7", {"total": 14})
    assert parse_qs(urlsplit(asked.path).query) == {
        "fixed": ["1"],
        "tag": ["new", "a b&c"],
        "page": ["2"],
        "deep": ["true"],
    }
    assert asked.headers["x-trace"] == "7"
    assert "x-left-out" not in asked.headers
    assert asked.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "content_type", "wanted", "expected", "form"),
    [
        (b'{"a": [1]}', "application/problem+json; charset=utf-8", "auto", {"a": [1]}, "json"),
        (b"a;b\n1;2", "text/csv", "auto", "a;b\n1;2", "text"),
        ("Grüße".encode("latin-1"), "text/plain; charset=latin-1", "auto", "Grüße", "text"),
        (b"plain", "application/octet-stream", "auto", "plain", "text"),
        (b"\xff\x00", "application/octet-stream", "auto", "/wA=", "base64"),
        (b"", "text/plain", "auto", None, "json"),
        (b"[1]", "text/plain", "json", [1], "json"),
        (b'{"a": 1}', "application/json", "text", '{"a": 1}', "text"),
        (b"abc", "text/plain; charset=no-such", "text", "abc", "text"),
        (b"abc", "text/plain", "base64", "YWJj", "base64"),
    ],
)
async def test_the_answer_is_read_as_it_says_or_as_it_was_asked_for(
    bench: Bench, server: Server, body: bytes, content_type: str, wanted: str, expected: Any, form: str
) -> None:
    server.answers = [answer(body, 201, content_type, X_Made="yes")]
    result = await bench.perform(HTTP, {"url": server.url, "response_format": wanted})
    output = result.outputs["output"]
    assert (output["status"], output["body"], output["format"]) == (201, expected, form)
    assert output["headers"]["x-made"] == "yes"
    assert result.details == {"status": 201, "bytes": len(body)}


async def test_an_answer_that_is_not_the_json_that_it_is_to_be_is_a_failure(bench: Bench, server: Server) -> None:
    server.answers = [answer(b"<html>Sorry</html>", 200, "application/json")]
    error = await bench.failure(HTTP, {"url": server.url})
    assert (error.code, error.retryable) == ("invalid_json", False)
    assert error.details["body"] == "<html>Sorry</html>"


async def test_a_file_is_kept_in_the_workspace(bench: Bench, server: Server, owner: Tenant, stranger: Tenant) -> None:
    server.answers = [answer(PNG, 200, "image/png", Content_Disposition='attachment; filename="../a plot.png"')]
    result = await bench.perform(HTTP, {"url": f"{server.url}/x", "response_format": "file"})
    body = result.outputs["output"]["body"]
    assert (body["name"], body["mime_type"], body["size"]) == ("a plot.png", "image/png", len(PNG))
    assert (await owner.get(f"/api/v1/media/{body['media_uuid']}")).status_code == 200
    assert (await stranger.get(f"/api/v1/media/{body['media_uuid']}")).status_code == 404


async def test_a_file_that_the_workspace_does_not_take_is_a_failure(bench: Bench, server: Server) -> None:
    server.answers = [answer(b"\x7fELF\x02\x01\x01" + bytes(57), 200, "application/octet-stream")]
    error = await bench.failure(HTTP, {"url": server.url, "response_format": "file"})
    assert error.code == "unsupported_media_type"


@pytest.mark.parametrize(
    ("status", "retryable", "unknown"),
    [(404, False, False), (429, True, False), (408, True, False), (500, True, False), (504, True, True)],
)
async def test_statuses_that_say_no_fail_with_what_was_said(
    bench: Bench, server: Server, status: int, retryable: bool, unknown: bool
) -> None:
    server.answers = [answer({"message": "no"}, status, Retry_After="7")]
    error = await bench.failure(HTTP, {"url": server.url})
    assert (error.code, error.retryable, error.unknown) == ("http_status", retryable, unknown)
    assert error.details == {"status": status, "body": '{"message": "no"}', "retry_after": 7.0}
    assert "127.0.0.1" in error.message


async def test_which_statuses_fail_can_be_chosen(bench: Bench, server: Server) -> None:
    server.answers = [answer({"message": "none"}, 404), answer(None, 204)]
    result = await bench.perform(HTTP, {"url": server.url, "fail_on_status": ["5xx", "204"]})
    assert result.outputs["output"]["status"] == 404
    assert (await bench.failure(HTTP, {"url": server.url, "fail_on_status": ["5xx", "204"]})).details["status"] == 204


async def test_what_changes_something_has_a_key_that_stays_for_a_repetition(bench: Bench, server: Server) -> None:
    for method in ("POST", "DELETE", "GET"):
        await bench.perform(HTTP, {"url": server.url, "method": method}, key="k-1")
    await bench.perform(HTTP, {"url": server.url, "method": "POST", "idempotency_header": "X-Key"}, key="k-1")
    await bench.perform(HTTP, {"url": server.url, "method": "POST", "idempotency_header": None}, key="k-1")
    keys = [(asked.headers.get("idempotency-key"), asked.headers.get("x-key")) for asked in server.asked]
    assert keys == [("k-1", None), ("k-1", None), (None, None), (None, "k-1"), (None, None)]


async def test_redirects_are_followed_unless_they_are_not_to_be(bench: Bench, server: Server) -> None:
    server.answers = [answer(None, 302, Location="/there"), answer({"here": 1}), answer(None, 302, Location="/there")]
    followed = await bench.perform(HTTP, {"url": server.url})
    assert followed.outputs["output"]["body"] == {"here": 1}
    kept = await bench.perform(HTTP, {"url": server.url, "follow_redirects": False})
    assert (kept.outputs["output"]["status"], kept.outputs["output"]["headers"]["location"]) == (302, "/there")


async def test_a_connection_that_breaks_leaves_open_what_happened(bench: Bench, server: Server) -> None:
    server.answers = [hang_up]
    error = await bench.failure(HTTP, {"url": server.url, "method": "POST"})
    assert (error.code, error.retryable, error.unknown) == ("connection_failed", True, True)


async def test_a_connection_that_was_never_made_did_nothing(bench: Bench) -> None:
    error = await bench.failure(HTTP, {"url": f"http://127.0.0.1:{free_port()}", "method": "POST"})
    assert (error.code, error.retryable, error.unknown) == ("connection_failed", True, False)


async def test_a_redirect_to_where_nobody_is_did_something_before(bench: Bench, server: Server) -> None:
    server.answers = [answer(None, 307, Location=f"http://127.0.0.1:{free_port()}/")]
    error = await bench.failure(HTTP, {"url": server.url, "method": "POST"})
    assert (error.code, error.unknown) == ("connection_failed", True)


async def test_a_server_that_says_nothing_is_given_up_in_time(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = await bench.failure(HTTP, {"url": url}, seconds=0.1)
    assert (error.code, error.retryable, error.unknown) == ("timeout", True, True)


async def test_a_private_address_is_refused(bench: Bench, server: Server, database: Database) -> None:
    provided = database.provided(Egress)
    guarded = Egress()
    database.provide(guarded)
    try:
        errors = [await bench.failure(HTTP, {"url": url}) for url in (server.url, "http://169.254.169.254/latest")]
    finally:
        database.provide(provided)
        await guarded.close()
    assert {(error.code, error.retryable) for error in errors} == {("address_refused", False)}
    assert server.asked == []


async def test_more_than_may_come_is_a_failure(bench: Bench, server: Server) -> None:
    server.answers = [answer(b"x" * 2_000, content_type="text/plain")]
    assert (await bench.failure(HTTP, {"url": server.url, "max_bytes": 1_000})).code == "response_too_large"


BEARER = {"type": "bearer"}


async def test_an_account_s_credentials_go_to_its_server(bench: Bench, server: Server, owner: Tenant) -> None:
    in_query = {"type": "api_key", "in": "query", "name": "appid"}
    basic = {"type": "basic"}
    accounts = [
        await http_account(owner, BEARER, f"{server.url}/v1", api_key=SECRET),
        await http_account(owner, in_query, server.url, api_key=SECRET),
        await http_account(owner, basic, None, username="me", password=SECRET),
    ]
    for account in accounts:
        server.answers.append(echo)
        result = await bench.perform(HTTP, {"url": f"{server.url}/x", "account_uuid": account})
        assert SECRET not in str(result)
        assert "[account]" in str(result.outputs["output"]["body"])
    by_header, by_query, by_pair = server.asked
    assert by_header.headers["authorization"] == f"Bearer {SECRET}"
    assert parse_qs(urlsplit(by_query.path).query) == {"appid": [SECRET]}
    assert by_pair.headers["authorization"].startswith("Basic ")


async def test_an_account_s_credentials_go_nowhere_else(bench: Bench, server: Server, owner: Tenant) -> None:
    elsewhere = await http_account(owner, BEARER, "https://api.example.com", api_key=SECRET)
    error = await bench.failure(HTTP, {"url": server.url, "account_uuid": elsewhere})
    assert error.code == "wrong_server"
    assert server.asked == []
    assert SECRET not in str(error.error)


async def test_a_redirect_elsewhere_takes_no_credentials_along(bench: Bench, server: Server, owner: Tenant) -> None:
    other = Server()
    await other.start()
    account = await http_account(owner, BEARER, server.url, api_key=SECRET)
    server.answers = [answer(None, 302, Location=f"{other.url}/there")]
    await bench.perform(HTTP, {"url": server.url, "account_uuid": account, "headers": {"X-Key": "mine"}})
    await other.stop()
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert not {"authorization", "x-key"} & other.asked[0].headers.keys()


async def test_an_account_must_be_the_workspace_s_and_current(
    bench: Bench, server: Server, owner: Tenant, stranger: Tenant
) -> None:
    foreign = await http_account(stranger, BEARER, server.url, api_key=SECRET)
    assert (await bench.failure(HTTP, {"url": server.url, "account_uuid": foreign})).code == "not_found"
    own = await http_account(owner, BEARER, server.url, api_key=SECRET)
    ended = await owner.put(f"/api/v1/accounts/{own}", {"expires_at": "2020-01-01T00:00:00Z"})
    assert ended.status_code == 200, ended.text
    assert (await bench.failure(HTTP, {"url": server.url, "account_uuid": own})).code == "account_expired"
    assert server.asked == []


async def test_what_a_server_says_of_an_account_is_shown_without_its_secret(
    bench: Bench, server: Server, owner: Tenant
) -> None:
    account = await http_account(owner, BEARER, server.url, api_key=SECRET)
    server.answers = [answer({"message": f"{SECRET} is no key"}, 401)]
    error = await bench.failure(HTTP, {"url": server.url, "account_uuid": account})
    assert error.details["body"] == '{"message": "[account] is no key"}'


async def test_secrets_stand_in_the_request_alone(bench: Bench, server: Server) -> None:
    data = {
        "url": f"{server.url}/{{{{ secrets.KEY }}}}",
        "query": {"q": "{{ secrets.KEY }}"},
        "headers": {"Authorization": "Bearer {{ secrets.KEY }}"},
        "body": {"type": "text", "text": "{{ secrets.KEY }}"},
        "method": "POST",
    }
    server.answers = [answer({"message": "no"}, 500), hang_up]
    failures = [await bench.failure(HTTP, data, secrets={"KEY": "canary-0123456789"}) for _ in range(2)]
    assert server.asked[0].body == b"canary-0123456789"
    assert not [error for error in failures if "canary" in str(error.error)]


async def test_a_node_that_is_cancelled_sends_no_more(bench: Bench, server: Server) -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def wait(_: Any) -> web.Response:
        begun.set()
        await over.wait()
        return web.Response()

    server.answers = [wait]
    task = asyncio.create_task(bench.perform(HTTP, {"url": server.url}))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    over.set()


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "data.url"),
        ({"url": "ftp://example.com"}, "data.url"),
        ({"url": "https://example.com", "method": "CONNECT"}, "data.method"),
        ({"url": "https://example.com", "headers": {"Host": "other"}}, "data.headers"),
        ({"url": "https://example.com", "headers": {"X": "a\r\nb"}}, "data.headers"),
        ({"url": "https://example.com", "headers": {"a b": "c"}}, "data.headers"),
        ({"url": "https://example.com", "body": {"type": "yaml"}}, "data.body"),
        ({"url": "https://example.com", "max_bytes": 50_000_001}, "data.max_bytes"),
        ({"url": "https://example.com", "fail_on_status": ["bad"]}, "data.fail_on_status.0"),
        ({"url": "https://example.com", "response_format": "file", "pagination": {"type": "link"}}, "data"),
        ({"url": "https://example.com", "file_name": "{{ secrets.KEY }}"}, "data.file_name"),
        ({"url": "https://example.com", "unknown": 1}, "data.unknown"),
    ],
)
def test_a_wrong_configuration_is_told_by_its_field(data: dict[str, Any], path: str) -> None:
    assert path in [place for place, _ in problems(HTTP, data)]


async def test_a_header_that_turns_out_to_be_none_is_a_failure(bench: Bench, server: Server) -> None:
    data = {"url": server.url, "headers": {"X": "{{ input }}"}}
    with pytest.raises(NodeFailed) as caught:
        await bench.perform(HTTP, data, given="a\nb")
    assert caught.value.code == "invalid_configuration"
    assert server.asked == []

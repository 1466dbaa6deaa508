"""What `http_request` sends: JSON, forms, files, text and bytes."""

from __future__ import annotations

import base64
import contextlib
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.kit.egress import EgressResponse
from athena.kit.masking import Mask
from athena.node_types.base import NodeFailed
from athena.node_types.http_body import Part, _multipart
from athena.node_types.http_response import read
from tests.conftest import Tenant
from tests.node_types.conftest import Bench, problems
from tests.node_types.server import Asked, Server

HTTP = "http_request"


async def sent(bench: Bench, server: Server, body: dict[str, Any], **options: Any) -> Asked:
    headers = options.pop("headers", {})
    data = {"url": server.url, "method": "POST", "body": body, "headers": headers}
    await bench.perform(HTTP, data, **options)
    return server.asked[-1]


async def stored(tenant: Tenant, name: str, content: bytes) -> str:
    answer = await tenant.request("POST", "/api/v1/media", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


def parts_of(asked: Asked) -> list[tuple[str, str | None, str | None, bytes]]:
    """Name, file name, type and content of each part of a form."""
    head = b"Content-Type: " + asked.headers["content-type"].encode() + b"\r\n\r\n"
    found: list[tuple[str, str | None, str | None, bytes]] = []
    for part in BytesParser().parsebytes(head + asked.body).walk():
        if part.is_multipart():
            continue
        name: Any = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append((name, part.get_filename(), part["content-type"], content))
    return found


async def test_json_of_any_kind(bench: Bench, server: Server) -> None:
    value = [None, 1.5, "ü", {"a": []}]
    asked = await sent(bench, server, {"type": "json", "value": "{{ input }}"}, given=value)
    assert (asked.json, asked.headers["content-type"]) == (value, "application/json")


async def test_the_content_type_can_be_another(bench: Bench, server: Server) -> None:
    headers = {"Content-Type": "application/vnd.api+json"}
    asked = await sent(bench, server, {"type": "json", "value": {}}, headers=headers)
    assert asked.headers["content-type"] == "application/vnd.api+json"


async def test_a_form(bench: Bench, server: Server) -> None:
    asked = await sent(bench, server, {"type": "form", "fields": {"a": "x & y", "b": [1, True], "c": None}})
    assert parse_qs(asked.body.decode()) == {"a": ["x & y"], "b": ["1", "true"]}
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_a_form_with_files(bench: Bench, server: Server, owner: Tenant) -> None:
    file = await stored(owner, "notes.md", b"# Notes")
    parts = [
        {"name": "title", "value": "{{ input }}"},
        {"name": "file", "media_uuid": file},
        {"name": "other", "media_uuid": file, "filename": 'a "b".txt', "content_type": "text/plain"},
    ]
    asked = await sent(bench, server, {"type": "multipart", "parts": parts}, given={"x": 1})
    assert parts_of(asked) == [
        ("title", None, None, b'{"x":1}'),
        ("file", "notes.md", "text/markdown", b"# Notes"),
        ("other", "a %22b%22.txt", "text/plain", b"# Notes"),
    ]


async def test_each_try_sends_the_same_bytes(bench: Bench, server: Server) -> None:
    body = {"type": "multipart", "parts": [{"name": "a", "value": "b"}]}
    first, again = [await sent(bench, server, body) for _ in range(2)]
    assert (first.body, first.headers["content-type"]) == (again.body, again.headers["content-type"])


async def test_text_bytes_and_a_file(bench: Bench, server: Server, owner: Tenant) -> None:
    text = await sent(bench, server, {"type": "text", "text": "Grüße"})
    assert (text.body, text.headers["content-type"]) == ("Grüße".encode(), "text/plain; charset=utf-8")
    data = base64.b64encode(b"\x00\xff").decode()
    raw = await sent(bench, server, {"type": "base64", "data": data, "content_type": "image/x"})
    assert (raw.body, raw.headers["content-type"]) == (b"\x00\xff", "image/x")
    file = await sent(bench, server, {"type": "media", "media_uuid": await stored(owner, "a.csv", b"a;b")})
    assert (file.body, file.headers["content-type"]) == (b"a;b", "text/csv")


async def test_what_cannot_be_sent_is_a_failure_before_anything_is(
    bench: Bench, server: Server, stranger: Tenant
) -> None:
    foreign = await stored(stranger, "theirs.txt", b"theirs")
    codes = [
        (await bench.failure(HTTP, {"url": server.url, "method": "POST", "body": body}, given=given)).code
        for body, given in (
            ({"type": "base64", "data": "no base64!"}, None),
            ({"type": "json", "value": "{{ input }}"}, 2**70),
            ({"type": "media", "media_uuid": foreign}, None),
            ({"type": "media", "media_uuid": str(uuid4())}, None),
            ({"type": "multipart", "parts": [{"name": "a", "media_uuid": foreign}]}, None),
            ({"type": "text", "text": "{{ input }}"}, 2**70),
        )
    ]
    wrong = "invalid_configuration"
    assert codes == [wrong, wrong, "not_found", "not_found", "not_found", wrong]
    assert server.asked == []


@pytest.mark.parametrize(
    "part", [{"name": "a"}, {"name": "a", "value": "b", "media_uuid": "0198c0de-0000-7000-8000-000000000001"}]
)
def test_a_part_is_a_value_or_a_file(part: dict[str, Any]) -> None:
    body = {"type": "multipart", "parts": [part]}
    [(path, message)] = problems(HTTP, {"url": "https://example.com", "body": body})
    assert path == "data.body.multipart.parts.0"
    assert "either value or media_uuid" in message


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=50)), min_size=1, max_size=5))
def test_no_name_or_value_breaks_out_of_its_part(fields: list[tuple[str, str]]) -> None:
    encodable = [(name.encode("utf-8", "replace").decode(), value) for name, value in fields]
    parts = [Part(name=name, value=value) for name, value in encodable]
    content = _multipart(parts, {}, "athena-boundary")
    pieces = content.split(b"--athena-boundary")
    assert len(pieces) == len(parts) + 2
    for piece, part in zip(pieces[1:-1], parts, strict=True):
        head, _, body = piece.partition(b"\r\n\r\n")
        assert head.count(b"\r\n") == 1
        assert body == (part.value or "").encode("utf-8", "replace") + b"\r\n"


@given(st.text(max_size=80), st.binary(max_size=80))
async def test_no_answer_is_too_strange_to_be_read(kind: str, body: bytes) -> None:
    response = EgressResponse(200, {"Content-Type": kind}, body, "http://example.com/")
    call: Any = None
    found = ""
    with contextlib.suppress(NodeFailed):
        found = (await read(response, "auto", call, Mask({})))["format"]
    assert found in {"", "json", "text", "base64"}

"""What comes to a webhook: JSON, forms with files, text and bytes, as the value that the workflow works on."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.kit.errors import MalformedRequest, TooLarge, UnsupportedMediaType
from athena.triggers.webhook_body import (
    MAXIMUM_DEPTH,
    MAXIMUM_FIELDS,
    MAXIMUM_FILES,
    IncomingFile,
    ParsedBody,
    parse_body,
    request_payload,
)

LIMIT = 100_000
BOUNDARY = "xYzZY"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def parsed(content_type: str | None, body: bytes) -> ParsedBody:
    return parse_body(content_type, body, LIMIT)


def multipart(*parts: tuple[str, bytes], end: str = "--\r\n") -> ParsedBody:
    """A form of parts: ``(headers, content)``."""
    body = b"".join(f"--{BOUNDARY}\r\n{headers}\r\n\r\n".encode() + content + b"\r\n" for headers, content in parts)
    return parsed(f'multipart/form-data; boundary="{BOUNDARY}"', body + f"--{BOUNDARY}{end}".encode())


def named(name: str, more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{more}'


@given(JSON)
def test_json_is_its_value(value: Any) -> None:
    text = orjson.dumps(value)
    kept = orjson.loads(text.replace(rb"\u0000", rb"\ufffd"))
    for content_type in ("application/json", "Application/JSON; charset=utf-8", "application/cloudevents+json"):
        assert parsed(content_type, text).body == kept
    assert parsed("text/json", b"\xef\xbb\xbf" + text).body == kept


def test_what_no_database_takes_is_replaced() -> None:
    body = parsed("application/json", rb'{"a\u0000": ["\u0000b", 1, {"c": null}]}').body
    assert body == {"a\ufffd": ["\ufffdb", 1, {"c": None}]}


@pytest.mark.parametrize("body", [b"{", b"NaN", b"'a'", rb'"\ud800"', b'"\xff"', b"{}{}", b" "])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parsed("application/json", body)


def test_json_is_nested_so_deep_only() -> None:
    deepest = b"[" * MAXIMUM_DEPTH + b"1" + b"]" * MAXIMUM_DEPTH
    assert parsed("application/json", deepest).body
    assert parsed("application/json", b"[" + b"[],{}," * MAXIMUM_DEPTH + b"1]").body
    for deeper in (b"[" + deepest + b"]", b'{"a":' * 500 + b"1" + b"}" * 500, b"[" * LIMIT):
        with pytest.raises(MalformedRequest):
            parsed("application/json", deeper)


def test_a_form_is_an_object_and_a_name_that_comes_again_a_list() -> None:
    form = parsed("application/x-www-form-urlencoded", b"a=1&b=%C3%A4+x&a=&c&b=%00&=n")
    assert form == ParsedBody(
        {"a": ["1", ""], "b": ["ä x", "\ufffd"], "c": "", "": "n"}, "application/x-www-form-urlencoded"
    )


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=5))
def test_a_form_loses_nothing(pairs: list[tuple[str, str]]) -> None:
    body = parsed("application/x-www-form-urlencoded", urlencode(pairs).encode()).body or {}
    for name in {name for name, _ in pairs}:
        values = [value.replace("\0", "\ufffd") for other, value in pairs if other == name]
        if "\0" not in name:
            assert body[name] == (values if len(values) > 1 else values[0])


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("text/plain", "größer".encode(), "größer"),
        ("text/plain", "größer".encode("latin-1"), "größer"),
        ("text/plain; charset=windows-1252", "€".encode("cp1252"), "€"),
        ("application/soap+xml; charset=UTF-16", "<ä/>".encode("utf-16"), "<ä/>"),
        ("text/csv", b"a\0b", "a\ufffdb"),
        ("application/x-www-form-urlencoded", b"a=%E4", {"a": "ä"}),
        ("application/x-www-form-urlencoded; charset=windows-1252", b"a=%80", {"a": "€"}),
        ("application/octet-stream", b"\0\xff", base64.b64encode(b"\0\xff").decode()),
        ("image/png; charset=whatever", b"\x89PNG", base64.b64encode(b"\x89PNG").decode()),
        ("multipart/mixed; boundary=x", b"--x--", base64.b64encode(b"--x--").decode()),
        (None, b"{}", "e30="),
        ("", b"{}", "e30="),
    ],
)
def test_text_is_text_and_other_bytes_are_base64(content_type: str | None, body: bytes, value: Any) -> None:
    assert parsed(content_type, body).body == value


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
def test_no_body_is_null(content_type: str | None) -> None:
    assert parsed(content_type, b"") == ParsedBody(None, content_type)


@pytest.mark.parametrize("charset", ["klingon", "utf-7", "unicode_escape", "zlib", "idna", "\xff"])
def test_a_character_set_that_is_none_is_said_so(charset: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        parsed(f"text/plain; charset={charset}", b"x")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_in_another_character_set_than_it_says_is_refused(content_type: str) -> None:
    with pytest.raises(MalformedRequest):
        parsed(f"{content_type}; charset=utf-8", b"a=\xff")
    if "form" in content_type:
        with pytest.raises(MalformedRequest):
            parsed(f"{content_type}; charset=utf-8", b"a=%ff")


def test_a_form_with_files() -> None:
    form = multipart(
        (named("note"), b"f\xc3\xbcr dich"),
        (named("tag"), b"a"),
        (named("tag"), b"b"),
        (named("report", '; filename="umsätze.csv"') + "\r\nContent-Type: text/csv; charset=x", b"1;2\r\n"),
        (named("empty", '; filename="none.bin"'), b""),
        (named("unchosen", '; filename=""') + "\r\nContent-Type: application/octet-stream", b""),
        (named("old") + "\r\nContent-Type: text/plain; charset=iso-8859-1", b"\xe4"),
        (named("blob") + "\r\nContent-Type: image/png", b"\x89PNG\r\n--" + BOUNDARY[:3].encode()),
    )
    assert form.content_type == "multipart/form-data"
    assert form.body == {"note": "für dich", "tag": ["a", "b"], "old": "ä"}
    assert form.files == [
        IncomingFile("report", "umsätze.csv", "text/csv", b"1;2\r\n"),
        IncomingFile("empty", "none.bin", "application/octet-stream", b""),
        IncomingFile("blob", "file", "image/png", b"\x89PNG\r\n--" + BOUNDARY[:3].encode()),
    ]


def test_a_form_that_is_broken_is_refused() -> None:
    with pytest.raises(MalformedRequest, match="no name"):
        multipart(("Content-Disposition: form-data", b"x"))
    with pytest.raises(MalformedRequest, match="last boundary"):
        multipart((named("a"), b"x"), end="")
    with pytest.raises(MalformedRequest, match="cannot be read"):
        multipart(("Content Disposition: x", b"x"))
    with pytest.raises(MalformedRequest, match="cannot be read"):
        multipart(("\r\n".join(f"X-{number}: y" for number in range(100)), b"x"))
    with pytest.raises(MalformedRequest, match="no boundary"):
        parsed("multipart/form-data", b"x")


def test_what_is_too_much_is_refused() -> None:
    assert parse_body("text/plain", b"12345", 5).body == "12345"
    with pytest.raises(TooLarge, match="5 bytes"):
        parse_body("text/plain", b"123456", 5)
    with pytest.raises(TooLarge):
        parsed("application/x-www-form-urlencoded", b"a&" * MAXIMUM_FIELDS + b"a")
    with pytest.raises(TooLarge):
        multipart(*[(named("a"), b"")] * (MAXIMUM_FIELDS + 1))
    with pytest.raises(TooLarge):
        multipart(*[(named("a", '; filename="a"'), b"")] * (MAXIMUM_FILES + 1))


@given(
    st.sampled_from(
        [
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            f"multipart/form-data; boundary={BOUNDARY}",
        ]
    )
    | st.text(max_size=30),
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"--" + BOUNDARY.encode(), b"\r\n", b"--", b"a: b", b'name="x"']), max_size=9).map(
        b"".join
    ),
)
def test_any_body_of_any_type_is_a_value_or_a_clear_error(content_type: str, body: bytes) -> None:
    try:
        value = parsed(content_type, body).body
    except (MalformedRequest, TooLarge, UnsupportedMediaType):
        return
    # A backslash of its own may stand before any letters.
    assert rb"\u0000" not in orjson.dumps(value).replace(rb"\\", b"")


def test_the_workflow_sees_the_request_without_its_credentials() -> None:
    parsed_body = ParsedBody({"a": 1}, "application/json", [IncomingFile("f", "n.txt", "text/plain", b"abc")])
    headers = [
        ("Content-Type", "application/json"),
        ("Authorization", "Bearer secret"),
        ("Cookie", "session=secret"),
        ("Proxy-Authorization", "secret"),
        ("X-Multiplai-Authorization", "secret"),
        ("X-Api-Key", "secret"),
        ("X-Hub-Signature-256", "sha256=00"),
        ("Via", "a\0"),
        ("via", "b\ud800"),
    ]
    query = [("tag", "a"), ("tag", "b"), ("page", "1"), ("\0", "\ud800")]
    payload = request_payload("post", headers, query, parsed_body, without={"x-api-key"})
    assert payload == {
        "method": "POST",
        "headers": {"content-type": "application/json", "x-hub-signature-256": "sha256=00", "via": "a\ufffd, b\ufffd"},
        "query": {"tag": ["a", "b"], "page": "1", "\ufffd": "\ufffd"},
        "body": {"a": 1},
        "content_type": "application/json",
        "files": [{"field": "f", "name": "n.txt", "content_type": "text/plain", "size": 3}],
    }
    assert b"secret" not in orjson.dumps(payload)

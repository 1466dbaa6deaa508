"""How arguments are written into a request."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.tools.base import ToolFailed
from athena.tools.openapi_document import taken_apart
from athena.tools.openapi_request import Request, written

COLOUR = {"R": 100, "G": 200}


def request(
    path: str, parameters: list[dict[str, Any]], content: Any = None, method: str = "get", **given: Any
) -> Request:
    operation: dict[str, Any] = {"operationId": "o", "parameters": parameters}
    if content is not None:
        operation["requestBody"] = {"required": True, "content": content}
    found = taken_apart({"openapi": "3.1.0", "paths": {path: {method: operation}}}).operations["o"]
    assert found.problem is None
    return written(found, "https://api.example/v1/", given)


def parameter(place: str, style: str | None, *, explode: bool | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"name": "c", "in": place, "schema": {}}
    return made | ({"style": style} if style else {}) | ({} if explode is None else {"explode": explode})


@pytest.mark.parametrize(
    ("style", "explode", "value", "path"),
    [
        (None, None, "blue", "blue"),
        ("simple", False, ["blue", "black"], "blue,black"),
        ("simple", False, COLOUR, "R,100,G,200"),
        ("simple", True, COLOUR, "R=100,G=200"),
        ("label", False, ["blue", "black"], ".blue,black"),
        ("label", True, ["blue", "black"], ".blue.black"),
        ("label", True, COLOUR, ".R=100.G=200"),
        ("matrix", False, "blue", ";c=blue"),
        ("matrix", False, ["blue", "black"], ";c=blue,black"),
        ("matrix", True, ["blue", "black"], ";c=blue;c=black"),
        ("matrix", True, COLOUR, ";R=100;G=200"),
        (None, None, "a/b ?#%ü", "a%2Fb%20%3F%23%25%C3%BC"),
        (None, None, True, "true"),
    ],
)
def test_in_a_path(style: str | None, explode: bool | None, value: Any, path: str) -> None:
    made = request("/x/{c}", [parameter("path", style, explode=explode)], c=value)
    assert made.url == f"https://api.example/v1/x/{path}"


@pytest.mark.parametrize(
    ("style", "explode", "value", "query"),
    [
        (None, None, "a b&c=d", "c=a%20b%26c%3Dd"),
        (None, None, ["blue", "black"], "c=blue&c=black"),
        ("form", True, COLOUR, "R=100&G=200"),
        ("form", False, ["blue", "black"], "c=blue,black"),
        ("form", False, COLOUR, "c=R,100,G,200"),
        ("spaceDelimited", False, ["blue", "black"], "c=blue%20black"),
        ("pipeDelimited", False, ["blue", "black"], "c=blue%7Cblack"),
        ("deepObject", True, {"R": 100, "x": {"y": [1]}}, "c[R]=100&c[x][y][0]=1"),
        (None, None, None, ""),
    ],
)
def test_in_a_query(style: str | None, explode: bool | None, value: Any, query: str) -> None:
    made = request("/x", [parameter("query", style, explode=explode)], c=value)
    assert urlsplit(made.url).query == query


def test_a_parameter_with_a_media_type_is_json() -> None:
    given_parameter = {"name": "c", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}
    assert request("/x", [given_parameter], c={"a": [1]}).url == "https://api.example/v1/x?c=%7B%22a%22%3A%5B1%5D%7D"


def test_reserved_characters_that_are_allowed_begin_no_further_parameter() -> None:
    made = request("/x", [{**parameter("query", None), "allowReserved": True}], c="a/b:c&d=e#f")
    assert urlsplit(made.url).query == "c=a/b:c%26d%3De%23f"


def test_in_a_header() -> None:
    assert request("/x", [parameter("header", None)], c=["a", "b"]).headers["c"] == "a,b"
    with pytest.raises(ToolFailed, match="line breaks"):
        request("/x", [parameter("header", None)], c="a\r\nX-Admin: 1")


@pytest.mark.parametrize("value", [".", "..", "", []])
def test_no_argument_leads_to_another_path(value: Any) -> None:
    with pytest.raises(ToolFailed, match="must not be empty, or dots alone"):
        request("/x/{c}/y", [parameter("path", None)], c=value)


def test_what_is_required_has_to_be_there() -> None:
    with pytest.raises(ToolFailed, match="c is required"):
        request("/x/{c}", [parameter("path", None)])
    with pytest.raises(ToolFailed, match="body is required"):
        request("/x", [], {"application/json": {}}, "post")


def test_bodies() -> None:
    given_body = {"a": "ü", "n": None, "list": [1, 2], "more": {"x": 1}}
    json_body = request("/x", [], {"text/plain": {}, "application/vnd.a+json": {}}, "post", body=given_body)
    assert json_body.headers["content-type"] == "application/vnd.a+json"
    assert json_body.body == '{"a":"ü","n":null,"list":[1,2],"more":{"x":1}}'.encode()
    kind = "application/x-www-form-urlencoded"
    form = request("/x", [], {kind: {}}, "post", body=given_body)
    assert form.headers["content-type"] == kind
    assert form.body == b"a=%C3%BC&list=1&list=2&more=%7B%22x%22%3A1%7D"
    encoding = {"more": {"style": "deepObject", "explode": True}}
    assert request("/x", [], {kind: {"encoding": encoding}}, "post", body={"more": {"x": 1}}).body == b"more[x]=1"
    assert request("/x", [], {"text/csv": {}}, "post", body="a,b").body == b"a,b"


@given(st.text(), st.text(), st.lists(st.text(), min_size=1, max_size=3))
def test_whatever_the_arguments_the_server_reads_them_as_they_were(path: str, query: str, several: list[str]) -> None:
    parameters = [
        {"name": "p", "in": "path"},
        {"name": "q", "in": "query"},
        {"name": "l", "in": "query", "schema": {"type": "array"}},
    ]
    try:
        made = request("/a/{p}/z", parameters, p=path, q=query, l=several)
    except ToolFailed:
        assert path in {"", ".", ".."}
        return
    parts = urlsplit(made.url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.example", "")
    sent = parts.path.split("/")
    assert [sent[1], sent[2], sent[4:]] == ["v1", "a", ["z"]]
    assert unquote(sent[3]) == path
    assert parse_qsl(parts.query, keep_blank_values=True) == [("q", query), *(("l", each) for each in several)]

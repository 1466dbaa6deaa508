"""No release breaks the clients of the one before: what counts as a break, and that there is none."""

# ruff: noqa: ARG005 - each change is given the same three parts

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from scripts.openapi import breaks, last_released

Document = dict[str, Any]

THREAD = {
    "type": "object",
    "properties": {
        "uuid": {"type": "string"},
        "status": {"enum": ["open", "closed"], "type": "string"},
        "agent": {"anyOf": [{"$ref": "#/components/schemas/Thread"}, {"type": "null"}]},
        "count": {"type": "integer"},
    },
    "required": ["uuid", "status", "agent", "count"],
}
CREATE = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 100, "minLength": 1},
        "status": {"enum": ["open", "closed"], "type": "string"},
        "size": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["name"],
    "additionalProperties": False,
}
RELEASED: Document = {
    "paths": {
        "/threads": {
            "post": {
                "operationId": "create_thread",
                "parameters": [
                    {"name": "with", "in": "query", "schema": {"type": "string"}},
                    {"name": "If-Match", "in": "header", "schema": {"type": "string"}},
                ],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Create"}}}},
                "responses": {
                    "201": {
                        "headers": {"Location": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thread"}}},
                    },
                    "404": {"$ref": "#/components/responses/NotFound"},
                },
            }
        }
    },
    "components": {"schemas": {"Thread": THREAD, "Create": CREATE}},
}

Change = Callable[[Document, Document, Document], Any]
"""Of the operation, the schema that goes out, and the one that comes in."""

BREAKS: dict[str, tuple[Change, str]] = {
    "another operationId": (lambda op, out, into: op.update(operationId="make_thread"), "is called make_thread"),
    "a parameter is gone": (lambda op, out, into: op["parameters"].pop(0), "does not take the parameter with"),
    "a parameter is needed": (lambda op, out, into: op["parameters"][0].update(required=True), "needs the parameter"),
    "a new parameter is needed": (
        lambda op, out, into: op["parameters"].append({"name": "x", "in": "query", "required": True, "schema": {}}),
        "needs the parameter x",
    ),
    "a parameter of another type": (
        lambda op, out, into: op["parameters"][0].update(schema={"type": "integer"}),
        "changed its type from string to integer",
    ),
    "the body is needed": (lambda op, out, into: op["requestBody"].update(required=True), "needs a body"),
    "the body's type is gone": (lambda op, out, into: op["requestBody"]["content"].clear(), "has no application/json"),
    "a status is gone": (lambda op, out, into: op["responses"].pop("201"), "does not answer 201"),
    "a header is gone": (lambda op, out, into: op["responses"]["201"]["headers"].clear(), "no header Location"),
    "an answer's field is gone": (lambda op, out, into: out["properties"].pop("count"), ".count is gone"),
    "an answer's field may be missing": (
        lambda op, out, into: out["required"].remove("count"),
        ".count may be missing",
    ),
    "an answer's field of another type": (
        lambda op, out, into: out["properties"].update(count={"type": "string"}),
        ".count changed its type from integer to string",
    ),
    "an answer's field may be null": (
        lambda op, out, into: out["properties"].update(count={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        ".count changed its type",
    ),
    "an input is gone": (lambda op, out, into: into["properties"].pop("size"), ".size is gone"),
    "an input is required": (lambda op, out, into: into["required"].append("size"), ".size is required"),
    "a new input is required": (
        lambda op, out, into: (into["properties"].update(x={"type": "string"}), into["required"].append("x")),
        ".x is required",
    ),
    "an input of a narrower type": (
        lambda op, out, into: into["properties"].update(size={"type": "integer"}),
        ".size changed its type",
    ),
    "an input may not be null": (
        lambda op, out, into: into["properties"].update(note={"type": "string"}),
        ".note changed its type",
    ),
    "a value is not taken": (
        lambda op, out, into: into["properties"]["status"]["enum"].pop(),
        "does not take 'closed'",
    ),
    "only some values are taken": (
        lambda op, out, into: into["properties"]["name"].update(enum=["a"]),
        ".name takes only some values",
    ),
    "a shorter text": (lambda op, out, into: into["properties"]["name"].update(maxLength=50), "a lower maxLength"),
    "a longer text": (lambda op, out, into: into["properties"]["name"].update(minLength=2), "a higher minLength"),
    "a pattern": (lambda op, out, into: into["properties"]["name"].update(pattern="^a"), "another pattern"),
    "other items": (
        lambda op, out, into: into["properties"]["tags"].update(items={"type": "integer"}),
        ".tags[] changed its type",
    ),
}
FINE: dict[str, Change] = {
    "nothing": lambda op, out, into: None,
    "a new field in the answer": lambda op, out, into: out["properties"].update(x={"type": "string"}),
    "a new input": lambda op, out, into: into["properties"].update(x={"type": "string"}),
    "a new parameter": lambda op, out, into: op["parameters"].append({"name": "x", "in": "query", "schema": {}}),
    "a new value is taken": lambda op, out, into: into["properties"]["status"]["enum"].append("new"),
    "an input may be null": lambda op, out, into: into["properties"].update(
        size={"anyOf": [{"type": "number"}, {"type": "null"}]}
    ),
    "a longer text is taken": lambda op, out, into: into["properties"]["name"].update(maxLength=200),
    "a field that is always there": lambda op, out, into: out["properties"].update(agent={"type": "null"}),
    "a new status": lambda op, out, into: op["responses"].update({"202": {}}),
    "another description": lambda op, out, into: op.update(summary="Make one"),
}


def changed(change: Change) -> Document:
    document = copy.deepcopy(RELEASED)
    schemas = document["components"]["schemas"]
    change(document["paths"]["/threads"]["post"], schemas["Thread"], schemas["Create"])
    return document


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_break_is_found(name: str) -> None:
    change, told = BREAKS[name]
    found = breaks(RELEASED, changed(change))
    assert any(told in line for line in found), found


def test_an_operation_that_is_gone_is_found() -> None:
    assert breaks(RELEASED, {**RELEASED, "paths": {}}) == ["POST /threads is gone"]


@pytest.mark.parametrize("name", sorted(FINE))
def test_what_clients_do_not_stumble_over_is_fine(name: str) -> None:
    assert breaks(RELEASED, changed(FINE[name])) == []


async def test_the_present_document_breaks_no_client_of_the_last_release(client: httpx2.AsyncClient) -> None:
    path = last_released()
    assert path is not None, "make openapi-release keeps the first one"
    present = (await client.get("/openapi.json")).json()
    found = breaks(json.loads(path.read_text("utf-8")), present)
    assert not found, "\n".join(["if it is meant: make openapi-release BREAKING=1", *found])

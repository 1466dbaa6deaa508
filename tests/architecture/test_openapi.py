"""The OpenAPI document: complete, consistent, and right about its examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema_rs
import pytest

METHODS = {"get", "post", "put", "patch", "delete"}
BODILESS = {"204", "302", "304"}


@pytest.fixture(scope="session")
async def document(client: httpx2.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture(scope="session")
def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Athena"
    assert document["components"]["securitySchemes"]


def test_each_operation_has_a_name_of_its_own(operations: list[tuple[str, dict[str, Any]]]) -> None:
    names = [operation["operationId"] for _, operation in operations]
    assert len(names) == len(set(names))
    assert not [name for name in names if name != name.lower() or not name.isidentifier()]


def test_each_operation_is_described(operations: list[tuple[str, dict[str, Any]]]) -> None:
    silent = [
        name
        for name, operation in operations
        if not operation.get("summary") or not operation.get("description") or len(operation.get("tags", [])) != 1
    ]
    assert not silent


def test_each_answer_has_a_schema(operations: list[tuple[str, dict[str, Any]]]) -> None:
    bare: list[str] = []
    for name, operation in operations:
        for status, response in operation["responses"].items():
            content = response.get("content", {})
            if status in BODILESS:
                if content:
                    bare.append(f"{name} {status} has a body")
                continue
            if not content:
                bare.append(f"{name} {status} has no content")
            for kind, media in content.items():
                schema = media.get("schema", {})
                if kind.endswith("json") and not ({"$ref", "properties", "anyOf", "oneOf"} & set(schema)):
                    bare.append(f"{name} {status} {kind} has no schema: {json.dumps(schema)}")
    assert not bare


def test_each_problem_is_a_problem_document(operations: list[tuple[str, dict[str, Any]]]) -> None:
    wrong = [
        f"{name} {status}"
        for name, operation in operations
        for status, response in operation["responses"].items()
        if int(status) >= 400 and set(response["content"]) != {"application/problem+json"}
    ]
    assert not wrong


def test_each_operation_documents_what_can_go_wrong(operations: list[tuple[str, dict[str, Any]]]) -> None:
    lacking: list[str] = []
    for name, operation in operations:
        documented = set(operation["responses"])
        wanted = {"503"}
        if operation.get("security") != []:
            wanted |= {"401"}
        if "requestBody" in operation:
            wanted |= {"400", "413", "415", "422"}
        if "{" in name:
            wanted |= {"404", "422"}
        if missing := wanted - documented:
            lacking.append(f"{name}: {', '.join(sorted(missing))}")
    assert not lacking


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    lost = {
        node["$ref"]
        for node in walk(document)
        if isinstance(node.get("$ref"), str)
        and node["$ref"].startswith("#/components/schemas/")
        and node["$ref"].rpartition("/")[2] not in schemas
    }
    assert not lost


def test_every_schema_is_valid_and_its_examples_fit(document: dict[str, Any]) -> None:
    wrong: list[str] = []
    definitions = {"components": document["components"]}
    for node in walk(document):
        if "examples" not in node or not isinstance(node["examples"], list):
            continue
        schema = {**{key: value for key, value in node.items() if key != "examples"}, **definitions}
        validator = jsonschema_rs.validator_for(schema)
        wrong += [f"{node.get('title')}: {example}" for example in node["examples"] if not validator.is_valid(example)]
    for name, schema in document["components"]["schemas"].items():
        jsonschema_rs.validator_for({**schema, **definitions})
        assert name.isidentifier() or "_" in name
    assert not wrong


def test_every_body_has_an_example(operations: list[tuple[str, dict[str, Any]]], document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    lacking: list[str] = []
    for name, operation in operations:
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is None:
            continue
        # A whole body as an example, or examples of its fields; a body that may be left out is one of two.
        reference = next(node["$ref"] for node in walk(body["schema"]) if "$ref" in node)
        resolved = schemas[reference.rpartition("/")[2]]
        if not any("examples" in node or "example" in node for node in (body, *walk(resolved))):
            lacking.append(name)
    assert not lacking


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)

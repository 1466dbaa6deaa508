"""The OpenAPI document: complete, consistent, and right about its examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.tenants.surface import Surface

METHODS = {"get", "post", "put", "patch", "delete"}
BODILESS = {"204", "302", "304"}
NAMED = {
    *("User", "Workspace", "Provider", "Account", "Agent", "Thread", "Attachment", "Media", "Message"),
    *("LargeLanguageModel", "PaginationMeta", "PaginationLinks", "AuthenticationConfig", "ProfilePhotoConfig"),
}
NAMED_BY_GROUP = {
    "Prompt": "Prompt",
    "Memory": "Memory",
    "Share": "Share",
    "AgentLeaderboard": "Metrics",
    "CommandRoomTask": "Command Room Task",
    "Workflow": "Workflow",
    "Node": "Workflow",
    "Edge": "Workflow",
    "WorkflowExecution": "Workflow Execution",
    "WorkflowExecutionData": "Workflow Execution",
    "WorkflowExecutionDataWorkflowData": "Workflow Execution",
}
RELATIONS = {"creator", "agent", "account", "provider", "workspace", "avatar", "media", "attachments", "messages"}


@pytest.fixture(scope="session")
async def document(client: httpx2.AsyncClient) -> dict[str, Any]:
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture(scope="session")
def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Each with its responses in place of references to them."""
    shared = {
        f"#/components/responses/{name}": response for name, response in document["components"]["responses"].items()
    }
    return [
        (
            f"{method.upper()} {path}",
            {
                **operation,
                "responses": {
                    status: shared.get(response.get("$ref"), response)
                    for status, response in operation["responses"].items()
                },
            },
        )
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
        if int(status) >= 400
        and {kind: media["schema"] for kind, media in response["content"].items()}
        != {"application/problem+json": {"$ref": "#/components/schemas/Problem"}}
    ]
    assert not wrong


def test_the_groups_are_listed_and_described(document: dict[str, Any]) -> None:
    silent = [tag["name"] for tag in document["tags"] if not tag["description"]]
    assert not silent, "athena/openapi.py describes the groups"


def test_the_schemas_of_the_resources_have_their_names(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    used = {node["$ref"].rpartition("/")[2] for node in walk(document) if isinstance(node.get("$ref"), str)}
    groups = {tag["name"] for tag in document["tags"]}
    wanted = NAMED | {name for name, group in NAMED_BY_GROUP.items() if group in groups}
    assert not wanted - set(schemas)
    assert not wanted - used
    # Made of a module's path, where two rooms have a class of one name.
    assert not [name for name in schemas if "__" in name or "-" in name or name.endswith("_")]


def test_nothing_that_is_described_is_unused(document: dict[str, Any]) -> None:
    used = {node["$ref"] for node in walk(document) if isinstance(node.get("$ref"), str)}
    components = document["components"]
    idle = [
        f"{kind}/{name}"
        for kind in ("schemas", "headers")
        for name in components[kind]
        if f"#/components/{kind}/{name}" not in used
    ]
    assert not idle


def test_relations_are_typed(document: dict[str, Any]) -> None:
    free: list[str] = []
    for name in sorted(NAMED & set(document["components"]["schemas"])):
        for key, schema in document["components"]["schemas"][name].get("properties", {}).items():
            if key in RELATIONS and not any("$ref" in node for node in walk(schema)):
                free.append(f"{name}.{key}")
    assert not free


def test_answers_say_what_their_heads_hold(operations: list[tuple[str, dict[str, Any]]]) -> None:
    lacking: list[str] = []
    for name, operation in operations:
        for status, response in operation["responses"].items():
            headers = set(response.get("headers", ()))
            wanted = {"X-Request-ID", "RateLimit", "RateLimit-Policy"}
            wanted |= {"Location"} if status in {"201", "202"} else set()
            wanted |= {"Retry-After"} if status == "429" else set()
            wanted |= {"WWW-Authenticate"} if status == "401" else set()
            keyed = any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
            wanted |= {"Idempotency-Replayed"} if keyed and status < "300" else set()
            wanted |= {"ETag"} if status == "304" else set()
            if missing := wanted - headers:
                lacking.append(f"{name} {status}: {', '.join(sorted(missing))}")
    single = dict(operations)["GET /api/v1/threads/{thread_uuid}"]["responses"]["200"]
    assert "ETag" in single["headers"]
    assert not lacking


def test_every_body_has_an_example_that_fits(
    operations: list[tuple[str, dict[str, Any]]], document: dict[str, Any]
) -> None:
    wrong: list[str] = []
    surface = Surface(document)
    for name, operation in operations:
        bodies = {"body": operation.get("requestBody", {}).get("content", {})}
        bodies |= {status: response.get("content", {}) for status, response in operation["responses"].items()}
        for where, content in bodies.items():
            for kind, media in content.items():
                if not kind.endswith("json"):
                    continue
                given = [media["example"]] if "example" in media else []
                given += [each["value"] for each in media.get("examples", {}).values()]
                validator = surface.validator(media["schema"])
                wrong += [f"{name} {where}: {error.message}" for each in given for error in validator.iter_errors(each)]
                if not given:
                    wrong.append(f"{name} {where} has none")
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
    surface = Surface(document)
    for node in walk(document):
        if "examples" not in node or not isinstance(node["examples"], list):
            continue
        validator = surface.validator({key: value for key, value in node.items() if key != "examples"})
        wrong += [f"{node.get('title')}: {example}" for example in node["examples"] if not validator.is_valid(example)]
    for name, schema in document["components"]["schemas"].items():
        surface.validator(schema)
        assert name.isidentifier() or "_" in name
    assert not wrong


def walk(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)

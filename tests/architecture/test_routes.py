"""The route table: every route says whom it lets in, and agrees with the list of operations."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from athena.permissions import Permission

# What is named in the list of operations and still to be built.
OPERATIONS_TO_COME = {
    "Train an Agent",
    "Generate an Agent",
}
# Two ways to call the same operation.
ONE_SUMMARY = {
    "Get Authenticated User using Multiplai App Access Token": "Get Authenticated User",
    "Get Authenticated User using Basic Token": "Get Authenticated User",
}
# Groups that the list does not have, because it names what was asked for and these came with it.
OWN_TAGS = {"Audit", "Bundle", "Webhook", "Run", "Media", "Share"}
# Open to anybody: they check a signature, or tell nothing.
WITHOUT_CALLER = {"/api/v1/media/{media_uuid}/content", "/api/v1/exports/{export_uuid}/content"}
# The token in the address is the credential.
FOR_WHO_HAS_THE_LINK = {
    ("GET", "/api/v1/links/{token}"),
    ("PUT", "/api/v1/links/{token}"),
    ("POST", "/api/v1/links/{token}/run"),
    ("GET", "/api/v1/links/{token}/runs/{run_uuid}"),
    ("GET", "/api/v1/links/{token}/runs/{run_uuid}/events"),
    ("GET", "/api/v1/approvals/links/{token}"),
    ("POST", "/api/v1/approvals/links/{token}"),
}
FOR_ANYBODY = {
    "/api/v1/auth/sign-in",
    "/api/v1/auth/logout",
    "/api/v1/auth/reset-password",
    "/api/v1/invitations/accept",
}
FOR_THE_SIGNED_IN = {
    ("GET", "/api/v1/user"),
    ("GET", "/api/v1/permissions"),
    ("GET", "/api/v1/permissions/explain"),
}


def routes_of(holder: Any) -> Iterator[APIRoute]:
    for route in holder.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes_of(route.original_router)


@pytest.fixture(scope="session")
def routes(app: Any) -> list[APIRoute]:
    found = [each for each in routes_of(app._app) if each.path.startswith("/api/")]
    assert len(found) > 50
    return found


@pytest.fixture(scope="session")
def operations(root: Path) -> list[dict[str, str]]:
    with (root / "docs" / "operations.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def permission_of(route: APIRoute) -> str | None:
    """The permission that the route declares; empty where it needs none, None where it does not say."""
    calls: list[Any] = [each.call for each in route.dependant.dependencies]
    declared = [call.permission for call in calls if hasattr(call, "permission")]
    assert len(declared) <= 1, route.path
    return declared[0] if declared else None


def method_of(route: APIRoute) -> str:
    [method] = route.methods or {""}
    return method


def test_every_route_says_whom_it_lets_in(routes: list[APIRoute]) -> None:
    silent = [each.path for each in routes if permission_of(each) is None and each.path not in WITHOUT_CALLER]
    assert not silent
    free = {(method_of(each), each.path) for each in routes if permission_of(each) == ""}
    assert free == FOR_THE_SIGNED_IN | FOR_WHO_HAS_THE_LINK | {("POST", path) for path in FOR_ANYBODY}


def test_every_route_of_another_dialect_asks_for_a_permission_that_fits(app: Any) -> None:
    spoken = [each for each in routes_of(app._app) if each.path.startswith("/v1/")]
    assert {each.path for each in spoken} == {
        "/v1/models",
        "/v1/models/{model:path}",
        "/v1/chat/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/responses/{response_id}",
        "/v1/responses/{response_id}/cancel",
        "/v1/responses/{response_id}/input_items",
        "/v1/conversations",
        "/v1/conversations/{conversation_id}",
        "/v1/conversations/{conversation_id}/items",
        "/v1/conversations/{conversation_id}/items/{item_id}",
        "/v1/files",
        "/v1/files/{file_id}",
        "/v1/files/{file_id}/content",
        "/v1/assistants",
        "/v1/assistants/{assistant_id}",
        "/v1/threads",
        "/v1/threads/runs",
        "/v1/threads/{thread_id}",
        "/v1/threads/{thread_id}/messages",
        "/v1/threads/{thread_id}/messages/{message_id}",
        "/v1/threads/{thread_id}/runs",
        "/v1/threads/{thread_id}/runs/{run_id}",
        "/v1/threads/{thread_id}/runs/{run_id}/cancel",
        "/v1/threads/{thread_id}/runs/{run_id}/submit_tool_outputs",
        "/v1/threads/{thread_id}/runs/{run_id}/steps",
        "/v1/threads/{thread_id}/runs/{run_id}/steps/{step_id}",
    }
    for each in spoken:
        assert permission_of(each), each.path
        assert str(permission_of(each)).endswith(".view") == (method_of(each) == "GET"), each.path


def test_what_mcp_needs_is_said_by_its_methods(app: Any) -> None:
    spoken = [each for each in routes_of(app._app) if each.path.startswith("/mcp")]
    # One address for all: see `athena.dialects.mcp.methods`.
    assert {(method_of(each), each.path, permission_of(each)) for each in spoken} == {
        (method, path, "") for method in ("GET", "POST") for path in ("/mcp", "/mcp/{workspace_uuid}")
    }


def test_what_other_agents_and_front_ends_need_is_said_by_their_routes(app: Any) -> None:
    spoken = [each for each in routes_of(app._app) if each.path.startswith(("/a2a/", "/ag-ui/"))]
    # One address for all messages of JSON-RPC: see `athena.dialects.a2a.methods`.
    assert [each.path for each in spoken if not permission_of(each)] == ["/a2a/{agent}"]
    for each in spoken:
        permission = permission_of(each)
        assert not permission or permission.endswith(".view") == (method_of(each) == "GET"), each.path


def test_who_speaks_oauth_shows_a_secret_or_is_signed_in(app: Any) -> None:
    spoken = [each for each in routes_of(app._app) if each.path.startswith(("/oauth", "/.well-known"))]
    # Where users come back to from the providers of their accounts: the state that they bring is what lets them in.
    others = {("GET", "/oauth/callback"), ("POST", "/oauth/callback")}
    assert {(method_of(each), each.path) for each in spoken} - others == {
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/.well-known/oauth-protected-resource/a2a"),
        ("GET", "/.well-known/oauth-protected-resource/mcp"),
        ("GET", "/.well-known/oauth-protected-resource/mcp/{workspace_uuid}"),
        ("GET", "/oauth/authorize"),
        ("POST", "/oauth/authorize"),
        ("POST", "/oauth/register"),
        ("POST", "/oauth/revoke"),
        ("POST", "/oauth/token"),
    }


def test_every_permission_is_declared_somewhere_and_fits_its_route(routes: list[APIRoute]) -> None:
    declared = {permission for each in routes if (permission := permission_of(each))}
    assert declared == set(Permission)
    writing = [
        f"{method_of(each)} {each.path}"
        for each in routes
        if method_of(each) != "GET" and str(permission_of(each)).endswith(".view")
    ]
    assert not writing


def test_the_list_of_operations_is_served(routes: list[APIRoute], operations: list[dict[str, str]]) -> None:
    served = {(method_of(each), each.path, each.summary, each.tags[0]) for each in routes}
    missing = [
        wanted
        for row in operations
        if row["operation"] not in OPERATIONS_TO_COME
        if (
            wanted := (
                row["method"],
                row["path"],
                ONE_SUMMARY.get(row["operation"], row["operation"]),
                row["group"],
            )
        )
        not in served
    ]
    assert not missing


def test_every_tag_is_a_group_of_the_list(routes: list[APIRoute], operations: list[dict[str, str]]) -> None:
    groups = {row["group"] for row in operations} | OWN_TAGS
    assert not [each.path for each in routes if len(each.tags) != 1 or each.tags[0] not in groups]


def test_a_path_is_made_of_plain_words(routes: list[APIRoute]) -> None:
    odd = [
        each.path
        for each in routes
        for part in each.path.split("/")
        if part and not (part.startswith("{") and part.endswith("_uuid}")) and part != part.lower().replace("_", "-")
    ]
    assert not odd

"""Loaded by Schemathesis beside its own checks: what OpenAPI cannot say about Athena's conventions."""

from __future__ import annotations

import re
from typing import Any, Final

import schemathesis

SCHEMA: Final = re.compile(
    r"(Input|String|List|Dictionary|Tuple|Set|Data|Value|UUID|URL|Datetime) (should|input should) .*"
    r"|Extra inputs are not permitted\.|Unable to .*"
)
"""Pydantic's words, for what the schema should have said. Athena's own are about rules that no schema can hold."""

KNOWN: Final = {
    # For JSON Schema 1.0 is an integer; Athena bends no value into another type.
    "Input should be a valid integer.",
}

PROBLEM: Final = {"type", "title", "status", "detail", "instance", "message", "code", "request_id"}


UNKNOWN_HEADER: Final = "x-schemathesis-unknown-property"


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """Any request may have headers that nobody knows; they are no fault of it."""
    return UNKNOWN_HEADER not in {name.lower() for name in case.headers or {}}


@schemathesis.check
def a_valid_request_is_refused_for_a_reason(ctx: Any, response: Any, case: Any) -> None:
    """In place of Schemathesis' own rule, which knows no rules between fields."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    if "None" in (case.path_parameters or {}).values():
        # A null of an answer before, which a link of Schemathesis's own took for an id.
        return
    errors: dict[str, list[str]] = response.json().get("errors") or {}
    for field, messages in errors.items():
        for message in messages:
            told = f"it fits the schema, and is refused: {field}: {message}"
            assert message in KNOWN or not SCHEMA.fullmatch(message), told


@schemathesis.check
def errors_are_problem_documents(ctx: Any, response: Any, case: Any) -> None:
    """RFC 9457, with Athena's members, whatever went wrong."""
    if response.status_code < 400:
        return
    assert response.headers["content-type"] == ["application/problem+json"], response.headers
    body = response.json()
    assert body.keys() >= PROBLEM, body
    assert body["status"] == response.status_code
    assert [body["request_id"]] == response.headers["x-request-id"]
    assert re.fullmatch(r"[a-z0-9_]+", body["code"]), body["code"]
    assert ("errors" in body) <= (response.status_code == 422)


@schemathesis.check
def nothing_inside_is_told(ctx: Any, response: Any, case: Any) -> None:
    """No trace, statement or secret in any answer."""
    for word in (b"Traceback", b"asyncpg", b"pydantic", b"SELECT ", b"INSERT ", b"sk-canary", b"argon2"):
        sent = word.decode() in str(case.body)
        assert sent or word not in response.content, word

"""Loaded by Schemathesis beside its own checks: what OpenAPI cannot say about Athena's conventions."""

from __future__ import annotations

import re
from typing import Any, Final

import schemathesis

REASONS: Final = (
    r"Give either `page` or `cursor`\.",
    r"This cursor does not belong to this list\.",
    r"Cannot sort by .*",
    r"Unknown relation .*",
    r"Give either stream or background\.",
    r"Give either input or messages\.",
    r"A thread has its own messages; give input\.",
    r"The last message must be the user's\.",
    r"The file is empty\.",
    r"Unknown: .*",
    r"It is not the present password\.",
    r"This is not an e-mail address\.",
    r"Field required\.",
    r"It must be in the future\.",
    r"You are in no such workspace\.",
    r"Send one file at a time\.",
    r"Unknown field\.",  # of a form
    r"This field is required\.",
    r"Text must not contain the NUL character\.",
    r"must be an absolute http or https address\.",
    r"The form must have one field: file\.",
    r"Name a model: the agent, the thread and the request name none\.",
    r"The thread has no user message to answer\.",
    # For JSON Schema 1.0 is an integer; Athena bends no value into another type.
    r"Input should be a valid integer\.",
)
"""Why a request that fits its schema may still be invalid: rules between fields, and on what a value refers to."""

PROBLEM: Final = {"type", "title", "status", "detail", "instance", "message", "code", "request_id"}


@schemathesis.check
def a_valid_request_is_refused_for_a_reason(ctx: Any, response: Any, case: Any) -> None:
    """In place of Schemathesis' own rule, which knows no rules between fields."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    errors: dict[str, list[str]] = response.json().get("errors") or {}
    for field, messages in errors.items():
        for message in messages:
            assert any(re.fullmatch(reason, message) for reason in REASONS), (
                f"it fits the schema, and is refused: {field}: {message}"
            )


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

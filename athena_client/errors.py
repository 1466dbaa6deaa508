"""What goes wrong between a program and Athena."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast


class AthenaError(Exception):
    """Anything that this package raises on its own account."""


class ConnectionFailed(AthenaError):
    """The server was not reached, or the connection broke, and the retries are used up."""


class TimedOut(ConnectionFailed):
    """The server did not answer in time."""


class ApiError(AthenaError):
    """The server answered with a problem (RFC 9457).

    ``code`` is stable and in snake_case; ``problems`` has messages by dotted path, on 422.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], request_id: str | None = None) -> None:
        self.status = status
        self.code = str(problem.get("code") or f"http_{status}")
        self.detail = str(problem.get("detail") or problem.get("title") or f"The server answered {status}.")
        self.request_id = request_id or problem.get("request_id")
        self.problems = cast("dict[str, list[str]]", problem.get("errors") or {})
        self.problem = dict(problem)
        super().__init__(status, self.code, self.detail)

    def __str__(self) -> str:
        lines = [f"{self.detail} ({self.code})"]
        lines += [f"{path}: {text}" for path, texts in self.problems.items() for text in texts]
        return "; ".join(lines)


class Unauthorized(ApiError):
    """401: no credentials, or none that hold."""


class Forbidden(ApiError):
    """403: a permission is missing."""


class NotFound(ApiError):
    """404: it is not there, or belongs to another workspace."""


class Conflict(ApiError):
    """409: it cannot be done in the present state."""


class Stale(ApiError):
    """412: the resource has changed since it was read."""


class Invalid(ApiError):
    """422: the request is not valid; ``problems`` says where."""


class BudgetExhausted(ApiError):
    """402: a budget is spent."""


class RateLimited(ApiError):
    """429: too many requests, after all retries."""


class ServerFailed(ApiError):
    """5xx: the server, or a model or tool provider behind it, failed."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: Unauthorized,
    402: BudgetExhausted,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Stale,
    422: Invalid,
    429: RateLimited,
}


def error_of(status: int, body: bytes, request_id: str | None) -> ApiError:
    """The error that an answer tells; its body may be anything, such as a proxy's page."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    kind = _BY_STATUS.get(status, ServerFailed if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ApiError)
    return kind(status, cast("dict[str, Any]", problem) if isinstance(problem, dict) else {}, request_id)

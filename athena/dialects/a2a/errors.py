"""Errors as A2A tells them: by JSON-RPC's numbers in one binding, as a ``google.rpc.Status`` in the other. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from fastapi import Response

from athena.dialects import rpc
from athena.kit.errors import AthenaError, Unauthenticated, UnsupportedMediaType
from athena.kit.http import Form
from athena.kit.routing import JsonResponse

DOMAIN: Final = "a2a-protocol.org"
INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
REASONS: Final = {
    rpc.PARSE_ERROR: "INVALID_REQUEST",
    rpc.INVALID_REQUEST: "INVALID_REQUEST",
    rpc.METHOD_NOT_FOUND: "METHOD_NOT_FOUND",
    rpc.INVALID_PARAMS: "INVALID_PARAMS",
    rpc.INTERNAL_ERROR: "INTERNAL_ERROR",
}
"""What the protocol calls JSON-RPC's own errors; of others, Athena's code is the reason."""
BAD_REQUEST: Final = 400
STATUSES: Final = {402: 429, 405: 404, 412: BAD_REQUEST, 415: BAD_REQUEST, 422: BAD_REQUEST}
"""Of the binding to HTTP, where the protocol has another one."""
NAMES: Final = {
    BAD_REQUEST: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
OF_TRANSPORT: Final = frozenset({401, 403, 413, 429})
"""Told by HTTP's status in both bindings: they are about the caller and no message of it."""
ADDRESS_OF_RPC: Final = 3
"""Parts of ``/a2a/{agent}``, below which the other binding lies."""


class A2AError(AthenaError):
    """An error that the protocol has a number for."""

    status, title = BAD_REQUEST, "Bad Request"
    rpc_code = rpc.INVALID_REQUEST


class TaskNotFound(A2AError):
    """There is no such task of this agent."""

    status, code, title = 404, "task_not_found", "Not Found"
    rpc_code = -32001


class TaskNotCancelable(A2AError):
    """The task has ended."""

    code = "task_not_cancelable"
    rpc_code = -32002


class UnsupportedOperation(A2AError):
    """The task takes no message now, or cannot be followed any more."""

    code = "unsupported_operation"
    rpc_code = -32004


class ContentTypeNotSupported(A2AError):
    """A part that no agent reads, or an answer that none gives."""

    code = "content_type_not_supported"
    rpc_code = -32005


class NoExtendedCard(A2AError):
    """The one card tells all."""

    code = "extended_agent_card_not_configured"
    rpc_code = -32007


class VersionNotSupported(A2AError):
    """The header ``A2A-Version`` names another version, or none."""

    code = "version_not_supported"
    rpc_code = -32009


def code_of(error: AthenaError) -> int:
    """JSON-RPC's code of an error."""
    match error:
        case A2AError():
            return error.rpc_code
        case UnsupportedMediaType():
            return ContentTypeNotSupported.rpc_code
        case _:
            return rpc.code_of(error)


def failure(number: rpc.Id | None, error: AthenaError) -> Response:
    """The answer to a message of the JSON-RPC binding."""
    told = {"code": code_of(error), "message": error.detail, "data": _details(error)}
    status = error.status if error.status in OF_TRANSPORT else 200
    return JsonResponse({"jsonrpc": "2.0", "id": number, "error": told}, status, dict(error.headers))


def refusal(error: AthenaError) -> Response:
    """The answer to a request of the HTTP binding."""
    status = STATUSES.get(error.status, error.status)
    told = {
        "code": status,
        "status": "FAILED_PRECONDITION" if _is_about_state(error) else NAMES.get(status, "INTERNAL"),
        "message": error.detail,
        "details": _details(error),
    }
    return JsonResponse({"error": told}, status, dict(error.headers))


def told(base_url: str) -> Form:
    """The answer of an error that comes before there is a message; who is unknown is told where tokens are given."""
    metadata = f"{base_url.rstrip('/')}/.well-known/oauth-protected-resource/a2a"
    by_rpc: Callable[[AthenaError], Response] = lambda error: failure(None, error)  # noqa: E731 - one of two

    def answer(error: AthenaError, path: str, _request_id: str) -> Response:
        is_rpc = len(path.rstrip("/").split("/")) == ADDRESS_OF_RPC
        response = (by_rpc if is_rpc else refusal)(error)
        if isinstance(error, Unauthenticated):
            response.headers["WWW-Authenticate"] = f'Bearer realm="athena", resource_metadata="{quote(metadata, ":/")}"'
        if is_rpc and response.status_code < BAD_REQUEST <= error.status:
            response.status_code = STATUSES.get(error.status, error.status)
        return response

    return answer


def _is_about_state(error: AthenaError) -> bool:
    return (
        isinstance(error, A2AError) and error.status == BAD_REQUEST and not isinstance(error, ContentTypeNotSupported)
    )


def _details(error: AthenaError) -> list[dict[str, Any]]:
    code = code_of(error)
    is_own = isinstance(error, A2AError | UnsupportedMediaType) or code not in REASONS
    own = ContentTypeNotSupported.code if isinstance(error, UnsupportedMediaType) else error.error_code
    metadata = {"code": error.error_code}
    for field, messages in (error.errors or {}).items():
        metadata[field] = " ".join(messages)
    reason = own.upper() if is_own else REASONS[code]
    return [{"@type": INFO, "reason": reason, "domain": DOMAIN, "metadata": metadata}]

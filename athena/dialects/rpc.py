"""JSON-RPC, of which several dialects are made: what arrives, and how answers and errors are told. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from athena.kit.errors import AthenaError, MalformedRequest, NotFound, ValidationFailed
from athena.kit.nesting import is_nested_within

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
REFUSED: Final = -32000
"""Whatever a request is refused for that JSON-RPC has no code for; ``data.code`` says what."""
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022

CODES: Final = {400: INVALID_REQUEST, 404: INVALID_PARAMS, 405: METHOD_NOT_FOUND, 422: INVALID_PARAMS}
STATUSES: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}
"""What the protocol's version of 2026 answers errors of a request with; what is not here is a 200."""
MAXIMUM_DEPTH: Final = 64
LONGEST_ID: Final = 256
SERVER_FAILED: Final = 500
INTEGERS: Final = 2**53

Id = str | int
Object = Mapping[str, Any]


class ProtocolError(AthenaError):
    """A message that the protocol does not allow; ``rpc_code`` and ``data`` go into its answer."""

    status, code, title = 400, "rpc_message_invalid", "Bad Request"

    def __init__(self, detail: str, rpc_code: int = INVALID_REQUEST, data: Object | None = None) -> None:
        super().__init__(detail)
        self.rpc_code = rpc_code
        self.data = data


@dataclass(frozen=True, slots=True)
class Message:
    """A request; without ``id`` a notification; without ``method`` an answer to what the server asked."""

    id: Id | None
    method: str | None
    params: Object
    answer: Object | None = None
    """The result that the client gives; ``None`` of an error."""


def read(body: Any) -> Message:
    """The message in a body; :class:`ProtocolError` when it is none."""
    if isinstance(body, list):
        raise ProtocolError("Send one message at a time: batches are not taken.")
    if not isinstance(body, dict) or not is_nested_within(body, MAXIMUM_DEPTH):
        raise ProtocolError(f"A message is a JSON object, nested {MAXIMUM_DEPTH} deep at most.")
    told = cast("dict[str, Any]", body)
    if told.get("jsonrpc") != "2.0":
        raise ProtocolError('`jsonrpc` must be "2.0".')
    number = told.get("id")
    if "id" in told and not _is_id(number):
        raise ProtocolError("`id` must be text or a whole number.")
    if "method" not in told:
        answer = told.get("result")
        if number is None or not (isinstance(answer, dict) or isinstance(told.get("error"), dict)):
            raise ProtocolError("A message has a `method`, or an `id` and a `result` or `error`.")
        return Message(number, None, {}, cast("Object | None", answer))
    method, params = told["method"], told.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise ProtocolError("`method` must be text, and `params` an object.")
    return Message(number, method, cast("Object", params))


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_ID
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INTEGERS


def result(number: Id, value: Object) -> dict[str, Any]:
    """The answer to a request."""
    return {"jsonrpc": "2.0", "id": number, "result": value}


def notification(method: str, params: Object) -> dict[str, Any]:
    """What the server tells without being asked."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def request(number: Id, method: str, params: Object) -> dict[str, Any]:
    """What the server asks."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def failure(number: Id | None, error: AthenaError) -> dict[str, Any]:
    """The answer to a request that failed."""
    return {"jsonrpc": "2.0", "id": number, "error": _told(error)}


def code_of(error: AthenaError) -> int:
    """JSON-RPC's code of an error."""
    match error:
        case ProtocolError():
            return error.rpc_code
        case MalformedRequest():
            return PARSE_ERROR
        case ValidationFailed() | NotFound():
            return INVALID_PARAMS
        case _ if error.status >= SERVER_FAILED:
            return INTERNAL_ERROR
        case _:
            return CODES.get(error.status, REFUSED)


def _told(error: AthenaError) -> dict[str, Any]:
    if isinstance(error, ProtocolError) and error.data is not None:
        return {"code": error.rpc_code, "message": error.detail, "data": error.data}
    data: dict[str, Any] = {"code": error.error_code, "status": error.status}
    if error.errors is not None:
        data["errors"] = {key: list(messages) for key, messages in error.errors.items()}
    return {"code": code_of(error), "message": error.detail, "data": data}

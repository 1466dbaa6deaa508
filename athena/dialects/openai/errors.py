"""Errors in OpenAI's form. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

from fastapi import Response

from athena.dialects.named import ModelNotFound
from athena.kit.errors import AthenaError, BudgetExhausted
from athena.kit.routing import JsonResponse

STATUSES: Final = {402: 429, 412: 400, 415: 400, 422: 400}
"""Where OpenAI's clients know another one."""
TYPES: Final = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "invalid_request_error",
    409: "conflict_error",
    429: "rate_limit_error",
}
CODES: Final = {"credentials_missing": "invalid_api_key", "token_unknown": "invalid_api_key"}
UNKNOWN_FIELD: Final = ("Extra inputs are not permitted", "Unknown query parameter")
INDEX: Final = re.compile(r"\.(\d+)(?=\.|$)")
REPEATABLE: Final = frozenset({"idempotency_in_flight", "concurrent_change"})
"""Conflicts that end by themselves: clients may ask again, as they do after any 409 unless they are told otherwise."""


def body(error: AthenaError) -> dict[str, Any]:
    """``{"error": …}``."""
    field, message = next(iter((error.errors or {}).items()), (None, [""]))
    param = None if field is None else INDEX.sub(r"[\1]", field)
    code, detail = CODES.get(error.error_code, error.error_code), error.detail
    if isinstance(error, ModelNotFound):
        param = "model"
    if param is not None and message[0].startswith(UNKNOWN_FIELD):
        code, detail = "unsupported_parameter", f"Unsupported parameter: '{param}'."
    if error.status == BudgetExhausted.status:
        code = "insufficient_quota"
    kind = TYPES.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")  # noqa: PLR2004
    return {"error": {"message": detail, "type": kind, "param": param, "code": code}}


def told(error: AthenaError, _path: str, _request_id: str) -> Response:
    """The answer of an error. Clients are told not to repeat what would fail, or cost, again."""
    headers = dict(error.headers)
    if error.status in {402, 409, 502, 504} and error.error_code not in REPEATABLE:
        headers["X-Should-Retry"] = "false"
    return JsonResponse(body(error), STATUSES.get(error.status, error.status), headers)

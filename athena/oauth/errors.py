"""Errors in OAuth's form. Pure."""

from __future__ import annotations

from fastapi import Response

from athena.kit.errors import AthenaError
from athena.kit.routing import JsonResponse


class OAuthError(AthenaError):
    """What a client did wrong; ``code`` is OAuth's own."""

    status, code, title = 400, "invalid_request", "Bad Request"


class ClientUnknown(OAuthError):
    """The client was never registered here, or with keys that are gone: it registers anew."""

    status, code, title = 401, "invalid_client", "Unauthorized"


def told(error: AthenaError, _path: str, _request_id: str) -> Response:
    """The answer of an error."""
    if isinstance(error, OAuthError):
        code = error.error_code
    else:
        code = "server_error" if error.status >= 500 else "invalid_request"  # noqa: PLR2004
    content = {"error": code, "error_description": error.detail}
    return JsonResponse(content, error.status, {**error.headers, "Cache-Control": "no-store"})

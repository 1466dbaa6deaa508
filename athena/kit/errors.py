"""The one tree of errors that a caller can see. Each has an HTTP status and a stable code (RFC 9457 problems)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

FieldErrors = Mapping[str, Sequence[str]]


class AthenaError(Exception):
    """Base of all errors that become a problem document; ``detail`` is text for the caller, free of secrets."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal Server Error"

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        errors: FieldErrors | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.error_code = code or self.code
        self.errors = errors
        self.headers = headers or {}
        super().__init__(self.detail)


class MalformedRequest(AthenaError):
    """The body is not what its content type says."""

    status, code, title = 400, "malformed_request", "Bad Request"


class Unauthenticated(AthenaError):
    """No credentials, or none that hold."""

    status, code, title = 401, "unauthenticated", "Unauthorized"

    def __init__(self, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"WWW-Authenticate": 'Bearer realm="athena"'})


class BudgetExhausted(AthenaError):
    """A limit in money or tokens is reached."""

    status, code, title = 402, "budget_exhausted", "Payment Required"


class PermissionDenied(AthenaError):
    """The caller is known and may not do this; the detail names the permission."""

    status, code, title = 403, "permission_denied", "Forbidden"


class NotFound(AthenaError):
    """It does not exist, or not for this caller."""

    status, code, title = 404, "not_found", "Not Found"


class MethodNotAllowed(AthenaError):
    """The path exists, the method on it does not."""

    status, code, title = 405, "method_not_allowed", "Method Not Allowed"


class RequestTimeout(AthenaError):
    """The request's body did not arrive in time."""

    status, code, title = 408, "request_timeout", "Request Timeout"


class Conflict(AthenaError):
    """The present state does not allow it."""

    status, code, title = 409, "conflict", "Conflict"


class PreconditionFailed(AthenaError):
    """``If-Match`` names another version than the present one."""

    status, code, title = 412, "precondition_failed", "Precondition Failed"


class TooLarge(AthenaError):
    """The body is larger than the limit."""

    status, code, title = 413, "too_large", "Content Too Large"


class UnsupportedMediaType(AthenaError):
    """The body's type is not taken here."""

    status, code, title = 415, "unsupported_media_type", "Unsupported Media Type"


class ValidationFailed(AthenaError):
    """Well-formed, but not valid; ``errors`` maps dotted paths to messages."""

    status, code, title = 422, "validation_failed", "Unprocessable Content"

    @classmethod
    def of(cls, path: str, message: str) -> ValidationFailed:
        """The error of one field."""
        return cls(f"{path}: {message}", errors={path: [message]})


class TooManyRequests(AthenaError):
    """A rate is exceeded; ``Retry-After`` says for how long, in seconds."""

    status, code, title = 429, "too_many_requests", "Too Many Requests"

    def __init__(self, detail: str = "", *, retry_after: int, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"Retry-After": str(max(1, retry_after))})


class UpstreamFailed(AthenaError):
    """The model or tool provider answered with a failure, or not in its protocol."""

    status, code, title = 502, "upstream_failed", "Bad Gateway"


class Unavailable(AthenaError):
    """Athena cannot answer at this moment; trying again later may help."""

    status, code, title = 503, "unavailable", "Service Unavailable"


class UpstreamTimeout(AthenaError):
    """The model or tool provider did not answer in time."""

    status, code, title = 504, "upstream_timeout", "Gateway Timeout"


class StartupError(Exception):
    """Something that stops the start; its text is one line for the operator."""

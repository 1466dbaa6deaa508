"""What can go wrong with a model call, in words that a user can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, cast

import msgspec

from athena.kit.egress import EgressError, EgressProtocolError, EgressRefused, EgressTimeout, EgressTooLarge

MAX_PROVIDER_MESSAGE = 500
MAX_RETRY_AFTER = 60.0


class ErrorKind(StrEnum):
    """What went wrong, as a stable name."""

    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    CONTEXT_TOO_LONG = "context_too_long"
    INVALID_REQUEST = "invalid_request"
    REFUSED = "refused"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    MALFORMED_RESPONSE = "malformed_response"
    ADDRESS_REFUSED = "address_refused"


_MESSAGES: dict[ErrorKind, str] = {
    ErrorKind.AUTHENTICATION: "The provider did not accept the account's credentials. Check or replace the key.",
    ErrorKind.PERMISSION: "The account's credentials are valid, but not allowed to use this model or operation.",
    ErrorKind.NOT_FOUND: "The provider does not know this model or address. Check the model's name and the base URL.",
    ErrorKind.RATE_LIMITED: "The provider limits how often this account may call. Try again in a moment.",
    ErrorKind.QUOTA: "The account's quota or credit at the provider is used up. Check its plan and billing.",
    ErrorKind.CONTEXT_TOO_LONG: "The conversation is too long for this model. Shorten it, or choose a larger model.",
    ErrorKind.INVALID_REQUEST: "The provider did not accept the request.",
    ErrorKind.REFUSED: "The provider's content filter refused to answer this.",
    ErrorKind.OVERLOADED: "The provider is overloaded or in maintenance. Try again later.",
    ErrorKind.SERVER_ERROR: "The provider failed with an error of its own. Try again later.",
    ErrorKind.TIMEOUT: "The provider did not answer in time.",
    ErrorKind.CONNECTION: "The connection to the provider failed.",
    ErrorKind.MALFORMED_RESPONSE: "The provider's answer could not be understood. Check the base URL and the dialect.",
    ErrorKind.ADDRESS_REFUSED: "Athena does not connect to this address.",
}
_RETRYABLE = frozenset(
    {
        ErrorKind.RATE_LIMITED,
        ErrorKind.OVERLOADED,
        ErrorKind.SERVER_ERROR,
        ErrorKind.TIMEOUT,
        ErrorKind.CONNECTION,
        ErrorKind.MALFORMED_RESPONSE,
    }
)
_BY_STATUS: dict[int, ErrorKind] = {
    401: ErrorKind.AUTHENTICATION,
    402: ErrorKind.QUOTA,
    403: ErrorKind.PERMISSION,
    404: ErrorKind.NOT_FOUND,
    408: ErrorKind.TIMEOUT,
    409: ErrorKind.OVERLOADED,
    413: ErrorKind.CONTEXT_TOO_LONG,
    425: ErrorKind.OVERLOADED,
    429: ErrorKind.RATE_LIMITED,
    502: ErrorKind.OVERLOADED,
    503: ErrorKind.OVERLOADED,
    504: ErrorKind.TIMEOUT,
    529: ErrorKind.OVERLOADED,
}
# Providers answer 400 to many things; their words tell them apart. The first that matches wins.
_BY_WORDS: tuple[tuple[ErrorKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile("|".join(words), re.IGNORECASE))
    for kind, words in (
        (
            ErrorKind.QUOTA,
            ("insufficient_quota", "billing_hard_limit", "credit balance", "exceeded your current quota"),
        ),
        (
            ErrorKind.CONTEXT_TOO_LONG,
            (
                "context[_ ](length|window|size)",
                "maximum context",
                "prompt is too long",
                "too many tokens",
                "input token count",
                "exceeds? the (maximum|available) (context|number of tokens)",
                "request_too_large",
            ),
        ),
        (
            ErrorKind.AUTHENTICATION,
            ("api[ _]key not valid", "invalid[ _]api[ _]key", "incorrect api key", "authentication_error"),
        ),
        (
            ErrorKind.REFUSED,
            ("content_filter", "content_policy", "content management policy", "safety system"),
        ),
        (
            ErrorKind.NOT_FOUND,
            ("model_not_found", "model .{0,80} (does not exist|not found)", "not_found_error"),
        ),
        (ErrorKind.OVERLOADED, ("overloaded",)),
        (ErrorKind.RATE_LIMITED, ("rate_limit",)),
    )
)
_WORDS_DECIDE = frozenset({400, 403, 404, 413, 422, 429, 500})
_KEYS = re.compile(r"\b(sk|pk|gsk|xai|AIza|key|ghp|hf)[-_]?[A-Za-z0-9][A-Za-z0-9_\-*]{14,}")


class ModelError(Exception):
    """A model call failed.

    Args:
        kind: what went wrong.
        message: one or two sentences for the user; the kind's own when left out.
        status: the provider's HTTP status, if it answered.
        retry_after: seconds that the provider asked to wait.
        provider_message: the provider's own words, without secrets.
        retryable: whether the same call may succeed later; by kind when left out.
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str | None = None,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        provider_message: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        self.kind = kind
        self.message = message or _MESSAGES[kind]
        self.status = status
        self.retry_after = retry_after
        self.provider_message = provider_message
        self.retryable = kind in _RETRYABLE if retryable is None else retryable
        super().__init__(self.message)


def masked(text: str, secrets: Sequence[str]) -> str:
    """``text`` with each of ``secrets``, and whatever looks like a provider's key, replaced by asterisks."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _KEYS.sub("***", text)


def from_status(
    status: int, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: datetime | None = None
) -> ModelError:
    """The error that an answer with another status than 200 means."""
    words, code = _words(body, headers.get("content-type", ""))
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = ErrorKind.SERVER_ERROR if status >= 500 else ErrorKind.INVALID_REQUEST  # noqa: PLR2004
    if status in _WORDS_DECIDE:
        kind = _kind_by_words(f"{code} {words}") or kind
    said = masked(words, secrets)[:MAX_PROVIDER_MESSAGE] or None
    message = None
    if 300 <= status < 400:  # noqa: PLR2004
        message = "The provider's address redirects elsewhere. Check the base URL."
    elif kind is ErrorKind.INVALID_REQUEST and said:
        message = f"The provider did not accept the request: {said}"
    return ModelError(
        kind, message, status=status, retry_after=retry_after(headers, now or datetime.now(UTC)), provider_message=said
    )


def from_stream(error: object, secrets: Sequence[str] = ()) -> ModelError:
    """The error that a provider sent as an event in the middle of a stream, in the shape of its dialect."""
    words, code = _pick(error)
    given = cast("dict[str, Any]", error).get("code") if isinstance(error, dict) else None
    if isinstance(given, int) and 400 <= given < 600:  # noqa: PLR2004
        return from_status(given, {}, msgspec.json.encode({"error": error}), secrets)
    kind = _kind_by_words(f"{code} {words}") or ErrorKind.SERVER_ERROR
    if "invalid_request" in code and kind is ErrorKind.SERVER_ERROR:
        kind = ErrorKind.INVALID_REQUEST
    return ModelError(kind, provider_message=masked(words, secrets)[:MAX_PROVIDER_MESSAGE] or None)


def from_egress(error: EgressError) -> ModelError:
    """The error that a failed connection means."""
    if isinstance(error, EgressRefused):
        return ModelError(ErrorKind.ADDRESS_REFUSED, str(error))
    if isinstance(error, EgressTimeout):
        return ModelError(ErrorKind.TIMEOUT, f"The provider did not answer in time: {error}")
    if isinstance(error, EgressTooLarge | EgressProtocolError):
        return ModelError(
            ErrorKind.MALFORMED_RESPONSE, f"The provider's answer could not be read: {error}", retryable=False
        )
    return ModelError(ErrorKind.CONNECTION, f"The connection to the provider failed: {error}")


def malformed(detail: str | None = None) -> ModelError:
    """The answer is not in the dialect that was expected."""
    return ModelError(ErrorKind.MALFORMED_RESPONSE, provider_message=detail)


def cut_off() -> ModelError:
    """A stream ended before the provider said that the answer is complete."""
    return ModelError(ErrorKind.CONNECTION, "The provider ended its answer before it was complete.")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait as a provider's headers say (milliseconds, seconds or an HTTP date), or ``None``."""
    milliseconds, value = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    for text, unit in ((milliseconds, 1000.0), (value, 1.0)):
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
            return float(text) / unit
    if not value:
        return None
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def retry_delay(error: ModelError, attempt: int, *, jitter: float, attempts: int = 4) -> float | None:
    """Seconds to wait before the next try, or ``None`` when there should be none.

    Args:
        error: why the last try failed.
        attempt: how many tries have been made, from 1.
        jitter: a random number of 0 to 1, given by the caller so that this stays pure.
        attempts: the most tries that are made.

    A ``Retry-After`` is honoured up to a minute; otherwise the wait doubles from half a second, spread by the jitter.
    """
    if not error.retryable or attempt >= attempts:
        return None
    if error.retry_after is not None:
        return min(error.retry_after + 0.25 * jitter, MAX_RETRY_AFTER)
    return min(0.5 * 2 ** (attempt - 1), 30.0) * (0.5 + jitter)


def _kind_by_words(words: str) -> ErrorKind | None:
    return next((kind for kind, pattern in _BY_WORDS if pattern.search(words)), None)


def _words(body: bytes, content_type: str) -> tuple[str, str]:
    """The provider's message and its codes, from an error's body of any known shape."""
    try:
        return _pick(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # A page of HTML says nothing to a user; a line of text does.
        return (body[:2000].decode("utf-8", "replace").strip(), "") if "text/plain" in content_type else ("", "")


def _pick(value: object, depth: int = 0) -> tuple[str, str]:
    if isinstance(value, str):
        return value, ""
    if isinstance(value, list) and value and depth < 3:  # noqa: PLR2004 - a list in a list in a list is garbage
        return _pick(cast("list[object]", value)[0], depth + 1)
    if not isinstance(value, dict) or depth >= 3:  # noqa: PLR2004
        return "", ""
    found = cast("dict[str, object]", value)
    codes = " ".join(str(found[key]) for key in ("type", "code", "status") if isinstance(found.get(key), str | int))
    for key in ("error", "message", "detail", "msg"):
        if found.get(key):
            words, inner = _pick(found[key], depth + 1)
            return words, f"{codes} {inner}".strip()
    return "", codes

"""Sending a request to somebody else's server, and what it means for the node when that does not work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from athena.kit.egress import (
    Egress,
    EgressConnectionFailed,
    EgressError,
    EgressRefused,
    EgressResponse,
    EgressTimeout,
    EgressTooLarge,
)
from athena.llm.errors import retry_after
from athena.node_types.base import NodeFailed

EXCERPT: Final = 1_000
"""Characters of an answer's body that an error shows."""
FIRST_ERROR: Final = 500
PASSING: Final = frozenset({408, 425, 429})
GATEWAYS: Final = frozenset({502, 504})
"""Who answers is not who was asked, and nobody knows how far that one came."""
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_CODES: Final[Mapping[type[EgressError], str]] = {
    EgressRefused: "address_refused",
    EgressTimeout: "timeout",
    EgressConnectionFailed: "connection_failed",
    EgressTooLarge: "response_too_large",
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request. Its parts may be secret, so nothing of it is shown."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    follow_redirects: bool = False


async def send(egress: Egress, request: Outgoing, *, seconds: float, max_bytes: int) -> EgressResponse:
    """The whole answer, whatever its status; :class:`NodeFailed` when there is none."""
    if seconds <= 0:
        raise NodeFailed("timeout", "The time was up before the request could be sent.", retryable=True)
    try:
        return await egress.request(
            request.method,
            request.url,
            headers=request.headers,
            body=request.body,
            timeout=seconds,
            max_bytes=max_bytes,
            allow_redirects=request.follow_redirects,
        )
    except EgressError as error:
        passes = isinstance(error, EgressTimeout | EgressConnectionFailed)
        code = _CODES.get(type(error), "protocol_error")
        raise NodeFailed(code, str(error), retryable=passes, unknown=error.sent) from error


def status_failed(response: EgressResponse, excerpt: str) -> NodeFailed:
    """The failure that an answer's status means, with the beginning of its body."""
    details: dict[str, Any] = {"status": response.status, "body": excerpt}
    wait = retry_after(response.headers, datetime.now(UTC))
    if wait is not None:
        details["retry_after"] = wait
    host = urlsplit(response.url).hostname
    return NodeFailed(
        "http_status",
        f"{host} answered with the status {response.status}.",
        retryable=response.status in PASSING or response.status >= FIRST_ERROR,
        unknown=response.status in GATEWAYS,
        **details,
    )


def excerpt_of(body: bytes) -> str:
    """The beginning of a body as text."""
    return body[: EXCERPT * 4].decode("utf-8", "replace").replace("\0", "\ufffd")[:EXCERPT]


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of ``url``; :class:`NodeFailed` when it has none."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme.lower(),
            (parts.hostname or "").rstrip("."),
            parts.port or DEFAULT_PORTS[parts.scheme.lower()],
        )
    except (ValueError, KeyError) as error:
        raise NodeFailed("address_refused", "The URL cannot be read.") from error

"""Sending a request to somebody else's server, and what it means for the node when that does not work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from athena.kit import egress
from athena.kit.egress import GATEWAYS, Egress, EgressError, EgressResponse, Origin, Outgoing, status_may_pass
from athena.llm.errors import retry_after
from athena.node_types.base import NodeFailed


async def send(client: Egress, request: Outgoing, *, seconds: float, max_bytes: int) -> EgressResponse:
    """The whole answer, whatever its status; :class:`NodeFailed` when there is none."""
    if seconds <= 0:
        raise NodeFailed("timeout", "The time was up before the request could be sent.", retryable=True)
    try:
        return await client.request(
            request.method,
            request.url,
            headers=request.headers,
            body=request.body,
            timeout=seconds,
            max_bytes=max_bytes,
            allow_redirects=request.follow_redirects,
        )
    except EgressError as error:
        raise NodeFailed(error.code, str(error), retryable=error.may_pass, unknown=error.sent) from error


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
        retryable=status_may_pass(response.status),
        unknown=response.status in GATEWAYS,
        **details,
    )


def origin(url: str) -> Origin:
    """Scheme, host and port of ``url``; :class:`NodeFailed` when it has none."""
    try:
        return egress.origin(url)
    except ValueError as error:
        raise NodeFailed("address_refused", "The URL cannot be read.") from error

"""Asking servers of somebody else's: with which credentials, and what it means for a call when that does not work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from athena.accounts.credentials import Authentication
from athena.accounts.service import AccountService
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.egress import (
    EgressConnectionFailed,
    EgressError,
    EgressRefused,
    EgressTimeout,
    EgressTooLarge,
)
from athena.kit.errors import AthenaError
from athena.permissions import Permission
from athena.tools.base import ToolFailed

EXCERPT: Final = 500
"""Characters of what a server said that an error shows."""
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_CODES: Final[Mapping[type[EgressError], str]] = {
    EgressRefused: "address_refused",
    EgressTimeout: "timeout",
    EgressConnectionFailed: "connection_failed",
    EgressTooLarge: "response_too_large",
}

Origin = tuple[str, str, int]


def failed(error: EgressError) -> ToolFailed:
    """What a request that got no answer means for the call."""
    return ToolFailed(_CODES.get(type(error), "protocol_error"), str(error), unknown=error.sent)


def origin(url: str) -> Origin:
    """Scheme, host and port of ``url``; :class:`ToolFailed` when it has none."""
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
        port = parts.port or DEFAULT_PORTS[scheme]
    except (ValueError, KeyError) as error:
        raise ToolFailed("address_refused", "The server's address is not an http or https URL.") from error
    if not host:
        raise ToolFailed("address_refused", "The server's address has no host.")
    return scheme, host, port


def check_server(account: Authentication | None, url: str) -> None:
    """:class:`ToolFailed` when an account is for another server than that of ``url``."""
    if account is None or not account.base_url or origin(account.base_url) == origin(url):
        return
    scheme, host, port = origin(account.base_url)
    raise ToolFailed(
        "wrong_server",
        f"The account's credentials are for {scheme}://{host}:{port} alone; the request would go elsewhere.",
    )


async def authentication(
    account_uuid: UUID | None, access: Access, transaction: Callable[[], Session]
) -> Authentication | None:
    """The credentials of an account; :class:`ToolFailed` when they cannot be had."""
    if account_uuid is None:
        return None
    try:
        access.require(Permission.ACCOUNTS_VIEW)
        async with transaction() as session:
            return await AccountService(session, access).authentication(account_uuid)
    except AthenaError as error:
        raise ToolFailed(error.error_code, f"The tool's account cannot be used: {error.detail}") from error

"""Asking servers of somebody else's: with which credentials, and what it means for a call when that does not work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from athena.accounts.credentials import Authentication
from athena.accounts.service import AccountService
from athena.kit import egress
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.egress import EgressError, Origin
from athena.kit.errors import AthenaError
from athena.permissions import Permission
from athena.tools.base import ToolFailed

EXCERPT: Final = 500
"""Characters of what a server said that an error shows."""


def failed(error: EgressError) -> ToolFailed:
    """What a request that got no answer means for the call."""
    return ToolFailed(error.code, str(error), unknown=error.sent)


def origin(url: str) -> Origin:
    """Scheme, host and port of ``url``; :class:`ToolFailed` when it has none."""
    try:
        return egress.origin(url)
    except ValueError as error:
        raise ToolFailed("address_refused", "The server's address is not an http or https URL with a host.") from error


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

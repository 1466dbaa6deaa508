"""Requests of tools to somebody else's server, with an account's credentials where they belong."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import Message
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from athena.accounts.credentials import Authentication
from athena.accounts.service import AccountService
from athena.kit.egress import (
    GATEWAYS,
    SAFE_METHODS,
    Egress,
    EgressError,
    EgressResponse,
    Outgoing,
    excerpt_of,
    status_may_pass,
)
from athena.kit.masking import Mask
from athena.llm.errors import retry_after
from athena.permissions import Permission
from athena.tools.base import ToolCall, ToolFailed
from athena.tools.foreign import check_server
from athena.tools.transactions import in_transaction

REFUSED_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect", "keep-alive"}
)
"""Those that are set by themselves."""
HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
FIRST_FAILURE: Final = 400
TRIES: Final = 3
LONGEST_PAUSE: Final = 10.0


async def authentication(call: ToolCall, url: str, account_uuid: UUID) -> Authentication:
    """What an account adds to a request to ``url``; :class:`ToolFailed` where its credentials do not belong."""
    call.access.require(Permission.ACCOUNTS_VIEW)
    found = await in_transaction(
        call, lambda session: AccountService(session, call.access).authentication(account_uuid)
    )
    check_server(found, url)
    return found


async def send(call: ToolCall, request: Outgoing, *, max_bytes: int, masks: Sequence[Mask] = ()) -> EgressResponse:
    """The answer to ``request``; requests that only read are tried again where that may help.

    :class:`ToolFailed` without an answer, or when its status tells of a failure. ``masks`` hide what a server may tell
    of what it was sent.
    """
    clock = asyncio.get_running_loop()
    deadline = clock.time() + call.seconds
    tries = TRIES if request.method in SAFE_METHODS else 1
    while True:
        tries -= 1
        try:
            response = await _sent(call, request, deadline - clock.time(), max_bytes)
            if response.status < FIRST_FAILURE:
                return response
            failure = _status_failed(response, masks)
            passes = status_may_pass(response.status)
            pause = retry_after(response.headers, datetime.now(UTC))
        except EgressError as error:
            failure = ToolFailed(error.code, str(error), unknown=_unknown(request, error))
            passes, pause = error.may_pass, None
        pause = 0.5 * (0.5 + random.random()) if pause is None else pause  # noqa: S311 - only spreads the tries
        if not (passes and tries and pause <= LONGEST_PAUSE and clock.time() + pause < deadline):
            raise failure
        await asyncio.sleep(pause)


async def _sent(call: ToolCall, request: Outgoing, seconds: float, max_bytes: int) -> EgressResponse:
    return await call.database.provided(Egress).request(
        request.method,
        request.url,
        headers=request.headers,
        body=request.body,
        timeout=max(0.01, seconds),
        max_bytes=max_bytes,
        allow_redirects=request.follow_redirects,
    )


def _unknown(request: Outgoing, error: EgressError) -> bool:
    return error.sent and request.method not in SAFE_METHODS


def _status_failed(response: EgressResponse, masks: Sequence[Mask]) -> ToolFailed:
    host = urlsplit(response.url).hostname
    content = response.body
    for mask in masks:
        content = mask.content(content)
    body = excerpt_of(content)
    told = f"{host} answered with the status {response.status}."
    return ToolFailed("http_status", f"{told}\n{body}" if body.strip() else told, unknown=response.status in GATEWAYS)


def content_type(response: EgressResponse) -> tuple[str, str]:
    """The type of an answer's body, in lower case, and its charset; empty where it is not told."""
    parsed = Message()
    parsed["content-type"] = response.headers.get("content-type", "") or "application/octet-stream"
    return parsed.get_content_type(), parsed.get_content_charset() or ""


_JSON: Final = re.compile(r"[/+]json$")
_TEXT: Final = re.compile(r"^text/|[/+](xml|yaml|x-yaml|javascript|csv|x-ndjson|graphql|x-www-form-urlencoded)$")


def is_json(mime_type: str) -> bool:
    """Whether a type is JSON."""
    return bool(_JSON.search(mime_type))


def decoded(body: bytes, mime_type: str, charset: str) -> str | None:
    """A body as text; ``None`` where it is none."""
    if not _TEXT.search(mime_type):
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return None
        return None if "\0" in text else text
    try:
        return body.decode(charset or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def facts(response: EgressResponse) -> dict[str, Any]:
    """What is told of an answer beside its body."""
    return {"status": response.status, "bytes": len(response.body), "mime_type": content_type(response)[0]}

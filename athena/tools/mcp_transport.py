"""The HTTP of MCP sessions: all of the SDK's goes through the guarded client, within the limits of an exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import httpx2

from athena.accounts.credentials import Authentication
from athena.kit.egress import Egress, EgressError, EgressRefused, EgressStream, EgressTimeout, EgressTooLarge
from athena.tools.base import ToolFailed
from athena.tools.foreign import origin
from athena.tools.openapi_request import with_query

_SET_BY_ITSELF: Final = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "user-agent", "transfer-encoding"}
)
_DECODED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_FIRST_ERROR: Final = 400


@dataclass(slots=True)
class Exchange:
    """What the HTTP of one call, or of a session's own, may take; and what went wrong in it."""

    deadline: float
    """On the loop's clock."""
    room: int
    """Bytes of answers."""
    requests: int
    status: int | None = None
    """The last status that was an error's."""
    error: EgressError | None = None


EXCHANGE: ContextVar[Exchange] = ContextVar("exchange")
"""The exchange that a request is part of. The SDK sends what somebody asked for within his context."""


class _Body(httpx2.AsyncByteStream):
    def __init__(
        self, stream: EgressStream, context: AbstractAsyncContextManager[EgressStream], exchange: Exchange
    ) -> None:
        self._stream = stream
        self._context = context
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                self._exchange.room -= len(chunk)
                if self._exchange.room < 0:
                    raise EgressTooLarge("The server's answers are larger than Athena accepts.")
                yield chunk
        except EgressError as error:
            self._exchange.error = error
            # The one error that the SDK takes for the end of this answer, rather than of the session.
            raise httpx2.StreamError(str(error)) from error

    async def aclose(self) -> None:
        """Drops the connection, or keeps it when the body is complete."""
        await self._context.__aexit__(None, None, None)


class EgressTransport(httpx2.AsyncBaseTransport):
    """Requests to the server of ``url`` alone, with an account's credentials.

    What fails is noted in the :class:`Exchange`, and answered with a status of 502: an error would end the session of
    everybody who uses it.
    """

    def __init__(self, egress: Egress, url: str, account: Authentication | None) -> None:
        self._egress = egress
        self._origin = origin(url)
        self._account = account

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Sends a request; its answer's body arrives as it is read."""
        exchange = EXCHANGE.get()
        content = await request.aread()
        try:
            context = self._stream(exchange, request, content)
            stream = await context.__aenter__()
        except EgressError as error:
            exchange.error = error
            return httpx2.Response(502, request=request)
        if stream.status >= _FIRST_ERROR:
            exchange.status = stream.status
        headers = [(name, value) for name, value in stream.headers.items() if name.lower() not in _DECODED]
        return httpx2.Response(stream.status, headers=headers, stream=_Body(stream, context, exchange), request=request)

    def _stream(
        self, exchange: Exchange, request: httpx2.Request, content: bytes
    ) -> AbstractAsyncContextManager[EgressStream]:
        left = exchange.deadline - asyncio.get_running_loop().time()
        exchange.requests -= 1
        if left <= 0:
            raise EgressTimeout("The server did not finish in time.", sent=False)
        if exchange.requests < 0 or exchange.room <= 0:
            raise EgressTooLarge("The server has more asked of it, or answers more, than Athena accepts.")
        url = str(request.url)
        try:
            elsewhere = origin(url) != self._origin
        except ToolFailed:
            elsewhere = True
        if elsewhere:
            raise EgressRefused("The server redirects to another one, which is not followed.")
        headers = {name: value for name, value in request.headers.items() if name not in _SET_BY_ITSELF}
        if self._account is not None:
            headers |= {name.lower(): value for name, value in self._account.headers.items()}
            url = with_query(url, self._account.query) if self._account.query else url
        return self._egress.stream(
            request.method, url, headers=headers, body=content or None, timeout=left, max_bytes=exchange.room
        )

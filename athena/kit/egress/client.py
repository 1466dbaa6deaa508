"""The one place from which Athena makes HTTP requests to the outside."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from athena.kit import tracing
from athena.kit.egress.addresses import AllowList, parse_address, parse_url, refused
from athena.kit.egress.errors import (
    EgressConnectionFailed,
    EgressError,
    EgressProtocolError,
    EgressRefused,
    EgressTimeout,
    EgressTooLarge,
)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Turns a host name and a port into addresses. Raises ``OSError`` when there are none."""

MAX_REDIRECTS = 5
MAX_CONNECTIONS = 4096
KEEP_ALIVE_SECONDS = 60.0
DNS_SECONDS = 10
DRAIN_SECONDS = 0.02
STREAM_MAX_BYTES = 256 * 1024 * 1024
_USER_AGENT = "Athena"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEPT_ACROSS_ORIGINS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
_NO_LIMITS = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


@dataclass(frozen=True, slots=True)
class EgressResponse:
    """A whole answer. ``body`` is decompressed; ``url`` is where it came from, after redirects."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class EgressStream:
    """An answer whose body is still arriving. Iterate it, or call :meth:`read`, for chunks as they come."""

    __slots__ = (
        "_content",
        "_host",
        "_idle",
        "_loop",
        "_response",
        "_room",
        "_timers",
        "_waiting",
        "headers",
        "status",
    )

    def __init__(self, response: aiohttp.ClientResponse, host: str, room: int) -> None:
        self.status: int = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._content = response.content
        self._host = host
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._waiting = 0.0
        self._idle = 0.0

    async def read(self) -> bytes:
        """The bytes that have arrived since the last call, at least one; ``b""`` once the body is complete.

        Raises:
            EgressTimeout: the deadline passed, or nothing came for the idle time.
            EgressConnectionFailed: the connection broke.
            EgressTooLarge: more bytes came than were allowed.
            EgressProtocolError: the body cannot be decoded.
        """
        self._waiting = self._loop.time()
        try:
            chunk = await self._content.readany()
        except (aiohttp.ClientError, OSError) as error:
            _fail(error, self._host)
        self._waiting = 0.0
        self._room -= len(chunk)
        if self._room < 0:
            raise EgressTooLarge(f"The answer of {self._host} is larger than Athena accepts.")
        return chunk

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self.read()
        if not chunk:
            raise StopAsyncIteration
        return chunk

    async def drain(self) -> None:
        """Wait a moment for the body's end, after its content said that it is over, so that the connection is kept."""
        if self._content.is_eof():
            return
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.read()
        except (TimeoutError, EgressError):
            return

    def watch(self, deadline: float) -> None:
        """Fail the reader at ``deadline``, a time on the loop's clock.

        A task is not cancelled instead, because the one that reads may be busy elsewhere just then.
        """
        late = EgressTimeout(f"{self._host} did not finish its answer in time.")
        self._timers["deadline"] = self._loop.call_at(deadline, self._content.set_exception, late)

    def watch_idle(self, idle: float) -> None:
        """Fail the reader once it has waited for ``idle`` seconds without a byte."""
        self._idle = idle
        self._timers["idle"] = self._loop.call_later(idle, self._check_idle)

    def _check_idle(self) -> None:
        # One timer that looks back, since re-arming one for each chunk would cost more than reading the chunk.
        now = self._loop.time()
        due = (self._waiting or now) + self._idle
        if due <= now:
            self._content.set_exception(
                EgressTimeout(f"{self._host} sent nothing for {self._idle:g} seconds in the middle of its answer.")
            )
            return
        self._timers["idle"] = self._loop.call_at(due, self._check_idle)

    def close(self) -> None:
        """Stop the clocks; keep the connection if the body is complete, drop it otherwise."""
        for timer in self._timers.values():
            timer.cancel()
        if self._content.is_eof() and self._content.exception() is None:
            self._response.release()
        else:
            self._response.close()


class _Resolver(AbstractResolver):
    """Hands the connector checked addresses only, so that what was checked is what is connected to."""

    def __init__(self, allow: AllowList, resolve: Resolve) -> None:
        self._allow = allow
        self._resolve = resolve

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - part of the interface
    ) -> list[ResolveResult]:
        first: EgressRefused | None = None
        permitted: list[ResolveResult] = []
        for text in await self._resolve(host, port):
            address = parse_address(text)
            if address is None:
                continue
            if self._allow.permits(host, address, port):
                kind = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
                permitted.append(
                    ResolveResult(
                        hostname=host, host=text, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
                    )
                )
            elif first is None:
                first = refused(host, address)
        if permitted:
            return permitted
        raise first or OSError(f"{host} has no address")

    async def close(self) -> None:
        """Nothing is held."""


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the operating system knows for ``host``."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Egress:
    """HTTP for one process, with one shared pool of connections. Create it inside a running event loop.

    Args:
        allow: private hosts, addresses, ``host:port`` or networks that may be reached all the same.
        connect_timeout: seconds to look a name up, connect and finish the TLS handshake.
        resolve: how names become addresses; the operating system's way unless given.
    """

    def __init__(
        self, allow: Sequence[str] = (), *, connect_timeout: float = 10.0, resolve: Resolve = system_resolve
    ) -> None:
        self._allow = AllowList(allow)
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout, sock_connect=None, sock_read=None, ceil_threshold=3600
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_Resolver(self._allow, resolve),
                limit=MAX_CONNECTIONS,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                ttl_dns_cache=DNS_SECONDS,
                timeout_ceil_threshold=3600,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": _USER_AGENT},
            trust_env=False,
            timeout=_NO_LIMITS,
        )

    async def close(self) -> None:
        """Close every connection. Requests under way fail."""
        await self._session.close()

    async def request(  # noqa: PLR0913 - each is a limit or a part of the request, named by the caller
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109 - the total deadline is this class's promise, kept by itself
        max_bytes: int,
        allow_redirects: bool = False,
        trusted: bool = False,
    ) -> EgressResponse:
        """Send one request and read the whole answer.

        Args:
            method: the HTTP method.
            url: absolute, ``http`` or ``https``.
            headers: sent as they are; credentials among them do not follow a redirect to another origin.
            body: the request's body.
            timeout: seconds for everything, redirects and the last byte of the body included.
            max_bytes: the largest body that is accepted, after decompression.
            allow_redirects: follow up to five redirects, each checked like the first address.
            trusted: the URL was made by Athena itself, so that the literal address in it is not checked. Names are.

        Raises:
            EgressError: one of its kinds, see there. An answer with any status, such as 500, is not an error.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        target = parse_url(url)
        answered = False
        for _ in range(MAX_REDIRECTS + 1):
            try:
                async with self._open(method, target, headers, body, deadline, max_bytes, trusted=trusted) as stream:
                    location = stream.headers.get("location")
                    if not (allow_redirects and location and stream.status in _REDIRECTS):
                        content = await _read_all(stream, max_bytes, target.host or "")
                        return EgressResponse(stream.status, stream.headers, content, str(target))
                    status = stream.status
                answered = True
                target, headers = _follow(target, location, headers)
            except EgressError as error:
                error.sent = error.sent or answered
                raise
            trusted = False
            if status == 303 or (status in {301, 302} and method.upper() == "POST"):  # noqa: PLR2004
                method, body = "HEAD" if method.upper() == "HEAD" else "GET", None
        raise EgressProtocolError(f"{target.host} redirected more than {MAX_REDIRECTS} times.")

    @asynccontextmanager
    async def stream(  # noqa: PLR0913
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float,  # noqa: ASYNC109
        idle_timeout: float | None = None,
        max_bytes: int = STREAM_MAX_BYTES,
        trusted: bool = False,
    ) -> AsyncGenerator[EgressStream]:
        """Send one request and hand out the answer as it arrives. Redirects are not followed.

        Args:
            method: the HTTP method.
            url: absolute, ``http`` or ``https``.
            headers: sent as they are.
            body: the request's body.
            timeout: seconds for everything, the last byte of the body included.
            idle_timeout: seconds without a byte after which the answer counts as broken.
            max_bytes: the largest body that is accepted, after decompression.
            trusted: as in :meth:`request`.

        Raises:
            EgressError: here, or from :meth:`EgressStream.read`.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        target = parse_url(url)
        async with self._open(method, target, headers, body, deadline, max_bytes, trusted=trusted) as stream:
            if idle_timeout is not None:
                stream.watch_idle(idle_timeout)
            yield stream

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        deadline: float,
        max_bytes: int,
        *,
        trusted: bool,
    ) -> AsyncGenerator[EgressStream]:
        host = url.host or ""
        address = parse_address(url.raw_host or "")
        if address is not None and not trusted and not self._allow.permits(host, address, url.port or 0):
            raise refused(host, address)
        if traced := tracing.headers(host):
            headers = {**traced, **(headers or {})}
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._session.request(
                    method, url, headers=headers, data=body, allow_redirects=False, timeout=self._timeout
                )
        except (aiohttp.ClientError, OSError, ValueError) as error:
            _fail(error, host)
        stream = EgressStream(response, host, max_bytes)
        try:
            stream.watch(deadline)
            yield stream
        finally:
            stream.close()


async def _read_all(stream: EgressStream, max_bytes: int, host: str) -> bytes:
    length = stream.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes and "content-encoding" not in stream.headers:
        raise EgressTooLarge(f"The answer of {host} is larger than Athena accepts.")
    chunks = [chunk async for chunk in stream]
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _follow(url: URL, location: str, headers: Mapping[str, str] | None) -> tuple[URL, Mapping[str, str] | None]:
    """Where a redirect leads, and the headers that may go there: another origin gets no credentials."""
    try:
        joined = url.join(URL(location))
    except ValueError:
        raise EgressProtocolError(f"{url.host} redirected to a URL that cannot be read.") from None
    target = parse_url(joined)
    if headers is not None and target.origin() != url.origin():
        headers = {name: value for name, value in headers.items() if name.lower() in _KEPT_ACROSS_ORIGINS}
    return target, headers


def _fail(error: BaseException, host: str) -> NoReturn:
    """Raise the kind of :class:`EgressError` that ``error`` of the client library means."""
    if isinstance(error, TimeoutError):
        connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
        raise EgressTimeout(f"{host} did not answer in time.", sent=not connecting) from None
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        raise EgressConnectionFailed(f"The host name {host} could not be resolved.", sent=False) from None
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        raise EgressConnectionFailed(
            f"No secure connection to {host}: its TLS certificate or handshake failed.", sent=False
        ) from None
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.strerror or "no connection"
        raise EgressConnectionFailed(f"{host} could not be reached: {reason}.", sent=False) from None
    if isinstance(error, aiohttp.ClientPayloadError):
        if isinstance(error.__cause__, ContentEncodingError):
            raise EgressProtocolError(f"The answer of {host} is compressed in a way that cannot be read.") from None
        raise EgressConnectionFailed(f"{host} closed the connection in the middle of its answer.") from None
    if isinstance(error, aiohttp.InvalidURL):
        raise EgressRefused("The URL cannot be read.") from None
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        raise EgressConnectionFailed(f"{host} closed the connection before it answered.") from None
    if isinstance(error, aiohttp.ClientResponseError):
        raise EgressProtocolError(f"{host} did not answer in HTTP that can be read.") from None
    raise EgressProtocolError("A header or the method of the request cannot be sent over HTTP.", sent=False) from None

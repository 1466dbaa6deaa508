"""What surrounds every request: its id, its limits, its log line, and a problem document for every failure."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, NoReturn

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as RoutingError  # noqa: TID251 - what the router itself raises
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from athena.kit import logging, rate_limits, tracing
from athena.kit.errors import (
    AthenaError,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    TooLarge,
    ValidationFailed,
)
from athena.kit.ids import new_uuid
from athena.kit.routing import problem
from athena.kit.watching import Watch

SECRET_IN_PATH = re.compile(r"(?<=/links/)[^/]+|(?<=/hooks/).+")
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
DISCARDED_BYTES = 8 * 1024 * 1024
DISCARDED_SECONDS = 2.0
LONGEST_CHOICE = 300
SECURITY_HEADERS: Sequence[tuple[str, str]] = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
TRANSPORT_SECURITY = ("Strict-Transport-Security", "max-age=31536000")
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
EXPOSED = (
    "ETag, Idempotency-Replayed, Location, Mcp-Session-Id, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, "
    "X-Request-ID"
)
PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Mcp-Method, "
        "Mcp-Name, MCP-Protocol-Version, Mcp-Session-Id, X-Request-ID, X-Multiplai-Authorization"
    ),
    "Access-Control-Max-Age": "600",
}


Form = Callable[[AthenaError, str, str], Response]
"""Makes the answer of an error, from it, the path and the request's id."""


class Envelope:
    """ASGI middleware: the request's id, the body's limits, the security headers, the log line, the last resort."""

    def __init__(  # noqa: PLR0913 - one argument per limit
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        body_timeout: float,
        larger: Mapping[str, int] | None = None,
        access_log: bool = False,
        secure: bool = False,
        origins: Sequence[str] = (),
        dialects: Mapping[str, Form] | None = None,
    ) -> None:
        self._app = app
        self._max_body = max_body_bytes
        self._body_timeout = body_timeout
        self._access_log = access_log
        self._larger = larger or {}
        """Paths with a limit of their own (uploads)."""
        self._headers = [*SECURITY_HEADERS, *([TRANSPORT_SECURITY] if secure else ())]
        self._dialects = dialects or {}
        """How errors are told under a prefix of paths, where that is not as a problem document."""
        self._origins = frozenset(origins)
        """Whose pages may call us from a browser, with a token: cookies are never taken from elsewhere."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection's event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        token = logging.request_id.set(request_id)
        begun = time.perf_counter()
        method = scope["method"]
        limit = self._larger.get(scope["path"], self._max_body)
        body = BoundedBody(receive, limit, self._body_timeout)
        form = next((form for prefix, form in self._dialects.items() if scope["path"].startswith(prefix)), problem)
        scope["state"] = state = {**scope.get("state", {}), "request_id": request_id, "problem": form}
        watch = Watch(scope, _header(scope, b"traceparent") if tracing.is_on() else "")
        answer = Answer(send, state, [*self._headers, *self._cors(scope)], watch, headless=method == "HEAD")
        try:
            with watch:
                await self._serve(scope, body, answer)
        finally:
            if self._access_log or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                elapsed = round((time.perf_counter() - begun) * 1000, 1)
                logging.logger().info(
                    "request", method=method, path=_loggable(scope), status=answer.status, duration_ms=elapsed
                )
            logging.request_id.reset(token)

    async def _serve(self, scope: Scope, body: BoundedBody, answer: Answer) -> None:
        if answer.headless:
            # Answered as GET is, but for the body.
            scope["method"] = "GET"
        asked = scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method")
        if asked and answer.to_other_site:
            await Response(status_code=204, headers=PREFLIGHT)(scope, body, answer)
        else:
            await self._respond(scope, body, answer)

    def _cors(self, scope: Scope) -> Sequence[tuple[str, str]]:
        """The headers by which a browser lets a page of another site read the answer."""
        if not self._origins:
            return ()
        origin = _header(scope, b"origin")
        if origin not in self._origins:
            return (("Vary", "Origin"),)
        return (("Vary", "Origin"), (ALLOW_ORIGIN, origin), ("Access-Control-Expose-Headers", EXPOSED))

    async def _respond(self, scope: Scope, body: BoundedBody, answer: Answer) -> None:
        async def receive() -> Message:
            # Who asks for the head alone is not there for what follows it, such as a stream.
            return {"type": "http.disconnect"} if answer.headless and answer.status else await body()

        try:
            await body.check_declared(_content_length(scope))
            await self._app(scope, receive, answer)
        except AthenaError as error:
            if answer.status:
                raise
            await _told(scope, error)(scope, body, answer)
        except Exception:
            logging.logger().exception("unhandled", path=_loggable(scope))
            if answer.status:
                raise
            await _told(scope, unforeseen())(scope, body, answer)


class Answer:
    """A ``send`` that adds the headers of every answer; ``headless``: without what comes after them."""

    def __init__(
        self, send: Send, state: dict[str, Any], headers: Sequence[tuple[str, str]], watch: Watch, *, headless: bool
    ) -> None:
        self.status = 0
        """0 until it is sent."""
        self.headless = headless
        self._send = send
        self._state = state
        self._headers = headers
        self._watch = watch
        self._ended = False

    @property
    def to_other_site(self) -> bool:
        """Whether a page of another site may read it."""
        return any(name == ALLOW_ORIGIN for name, _ in self._headers)

    async def __call__(self, message: Message) -> None:
        """Sends a part of it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._watch.answered(self.status)
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._state["request_id"]
            for name, value in (*self._headers, *rate_limits.headers(self._state)):
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        elif self.headless:
            if self._ended:
                return
            self._ended = True
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)


class BoundedBody:
    """A ``receive`` that refuses a body that is too large or too slow."""

    def __init__(self, receive: Receive, limit: int, timeout: float) -> None:
        self.limit = limit
        self._receive = receive
        self._timeout = timeout
        self._deadline: float | None = None
        self._left = limit
        self._complete = False

    async def check_declared(self, length: int | None) -> None:
        """:class:`TooLarge` when the length that the head declares is over the limit."""
        if length is not None and length > self.limit:
            await self._refuse()

    async def __call__(self) -> Message:
        """The next message."""
        if self._complete:
            return await self._receive()
        now = asyncio.get_running_loop().time()
        self._deadline = self._deadline or now + self._timeout
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError as error:
            raise RequestTimeout(f"The body did not arrive within {self._timeout:g} s.") from error
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._left < 0:
                await self._refuse()
        return message

    async def _refuse(self) -> NoReturn:
        """Reads on a little: whoever is still sending when the connection is closed never sees the answer."""
        left = DISCARDED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DISCARDED_SECONDS):
                while left > 0 and not self._complete:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self._complete = not message.get("more_body", False)
        raise TooLarge(f"The body has more than {self.limit} bytes.")


def _loggable(scope: Scope) -> str:
    """The path, without what is a secret in it: the token of a link, a webhook or a wait."""
    return SECRET_IN_PATH.sub("…", scope["path"])


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if REQUEST_ID.fullmatch(given):
                return given
    return str(new_uuid())


def _header(scope: Scope, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), "")


def _content_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:18])
    return None


def install_problems(app: FastAPI) -> None:
    """Makes every error of ``app`` a problem document."""
    app.add_exception_handler(AthenaError, _athena_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(RoutingError, _routing)
    # Answers, and hands the error on to the envelope, which logs it.
    app.add_exception_handler(Exception, _unforeseen)


def _told(scope: Scope, error: AthenaError) -> Response:
    form: Form = scope["state"]["problem"]
    return form(error, scope["path"], scope["state"]["request_id"])


def _respond(request: Request, error: AthenaError) -> Response:
    return _told(request.scope, error)


async def _athena_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AthenaError)  # noqa: S101 - registered for this class alone
    return _respond(request, error)


def unforeseen() -> AthenaError:
    """What a caller learns of an error of our own."""
    return AthenaError("Something went wrong inside Athena. The request id finds it in the log.")


async def _unforeseen(request: Request, _error: Exception) -> Response:
    return _respond(request, unforeseen())


async def _routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, RoutingError)  # noqa: S101 - registered for this class alone
    if isinstance(error.__cause__, AthenaError):  # of a form's body, which FastAPI reads
        return _respond(request, error.__cause__)
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return _respond(request, NotFound("There is nothing at this address.", code="route_not_found"))
        case HTTPStatus.METHOD_NOT_ALLOWED:
            allow = ", ".join(sorted(set(_methods(request.app, request.scope))))
            headers = {"Allow": allow}
            return _respond(request, MethodNotAllowed(f"This address takes {allow} only.", headers=headers))
        case _:
            return _respond(request, MalformedRequest(str(error.detail)))


def _methods(holder: Any, scope: Scope) -> Iterator[str]:
    """What an address takes; the router itself names the methods of the first route alone."""
    for route in holder.routes:
        if isinstance(route, Route):
            if route.matches(scope)[0] is not Match.NONE:
                yield from route.methods or ()
                if "GET" in (route.methods or ()):
                    yield "HEAD"
        elif hasattr(route, "original_router"):
            yield from _methods(route.original_router, scope)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class alone
    errors: dict[str, list[str]] = {}
    issues: Sequence[Any] = error.errors()
    for issue in issues:
        where, *path = issue["loc"]
        if where == "body":
            path = place(path, error.body, issue)
        dotted = ".".join(str(part) for part in path) or str(where)
        errors.setdefault(dotted.encode("utf-8", "replace").decode(), []).append(_sentence(issue))
    first = next(iter(errors.items()))
    return _respond(request, ValidationFailed(f"{first[0]}: {first[1][0]}", errors=errors))


def place(path: Sequence[str | int], body: Any, issue: Mapping[str, Any]) -> Sequence[str | int]:
    """``path`` without the words by which pydantic tells apart what a union may hold, which no sender knows of."""
    missing = issue["type"] == "missing"
    inner = path[:-1] if missing else path
    found = next((steps for steps, value in _readings(inner, body) if value is issue["input"]), None)
    if found is None:
        return path
    return [*found, *path[len(inner) :]]


def _readings(path: Sequence[str | int], value: Any) -> Iterator[tuple[Sequence[str | int], Any]]:
    """The ways to read ``path`` in ``value``: each part is a step into it, or a word about it. Most steps first."""
    if not path:
        yield (), value
        return
    part, *rest = path
    try:
        inner = value[part]
    except (KeyError, IndexError, TypeError):
        pass
    else:
        for steps, reached in _readings(rest, inner):
            yield (part, *steps), reached
    if isinstance(part, str):
        yield from _readings(rest, value)


def _sentence(issue: Mapping[str, Any]) -> str:
    text = str(issue["msg"]).removeprefix("Value error, ").encode("utf-8", "replace").decode()
    if issue["type"] in {"enum", "literal_error"} and len(text) > LONGEST_CHOICE:
        return f"{text[:LONGEST_CHOICE].rpartition(',')[0]} or another of those that /openapi.json lists."
    return text if text.endswith(".") else f"{text}."

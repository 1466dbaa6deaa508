"""``/mcp``: streamable HTTP, in the token's workspace or in the one that the path names."""

from __future__ import annotations

import contextlib
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Header, Request, Response

from athena.config import Settings
from athena.dialects import rpc
from athena.dialects.limits import CountedStream, OpenStreams
from athena.dialects.mcp.methods import CALL
from athena.dialects.mcp.protocol import SESSION_HEADER
from athena.dialects.mcp.service import McpService, is_known_origin
from athena.kit.access import Caller, require, require_here
from athena.kit.errors import AthenaError, MethodNotAllowed, PermissionDenied, TooManyRequests, Unauthenticated
from athena.kit.http import Form
from athena.kit.routing import JsonResponse, Router, parse_json

PREFIX: Final = "/mcp"
HERE: Final = "/mcp/{workspace_uuid}"

# The protocol describes itself.
router = Router("MCP", documented=False)

# What a caller needs depends on the message: see `methods`.
Speaker = Annotated[Caller, require("")]
SpeakerHere = Annotated[Caller, require_here("")]
LastEventId = Annotated[str | None, Header(max_length=2_048)]


@router.operation("POST", PREFIX, summary="Send a message", keyed=False)
async def send_mcp_message(request: Request, caller: Speaker) -> Response:
    """One message of the client's: answered by a message, by a stream, or with nothing."""
    return await _answer(request, caller)


@router.operation("POST", HERE, summary="Send a message to a workspace", keyed=False)
async def send_mcp_message_here(request: Request, caller: SpeakerHere) -> Response:
    """As above, in a workspace."""
    return await _answer(request, caller)


@router.operation("GET", PREFIX, summary="Resume a stream")
async def resume_mcp_stream(request: Request, caller: Speaker, last_event_id: LastEventId = None) -> Response:
    """The rest of a stream that broke off."""
    return await _resume(request, caller, last_event_id)


@router.operation("GET", HERE, summary="Resume a stream of a workspace")
async def resume_mcp_stream_here(request: Request, caller: SpeakerHere, last_event_id: LastEventId = None) -> Response:
    """As above, in a workspace."""
    return await _resume(request, caller, last_event_id)


async def _answer(request: Request, caller: Caller) -> Response:
    _check_origin(request)
    message = rpc.read(parse_json(await request.body(), request.headers.get("content-type", "")))
    streams: OpenStreams = request.app.state.open_streams
    follows = streams.taken(caller.access.user_uuid) if message.method == CALL else contextlib.nullcontext()
    try:
        with follows:
            answer = await McpService(caller.session, caller.access, request.headers).told(message)
    except AthenaError as error:
        await caller.session.rollback()
        return _failure(message, error, alone="mcp-method" in request.headers)
    if answer.stream is not None:
        return CountedStream(answer.stream, streams, caller.access.user_uuid)
    if answer.message is None:
        return Response(status_code=202)
    return JsonResponse(answer.message, 200, {SESSION_HEADER: answer.session_id} if answer.session_id else None)


async def _resume(request: Request, caller: Caller, last_event_id: str | None) -> Response:
    _check_origin(request)
    if last_event_id is None:
        raise MethodNotAllowed("There is no stream beside those that answer.", headers={"Allow": "POST"})
    streams: OpenStreams = request.app.state.open_streams
    with streams.taken(caller.access.user_uuid):
        stream = await McpService(caller.session, caller.access, request.headers).resumed(last_event_id)
        await caller.session.commit()
    return CountedStream(stream, streams, caller.access.user_uuid)


def _check_origin(request: Request) -> None:
    settings: Settings = request.app.state.settings
    if not is_known_origin(request.headers.get("origin"), settings):
        raise PermissionDenied("Pages of this origin may not call.", code="origin_refused")


def _failure(message: rpc.Message, error: AthenaError, *, alone: bool) -> Response:
    """The error of a message; without sessions, the protocol says which status each has."""
    code = rpc.code_of(error)
    if isinstance(error, TooManyRequests):
        status = error.status
    elif alone:
        status = rpc.STATUSES.get(code, 200)
    else:
        status = error.status if isinstance(error, rpc.ProtocolError) and code != rpc.METHOD_NOT_FOUND else 200
    return JsonResponse(rpc.failure(message.id, error), status, dict(error.headers))


def told(base_url: str) -> Form:
    """The answer of an error that comes before there is a message; who is unknown is told where tokens are given."""
    metadata = f"{base_url.rstrip('/')}/.well-known/oauth-protected-resource"

    def answer(error: AthenaError, path: str, _request_id: str) -> Response:
        headers = dict(error.headers)
        if isinstance(error, Unauthenticated):
            headers["WWW-Authenticate"] = f'Bearer realm="athena", resource_metadata="{metadata}{quote(path)}"'
        return JsonResponse(rpc.failure(None, error), error.status, headers)

    return answer

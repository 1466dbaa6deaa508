"""What becomes of one message: an answer at once, a stream of a run, or nothing to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from athena.config import Environment, Settings
from athena.dialects.checking import checked
from athena.dialects.mcp import answers, results, tools
from athena.dialects.mcp.calls import Call
from athena.dialects.mcp.methods import CALL, CANCELLED, INITIALIZE, METHODS
from athena.dialects.mcp.protocol import (
    SESSION_HEADER,
    SINGLE,
    Generation,
    elicits,
    initialized,
    negotiated,
    of_request,
    stamped,
)
from athena.dialects.mcp.schemas import CallParams, InitializeParams
from athena.dialects.mcp.sessions import McpSession
from athena.dialects.mcp.streams import CallStream
from athena.dialects.mcp.talk import Talk
from athena.dialects.rpc import METHOD_NOT_FOUND, Message, ProtocolError, result
from athena.kit.access import Access
from athena.kit.crypto import Keyring
from athena.kit.db import Session
from athena.kit.errors import BudgetExhausted, Conflict, NotFound, PermissionDenied, ValidationFailed
from athena.runs.service import RunService


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a message, a stream, or neither; ``session_id`` of a session that has begun."""

    message: Mapping[str, Any] | None = None
    stream: CallStream | None = None
    session_id: str | None = None


class McpService:
    """Answers the messages of one caller."""

    def __init__(self, session: Session, access: Access, headers: Mapping[str, str]) -> None:
        self._session = session
        self._access = access
        self._headers = headers
        self._keyring = session.provided(Keyring)

    async def told(self, message: Message) -> Answer:
        """The answer to a message."""
        generation = of_request(message, self._headers)
        if message.method == INITIALIZE and message.id is not None and generation.has_sessions:
            return self._begun(message)
        talk = self._talk(generation, message.id or 0)
        if message.method is None:
            await answers.replied(talk, message)
            return Answer()
        if message.id is None:
            if message.method == CANCELLED:
                await answers.cancelled(talk, message.params)
            return Answer()
        if message.method == CALL:
            return await self._called(talk, message)
        return await self._asked(talk, message, message.method)

    async def resumed(self, last_event_id: str) -> CallStream:
        """The rest of a stream, after what the client of this session has seen last."""
        call, after = Call.marked(last_event_id)
        talk = self._talk(Generation("", has_sessions=True), call.number)
        assert talk.mcp_session is not None  # noqa: S101 - or it had raised
        runs = RunService(self._session, self._access)
        run = await runs.get(call.run_uuid)
        is_own = run["labels"].get(tools.LABEL) == talk.mcp_session.label(call.number)
        if not is_own or (run["kind"] == "workflow") != (call.kind == "workflow"):
            raise NotFound("There is no such stream in this session.")
        return CallStream(talk, call, await runs.resumed(call.run_uuid, after))

    def _begun(self, message: Message) -> Answer:
        given = checked(InitializeParams, message.params)
        version = negotiated(given.protocolVersion)
        begun = McpSession.begin(version, elicits=elicits(given.capabilities))
        answer = result(message.id or 0, initialized(version))
        return Answer(answer, session_id=begun.sealed(self._keyring, self._access))

    def _talk(self, generation: Generation, number: str | int) -> Talk:
        begun = None
        if generation.has_sessions:
            text = self._headers.get(SESSION_HEADER)
            if text is None:
                raise ProtocolError(f"The header {SESSION_HEADER} is missing: begin with `initialize`.")
            begun = McpSession.opened(text, self._keyring, self._access)
        return Talk(self._session, self._access, generation, number, begun)

    async def _asked(self, talk: Talk, message: Message, name: str) -> Answer:
        method = METHODS.get(name)
        if method is None or not (method.in_sessions if talk.generation.has_sessions else method.alone):
            raise ProtocolError(f"There is no method {name[:100]} here.", METHOD_NOT_FOUND)
        if method.permission is not None:
            self._access.require(method.permission)
        value = await method.answer(talk, checked(method.params, message.params))
        return Answer(result(talk.number, stamped(value, talk.generation, cacheable=method.cacheable)))

    async def _called(self, talk: Talk, message: Message) -> Answer:
        given = checked(CallParams, message.params)
        if given.requestState is not None and talk.generation.version == SINGLE:
            return await self._gone_on(talk, given)
        try:
            call = await tools.accepted(talk, given)
        except (BudgetExhausted, Conflict, PermissionDenied, ValidationFailed) as error:
            # The model that has called is told, so that it calls otherwise.
            await self._session.rollback()
            return Answer(result(talk.number, stamped(results.failed(error.detail), talk.generation, cacheable=False)))
        await self._session.commit()
        return Answer(stream=CallStream(talk, call))

    async def _gone_on(self, talk: Talk, given: CallParams) -> Answer:
        call, after, answered = await answers.gone_on(talk, given)
        await self._session.commit()
        if answered:
            rest = RunService(self._session, self._access).events(call.run_uuid, after)
            return Answer(stream=CallStream(talk, call, rest))
        waits = results.waits(None, call.run_uuid, talk.approvals_url, structured=call.structured)
        return Answer(result(talk.number, stamped(waits, talk.generation, cacheable=False)))


def is_known_origin(origin: str | None, settings: Settings) -> bool:
    """Whether a page of this origin may call: our own, those that are configured, in development those of this machine.

    Only browsers send one. A page elsewhere that has its name lead here is refused.
    """
    if origin is None or origin in settings.cors_origins or settings.base_url.rstrip("/") == origin:
        return True
    host = origin.removeprefix("http://").partition("/")[0]
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return settings.environment is Environment.DEVELOPMENT and name in {"localhost", "127.0.0.1", "[::1]"}

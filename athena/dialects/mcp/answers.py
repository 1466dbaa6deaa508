"""What a client says of a call that is under way: that nobody waits for it any more, or what its user has answered."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import cast
from uuid import UUID

from pydantic import ValidationError

from athena.approvals.service import ApprovalService
from athena.dialects.checking import checked
from athena.dialects.mcp.calls import Call
from athena.dialects.mcp.elicitation import answered
from athena.dialects.mcp.schemas import CallParams, CancelledParams
from athena.dialects.mcp.streams import ASKS
from athena.dialects.mcp.talk import Talk
from athena.dialects.mcp.tools import LABEL
from athena.dialects.repository import NamedRepository
from athena.dialects.rpc import Id, Message, Object
from athena.kit.crypto import Keyring
from athena.kit.errors import Conflict, NotFound, ValidationFailed
from athena.permissions import Permission
from athena.runs.service import RunService


async def cancelled(talk: Talk, given: Object) -> None:
    """Stops the run of one of the session's own calls; any other number is none's."""
    number: Id = checked(CancelledParams, given).requestId
    if talk.mcp_session is None:
        return
    named = NamedRepository(talk.session, talk.access.workspace_uuid, talk.access.reach)
    run_uuid = await named.labelled(LABEL, talk.mcp_session.label(number))
    if run_uuid is not None:
        await RunService(talk.session, talk.access).cancel(run_uuid)


async def replied(talk: Talk, message: Message) -> None:
    """Takes what a client's user has answered to :data:`ASKS`; an answer that comes too late says nothing."""
    if not isinstance(message.id, str) or not message.id.startswith(ASKS) or message.answer is None:
        return
    with contextlib.suppress(NotFound):
        await _answer(talk, message.id.removeprefix(ASKS), message.answer)


async def gone_on(talk: Talk, given: CallParams) -> tuple[Call, int, bool]:
    """The call that ``requestState`` is of, the event to go on after, and whether its user has answered."""
    keyring = talk.session.provided(Keyring)
    call, after = Call.opened(given.requestState or "", keyring, talk.access)
    run_uuid, every = str(call.run_uuid), True
    for name, answer in (given.inputResponses or {}).items():
        if not isinstance(answer, dict):
            raise ValidationFailed.of(f"params.inputResponses.{name}", "It must be an object.")
        every &= await _answer(talk, name, cast("Object", answer), run_uuid)
    token = given.meta.progressToken if given.meta else None
    return replace(call, number=talk.number, progress_token=token), after, every and bool(given.inputResponses)


async def _answer(talk: Talk, name: str, given: Object, run_uuid: str | None = None) -> bool:
    """Answers an approval; whether there was an answer, or is one by now."""
    talk.access.require(Permission.WORKFLOW_EXECUTIONS_ANSWER)
    approvals = ApprovalService(talk.session, talk.access)
    try:
        row = await approvals.get(UUID(name))
    except ValueError:
        raise NotFound("There is no such approval.") from None
    if run_uuid is not None and str(row["run_uuid"]) != run_uuid:
        raise NotFound("There is no such approval.")
    try:
        said = answered(row, given)
    except ValidationError as error:
        raise ValidationFailed.of("content", str(error.errors()[0]["msg"])) from error
    if said is None:
        return row["status"] != "open"
    with contextlib.suppress(Conflict):  # somebody else was first
        await approvals.answer(row["uuid"], said)
    return True

"""The stream that answers a call: each event of its run as the messages that tell it, down to the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from athena.approvals.answering import Answerer
from athena.approvals.service import ApprovalService, present
from athena.dialects import rpc
from athena.dialects.mcp import elicitation, results
from athena.dialects.mcp.calls import Call
from athena.dialects.mcp.protocol import VERSIONS, stamped
from athena.dialects.mcp.talk import Talk
from athena.dialects.progress import progress
from athena.dialects.streams import ToldStream
from athena.engine import Subscription
from athena.kit.crypto import Keyring
from athena.kit.db import Row
from athena.kit.errors import NotFound, PermissionDenied
from athena.kit.sse import StreamedEvent
from athena.llm.structured import InvalidSchema, Schema
from athena.permissions import Permission
from athena.runs.service import RunService
from athena.workflows.service import WorkflowService

PROMISED: Final = {"type": "object"}
"""Of every tool with a structure."""
ASKS: Final = "approval/"
"""Before an approval's uuid: the id of the request that asks the client's user."""
LAST_WITH_FORMS_ALONE: Final = VERSIONS.index("2025-06-18")


class CallStream(ToldStream):
    """The events of a call's run from one on, as the client is told them.

    A client whose requests stand alone cancels by leaving; one with a session may come back.
    """

    def __init__(self, talk: Talk, call: Call, rest: Subscription | None = None) -> None:
        """``rest``: what is left of the events, of a stream that goes on."""
        events = rest or RunService(talk.session, talk.access).events(call.run_uuid)
        super().__init__(talk.session, talk.access, events)
        self._talk = talk
        self._call = call
        self._is_new = rest is None

    def first(self) -> bytes:
        """So that a client that loses the connection before the first event knows where to go on."""
        return f"id: {self._call.mark(0)}\ndata: \n\n".encode() if self._is_new and self._resumable else b""

    @property
    def _resumable(self) -> bool:
        """Whether the client takes an event without data: those before this version fail on it."""
        return self._talk.generation.has_sessions and self._talk.version == VERSIONS[-1]

    async def left(self) -> None:
        """Ends the run of a request that stands alone."""
        if not self._talk.generation.has_sessions:
            async with self.session() as session:
                await RunService(session, self._talk.access).cancel(self._call.run_uuid)

    async def told(self, event: StreamedEvent) -> bytes:
        """The messages that tell an event."""
        told = await self._told(event)
        return self._frame(event.id, told) if told else b""

    def _frame(self, event_id: int, messages: Sequence[dict[str, Any]]) -> bytes:
        head = f"id: {self._call.mark(event_id)}\n" if self._talk.generation.has_sessions else ""
        parts = [b"event: message\ndata: " + orjson.dumps(message) + b"\n\n" for message in messages]
        # What one event comes to is seen as a whole, or told again.
        return b"".join(parts[:-1]) + head.encode() + parts[-1]

    async def _told(self, event: StreamedEvent) -> list[dict[str, Any]]:
        data: dict[str, Any] = orjson.loads(event.data)
        match event.type:
            case "run.completed":
                return [self._result(await self._completed(data))]
            case "run.failed":
                return [self._result(results.failed(data["error"]["message"]))]
            case "run.cancelled":
                return [self._result(results.failed("The run was cancelled."))]
            case "approval.required":
                return await self._ask(UUID(data["approval_uuid"]), event.id)
            case _:
                text = progress(event.type, data)
        token = self._call.progress_token
        if token is None or text is None:
            return []
        told = {"progressToken": token, "progress": event.id, "message": text}
        return [rpc.notification("notifications/progress", told)]

    async def _completed(self, data: dict[str, Any]) -> dict[str, Any]:
        if self._call.kind == "agent":
            return results.answered(data["output"]["message"], structured=self._call.structured)
        if self._call.structured and (problems := await self._problems(data["output"])):
            return results.failed(f"The workflow's output does not fit its schema. {' '.join(problems)}")
        return results.given(data["output"], structured=self._call.structured)

    async def _problems(self, output: Any) -> list[str]:
        """Why what a workflow gave is not what its tool promises: nothing else compares the two."""
        async with self.session() as session:
            run = await RunService(session, self._talk.access).get(self._call.run_uuid)
            try:
                workflow = await WorkflowService(session, self._talk.access).get(UUID(run["labels"]["workflow_uuid"]))
                return Schema(workflow["settings"].get("output_schema") or PROMISED).problems(output)
            except NotFound:
                return Schema(PROMISED).problems(output)
            except InvalidSchema as error:
                return [str(error)]

    async def _ask(self, approval_uuid: UUID, event_id: int) -> list[dict[str, Any]]:
        """Asks the client's user, where that may answer; or else ends the call, while its run waits."""
        talk = self._talk
        async with self.session() as session:
            try:
                row = await ApprovalService(session, talk.access).get(approval_uuid)
            except NotFound:
                return []
        question = present(row)
        if question["status"] != "open":
            return []
        if not (talk.elicits and _may_answer(talk, row)):
            url = talk.approvals_url
            structured = self._call.structured
            return [self._result(results.waits(question["title"], self._call.run_uuid, url, structured=structured))]
        has_modes = talk.version not in VERSIONS[: LAST_WITH_FORMS_ALONE + 1]
        asked = elicitation.asked(question, has_modes=has_modes)
        if talk.generation.has_sessions:
            return [rpc.request(f"{ASKS}{approval_uuid}", "elicitation/create", asked)]
        state = self._call.sealed(event_id, self._database.provided(Keyring), talk.access)
        request = {"method": "elicitation/create", "params": asked}
        wanted = {"inputRequests": {str(approval_uuid): request}, "requestState": state}
        return [self._result({"resultType": "input_required", **wanted})]

    def _result(self, value: dict[str, Any]) -> dict[str, Any]:
        self.end()
        return rpc.result(self._call.number, stamped(value, self._talk.generation, cacheable=False))


def _may_answer(talk: Talk, row: Row) -> bool:
    if Permission.WORKFLOW_EXECUTIONS_ANSWER not in talk.access.permissions:
        return False
    try:
        Answerer.of(talk.access).check(row)
    except PermissionDenied:
        return False
    return True

"""Responses: which run answers one, and which runs are some."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson

from athena.dialects.asking import Acceptance, Asked
from athena.dialects.named import Target, meant
from athena.dialects.openai.folding import fold
from athena.dialects.openai.ids import id_of, unknown, uuid_of
from athena.dialects.openai.reading import read
from athena.dialects.openai.responses.schemas import NamedTool, ResponseRequest
from athena.dialects.openai.responses.shown import output_items
from athena.dialects.openai.speaking import Speaking
from athena.dialects.openai.uploads import Uploads
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.large_language_models.parameters import ModelMetadata
from athena.permissions import Permission
from athena.runs.schemas import ThreadRun
from athena.runs.service import RunService
from athena.workflow_executions.service import WorkflowExecutionService

DIALECT: Final = "responses"
CANCELLED_WITHIN: Final = 5.0
"""Seconds."""
MOST: Final = 480
"""Messages of a conversation that is gone on with; those before them are left out."""
LONGEST: Final = 2_000_000
"""Characters of them, and of what a request refers to, as JSON."""


class ResponseService:
    """The runs that were asked for as responses, and kept as such."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._runs = RunService(session, access)
        self._outputs: dict[str, Sequence[dict[str, Any]]] = {}
        self._left = LONGEST

    async def get(self, response_id: str, param: str | None = None) -> Row:
        """One response's run; ``param``: the request's field that names it, where one does."""
        try:
            row = await self._runs.get(uuid_of("resp_", response_id))
        except NotFound as error:
            raise unknown("resp_", response_id, param) from error
        request: Mapping[str, Any] = row["input"].get("request") or {}
        if request.get("dialect") != DIALECT or not request["shown"]["store"]:
            raise unknown("resp_", response_id, param)
        return row

    async def cancel(self, response_id: str) -> Row:
        """Stops a response that is not at its end, and waits for that, but not for long."""
        uuid = (await self.get(response_id))["uuid"]
        await self._runs.cancel(uuid)
        await self._session.commit()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCELLED_WITHIN):
                await self._runs.finished(uuid)
        return await self._runs.get(uuid)

    async def delete(self, response_id: str) -> None:
        """Deletes a response that is at its end, with its log; what it said in a conversation stays there."""
        row = await self.get(response_id)
        if row["kind"] != "workflow":
            await self._runs.delete(row["uuid"])
            return
        self._access.require(Permission.WORKFLOW_EXECUTIONS_DELETE)
        await WorkflowExecutionService(self._session, self._access).delete(row["uuid"], None)

    async def accept(self, given: ResponseRequest) -> UUID:
        """Accepts the run of the agent, workflow or model that ``given`` names; its uuid."""
        target = await meant(self._session, self._access, given.model)
        speaking = await self._speaking(given.conversation_id)
        items = await read(given.input, Uploads(self._session, self._access), "input", self._item)
        conversation = None if speaking is None else str(speaking.thread["uuid"])
        asked = _asked(given, {"dialect": DIALECT, "shown": given.shown, "items": items, "conversation": conversation})
        acceptance = Acceptance(self._session, self._access, asked)
        if target.kind == "workflow":
            return await acceptance.by_workflow(target, *_workflow_input(given, items))
        asked.check(target, "text.format.schema", "tool_choice.name")
        if speaking is not None:
            return await self._in_conversation(acceptance, target, given, speaking, items)
        before = await self._before(given.previous_response_id)
        said = list(before)
        fold(said, items, "input")
        said = _fitting(said, new=len(said) - len(before))
        if target.uuid is None:
            return await acceptance.by_model(target.name, given.instructions, said)
        system = [{"role": "system", "content": given.instructions}] if given.instructions else []
        return await acceptance.by_agent(target.uuid, [*system, *said], "input")

    async def _item(self, item_id: str) -> dict[str, Any] | None:
        """An item of a response's output. What is referred to is kept again: it has an end, as what is sent has."""
        digits = item_id.partition("_")[2].partition("_")[0]
        if digits not in self._outputs:
            self._outputs[digits] = await self._output(f"resp_{digits}")
        found = next((each for each in self._outputs[digits] if each["id"] == item_id), None)
        self._left -= 0 if found is None else len(orjson.dumps(found))
        if self._left < 0:
            raise ValidationFailed.of("input", f"The items that it refers to have more than {LONGEST} characters.")
        return found

    async def _output(self, response_id: str) -> Sequence[dict[str, Any]]:
        try:
            row = await self.get(response_id)
        except NotFound:
            return ()
        self._access.require(Permission.RUNS_VIEW)
        return output_items(row, row["output"]) if row["output"] and row["status"] == "succeeded" else ()

    async def _before(self, previous_id: str | None) -> list[dict[str, Any]]:
        """The conversation that a response came to, without its instructions."""
        if previous_id is None:
            return []
        self._access.require(Permission.RUNS_VIEW)
        field = "previous_response_id"
        row = await self.get(previous_id, field)
        if row["finished_at"] is None:
            raise ValidationFailed.of(field, "This response is not at its end.")
        request: Mapping[str, Any] = row["input"]["request"]
        if request["conversation"] is not None:
            conversation = id_of("conv_", request["conversation"])
            raise ValidationFailed.of(field, f"This response stands in a conversation; name {conversation}.")
        if row["kind"] == "workflow":
            raise ValidationFailed.of(field, "A workflow's response cannot be gone on from.")
        has_system = row["kind"] == "agent" and request["shown"]["instructions"]
        said: list[dict[str, Any]] = row["input"]["messages"][1 if has_system else 0 :]
        if row["status"] == "succeeded":
            message: Mapping[str, Any] = row["output"]["message"]
            said.append({"role": "assistant", "content": message.get("parts") or message["content"]})
        return said

    async def _speaking(self, conversation_id: str | None) -> Speaking | None:
        if conversation_id is None:
            return None
        self._access.require(Permission.THREADS_RUN)
        return await Speaking.of(self._session, self._access, conversation_id, "conversation")

    async def _in_conversation(
        self,
        acceptance: Acceptance,
        target: Target,
        given: ResponseRequest,
        speaking: Speaking,
        items: Sequence[Mapping[str, Any]],
    ) -> UUID:
        last = await speaking.say(items, "input")
        thread = speaking.thread
        if target.uuid is None:
            if thread["agent_uuid"] is not None:
                raise ValidationFailed.of("model", "An agent answers in this conversation; name it.")
            return await acceptance.by_model(target.name, given.instructions, thread=thread, parent_uuid=last["uuid"])
        if last["role"] != "user":
            raise ValidationFailed.of("input", "The last message must be the user's.")
        settings = dict(given.settings)
        if given.instructions:
            settings["system_prompt"] = await acceptance.beside(target.uuid, thread, given.instructions)
        options = ThreadRun(agent_uuid=target.uuid, parent_uuid=last["uuid"], metadata=ModelMetadata(**settings))
        return await acceptance.runs.run_thread(thread["uuid"], options)


def _fitting(said: list[dict[str, Any]], new: int) -> list[dict[str, Any]]:
    """The end of a conversation, as much as is kept; what is ``new`` in any case."""
    left, first = LONGEST, len(said) - new
    while first > max(0, len(said) - MOST) and (left := left - len(orjson.dumps(said[first - 1]))) >= 0:
        first -= 1
    return said[first:]


def _asked(given: ResponseRequest, request: Mapping[str, Any]) -> Asked:
    choice = given.tool_choice
    return Asked(
        settings=given.settings,
        top_p=given.top_p,
        schema=given.wanted_schema,
        tools=given.functions,
        choice=None if isinstance(choice, NamedTool) or not given.tools else choice,
        forced=choice.name if isinstance(choice, NamedTool) else None,
        request=request,
    )


def _workflow_input(given: ResponseRequest, items: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The text of the last message, and its place."""
    for name in ("tools", "instructions", "top_p", "temperature", "max_output_tokens"):
        if getattr(given, name) is not None:
            raise ValidationFailed.of(name, "A workflow has its own settings.")
    if given.wanted_schema is not None:
        raise ValidationFailed.of("text.format", "A workflow has its own settings.")
    for name in ("previous_response_id", "conversation"):
        if getattr(given, name) is not None:
            raise ValidationFailed.of(name, "A workflow goes on from nothing.")
    last = items[-1]
    texts = [part["text"] for part in last.get("content", ()) if "text" in part]
    if last.get("role") != "user" or not any(texts):
        raise ValidationFailed.of("input", "The last item must be the user's message, with text: it is the input.")
    return "\n\n".join(texts), "input" if isinstance(given.input, str) else f"input.{len(items) - 1}.content"

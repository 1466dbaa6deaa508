"""What a front end's request comes to: the run of an agent in a thread, or of a model, or the answer to one."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from pydantic import ValidationError

from athena.approvals.schemas import ApprovalAnswerCreate
from athena.approvals.service import ApprovalService
from athena.dialects.ag_ui import shown
from athena.dialects.ag_ui.events import Told
from athena.dialects.ag_ui.messages import Conversation, Reader
from athena.dialects.ag_ui.schemas import Resume, RunAgentInput, UserMessage
from athena.dialects.ag_ui.streams import Place, RunStream
from athena.dialects.asking import Acceptance, Asked, reason
from athena.dialects.named import ModelNotFound, Target, meant
from athena.dialects.questions import answer_of
from athena.dialects.repository import NamedRepository
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound, ValidationFailed
from athena.large_language_models.parameters import ModelMetadata
from athena.messages.schemas import MessageCreate
from athena.messages.service import MessageService
from athena.permissions import Permission
from athena.runs.schemas import AgentRun
from athena.runs.service import RunService
from athena.threads.schemas import ThreadCreate
from athena.threads.service import ThreadService


@dataclass(frozen=True, slots=True)
class Begun:
    """A run, the approvals after which it is told, and what is told with its beginning."""

    run_uuid: UUID
    since: Collection[str] = ()
    opening: Sequence[Told] = ()


class FrontEndService:
    """Answers front ends."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._runs = RunService(session, access)

    async def accept(self, name: str, given: RunAgentInput) -> Begun:
        """Accepts the run of an agent or a model, or answers what one has asked."""
        target = await self._target(name)
        if given.resume:
            return await self._answered(target, given.resume)
        asked = Asked({}, tools=[each.as_wished for each in given.tools or ()])
        asked.check(target, "", "")
        acceptance = Acceptance(self._session, self._access, asked)
        state: list[Told] = [{"type": "STATE_SNAPSHOT", "snapshot": given.state}] if given.state else []
        if target.uuid is not None:
            return await self._by_agent(acceptance, target.uuid, given, state)
        told = await Reader(self._session, self._access).conversation(given)
        if not told.said:
            raise ValidationFailed.of("messages", "There is nothing to answer.")
        return Begun(await acceptance.by_model(target.name, told.told or None, told.said), opening=state)

    async def stream(self, given: RunAgentInput, begun: Begun) -> RunStream:
        """What a request is answered with."""
        row = await self._runs.get(begun.run_uuid)
        place = Place(begun.run_uuid, given.thread_id, given.run_id)
        return RunStream(self._session, self._access, row, place, since=begun.since, opening=begun.opening)

    async def resumed(self, name: str, last_event_id: str) -> RunStream:
        """The rest of a stream, after what was seen last."""
        place, after = Place.marked(last_event_id)
        target = await self._target(name)
        row = await self._runs.get(place.run_uuid)
        self._check(row, target)
        after = min(after, row["last_event_id"])
        return RunStream(self._session, self._access, row, place, after=after)

    async def _target(self, name: str) -> Target:
        target = await meant(self._session, self._access, name)
        if target.kind == "workflow":
            raise ModelNotFound(f"There is no agent or model {name[:200]}.")
        return target

    def _check(self, row: Row, target: Target) -> None:
        """:class:`NotFound` for a run of something else."""
        is_own = (
            row["kind"] == "prompt" and row["input"].get("model") == target.name
            if target.uuid is None
            else row["labels"].get("agent_uuid") == str(target.uuid)
        )
        if not is_own:
            raise NotFound("There is no such run of it.")

    async def _by_agent(
        self, acceptance: Acceptance, agent_uuid: UUID, given: RunAgentInput, opening: list[Told]
    ) -> Begun:
        self._access.require(Permission.THREADS_RUN)
        thread, is_new = await self._thread(agent_uuid, given.thread_id)
        told = await Reader(self._session, self._access).conversation(given, last_alone=not is_new)
        if not told.said or told.said[-1]["role"] != "user":
            raise ValidationFailed.of("messages", "The last message must be the user's.")
        if is_new:
            await self._keep(thread["uuid"], told)
        settings: dict[str, Any] = {}
        if told.told:
            settings["system_prompt"] = await acceptance.beside(agent_uuid, thread, told.told)
        fields = {
            "input": told.said[-1]["content"],
            "thread_uuid": thread["uuid"],
            "metadata": ModelMetadata(**settings),
        }
        try:
            run_uuid = await acceptance.runs.run_agent(agent_uuid, AgentRun.model_validate(fields))
        except ValidationError as error:
            raise ValidationFailed.of("messages", reason(error)) from error
        return Begun(run_uuid, opening=[*opening, *await self._snapshot(thread["uuid"], given)])

    async def _thread(self, agent_uuid: UUID, thread_id: str) -> tuple[Row, bool]:
        """A thread of the workspace by its uuid, or the caller's own of this name, or a new one; whether it is new."""
        threads = ThreadService(self._session, self._access)
        found = None
        with contextlib.suppress(NotFound, ValueError):
            found = await threads.get(UUID(thread_id))
        found = found or await threads.called(thread_id)
        if found is None:
            self._access.require(Permission.THREADS_CREATE)
            return await threads.create(ThreadCreate(agent_uuid=agent_uuid), thread_id), True
        named = NamedRepository(self._session, self._access.workspace_uuid, self._access.reach)
        if await named.is_interrupted(found["uuid"]):
            raise Conflict("A run of this thread waits for answers: give them as `resume`.", code="run_interrupted")
        return found, False

    async def _keep(self, thread_uuid: UUID, told: Conversation) -> None:
        """Has a new thread hold what was said before it came here."""
        if len(told.said) > 1:
            self._access.require(Permission.MESSAGES_CREATE)
        for at, message in enumerate(told.said[:-1]):
            try:
                given = MessageCreate.model_validate({**message, "thread_uuid": thread_uuid})
            except ValidationError as error:
                raise ValidationFailed.of(f"messages.{at}", reason(error)) from error
            await MessageService(self._session, self._access).create(given)

    async def _snapshot(self, thread_uuid: UUID, given: RunAgentInput) -> list[Told]:
        """All that was said, for a front end that knows less of it than the thread does."""
        messages = MessageService(self._session, self._access)
        tip = await messages.tip(thread_uuid)
        rows = [] if tip is None else await messages.branch(tip)
        known = sum(isinstance(each, UserMessage) for each in given.messages)
        if shown.said_by_user(rows) <= known or Permission.MESSAGES_VIEW not in self._access.permissions:
            return []
        return [{"type": "MESSAGES_SNAPSHOT", "messages": shown.snapshot(rows)}]

    async def _answered(self, target: Target, given: Sequence[Resume]) -> Begun:
        self._access.require(Permission.WORKFLOW_EXECUTIONS_ANSWER)
        approvals = ApprovalService(self._session, self._access)
        run_uuid: UUID | None = None
        for at, entry in enumerate(given):
            where = f"resume.{at}"
            try:
                row = await approvals.get(UUID(entry.interrupt_id))
                self._check(await self._runs.get(row["run_uuid"]), target)
            except (NotFound, ValueError):
                raise ValidationFailed.of(f"{where}.interruptId", "There is no such interrupt.") from None
            if run_uuid not in {None, row["run_uuid"]}:
                raise ValidationFailed.of(f"{where}.interruptId", "It is of another run than those before it.")
            run_uuid = row["run_uuid"]
            with contextlib.suppress(Conflict):  # somebody else was first
                await approvals.answer(row["uuid"], _answer(row, entry, where))
        assert run_uuid is not None  # noqa: S101 - there is an answer at least
        return Begun(run_uuid, since=frozenset(str(UUID(each.interrupt_id)) for each in given))


def _answer(row: Row, entry: Resume, where: str) -> ApprovalAnswerCreate:
    """The answer to an approval; ``approved`` and ``editedArgs`` are taken, too, as front ends have them."""
    try:
        match entry.payload:
            case _ if entry.status == "cancelled" and row["kind"] == "approval":
                return ApprovalAnswerCreate(decision="refused")
            case bool() as approved:
                return ApprovalAnswerCreate(decision="approved" if approved else "refused")
            case {"approved": bool() as approved, **rest}:
                return _decided(row, approved=approved, rest=rest)
            case dict() as content:
                return answer_of(row["kind"], cast("Mapping[str, Any]", content))
            case _:
                pass
    except ValidationError as error:
        raise ValidationFailed.of(f"{where}.payload", reason(error)) from error
    raise ValidationFailed.of(f"{where}.payload", "It must fit the interrupt's responseSchema.")


def _decided(row: Row, *, approved: bool, rest: Mapping[str, Any]) -> ApprovalAnswerCreate:
    edited = rest.get("editedArgs")
    if not approved or edited is None:
        return ApprovalAnswerCreate(decision="approved" if approved else "refused")
    return ApprovalAnswerCreate(decision="approved", payload={**row["payload"], "arguments": edited})

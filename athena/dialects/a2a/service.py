"""Tasks: runs of one agent, begun and answered by messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from pydantic import ValidationError

from athena.agents.service import AgentService
from athena.approvals.service import ApprovalService
from athena.config import Settings
from athena.dialects import cursors
from athena.dialects.a2a import parts, shown
from athena.dialects.a2a.card import output_modes
from athena.dialects.a2a.errors import (
    ContentTypeNotSupported,
    TaskNotCancelable,
    TaskNotFound,
    UnsupportedOperation,
)
from athena.dialects.a2a.repository import KINDS, TaskRepository
from athena.dialects.a2a.schemas import GetParams, ListParams, Message, SendParams, TaskParams
from athena.dialects.a2a.streams import TaskStream, Wrap
from athena.dialects.repository import NamedRepository
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.permissions import Permission
from athena.runs.schemas import AgentRun
from athena.runs.service import RunService
from athena.runs.wishes import Wishes
from athena.threads.schemas import ThreadCreate
from athena.threads.service import ThreadService

CANCELLED_WITHIN: Final = 5.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was taken: by which run, and what of that its sender has seen."""

    run_uuid: UUID
    after: int = 0


class A2AService:
    """The tasks of one agent."""

    def __init__(self, session: Session, access: Access, agent: Row) -> None:
        self.session = session
        self.access = access
        self.agent = agent
        self._runs = RunService(session, access)

    @classmethod
    async def of(cls, session: Session, access: Access, name: str) -> Self:
        """The agent with this id, or the only one of this slug; :class:`NotFound` if the caller has none such."""
        named = NamedRepository(session, access.workspace_uuid, access.reach)
        try:
            found = await named.by_uuid(UUID(name))
        except ValueError:
            found = await named.by_slug(name)
        if len(found) != 1 or found[0]["kind"] != "agent":
            raise NotFound("There is no such agent, or several are called so: name one by its uuid.")
        return cls(session, access, await AgentService(session, access).get(found[0]["uuid"]))

    async def take(self, given: SendParams) -> Taken:
        """Takes a message: a new task's, or the answer to what one asks."""
        modes = given.configuration.accepted_output_modes
        if modes and not set(modes) & set(output_modes(self.agent)):
            raise ContentTypeNotSupported(f"The agent answers with {', '.join(output_modes(self.agent))}.")
        message = given.message
        return await self._answer(message) if message.task_id else Taken(await self._begin(message))

    async def shown(self, uuid: UUID, history_length: int | None = None) -> dict[str, Any]:
        """A task as it is now."""
        row = await self._runs.get(uuid)
        return shown.task(row, await self._open_ones(row), history_length=history_length)

    async def get(self, given: GetParams) -> Mapping[str, Any]:
        """One task."""
        self.access.require(Permission.RUNS_VIEW)
        return await self.shown((await self.run(given.id))["uuid"], given.history_length)

    async def listed(self, given: ListParams) -> Mapping[str, Any]:
        """A page of the agent's tasks, the newest first, whoever began them and in whichever protocol."""
        self.access.require(Permission.RUNS_VIEW)
        after = cursors.place(given.page_token, "pageToken") if given.page_token else None
        tasks = TaskRepository(self.session, self.access.workspace_uuid, self.agent["uuid"])
        found, total = await tasks.page(
            thread=given.context_id,
            state=given.status,
            since=given.status_timestamp_after,
            after=after,
            limit=given.page_size + 1,
        )
        page = found[: given.page_size]
        rows = await self._runs.by_ids(page)
        open_ones = await ApprovalService(self.session, self.access).open_of(page)
        told = [
            shown.task(
                rows[uuid],
                open_ones[uuid],
                history_length=given.history_length,
                with_artifacts=given.include_artifacts,
            )
            for uuid in page
            if uuid in rows
        ]
        more = cursors.cursor_of(page[-1]) if len(found) > len(page) else ""
        return {"tasks": told, "nextPageToken": more, "pageSize": given.page_size, "totalSize": total}

    async def cancel(self, given: TaskParams) -> Mapping[str, Any]:
        """Stops a task, and waits for that, but not for long."""
        self.access.require(Permission.RUNS_CANCEL)
        row = await self.run(given.id)
        if row["finished_at"] is not None:
            raise TaskNotCancelable("The task has ended already.")
        await self._runs.cancel(row["uuid"])
        await self.session.commit()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCELLED_WITHIN):
                await self._runs.finished(row["uuid"])
        return await self.shown(row["uuid"])

    async def stream(self, taken: Taken, history_length: int | None, wrap: Wrap) -> TaskStream:
        """What becomes of a message that was taken; the caller commits."""
        row = await self._runs.get(taken.run_uuid)
        told = shown.task(row, await self._open_ones(row), history_length=history_length, with_artifacts=False)
        return TaskStream(self.session, self.access, row, after=taken.after, task=told, wrap=wrap)

    async def followed(self, given: TaskParams, last_event_id: int | None, wrap: Wrap) -> TaskStream:
        """A task's updates from its beginning on, or after the event that was seen last."""
        self.access.require(Permission.RUNS_VIEW)
        row = await self.run(given.id)
        if last_event_id is not None:
            after = min(last_event_id, row["last_event_id"])
            return TaskStream(self.session, self.access, row, after=after, wrap=wrap)
        if row["finished_at"] is not None:
            raise UnsupportedOperation("The task has ended; get it instead.")
        return await self.stream(Taken(row["uuid"]), None, wrap)

    async def settled(self, taken: Taken) -> None:
        """Waits until the task has ended, or asks for input."""
        row = await self._runs.get(taken.run_uuid)
        await self.session.commit()
        stream = TaskStream(self.session, self.access, row, after=taken.after)
        try:
            async for _ in stream:
                pass
        finally:
            stream.close()

    async def run(self, task_id: str) -> Row:
        """A task's run; :class:`TaskNotFound` if the agent has none such."""
        try:
            row = await self._runs.get(UUID(task_id))
        except (NotFound, ValueError):
            raise TaskNotFound("There is no such task.") from None
        if row["kind"] not in KINDS or row["labels"].get("agent_uuid") != str(self.agent["uuid"]):
            raise TaskNotFound("There is no such task.")
        return row

    async def _open_ones(self, row: Row) -> list[Row]:
        if row["finished_at"] is not None:
            return []
        return (await ApprovalService(self.session, self.access).open_of([row["uuid"]]))[row["uuid"]]

    async def _begin(self, message: Message) -> UUID:
        self.access.require(Permission.AGENTS_RUN)
        thread_uuid = await self._thread(message.context_id)
        content = await parts.Reader(self.session, self.access).content(message)
        base_url = self.session.provided(Settings).base_url
        request = {"dialect": shown.DIALECT, "message": parts.kept(message, content, base_url)}
        runs = RunService(self.session, self.access, wishes=Wishes(request=request))
        try:
            asked = AgentRun.model_validate({"input": content, "thread_uuid": thread_uuid, "metadata": {}})
        except ValidationError as error:
            problem = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
            raise ValidationFailed.of("message.parts", f"{problem}.") from error
        return await runs.run_agent(self.agent["uuid"], asked)

    async def _thread(self, context_id: str) -> UUID:
        """The context's thread, or a new one for who names none."""
        self.access.require(Permission.THREADS_RUN)
        threads = ThreadService(self.session, self.access)
        if not context_id:
            self.access.require(Permission.THREADS_CREATE)
            return (await threads.create(ThreadCreate(agent_uuid=self.agent["uuid"])))["uuid"]
        try:
            thread_uuid: UUID = (await threads.get(UUID(context_id)))["uuid"]
        except (NotFound, ValueError):
            raise ValidationFailed.of("message.contextId", "There is no such context.") from None
        named = NamedRepository(self.session, self.access.workspace_uuid, self.access.reach)
        if await named.is_interrupted(thread_uuid):
            # It would wait behind that task, for as long as nobody answers.
            raise UnsupportedOperation("A task of this context asks for input: answer it first, by its id.")
        return thread_uuid

    async def _answer(self, message: Message) -> Taken:
        """Gives a task what it asks for; the rest of it is what its sender has not seen."""
        self.access.require(Permission.WORKFLOW_EXECUTIONS_ANSWER)
        row = await self.run(message.task_id)
        if message.context_id and message.context_id != shown.ids_of(row)["contextId"]:
            raise ValidationFailed.of("message.contextId", "The task has another context.")
        open_ones = await self._open_ones(row)
        if not open_ones:
            raise UnsupportedOperation("The task asks for nothing. Go on with a new one, in the same context.")
        uuid, answer = parts.answered(message, open_ones)
        await ApprovalService(self.session, self.access).answer(uuid, answer)
        return Taken(row["uuid"], row["last_event_id"])

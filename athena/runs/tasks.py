"""The durable function behind every answer: load the conversation, call the model, keep what it said."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from athena.accounts.service import Connections
from athena.config import Settings
from athena.engine import EndedRun, Engine, Event, Finished, RunContext, RunFailed, StepResult
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Scope, Session
from athena.kit.errors import AthenaError, NotFound, Unavailable
from athena.large_language_models.service import ResolvedModel, resolve
from athena.large_language_models.usage import cost_of, used
from athena.llm import tokens
from athena.llm.errors import ModelError, retry_delay
from athena.llm.types import Completed, ModelRequest, TextDelta, Usage
from athena.media.service import MediaService
from athena.messages.service import MessageService
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.runs.conversation import CALL, File, call_started, to_messages
from athena.runs.handover import ResolvedModels
from athena.runs.repository import RunRepository

DEFAULT_CONTEXT_WINDOW = 8_192
DEFAULT_ANSWER_RESERVE = 1_024
KINDS = ("agent", "thread", "prompt")
KEEP_SAID_SECONDS = 10.0
DATABASE_PAUSE_SECONDS = 0.5
RUN_PERMISSIONS = frozenset(ROLE_PERMISSIONS[Role.OPERATOR])


def register(engine: Engine, database: Database, settings: Settings) -> None:
    """Makes ``engine`` able to answer, for agents, threads and prompts alike."""
    resolved = ResolvedModels()
    database.provide(resolved)
    work = Answering(database, database.provided(Connections), resolved)
    for kind in KINDS:
        engine.register(kind, work.answer, deadline_seconds=settings.model_timeout_seconds * 2, on_end=work.ended)


@dataclass(frozen=True, slots=True)
class Answering:
    """What the function needs of its process."""

    database: Database
    connections: Connections
    resolved: ResolvedModels
    said: dict[UUID, list[str]] = field(default_factory=dict[UUID, list[str]])
    """What the model said so far, by run; what a cancelled answer keeps."""

    async def answer(self, run: RunContext) -> Finished:
        """Answers a conversation once."""
        given = run.input
        said: list[str] = []
        try:
            begin = call_started(given["message_uuid"], given["model"])
            record = await run.step(CALL, lambda attempt: self._call(run, said, attempt), started=begin)
        finally:
            # The end is written after this function has ended; what was said is needed until then.
            asyncio.get_running_loop().call_later(KEEP_SAID_SECONDS, self._forget, run.run_uuid, said)
        output = {"message": record["message"]}
        return Finished(output, data={"output": output, "usage": record["message"]["usage"]})

    def _forget(self, run_uuid: UUID, said: list[str]) -> None:
        if self.said.get(run_uuid) is said:
            del self.said[run_uuid]

    async def ended(self, session: Session, run: EndedRun) -> None:
        """Puts the answer's message at an end too, when a run was ended from outside its function."""
        said = self.said.get(run.uuid)
        repository = RunRepository(session, WorkspaceId(run.workspace_uuid))
        content = await repository.said(run.uuid) if said is None else "".join(said)
        status = "cancelled" if run.status == "cancelled" else "failed"
        error = {key: run.error[key] for key in ("code", "message")} if run.error else None
        await _end_message(session, _access(run.workspace_uuid, run.input), run.input, status, content, error)

    async def _call(self, run: RunContext, said: list[str], attempt: int) -> StepResult:
        given = run.input
        try:
            model, request = await self._prepared(run, given)
        except AthenaError as error:
            raise _failed(given, run, error.error_code, error.detail) from error
        except ModelError as error:
            raise _failed(given, run, error.kind, str(error)) from error
        self.said[run.run_uuid] = said
        latest = asyncio.get_running_loop().time() + self.connections.timeout
        tried = attempt
        restart = attempt > 1
        while True:
            if restart:
                said.clear()
                run.emit("message.restarted", {"message_uuid": given["message_uuid"], "attempt": tried})
            try:
                completed = await self._stream(run, model, request, said)
                break
            except ModelError as error:
                delay = retry_delay(error, tried, jitter=secrets.randbelow(1000) / 1000)
                if delay is None or asyncio.get_running_loop().time() + delay > latest:
                    raise _failed(given, run, error.kind, str(error), "".join(said)) from error
                restart = bool(said)
                await asyncio.sleep(delay)
                tried += 1
        usage, is_estimate = used(request, completed)
        answer = Answer(completed, usage, await cost_of(model, usage), is_estimate=is_estimate)
        return _result(run, given, model, answer)

    async def _stream(self, run: RunContext, model: ResolvedModel, request: ModelRequest, said: list[str]) -> Completed:
        fields = {"message_uuid": run.input["message_uuid"]}
        completed = Completed()
        async with contextlib.aclosing(self.connections.models.stream(model.endpoint, request)) as events:
            async for event in events:
                match event:
                    case TextDelta(text):
                        said.append(text)
                        run.append_text("message.delta", fields, "delta", text)
                    case Completed():
                        completed = event
                    case _:
                        pass
        if completed.text and not said:
            said.append(completed.text)
            run.append_text("message.delta", fields, "delta", completed.text)
        return completed

    async def _prepared(self, run: RunContext, given: Mapping[str, Any]) -> tuple[ResolvedModel, ModelRequest]:
        """As :meth:`_prepare`; while the database is away, the run only pauses."""
        while True:
            try:
                return await self._prepare(run, given)
            except Unavailable:
                await asyncio.sleep(DATABASE_PAUSE_SECONDS)

    async def _prepare(self, run: RunContext, given: Mapping[str, Any]) -> tuple[ResolvedModel, ModelRequest]:
        """The way to the model, and what it is asked: the branch of the thread, cut to what the model can read."""
        access = _access(run.workspace_uuid, given)
        model = self.resolved.take(run.run_uuid)
        async with self.database.session(Scope(run.workspace_uuid)) as session:
            if model is None:
                account = given["account_uuid"]
                model = await resolve(
                    session,
                    self.connections,
                    access.workspace_uuid,
                    model=given["model"],
                    account_uuid=UUID(account) if account else None,
                )
            rows, files, inline = await _conversation(session, access, given)
        messages = to_messages(rows, files, inline, vision=model.supports_vision)
        window = model.context_window or DEFAULT_CONTEXT_WINDOW
        reserve = min(given["max_tokens"] or model.max_output_tokens or DEFAULT_ANSWER_RESERVE, window // 2)
        return model, ModelRequest(
            model=model.model_id,
            messages=tuple(tokens.fit(messages, given["system_prompt"], window, reserve)),
            system=given["system_prompt"],
            temperature=given["temperature"],
            max_tokens=given["max_tokens"],
        )


async def _conversation(
    session: Session, access: Access, given: Mapping[str, Any]
) -> tuple[Sequence[Mapping[str, Any]], Mapping[Any, Sequence[File]], Mapping[str, File]]:
    """The messages that lead to the answer, with the files of each."""
    rows: list[dict[str, Any]]
    attached: dict[UUID, list[Any]] = {}
    if given["thread_uuid"] is None:
        rows = [{"uuid": None, "status": "completed", **message} for message in given["messages"]]
    else:
        messages = MessageService(session, access)
        # What leads to the answer's place now: a message before it may have been deleted since.
        rows = [dict(row) for row in await messages.branch(UUID(given["message_uuid"]))]
        if not rows:
            raise NotFound("The message was deleted before it was answered.", code="message_deleted")
        attached = await messages.attached_media([row["uuid"] for row in rows])
    named = [
        UUID(part["media_uuid"])
        for row in rows
        if not isinstance(row["content"], str)
        for part in row["content"]
        if "media_uuid" in part
    ]
    if not attached and not named:
        return rows, {}, {}
    media = MediaService(session, access)
    found = await media.rows([*named, *(uuid for files in attached.values() for uuid, _ in files)])
    await session.commit()
    bytes_of = {uuid: await media.content(row) for uuid, row in found.items()}
    files = {
        message: [File(name, found[uuid]["mime_type"], bytes_of[uuid]) for uuid, name in given_files if uuid in found]
        for message, given_files in attached.items()
    }
    inline = {str(uuid): File(row["name"], row["mime_type"], bytes_of[uuid]) for uuid, row in found.items()}
    return rows, files, inline


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said, and what that took."""

    completed: Completed
    usage: Usage
    cost: Decimal | None
    is_estimate: bool


def _result(run: RunContext, given: Mapping[str, Any], model: ResolvedModel, answer: Answer) -> StepResult:
    """The answer as it is kept: on the message, in the log, and as the run's output."""
    completed, usage, cost = answer.completed, answer.usage, answer.cost
    message = {
        "uuid": given["message_uuid"],
        "role": "assistant",
        "content": completed.text,
        "model": model.model_id,
        "finish_reason": completed.finish_reason.value,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cost": None if cost is None else float(cost),
        },
    }

    async def keep(session: Session) -> None:
        await MessageService(session, _access(run.workspace_uuid, given)).finish(
            UUID(given["message_uuid"]),
            status="completed",
            content=completed.text,
            model=model.model_id,
            usage=usage,
            cost=cost,
            metadata={"finish_reason": completed.finish_reason.value, "usage_estimated": answer.is_estimate},
        )

    event = Event(
        "message.completed",
        {
            "message_uuid": given["message_uuid"],
            **{key: message[key] for key in ("content", "model", "finish_reason", "usage")},
        },
    )
    in_thread = given["thread_uuid"] is not None
    return StepResult({"message": message}, [event], keep if in_thread else None, final=True)


def _failed(given: Mapping[str, Any], run: RunContext, code: str, message: str, said: str = "") -> RunFailed:
    """The run's end, with which the answer's message ends, too; what was said so far is kept."""

    async def keep(session: Session) -> None:
        await _end_message(
            session, _access(run.workspace_uuid, given), given, "failed", said, {"code": code, "message": message}
        )

    return RunFailed(code, message, apply=keep)


async def _end_message(
    session: Session,
    access: Access,
    given: Mapping[str, Any],
    status: str,
    content: str | None,
    error: Mapping[str, Any] | None,
) -> None:
    if given["thread_uuid"] is not None:
        await MessageService(session, access).end(
            UUID(given["message_uuid"]), status=status, content=content, error=error
        )


def _access(workspace_uuid: UUID, given: Mapping[str, Any]) -> Access:
    """What a run may do: what is needed to answer, in the name of who started it; through a share, nothing else."""
    user_uuid = UUID(given["user_uuid"])
    if given.get("share_uuid"):
        return Access(WorkspaceId(workspace_uuid), user_uuid, Role.VIEWER, frozenset())
    return Access(WorkspaceId(workspace_uuid), user_uuid, Role.OPERATOR, RUN_PERMISSIONS)

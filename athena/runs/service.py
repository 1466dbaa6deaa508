"""The rules of runs: what is frozen when one is accepted, and how its end is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from athena.accounts.service import Connections
from athena.agents.service import AgentService
from athena.budgets import spending as budgets
from athena.budgets.spending import Spender
from athena.engine import Engine, Subscription
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import (
    AthenaError,
    BudgetExhausted,
    Conflict,
    UpstreamFailed,
    UpstreamTimeout,
    ValidationFailed,
)
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.large_language_models.service import resolve
from athena.messages.schemas import MessageContent
from athena.messages.service import MessageService, dump_content
from athena.permissions import Permission
from athena.runs.conversation import CALL, Instructions, abilities_of, call_started, instructions
from athena.runs.keeping import RUN_PERMISSIONS
from athena.runs.repository import RunRepository
from athena.runs.resolved_models import ResolvedModels
from athena.runs.schemas import AgentRun, AgentRunOptions, HistoryMessage, RunKind, RunStatus, ThreadRun
from athena.runs.wishes import Wishes
from athena.threads.service import ThreadService

LABELS = ("agent_uuid", "thread_uuid", "workflow_uuid", "prompt_uuid", "share_uuid")
"""What runs can be asked for by."""

LIST = ListOptions(
    sortable={"created_at": "uuid"},
    filters={"status": RunStatus, "kind": RunKind, **dict.fromkeys(LABELS, UUID)},
    columns={name: f"{name} = {{}}::uuid::text" for name in LABELS},
)


OWN_ERRORS = frozenset(
    {
        *("message_deleted", "model_unavailable", "model_missing", "account_expired", "secret_unreadable"),
        "training_failed",
    }
)
"""Codes of failures that are this workspace's own, and no provider's."""


class RunService:
    """The runs of the caller's workspace."""

    def __init__(
        self,
        session: Session,
        access: Access,
        labels: Mapping[str, Any] | None = None,
        *,
        run_uuid: UUID | None = None,
        ancestors: Sequence[str] = (),
        workflow_uuid: UUID | None = None,
        wishes: Wishes | None = None,
    ) -> None:
        """``labels`` are kept with every run that is accepted, beside its own; ``run_uuid`` is the id of the only one.

        Who names the id can accept a run again without knowing whether that was done: there is one in the end.
        ``ancestors`` are the agents that asked each other up to here, outermost first; ``workflow_uuid`` is the
        workflow on whose budgets it counts, too.
        """
        self._session = session
        self._access = access
        self._labels = labels or {}
        self._run_uuid = run_uuid
        self._ancestors = ancestors
        self._workflow_uuid = workflow_uuid
        self._wishes = wishes or Wishes()
        self._engine = session.provided(Engine)
        self._runs = RunRepository(session, access.workspace_uuid)
        self._messages = MessageService(session, access)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of runs."""
        return await self._runs.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One run; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._runs.get(uuid)

    async def by_ids(self, uuids: Sequence[UUID]) -> dict[UUID, Row]:
        """The runs that exist among ``uuids``, in one query."""
        return await self._runs.by_ids(uuids)

    async def is_there(self, uuid: UUID) -> bool:
        """Whether there is such a run."""
        return await self._runs.find(uuid) is not None

    async def cancel(self, uuid: UUID) -> Row:
        """Stops a run; what it has said so far is kept. A run at its end stays as it is."""
        await self._runs.get(uuid)
        await self._engine.cancel(self._session, self._access.workspace_uuid, uuid)
        return await self._runs.get(uuid)

    async def delete(self, uuid: UUID) -> None:
        """Deletes a run that has ended, with its log. What it said in a thread stays there."""
        if (await self._runs.locked(uuid))["finished_at"] is None:
            raise Conflict("The run has not ended; cancel it first.", code="run_unfinished")
        await self._runs.delete(uuid)
        self._session.record("run.deleted", "run", uuid)

    def events(self, uuid: UUID, after: int = 0) -> Subscription:
        """The run's events after one, and then as they come."""
        return self._engine.subscribe(self._access.workspace_uuid, uuid, after)

    async def resumed(self, uuid: UUID, after: int) -> Subscription:
        """As :meth:`events`, for who says what was seen last: nobody has seen more than there is."""
        await self._runs.get(uuid)
        return self.events(uuid, min(after, await self._runs.last_event_id(uuid)))

    async def finished(self, uuid: UUID) -> None:
        """Waits for the run's end."""
        await self._engine.result(self._access.workspace_uuid, uuid)

    def told(self, row: Row) -> dict[str, Any]:
        """A run as the API shows it."""
        return present(row)

    def failure(self, row: Row) -> AthenaError:
        """The error of a run that did not succeed."""
        return failure(row)

    async def run_thread(self, thread_uuid: UUID, given: ThreadRun) -> UUID:
        """Accepts the answer to a thread's new or last message; the run's uuid. Answers queue behind each other."""
        thread = await ThreadService(self._session, self._access).get(thread_uuid)
        await self._messages.lock_thread(thread_uuid)
        parent_uuid = await self._thread_tip(thread_uuid, given)
        agent_uuid = given.agent_uuid or thread["agent_uuid"]
        return await self._accept_agent("thread", given, agent_uuid, thread=thread, parent_uuid=parent_uuid)

    async def run_agent(self, agent_uuid: UUID, given: AgentRun) -> UUID:
        """Accepts a run of an agent, in a thread or with its own messages; the run's uuid."""
        if given.thread_uuid is None:
            messages = [await self._said(each) for each in _history(given)]
            return await self._accept_agent("agent", given, agent_uuid, messages=messages)
        self._access.require(Permission.THREADS_RUN)
        thread = await ThreadService(self._session, self._access).get(given.thread_uuid)
        await self._messages.lock_thread(given.thread_uuid)
        said = MessageContent(content=_history(given)[0].content)
        tip = await self._messages.tip(given.thread_uuid)
        message = await self._messages.add(given.thread_uuid, said, role="user", parent_uuid=tip)
        return await self._accept_agent("agent", given, agent_uuid, thread=thread, parent_uuid=message["uuid"])

    async def _said(self, message: HistoryMessage) -> dict[str, Any]:
        """A message of a conversation that is kept with the run alone."""
        content = MessageContent(content=message.content)
        await self._messages.files(content)
        return {"role": message.role, "content": dump_content(content)}

    async def _thread_tip(self, thread_uuid: UUID, given: ThreadRun) -> UUID:
        """The user's message that is to be answered, stored if it is new."""
        if given.message is None:
            return (await self._messages.to_answer(thread_uuid, given.parent_uuid))["uuid"]
        if "parent_uuid" in given.model_fields_set:
            parent_uuid = await self._messages.parent(thread_uuid, given.parent_uuid)
        else:
            parent_uuid = await self._messages.tip(thread_uuid)
        said = MessageContent(content=given.message) if isinstance(given.message, str) else given.message
        return (await self._messages.add(thread_uuid, said, role="user", parent_uuid=parent_uuid))["uuid"]

    async def _accept_agent(
        self,
        kind: RunKind,
        given: AgentRunOptions,
        agent_uuid: UUID | None,
        *,
        thread: Row | None = None,
        parent_uuid: UUID | None = None,
        messages: Sequence[Mapping[str, Any]] = (),
    ) -> UUID:
        """Accepts what an agent, or a thread without one, answers."""
        agent, version = await self._agent(agent_uuid, given, thread["uuid"] if thread else self._run_uuid)
        settings = instructions(agent, thread["metadata"] if thread else None, given.asked, given.variables)
        return await self.accept(
            kind,
            settings,
            labels={
                "agent_uuid": agent_uuid,
                "agent_version": version,
                "thread_uuid": thread["uuid"] if thread else None,
            },
            account_uuid=agent["account_uuid"] if agent else None,
            parent_uuid=parent_uuid,
            messages=messages,
            abilities=abilities_of(agent) if agent else None,
        )

    async def _agent(
        self, agent_uuid: UUID | None, given: AgentRunOptions, sticky: UUID | None
    ) -> tuple[Mapping[str, Any] | None, int | None]:
        """Who answers, as of the version that is asked for, and its number."""
        if agent_uuid is None:
            if given.version is not None or given.channel is not None:
                raise ValidationFailed.of("agent_uuid", "Without an agent there are no versions and no channels.")
            return None, None
        agents = AgentService(self._session, self._access)
        return await agents.definition(
            await agents.get(agent_uuid), version=given.version, channel=given.channel, sticky=sticky or new_uuid()
        )

    async def accept(
        self,
        kind: RunKind,
        settings: Instructions,
        *,
        labels: Mapping[str, Any],
        account_uuid: UUID | None,
        parent_uuid: UUID | None = None,
        messages: Sequence[Mapping[str, Any]] = (),
        abilities: Mapping[str, Any] | None = None,
    ) -> UUID:
        """Freezes everything that the run needs, so that a change of what it came from does not change it any more."""
        workspace_uuid, connections = self._access.workspace_uuid, self._session.provided(Connections)
        found = await resolve(
            self._session, connections, workspace_uuid, model=settings.model, account_uuid=account_uuid
        )
        agent_uuid, thread_uuid = labels.get("agent_uuid"), labels.get("thread_uuid")
        await budgets.check(self._session, self._spender(agent_uuid))
        model = settings.model or found.model_id
        run_uuid, message_uuid = self._run_uuid or new_uuid(), new_uuid()
        if thread_uuid and parent_uuid:
            message_uuid = await self._messages.expect_answer(
                thread_uuid, parent_uuid=parent_uuid, run_uuid=run_uuid, agent_uuid=agent_uuid, model=model
            )
        texts = _texts(agent_uuid=agent_uuid, thread_uuid=thread_uuid, message_uuid=message_uuid)
        await self._engine.accept(
            self._session,
            kind=kind,
            workspace_uuid=workspace_uuid,
            run_uuid=run_uuid,
            queue_key=texts["thread_uuid"],
            labels={key: value for key, value in {**self._labels, **labels, **texts}.items() if value},
            first_step=(CALL, call_started(message_uuid, model)),
            input={
                **texts,
                **_texts(parent_uuid=parent_uuid, user_uuid=self._access.user_uuid, account_uuid=account_uuid),
                **self._paid_by,
                **self._acts_for,
                "messages": list(messages),
                **asdict(settings),
                "share_uuid": self._labels.get("share_uuid"),
                "model": model,
                **(self._of_abilities(abilities) if abilities else {}),
                **self._wishes.stored,
            },
        )
        resolved = self._session.provided(ResolvedModels)
        # A run that must wait looks for its model when its turn comes: the account may be gone by then.
        self._session.after_commit(lambda: resolved.put(run_uuid, found) if self._engine.holds(run_uuid) else None)
        return run_uuid

    @property
    def _paid_by(self) -> dict[str, str]:
        """On whose account it is beside the user's and the agent's, where there is anybody."""
        return {key: str(value) for key, value in self._payers.items() if value is not None}

    @property
    def _payers(self) -> dict[str, UUID | None]:
        return {"token_uuid": self._access.token_uuid, "paid_by_workflow_uuid": self._workflow_uuid}

    @property
    def _acts_for(self) -> dict[str, str]:
        """Whose private agents it reaches, where those are not the user's own."""
        return {} if self._access.acts_for is None else {"acts_for": str(self._access.acts_for)}

    def _spender(self, agent_uuid: UUID | None) -> Spender:
        access = self._access
        return Spender(
            access.workspace_uuid,
            user_uuid=access.user_uuid,
            token_uuid=access.token_uuid,
            agent_uuid=agent_uuid,
            workflow_uuid=self._workflow_uuid,
        )

    def _of_abilities(self, abilities: Mapping[str, Any]) -> dict[str, Any]:
        """What a run has that does more than answer: never more than who starts it may."""
        permissions = sorted(self._access.permissions & RUN_PERMISSIONS)
        return {"abilities": abilities, "permissions": permissions, "ancestors": list(self._ancestors)}


def _texts(**uuids: UUID | None) -> dict[str, str | None]:
    """Ids as JSON takes them."""
    return {key: str(value) if value else None for key, value in uuids.items()}


def _history(given: AgentRun) -> Sequence[HistoryMessage]:
    """The conversation that the request brings along; its input alone, if it has one."""
    if given.input is not None:
        return [HistoryMessage(role="user", content=given.input)]
    return given.messages or []


def failure(row: Row) -> AthenaError:
    """The error of a run that did not succeed, for who waited for it."""
    error: Mapping[str, str] = row["error"] or {}
    detail, code = error.get("message", "The run failed."), error.get("code", "run_failed")
    if row["status"] == "cancelled":
        return Conflict("The run was cancelled.", code="run_cancelled")
    if code in {"limit_reached", BudgetExhausted.code}:
        return BudgetExhausted(detail, code=code)
    if code in {"timeout", "deadline_exceeded"}:
        return UpstreamTimeout(detail, code=code)
    if code in OWN_ERRORS:
        return Conflict(detail, code=code)
    return UpstreamFailed(detail, code=code)


def present(row: Row) -> dict[str, Any]:
    """A run's row as the API shows it."""
    labels, output, error = row["labels"], row["output"], row["error"]
    started, finished = row["started_at"], row["finished_at"]
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "kind": row["kind"],
        "status": row["status"],
        "agent_uuid": labels.get("agent_uuid"),
        "agent_version": labels.get("agent_version"),
        "thread_uuid": labels.get("thread_uuid"),
        "workflow_uuid": labels.get("workflow_uuid"),
        "workflow_version": labels.get("workflow_version"),
        "prompt_uuid": labels.get("prompt_uuid"),
        "prompt_version": labels.get("prompt_version"),
        "share_uuid": labels.get("share_uuid"),
        "message_uuid": labels.get("message_uuid"),
        "model": row["input"].get("model"),
        "output": output["output"] if output and row["kind"] == "workflow" else output,
        "error": {key: error[key] for key in ("code", "message")} if error else None,
        "usage": (output.get("message") or output)["usage"] if output else None,
        "started_at": clock.rfc3339_or_none(started),
        "finished_at": clock.rfc3339_or_none(finished),
        "duration_ms": int((finished - started).total_seconds() * 1000) if finished and started else None,
    }

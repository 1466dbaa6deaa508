"""The chore that finds quiet threads, and the durable function that reads them."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

from athena.accounts.service import Connections
from athena.agents.service import AgentService
from athena.budgets.spending import Spender
from athena.config import Settings
from athena.engine import Apply, Engine, Event, Finished, Queue, RunContext, RunFailed, StepResult
from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import SYSTEM, Database, Row, Scope, Session
from athena.kit.errors import AthenaError
from athena.large_language_models.service import ResolvedModel, resolve
from athena.memory_extraction import reading
from athena.memory_extraction.keeping import Told, acts_for, keep, known_of, meanings_of
from athena.memory_extraction.reading import Relation, Said
from athena.memory_extraction.repository import KIND, ExtractionRepository, QuietThreads, until
from athena.node_types.asking import Model, Payer
from athena.node_types.base import NodeFailed, Usage
from athena.node_types.structured import ask_for_json

QUEUE: Final = Queue("memories")
DEADLINE_SECONDS: Final = 1_800.0
CALL_SECONDS: Final = 120.0
AT_WORK: Final = 2
"""Calls of models that a process makes for this at a time, so that answers never wait for it."""
PARTS: Final = 8
"""How many pieces of a conversation one run reads; the rest is read when the thread goes quiet the next time."""
CHARACTERS: Final = 16_000
PEOPLE: Final = 5
"""Of how many people in one piece something is noted."""
TRIES: Final = 3
PAUSE_SECONDS: Final = 60.0
REPAIRS: Final = 1
HOPELESS: Final = frozenset({"invalid_structure", "answer_cut_off", "budget_exhausted"})
"""What would be so again, if it were tried again minutes later."""


def register(engine: Engine, database: Database) -> None:
    """Makes ``engine`` able to read quiet threads."""
    work = Extraction(database, database.provided(Connections), database.provided(Settings))
    engine.register(KIND, work.extract, deadline_seconds=DEADLINE_SECONDS, queue=QUEUE.name)


async def start_quiet(database: Database, quiet_seconds: float | None = None) -> None:
    """Accepts a run for each thread that has gone quiet; of a workspace that has spent its share, the next day."""
    settings = database.provided(Settings)
    seconds = settings.memory_quiet_seconds if quiet_seconds is None else quiet_seconds
    moment = until(clock.now(), seconds)
    async with database.system() as session:
        workspaces = await QuietThreads(session).follow(moment)
    for row in workspaces:
        async with database.system() as session:
            workspace_uuid = row["workspace_uuid"]
            spent = await ExtractionRepository(session, workspace_uuid).spent_today()
            looked_until = await QuietThreads(session).lock(workspace_uuid)
            if looked_until is None or spent >= settings.memory_cost_per_workspace:
                continue
            found = await QuietThreads(session).quiet(workspace_uuid, looked_until, moment)
            for thread in found:
                if thread["agent_uuid"] is not None:
                    await _accept(session, workspace_uuid, thread)
            if found:
                await QuietThreads(session).looked(workspace_uuid, found[-1]["last_message_at"])


async def _accept(session: Session, workspace_uuid: UUID, thread: Row) -> None:
    given = {"thread_uuid": str(thread["uuid"]), "agent_uuid": str(thread["agent_uuid"])}
    session.scope = Scope(workspace_uuid)
    try:
        await session.provided(Engine).accept(
            session,
            kind=KIND,
            workspace_uuid=workspace_uuid,
            input=given,
            labels=given,
            queue_key=KIND,
            begin_here=False,
        )
    finally:
        session.scope = SYSTEM


@dataclass(slots=True)
class Tally:
    """What a run came to so far."""

    counts: Counter[str] = field(default_factory=Counter[str])
    usage: Usage = field(default_factory=Usage)

    def add(self, record: Mapping[str, Any]) -> None:
        """Adds what a step recorded."""
        self.counts.update(record["counts"])
        self.usage += Usage(**record["usage"])


@dataclass(frozen=True, slots=True)
class Piece:
    """Messages that are read together: what one person may have told in them is numbered."""

    said: Sequence[Row]
    before: Sequence[Row]
    more: bool

    @classmethod
    def of(cls, new: Sequence[Row], before: Sequence[Row]) -> Piece:
        """As many of the new messages as fit, and never none of them."""
        sizes = itertools.accumulate(min(len(row["text"] or ""), reading.MESSAGE_LENGTH) for row in new)
        fits = max(1, sum(size <= CHARACTERS for size in sizes))
        return cls(new[:fits], before, len(new) > fits)

    @property
    def people(self) -> Sequence[UUID]:
        """Who said something in it."""
        said = (row["creator_uuid"] for row in self.said if row["role"] == "user" and row["creator_uuid"])
        return list(dict.fromkeys(said))[:PEOPLE]

    def told_by(self, person: UUID) -> list[Said]:
        """The messages as they are read for one person: theirs and the answers to them have numbers."""
        shown = [Said(row["uuid"], row["role"], row["text"] or "") for row in self.before]
        numbers = itertools.count(1)
        theirs = False
        for row in self.said:
            if row["role"] == "user":
                theirs = row["creator_uuid"] == person
            role = row["role"] if theirs or row["role"] != "user" else "somebody else"
            shown.append(Said(row["uuid"], role, row["text"] or "", next(numbers) if theirs else None))
        return shown


@dataclass(frozen=True, slots=True)
class Extraction:
    """What the function needs of its process."""

    database: Database
    connections: Connections
    settings: Settings
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_WORK))

    async def extract(self, run: RunContext) -> Finished:
        """Reads what was said in a thread since it was last read, piece by piece."""
        tally = Tally()
        stopped = None
        for number in range(PARTS):
            record = await self._piece(run, number, tally)
            stopped = record["stopped"]
            if stopped or not record["more"]:
                break
        output = {"memories": tally.counts, "stopped": stopped, "usage": _shown(tally.usage)}
        return Finished(output, labels={"cost": tally.usage.cost})

    async def _piece(self, run: RunContext, number: int, tally: Tally) -> Mapping[str, Any]:
        """One piece. What fails and may go better later is tried again, after a while in which the run is a row."""
        started = Event("memory_extraction.started", {"piece": number})
        attempt = 0
        while True:
            step = f"piece {number} {attempt}"
            record = await run.step(step, partial(self._read, run, step, tally.usage), started=started)
            tally.add(record)
            failed = record["failed"]
            if failed is None:
                return record
            attempt += 1
            if not record["retryable"] or attempt == TRIES:
                raise RunFailed(failed["code"], failed["message"], labels={"cost": tally.usage.cost})
            await run.sleep_until(step, clock.now() + timedelta(seconds=PAUSE_SECONDS * 2**attempt))

    async def _read(self, run: RunContext, step: str, spent: Usage, _attempt: int) -> StepResult:
        thread_uuid = UUID(run.input["thread_uuid"])
        async with self.database.session(Scope(run.workspace_uuid)) as session:
            repository = ExtractionRepository(session, run.workspace_uuid)
            new, before = await repository.said(thread_uuid)
            if not new:
                return _result(more=False)
            if await self._is_spent(repository, thread_uuid, spent):
                return _result(more=False, stopped="cost")
            try:
                resolved = await self._model(session, run)
            except AthenaError as error:
                return _result(failed=NodeFailed(error.error_code, error.detail))
        piece = Piece.of(new, before)
        model = Model(self.connections, resolved, CALL_SECONDS, self._payer(run, step))
        told: dict[UUID, Told] = {}
        for person in piece.people:
            try:
                told[person] = await self._ask(run, model, person, piece.told_by(person))
            except NodeFailed as failure:
                return _result(failed=failure, usage=model.usage)
        counts = Counter(note.relation for each in told.values() for note in each.notes)

        async def apply(session: Session) -> None:
            if await ExtractionRepository(session, run.workspace_uuid).read(thread_uuid, piece.said[-1]["uuid"]):
                for person, each in told.items():
                    await keep(session, acts_for(run.workspace_uuid, person), each)

        return _result(counts, usage=model.usage, more=piece.more, apply=apply)

    def _payer(self, run: RunContext, step: str) -> Payer:
        """The agent pays: its budgets, and those of the workspace, hold for what is read, too."""
        workspace_uuid = WorkspaceId(run.workspace_uuid)
        scope = Scope(workspace_uuid)
        key = f"{run.run_uuid} {step}"
        return Payer(
            self.database,
            workspace_uuid,
            dataclasses.replace(_spender(run), run_uuid=run.run_uuid),
            key,
            lambda: self.database.session(scope),
        )

    async def _is_spent(self, repository: ExtractionRepository, thread_uuid: UUID, spent: Usage) -> bool:
        """Whether today's share of the thread, or of its workspace, is used up."""
        of_thread = await repository.spent_today(thread_uuid) + spent.cost
        of_workspace = await repository.spent_today() + spent.cost
        return of_thread >= self.settings.memory_cost_per_thread or (
            of_workspace >= self.settings.memory_cost_per_workspace
        )

    async def _model(self, session: Session, run: RunContext) -> ResolvedModel:
        """The model that reads: the agent's own, unless it names another one for this."""
        agent_uuid = UUID(run.input["agent_uuid"])
        access = dataclasses.replace(acts_for(run.workspace_uuid, UUID(int=0)), agent_uuid=agent_uuid)
        agent = await AgentService(session, access).get(agent_uuid)
        return await resolve(
            session,
            self.connections,
            access.workspace_uuid,
            model=agent["memory"].get("extract_model") or agent["model"],
            account_uuid=agent["account_uuid"],
        )

    async def _ask(self, run: RunContext, model: Model, person: UUID, said: Sequence[Said]) -> Told:
        """What the model notes of a person."""
        access = acts_for(run.workspace_uuid, person)
        spender = _spender(run)
        known = await known_of(self.database, access, spender, " ".join(each.text for each in said if each.number))
        texts = [content for _, content in known]
        async with self.room:
            answer = await ask_for_json(model, reading.request(model.name, said, texts), reading.SCHEMA, REPAIRS)
        notes = reading.noted(answer.value, said, texts)
        return Told(notes, await meanings_of(self.database, access, spender, notes), [uuid for uuid, _ in known])


def _shown(usage: Usage) -> dict[str, Any]:
    return {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, "cost": usage.cost}


def _result(
    counts: Mapping[str, int] | None = None,
    *,
    usage: Usage | None = None,
    more: bool = False,
    stopped: str | None = None,
    failed: NodeFailed | None = None,
    apply: Apply | None = None,
) -> StepResult:
    """What a piece came to. It says how much was found, and nothing of what: that goes with its memories."""
    used = (failed.usage if failed else None) or usage or Usage()
    kept = {relation: (counts or {}).get(relation, 0) for relation in get_args(Relation)}
    event = Event("memory_extraction.completed", {"memories": kept, "more": more, "stopped": stopped})
    if failed is not None:
        event = Event("memory_extraction.failed", {"error": {"code": failed.code, "message": failed.message}})
    record = {
        "counts": kept,
        "usage": _shown(used),
        "more": more,
        "stopped": stopped,
        "failed": None if failed is None else {"code": failed.code, "message": failed.message},
        "retryable": failed is not None and failed.retryable and failed.code not in HOPELESS,
    }
    return StepResult(record, [event], apply)


def _spender(run: RunContext) -> Spender:
    """The agent pays for what it keeps."""
    return Spender(run.workspace_uuid, agent_uuid=UUID(run.input["agent_uuid"]))

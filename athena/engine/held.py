"""A run that this process holds: what waits to be committed, and the transactions that commit it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Final, Protocol
from uuid import UUID

from athena.engine import reads, store
from athena.engine.away import AWAY, retry_pause
from athena.engine.crash_points import reached
from athena.engine.events import Apply, Event, LeaseLost, LogRow, RunRow, log_row
from athena.engine.hub import Hub
from athena.engine.store import Claim, Transition
from athena.kit.changes import Actor
from athena.kit.clock import now
from athena.kit.db import Database, Session
from athena.kit.errors import Conflict

RUNNING: Final = Transition()
CONFLICTS_MOST: Final = 5


class Interruption(IntEnum):
    """Why a run's task is stopped; a greater one prevails."""

    HANDOVER = 1
    CANCEL = 2
    LOST = 3


class Host(Protocol):
    """What a held run needs of its engine."""

    database: Database
    hub: Hub
    process_uuid: UUID
    draining: bool

    def flush_soon(self, run: HeldRun, within: float = 0.0) -> None:
        """Has the run's pending events committed soon."""


@dataclass(slots=True)
class Pending:
    """An event that is not yet committed; while ``texts`` is a list, its ``field`` still grows."""

    at: datetime
    event: Event
    field: str = ""
    texts: list[str] | None = None
    step: str | None = None
    record: str | None = None
    tentative: bool = False  # falls away with the commit that it was meant for
    refused: Exception | None = None  # why it fell away

    def row(self, run_uuid: UUID, event_id: int) -> LogRow:
        """The event as it goes into the log; it grows no more."""
        if self.texts is not None:
            self.event = Event(self.event.type, {**self.event.data, self.field: "".join(self.texts)})
            self.texts = None
        row = log_row(run_uuid, event_id, self.at, self.event)
        return row._replace(step=self.step, record=self.record) if self.step or self.record else row


class HeldRun:
    """The run under its lease. ``lock`` is held by whoever is committing, so that ids follow each other."""

    def __init__(self, host: Host, claim: Claim, *, records: dict[str, Any], intents: dict[str, int]) -> None:
        self.host = host
        self.claim = claim
        self.records = records
        self.intents = intents
        self.lock = asyncio.Lock()
        self.last_id = claim.last_event_id
        self.signalled = asyncio.Event()
        self.pending: list[Pending] = []
        self.staged: list[Apply] = []
        self.progress = False
        self.holding = False
        self.due_at: float | None = None
        self.flushed_at = 0.0
        self.task: asyncio.Task[Any] | None = None
        self.interruption: Interruption | None = None
        self.ending = False
        self._in_steps = 0
        self._between = 0
        self.done: asyncio.Future[RunRow | None] = asyncio.get_running_loop().create_future()

    @property
    def uuid(self) -> UUID:
        """The run's id."""
        return self.claim.uuid

    def append(self, events: Sequence[Event], within: float = 0.0, record: str | None = None) -> None:
        """Adds events to what waits, to be committed soon: with the run's next commit, or within some seconds."""
        moment = now()
        self.pending.extend(Pending(moment, event, record=record) for event in events)
        self.host.flush_soon(self, within)

    def stage(
        self, events: Sequence[Event], apply: Apply | None = None, step: str | None = None, record: str | None = None
    ) -> Sequence[Pending]:
        """Adds events and what follows from them to the run's next commit; the last event carries the step's record."""
        moment = now()
        staged = [Pending(moment, event, tentative=True) for event in events]
        self.pending.extend(staged)
        if step is not None:
            self.pending[-1].step, self.pending[-1].record = step, record
            self.progress = self.progress or record is not None
        if apply is not None:
            self.staged.append(apply)
        self.holding = True
        return staged

    def append_text(self, kind: str, fields: Mapping[str, Any], field: str, text: str) -> None:
        """Adds text to the last event if that is of the same kind and fields and still waits."""
        last = self.pending[-1] if self.pending else None
        if (
            last is not None
            and last.texts is not None
            and last.event.type == kind
            and (last.event.data is fields or last.event.data == fields)
        ):
            last.texts.append(text)
            return
        self.pending.append(Pending(now(), Event(kind, fields), field, [text]))
        self.host.flush_soon(self)

    def rows(self) -> list[LogRow]:
        """What waits, with ids. They become definite when the rows are committed."""
        return [entry.row(self.uuid, self.last_id + number) for number, entry in enumerate(self.pending, 1)]

    def committed(self, rows: Sequence[LogRow]) -> None:
        """Shows what is durable now."""
        if rows:
            self.last_id = rows[-1].id
            del self.pending[: len(rows)]
            self.host.hub.publish(self.uuid, [row.stored for row in rows])

    def interrupt(self, reason: Interruption) -> None:
        """Stops the run's function, unless the end is already being written."""
        if self.interruption is not None and reason <= self.interruption:
            return  # its function is cleaning up already
        self.interruption = reason
        if self.task is not None and not self.ending:
            self.task.cancel()

    def hand_over_between_steps(self) -> None:
        """Hands the run over if a branch has come to a step that it may not begin any more, and none is in one."""
        if self._between and not self._in_steps:
            self.interrupt(Interruption.HANDOVER)

    @contextlib.asynccontextmanager
    async def in_step(self) -> AsyncGenerator[None]:
        """Around each step. A process that is about to end begins none: the run goes on elsewhere from here."""
        if self.host.draining:
            self._between += 1
            self.hand_over_between_steps()
            # Until what the other branches are in is done, or the grace is over.
            await asyncio.get_running_loop().create_future()
        self._in_steps += 1
        try:
            yield
        finally:
            self._in_steps -= 1
            if self.host.draining:
                self.hand_over_between_steps()

    async def commit(self, change: Transition = RUNNING, *, point: str = "") -> None:
        """Commits what waits, what is staged, and ``change``; :class:`LeaseLost` when it is too late for it.

        Runs to its end even when the caller is cancelled, so that this process knows what was committed.
        """
        task = asyncio.ensure_future(self._commit(change, point))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    async def settle(self, staged: Sequence[Pending], point: str) -> None:
        """Commits what was staged, unless another step's commit took it along; raises what that was refused with."""
        if staged[-1].refused is None:
            await self.commit(point=point)
        if staged[-1].refused is not None:
            raise staged[-1].refused

    async def _commit(self, change: Transition, point: str) -> None:
        async with self.lock:
            if change is RUNNING and not (self.pending or self.staged or self.progress):
                return  # a step beside this one took along what was staged
            rows = self.rows()
            staged, self.staged = self.staged, []
            change = change._replace(progress=change.progress or self.progress)
            self.progress = self.holding = False
            try:
                await self.retrying(
                    lambda: self._attempt(rows, change, staged, point), lambda: self._landed(rows, change)
                )
            except Exception as error:
                # Refused by what was to be written with it, so it did not happen.
                for entry in self.pending:
                    entry.refused = error if entry.tentative else None
                self.pending = [entry for entry in self.pending if not entry.tentative]
                raise
            self.committed(rows)
        if self.pending:
            self.host.flush_soon(self)  # what came meanwhile
        if point:
            reached(f"{point}.committed")

    async def _attempt(self, rows: Sequence[LogRow], change: Transition, applies: Sequence[Apply], point: str) -> None:
        async with self.session() as session:
            if applies and await store.guard(session, self.claim) is None:
                raise LeaseLost
            for apply in applies:
                await apply(session)
            if not await store.commit_run(session, self.claim, self.host.process_uuid, rows, change):
                raise LeaseLost
            if change.finished:
                await store.release_queue(session, self.claim)
            if point:
                reached(f"{point}.before_commit")

    async def _landed(self, rows: Sequence[LogRow], change: Transition) -> bool:
        async with self.session() as session:
            landed = await reads.landed(session, self.claim, rows, change)
        if landed is None:
            raise LeaseLost
        return landed

    def session(self) -> Session:
        """A transaction in the run's workspace, in the name of who started it."""
        session = self.host.database.session(store.tenant(self.claim.workspace_uuid))
        session.actor = Actor(_starter(self.claim.input), "run", self.uuid)
        return session

    async def retrying(self, attempt: Callable[[], Awaitable[None]], landed: Callable[[], Awaitable[bool]]) -> None:
        """Makes ``attempt`` until the database answers; after a broken connection it first asks whether it landed."""
        doubtful = False
        for tries in itertools.count():
            if self.interruption is Interruption.LOST:
                raise LeaseLost
            try:
                if not (doubtful and await landed()):
                    await attempt()
            except AWAY:
                doubtful = True
            except Conflict as error:
                if error.error_code != "concurrent_change" or tries >= CONFLICTS_MOST:
                    raise
            else:
                return
            await asyncio.sleep(retry_pause(tries))


def _starter(given: Any) -> UUID | None:
    """Who started a run, where its input says it."""
    match given:
        case {"user_uuid": str() as text}:
            return UUID(text)
        case _:
            return None

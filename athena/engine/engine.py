"""The engine of one process: accepts runs, drives those that it holds, and tells about all."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pgqueuer.errors import RetryRequested

from athena.engine import metrics, reads, store
from athena.engine.away import AWAY
from athena.engine.beginning import first_rows, next_lease, stamped
from athena.engine.children import Children
from athena.engine.crash_points import reached
from athena.engine.dispatch import Dispatcher
from athena.engine.driver import CRASHED_ERROR, Function, Kind, OnEnd, Outcome, Seconds, drive, end_unheld
from athena.engine.events import Event, RunRow
from athena.engine.flusher import Flusher
from athena.engine.held import HeldRun, Interruption
from athena.engine.hub import Hub, Subscription
from athena.engine.keeping import Kept
from athena.engine.models import FINISHED, PARENT_LABEL
from athena.engine.presence import Presence
from athena.engine.queues import DEFAULT, Queue, entrypoint
from athena.engine.room import Room
from athena.engine.store import Claim
from athena.kit.clock import now
from athena.kit.db import Database, Session
from athena.kit.errors import AthenaError
from athena.kit.ids import new_uuid

ATTEMPTS_MOST: Final = 10
WATCHDOG_LEASES: Final = 4


class Engine:
    """Durable runs. Register the kinds, :meth:`start` it once, :meth:`stop` it at the end."""

    def __init__(
        self,
        database: Database,
        *,
        lease_seconds: float = 15.0,
        max_concurrent_runs: int = 1000,
        grace_seconds: float = 2.0,
        queues: Sequence[Queue] = (Queue(DEFAULT),),
    ) -> None:
        self.database = database
        self.lease_seconds = lease_seconds
        self.process_uuid = new_uuid()
        self.hub = Hub(database)
        self._grace = grace_seconds
        self._watchdog = timedelta(seconds=lease_seconds * WATCHDOG_LEASES)
        self._kinds: dict[str, Kind] = {}
        self.entrypoints: dict[str, str] = {}
        self._held: dict[UUID, HeldRun] = {}
        self._room = Room(max_concurrent_runs, queues)
        self._drives: set[asyncio.Task[None]] = set()
        self._loops: list[Kept] = []
        self._dispatcher: Dispatcher | None = None
        self._works = False
        self.draining = False
        self.limited: frozenset[UUID] = frozenset()
        self._flusher: Flusher | None = None
        self._presence: Presence | None = None
        self._children: Children | None = None

    def register(
        self,
        kind: str,
        function: Function,
        *,
        deadline_seconds: Seconds = None,
        on_end: OnEnd | None = None,
        queue: str = DEFAULT,
    ) -> None:
        """Names the function of a kind of runs, and the queue in which they wait for a process that serves it.

        ``on_end`` writes what follows from an end that the function did not decide (cancelled, failed), in the same
        transaction; also the run's output, where it has none. The deadline is for the time at work, waits excluded,
        crashes included.
        """
        self._kinds[kind] = Kind(function, deadline_seconds, on_end, queue)
        self.entrypoints[kind] = entrypoint(queue)

    # -- life -------------------------------------------------------------------------------------------------------

    async def start(self, *, worker: bool = True) -> None:
        """Makes the process known and, as a ``worker``, takes runs. Waits until it is connected."""
        self._flusher = Flusher(self)
        self._presence = Presence(self, reaps=worker)
        self._children = Children(self, searches=worker)
        self._loops = [
            Kept("flusher", self._flusher.run),
            Kept("presence", self._presence.run),
            Kept("children", self._children.run),
        ]
        await self._presence.connected.wait()
        if worker:
            self._works = True
            self._dispatcher = Dispatcher(
                self.database.url, self._begin, self._room, lambda: self.process_uuid, self.lease_seconds
            )
            self._loops.append(Kept("dispatcher", self._dispatcher.run))

    @property
    def problems(self) -> list[str]:
        """What keeps this process from its work, each with what it failed with; empty when all is well."""
        found = [(loop.name, loop.problem) for loop in self._loops]
        ending = ["the process is about to end"] if self.draining else []
        return ending + [f"{name} ({problem})" for name, problem in found if problem is not None]

    @property
    def failures(self) -> dict[str, int]:
        """How often each loop of this process had to be begun again."""
        return {loop.name: loop.failures for loop in self._loops}

    async def stop(self) -> None:
        """Takes no more, gives each run until its next step, and hands over what is still at work after the grace."""
        self._works = False
        if self._dispatcher is not None:
            self._dispatcher.stop()
            # Otherwise it would claim the jobs of the runs that are handed over.
            await asyncio.wait([self._loops[-1].task], timeout=0.5)
        self.draining = True
        for run in tuple(self._held.values()):
            run.hand_over_between_steps()
        if self._drives:
            await asyncio.wait(self._drives, timeout=self._grace)
        for reason, seconds in ((Interruption.HANDOVER, 1.0), (Interruption.LOST, 0.5)):
            for run in tuple(self._held.values()):
                run.interrupt(reason)
            if self._drives:
                await asyncio.wait(self._drives, timeout=seconds)
        # What could not be handed over is taken over: this process's advisory lock is free from here on.
        left = [*(loop.task for loop in self._loops), *self._drives]
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=0.5)

    # -- the public side --------------------------------------------------------------------------------------------

    async def accept(  # noqa: PLR0913
        self,
        session: Session,
        *,
        kind: str,
        workspace_uuid: UUID,
        input: Any,  # noqa: A002
        labels: Mapping[str, Any],
        queue_key: str | None = None,
        queue_limit: int = 1,
        run_uuid: UUID | None = None,
        begin_here: bool = True,
        first_step: tuple[str, Event] | None = None,
    ) -> UUID:
        """Accepts a run in the caller's transaction; its id.

        Of those with the same ``queue_key``, ``queue_limit`` run at a time. With ``begin_here`` this process begins it
        after the commit, if it has room. ``first_step``, where known, is its key and ``started`` event.
        """
        deadline = self._kinds[kind].deadline(input)
        busy = queue_key is not None and await store.join_queue(session, workspace_uuid, queue_key, queue_limit)
        here = begin_here and not busy and self._has_room(kind, workspace_uuid, labels) and self._is_present()
        run = Claim(
            workspace_uuid,
            run_uuid or new_uuid(),
            kind,
            input,
            labels,
            queue_key,
            lease_number=1 if here else 0,
            attempts=0,
            last_event_id=0,
            waits={},
            deadline_at=now() + deadline if here and deadline else None,
            queue_limit=queue_limit,
            entrypoint=self.entrypoints[kind],
        )
        rows = first_rows(run, first_step) if here else []
        run = stamped(run._replace(last_event_id=len(rows)), begins=here)
        await store.insert_run(
            session,
            run,
            status="running" if here else "queued",
            process_uuid=self.process_uuid if here else None,
            rows=rows,
            job_delay=self._watchdog if here else None if busy else timedelta(),
        )
        session.after_commit(lambda: self._accepted(run, {first_step[0]: 1} if first_step else {}, here=here))
        return run.uuid

    def _has_room(self, kind: str, workspace_uuid: UUID, labels: Mapping[str, Any]) -> bool:
        if PARENT_LABEL in labels:
            return self._works  # The run that waits for it keeps its place meanwhile: it must not wait for that one.
        free = self._works and self._room.free_in(self._kinds[kind].queue) > 0
        return free and workspace_uuid not in self.limited

    def holds(self, run_uuid: UUID) -> bool:
        """Whether this process is at work on the run, as it is after the commit of one that it begins at once."""
        return run_uuid in self._held

    def subscribe(self, workspace_uuid: UUID, run_uuid: UUID, after: int = 0) -> Subscription:
        """The run's events after ``after``, from the log and then as they are committed; ends after the terminal one.

        Close it (``aclose``, or :func:`contextlib.aclosing`) when leaving early.
        """
        return self.hub.subscribe(workspace_uuid, run_uuid, after)

    async def result(self, workspace_uuid: UUID, run_uuid: UUID, timeout: float | None = None) -> RunRow:  # noqa: ASYNC109
        """The run when it has ended; :class:`TimeoutError` when that takes longer than ``timeout`` seconds."""
        async with asyncio.timeout(timeout):
            held = self._held.get(run_uuid)
            row = None if held is None else await asyncio.shield(held.done)
            while row is None or row.status not in FINISHED:
                async with self.database.session(store.tenant(workspace_uuid)) as session:
                    row, last_event_id = await reads.run_row(session, workspace_uuid, run_uuid)
                if row.status not in FINISHED:
                    async with contextlib.aclosing(self.subscribe(workspace_uuid, run_uuid, last_event_id)) as events:
                        async for _ in events:
                            pass
            return row

    async def cancel(self, session: Session, workspace_uuid: UUID, run_uuid: UUID) -> bool:
        """Has the run cancelled, from the caller's transaction on; whether it was unfinished.

        What does not run ends at once. What runs is stopped by its holder, or, if that is dead, by the next one.
        """
        found = await store.lock_unfinished(session, workspace_uuid, run_uuid, self.entrypoints)
        if found is None:
            return False
        run, row = found
        session.record("run.cancel_requested", "run", run_uuid, store.facts(run), workspace_uuid=workspace_uuid)
        if row["process_uuid"] is None:
            await self._end_unheld(session, run, Outcome("cancelled"))
        else:
            await store.request_cancel(session, run)
            session.after_commit(lambda: self.cancel_requested([run_uuid]))
        return True

    async def signal(
        self, session: Session, workspace_uuid: UUID, run_uuid: UUID, name: str, payload: Any = None
    ) -> bool:
        """Gives the run a signal in the caller's transaction; whether it is the first of its name and not too late."""
        found = await store.lock_unfinished(session, workspace_uuid, run_uuid, self.entrypoints)
        if found is None or f"signal:{name}" in found[0].waits:
            return False
        run, row = found
        await store.settle(session, run, {f"signal:{name}": {"payload": payload}})
        if row["status"] == "waiting":
            await store.put_job(session, run, timedelta())
        else:
            await session.execute("SELECT pg_notify($1, $2)", store.CHANNEL, f"s {run_uuid.hex}")
            session.after_commit(lambda: self._signalled([run_uuid]))
        return True

    async def has_ended(self, session: Session, workspace_uuid: UUID, run_uuid: UUID) -> bool:
        """Whether the run has ended, or is not there; if not, it does not end before the caller's transaction."""
        return await store.lock_unfinished(session, workspace_uuid, run_uuid, self.entrypoints) is None

    async def vanish(self, session: Session, run_uuids: list[UUID]) -> None:
        """Has those who follow these runs, which the caller's transaction deletes, see that nothing more comes."""
        for payload in store.notification(self.process_uuid, run_uuids):
            await session.execute("SELECT pg_notify($1, $2)", store.CHANNEL, payload)
        session.after_commit(lambda: self.hub.look(run_uuids))

    # -- what the parts report --------------------------------------------------------------------------------------

    def flush_soon(self, run: HeldRun, within: float = 0.0) -> None:
        """Has the run's pending events committed soon."""
        if self._flusher is not None and not run.ending:
            self._flusher.soon(run, within)

    def notified(self, payload: str) -> None:
        """A notification of another process, or of this one."""
        sender, _, uuids = payload[1:].partition(" ")
        run_uuids = [UUID(hex=text) for text in uuids.split(",")]
        if payload[0] == "c":
            self.cancel_requested(run_uuids)
        elif payload[0] == "s":
            self._signalled(run_uuids)
        elif sender != self.process_uuid.hex:
            self.hub.look(run_uuids)

    def reconnected(self) -> None:
        """Notifications may have been missed."""
        self.hub.look()

    def cancel_requested(self, run_uuids: list[UUID]) -> None:
        """These runs of this process are to be cancelled."""
        for run_uuid in run_uuids:
            if (run := self._held.get(run_uuid)) is not None:
                run.interrupt(Interruption.CANCEL)

    def _signalled(self, run_uuids: list[UUID]) -> None:
        for run_uuid in run_uuids:
            if (run := self._held.get(run_uuid)) is not None:
                run.signalled.set()

    def lost_everything(self) -> None:
        """The leases of this process are not its own any more."""
        for run in tuple(self._held.values()):
            run.interrupt(Interruption.LOST)

    def _is_present(self) -> bool:
        return self._presence is not None and self._presence.connected.is_set()

    # -- driving ----------------------------------------------------------------------------------------------------

    def _accepted(self, run: Claim, intents: dict[str, int], *, here: bool) -> None:
        metrics.accepted(run.kind).inc()
        if here:
            reached("accept.committed")
            self._hold(HeldRun(self, run, records={}, intents=intents), begins=True)

    def _hold(self, run: HeldRun, *, begins: bool) -> None:
        metrics.held(run.claim, begins=begins)
        self._held[run.uuid] = run
        self._room.enter(self._kinds[run.claim.kind].queue)
        task = asyncio.create_task(self._drive(run))
        self._drives.add(task)
        task.add_done_callback(self._drives.discard)

    async def _drive(self, run: HeldRun) -> None:
        row: RunRow | None = None
        try:
            row = await drive(run, self._kinds[run.claim.kind])
            if row is not None and row.status != "succeeded":
                self._left(run.claim)
        finally:
            if self._held.get(run.uuid) is run:
                del self._held[run.uuid]
            run.done.set_result(row)
            metrics.at_work.dec()
            self._room.leave(self._kinds[run.claim.kind].queue)
            if run.claim.workspace_uuid in self.limited:
                self._room.changed.set()

    async def _begin(self, workspace_uuid: UUID, run_uuid: UUID) -> None:
        """A job of the run came: leases it, if that may be, and drives it."""
        if not self._works or not self._is_present():
            raise RetryRequested(delay=timedelta(seconds=0.5 if self._works else 0))
        try:
            await self._lease(workspace_uuid, run_uuid)
        except (AthenaError, *AWAY) as error:
            raise RetryRequested(delay=timedelta(seconds=1)) from error

    async def _lease(self, workspace_uuid: UUID, run_uuid: UUID) -> None:
        # Before the other transaction: one that waits for a second connection may be what keeps it from being free.
        living = await reads.living_holder(self.database, workspace_uuid, run_uuid)
        async with self.database.session(store.tenant(workspace_uuid)) as session:
            found = await store.lock_unfinished(session, workspace_uuid, run_uuid, self.entrypoints)
            if found is None:
                return
            run, row = found
            if self._is_held(run_uuid, row["process_uuid"], living):
                await store.put_job(session, run, self._watchdog)
                return
            if run.kind not in self._kinds:
                raise RetryRequested(delay=self._watchdog)
            claim = next_lease(run, self._kinds[run.kind], row["status"], row["process_uuid"])
            if run.cancelled or claim.attempts > ATTEMPTS_MOST:
                outcome = Outcome("cancelled") if run.cancelled else Outcome("failed", error=CRASHED_ERROR)
                await self._end_unheld(session, run, outcome)
                return
            rows = [] if run.started_at else first_rows(run)
            await store.take(session, claim, self.process_uuid, rows, self._watchdog)
            records, intents = await reads.journal(session, run_uuid)
            reached("started.before_commit")
        reached("started.committed")
        self.hub.look([run_uuid])
        claim = claim._replace(last_event_id=run.last_event_id + len(rows))
        self._hold(HeldRun(self, claim, records=records, intents=intents), begins=not run.started_at)

    async def _end_unheld(self, session: Session, run: Claim, outcome: Outcome) -> None:
        await end_unheld(session, run, self._kinds[run.kind], outcome, self.process_uuid)
        session.after_commit(lambda: self.hub.look([run.uuid]))
        session.after_commit(lambda: self._left(run))
        session.after_commit(lambda: metrics.ended(run, outcome.status))

    def _left(self, run: Claim) -> None:
        """A run has ended without a success: so do those that it has started."""
        if self._children is not None:
            self._children.ended(run.workspace_uuid, run.uuid)

    def _is_held(self, run_uuid: UUID, holder: UUID | None, living: UUID | None) -> bool:
        """A run of ours that we do not know is one whose acceptance or lease was committed without an answer.

        A holder that was not there a moment ago has only just taken it.
        """
        if holder == self.process_uuid == living:
            return run_uuid in self._held
        return holder is not None and holder in (living, self.process_uuid)

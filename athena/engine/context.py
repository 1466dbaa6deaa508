"""What a run's function has: its input, steps, events, and ways to wait."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from athena.engine import metrics, reads, store
from athena.engine.away import AWAY, retry_pause
from athena.engine.events import Event, LeaseLost, StepOutcomeUnknown, StepResult, StoredEvent, Suspended, encode
from athena.engine.held import HeldRun, Interruption
from athena.engine.store import Transition
from athena.kit.clock import now, rfc3339
from athena.kit.db import Row, Session

T = TypeVar("T")

NOTE_SECONDS: Final = 0.05

LATE: Final[Any] = object()
"""What a wait came to when its moment passed before its signal came."""


class RunContext:
    """Given to a run's function, which may be called again after a crash, a wait or a hand-over.

    It must do the same each time, up to where it came; steps that are done give their records without being called.
    """

    def __init__(self, run: HeldRun) -> None:
        self._run = run

    @property
    def run_uuid(self) -> UUID:
        """The run's id."""
        return self._run.uuid

    @property
    def workspace_uuid(self) -> UUID:
        """The workspace that the run belongs to."""
        return self._run.claim.workspace_uuid

    @property
    def input(self) -> Any:
        """What the run was accepted with."""
        return self._run.claim.input

    @property
    def labels(self) -> Mapping[str, Any]:
        """What the run is filtered by."""
        return self._run.claim.labels

    @property
    def lease_number(self) -> int:
        """Grows with each holder; 1 is the first."""
        return self._run.claim.lease_number

    def emit(self, kind: str, data: Mapping[str, Any]) -> None:
        """Logs an event, to be committed and shown soon."""
        self._run.append([Event(kind, data)])

    def note(self, kind: str, data: Mapping[str, Any], record: Any = None) -> None:
        """As :meth:`emit`, for what nobody waits for: it is committed with the run's next step, or soon after.

        ``record`` is kept beside the event, and not shown with it.
        """
        self._run.append([Event(kind, data)], NOTE_SECONDS, None if record is None else encode(record))

    def append_text(self, kind: str, fields: Mapping[str, Any], field: str, text: str) -> None:
        """Logs an event with ``fields`` and ``field``: ``text``.

        Texts that follow each other closely with the same ``fields`` are joined into one event. Give the same mapping
        each time, and do not change it.
        """
        self._run.append_text(kind, fields, field, text)

    def recorded(self, key: str) -> Any:
        """The record of a step that is done, or ``None``."""
        return self._run.records.get(key)

    async def step(
        self,
        key: str,
        execute: Callable[[int], Awaitable[StepResult]],
        *,
        started: Event | None = None,
        repeatable: bool = True,
    ) -> Any:
        """Does what has an effect outside, once: the record of its result.

        ``execute`` gets the number of the attempt; from the second on, a crash came in between and nobody knows how
        far the one before came. Where that forbids another attempt (not ``repeatable``), :class:`StepOutcomeUnknown`.
        ``started`` is logged and committed before ``execute`` is called for the first time.
        """
        run = self._run
        if key in run.records:
            return run.records[key]
        async with run.in_step():
            return await self._step(key, execute, started, repeatable=repeatable)

    async def _step(
        self, key: str, execute: Callable[[int], Awaitable[StepResult]], started: Event | None, *, repeatable: bool
    ) -> Any:
        run = self._run
        begun_under = run.intents.get(key)
        if begun_under is None:
            if started is not None:
                await run.settle(run.stage([started], step=key), "intent")
            elif not repeatable:
                raise ValueError("a step that must not be repeated needs an event that says it has started")
            run.intents[key] = begun_under = self.lease_number
        attempt = self.lease_number - begun_under + 1
        if attempt > 1 and not repeatable:
            raise StepOutcomeUnknown(key)
        result = await execute(attempt)
        staged = run.stage(result.events, result.apply, step=key, record=encode(result.record))
        if not result.final:
            await run.settle(staged, "result")
        run.records[key] = result.record
        metrics.stepped(result.events)
        return result.record

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Session]:
        """A transaction in the run's workspace that commits only while the lease is held. May happen again."""
        async with self._run.session() as session:
            if await store.guard(session, self._run.claim) is None:
                raise LeaseLost
            yield session

    async def history(self) -> list[StoredEvent]:
        """Every committed event of the run so far."""

        async def read() -> list[Row]:
            async with self._run.session() as session:
                return (await reads.read_events(session, self.workspace_uuid, self.run_uuid, 0, 1 << 31))[1]

        rows = await self.patiently(read)
        return [StoredEvent(row["id"], row["type"], row["data"].encode()) for row in rows]

    async def sleep_until(self, key: str, moment: datetime) -> None:
        """Goes on after ``moment``; until then the run is nothing but a row. ``moment`` counts as first given."""
        name = f"sleep:{key}"
        kept = self._run.claim.waits.get(name)
        until = moment if kept is None else datetime.fromisoformat(kept)
        if until > now():
            await self._suspend({name: rfc3339(until)}, until)

    @property
    def resumed(self) -> bool:
        """Whether the function was called before, so that some of what it does has been logged already."""
        return self._run.claim.lease_number > 1

    @property
    def changes_hands(self) -> bool:
        """Whether the function was stopped only because another process goes on with the run."""
        return self._run.interruption in {Interruption.HANDOVER, Interruption.LOST}

    @property
    def signalled(self) -> asyncio.Event:
        """Set when a signal has come while the run is at work; to be cleared by who waits for it."""
        return self._run.signalled

    async def arrived(self, waits: Mapping[str, datetime | None]) -> dict[str, Any]:
        """Of signals by name, with the moments up to which they are waited for, those that have come to an end.

        The value is the signal's payload, or :data:`LATE`. The moments must be the same each time.
        """
        return await self.patiently(lambda: self._arrived(waits))

    async def _arrived(self, waits: Mapping[str, datetime | None]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        async with self._run.session() as session:
            known = await store.guard(session, self._run.claim)
            if known is None:
                raise LeaseLost
            late: dict[str, Any] = {}
            for name, limit in waits.items():
                signal = f"signal:{name}"
                if signal in known:
                    found[name] = LATE if known[signal] is None else known[signal]["payload"]
                elif limit is not None and limit <= now():
                    found[name], late[signal] = LATE, None
            if late:
                await store.settle(session, self._run.claim, late)
        return found

    async def patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What ``attempt`` gives, which may be made several times: while the database is away, the run only pauses."""
        for tries in itertools.count():
            if self._run.interruption is Interruption.LOST:
                raise LeaseLost
            try:
                return await attempt()
            except AWAY:
                await asyncio.sleep(retry_pause(tries))
        raise AssertionError

    async def wait_for_any(self, waits: Mapping[str, datetime | None]) -> dict[str, Any]:
        """As :meth:`arrived`; while none has come to its end, the run is nothing but a row."""
        arrived = await self.arrived(waits)
        while not arrived:
            moments = [moment for moment in waits.values() if moment is not None]
            await self._suspend({}, min(moments, default=None), unless={f"signal:{name}" for name in waits})
            arrived = await self.arrived(waits)
        return arrived

    async def wait_for_signal(self, name: str, within: timedelta | None = None) -> Any:
        """The payload of the first signal of that name, come or to come; :class:`TimeoutError` after ``within``.

        Meanwhile the run is nothing but a row.
        """
        run, signal, limit = self._run, f"signal:{name}", f"limit:{name}"

        async def look() -> tuple[Mapping[str, Any], datetime | None]:
            async with run.session() as session:
                waits = await store.guard(session, run.claim)
                if waits is None:
                    raise LeaseLost
                until = None if within is None else now() + within
                if limit in waits:
                    until = datetime.fromisoformat(waits[limit])
                if signal not in waits and until is not None and until <= now():
                    await store.settle(session, run.claim, {signal: None})
                    waits = {signal: None}
                return waits, until

        while True:
            waits, until = await self.patiently(look)
            if signal in waits:
                break
            await self._suspend({} if until is None else {limit: rfc3339(until)}, until, unless={signal})
        answer = waits[signal]
        if answer is None:
            raise TimeoutError(name)
        return answer["payload"]

    async def _suspend(self, waits: Mapping[str, Any], until: datetime | None, unless: Collection[str] = ()) -> None:
        """Ends the run's work here, unless one of the signals came."""
        run = self._run
        if run.holding:
            await run.commit()

        async def check(session: Session) -> None:
            if not (await store.guard(session, run.claim) or {}).keys().isdisjoint(unless):
                raise _Arrived

        if unless:
            run.staged.append(check)
        delay = None if until is None else max(until - now(), timedelta())
        with contextlib.suppress(_Arrived):
            await run.commit(Transition(status="waiting", waits=encode(waits), job=True, job_delay=delay))
            raise Suspended


class _Arrived(Exception):
    """The signal came before the run could begin to wait for it."""

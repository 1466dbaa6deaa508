"""Commits the pending events of all runs of this process together: a token is not a commit."""

from __future__ import annotations

import asyncio
import itertools
from typing import Final

import structlog

from athena.engine import reads, store
from athena.engine.away import AWAY, retry_pause
from athena.engine.crash_points import reached
from athena.engine.held import HeldRun, Host, Interruption
from athena.engine.store import Claim, LogRow

LINGER_FREE_RUNS: Final = 16
LINGER_PER_RUN: Final = 0.00024
LINGER_MOST: Final = 0.12
QUIET_SECONDS: Final = 0.5
LOCKED_SECONDS: Final = 0.02

log = structlog.get_logger(__name__)


class Flusher:
    """One loop. A run that was quiet is flushed at once; the more runs stream, the longer the others' texts gather."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._due: dict[HeldRun, None] = {}
        self._wake = asyncio.Event()
        self._recent: set[HeldRun] = set()
        self._previous: set[HeldRun] = set()
        self._turn = 0.0
        self._clock = asyncio.get_running_loop().time

    def soon(self, run: HeldRun, within: float = 0.0, *, locked: bool = False) -> None:
        """Has the run flushed: at once if it was quiet, else when its texts have gathered a while; or ``within``."""
        moment = self._clock()
        if within:
            due_at = moment + within
        elif moment - run.flushed_at > QUIET_SECONDS:
            due_at = moment
        else:
            due_at = moment + max(self._linger(moment), LOCKED_SECONDS if locked else 0)
        if run.due_at is not None and run.due_at <= due_at:
            return
        run.due_at = due_at
        self._recent.add(run)
        self._due[run] = None
        self._wake.set()

    def _linger(self, moment: float) -> float:
        if moment - self._turn > 1.0:
            self._turn, self._previous, self._recent = moment, self._recent, set()
        streaming = max(len(self._previous), len(self._recent)) - LINGER_FREE_RUNS
        return min(max(streaming, 0) * LINGER_PER_RUN, LINGER_MOST)

    async def run(self) -> None:
        """Flushes until it is cancelled."""
        while True:
            self._wake.clear()
            moment = self._clock()
            slack = self._linger(moment) / 4
            first = min((run.due_at or moment for run in self._due), default=None)
            if first is None or first > moment:
                try:
                    async with asyncio.timeout(None if first is None else first - moment):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            batch = [run for run in self._due if (run.due_at or moment) <= moment + slack]
            await self._flush(batch, moment)

    async def _flush(self, runs: list[HeldRun], moment: float) -> None:
        batch: dict[HeldRun, list[LogRow]] = {}
        for run in runs:
            del self._due[run]
            run.due_at = None
            if run.ending or run.holding or run.lock.locked() or run.interruption is Interruption.LOST:
                continue  # a commit of the run's own takes them along
            run.flushed_at = moment
            await run.lock.acquire()
            # Looked at again: the lock may have been someone's who came first.
            batch[run] = [] if run.ending or run.holding else run.rows()
        try:
            await self._write({run: rows for run, rows in batch.items() if rows})
        finally:
            for run in batch:
                run.lock.release()

    async def _write(self, batch: dict[HeldRun, list[LogRow]]) -> None:
        tries = 0
        while batch:
            if tries and not await self._settle(batch):
                return
            claims: list[tuple[Claim, list[LogRow]]] = [(run.claim, rows) for run, rows in batch.items()]
            try:
                async with self._host.database.system() as session:
                    written = await store.flush(session, claims, self._host.process_uuid)
                    missing = [claim for claim, _ in claims if claim.lease not in written]
                    held = await reads.still_held(session, missing)
                    reached("flush.before_commit")
            except AWAY as error:
                log.warning("engine.flush_failed", error=type(error).__name__, runs=len(batch))
            except Exception as error:  # noqa: BLE001 - without this loop no stream goes on
                await self._isolate(batch, error)
                return
            else:
                reached("flush.committed")
                for run, rows in batch.items():
                    if run.claim.lease in written:
                        run.committed(rows)
                    elif run.claim.lease in held:
                        self.soon(run, locked=True)  # somebody has the row's lock; the others do not wait for that
                    else:
                        run.interrupt(Interruption.LOST)
                return
            await asyncio.sleep(retry_pause(tries))
            tries += 1

    async def _isolate(self, batch: dict[HeldRun, list[LogRow]], error: Exception) -> None:
        """What one run cannot write must not stop the others; that run is given up, to be taken up from its log."""
        if len(batch) > 1:
            for run, rows in batch.items():
                await self._write({run: rows})
        for run in batch if len(batch) == 1 else ():
            log.error("engine.flush_refused", run_uuid=str(run.uuid), error=type(error).__name__)
            run.interrupt(Interruption.LOST)

    async def _settle(self, batch: dict[HeldRun, list[LogRow]]) -> bool:
        """After a failure, finds out which rows were committed without an answer; whether some are left."""
        for tries in itertools.count():
            for run in [run for run in batch if run.interruption is Interruption.LOST]:
                del batch[run]
            try:
                async with self._host.database.system() as session:
                    last_ids = await reads.last_ids(session, [run.claim for run in batch])
            except AWAY:
                await asyncio.sleep(retry_pause(tries))
                continue
            for run in [run for run, rows in batch.items() if last_ids.get(run.claim.lease, 0) >= rows[-1].id]:
                run.committed(batch.pop(run))
            break
        return bool(batch)

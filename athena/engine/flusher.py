"""Commits the pending events of all runs of this process together: a token is not a commit."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from athena.engine import store
from athena.engine.away import retry_pause
from athena.engine.crash_points import reached
from athena.engine.held import HeldRun, Host, Interruption
from athena.engine.store import Claim, LogRow

LINGER_FREE_RUNS: Final = 16
LINGER_PER_RUN: Final = 0.00024
LINGER_MOST: Final = 0.12
QUIET_SECONDS: Final = 0.5

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

    def soon(self, run: HeldRun) -> None:
        """Has the run flushed: at once if it was quiet, else when its texts have gathered a while."""
        if run.due_at is not None:
            return
        moment = self._clock()
        run.due_at = moment if moment - run.flushed_at > QUIET_SECONDS else moment + self._linger(moment)
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
            if run.ending or run.holding or run.lock.locked():
                continue  # a commit of the run's own takes them along
            run.flushed_at = moment
            await run.lock.acquire()
            batch[run] = run.rows()
        try:
            await self._write({run: rows for run, rows in batch.items() if rows})
        finally:
            for run in batch:
                run.lock.release()

    async def _write(self, batch: dict[HeldRun, list[LogRow]]) -> None:
        tries = 0
        while batch:
            claims: list[tuple[Claim, list[LogRow]]] = [(run.claim, rows) for run, rows in batch.items()]
            try:
                async with self._host.database.system() as session:
                    written = await store.flush(session, claims, self._host.process_uuid)
                    missing = [claim for claim, _ in claims if claim.uuid not in written]
                    held = await store.still_held(session, missing)
                    reached("flush.before_commit")
            except Exception as error:  # noqa: BLE001 - without this loop no stream goes on
                log.warning("engine.flush_failed", error=type(error).__name__, runs=len(batch))
            else:
                reached("flush.committed")
                for run in [run for run in batch if run.uuid not in held]:
                    rows = batch.pop(run)
                    if run.uuid in written:
                        run.committed(rows)
                    else:
                        run.interrupt(Interruption.LOST)
            if batch:
                await asyncio.sleep(retry_pause(tries))
                tries += 1
                batch = {run: rows for run, rows in batch.items() if run.interruption is not Interruption.LOST}

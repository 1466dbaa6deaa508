"""Which jobs a process claims: by the queues' order, and of each queue one of each workspace in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from datetime import timedelta
from typing import Any, Final

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.domain.models import Job
from pgqueuer.ports.driver import NotifyCallback
from pgqueuer.queries import Queries

from athena.engine.room import Room

BATCH: Final = 20
LOOK_SECONDS: Final = 5.0
FULL_SECONDS: Final = 0.05
LAST_FIRST: Final = 8
"""One look in so many begins with the last queue, so that none waits for ever."""

_CLAIM: Final = "SELECT * FROM engine_claim($1, $2, $3, $4, $5, $6, $7)"
_NEXT: Final = (
    "SELECT extract(epoch FROM min(job.execute_after) - now())::double precision AS seconds FROM unnest($1::text[]) AS"
    " q (entrypoint) CROSS JOIN LATERAL (SELECT execute_after FROM pgqueuer WHERE entrypoint = q.entrypoint"
    " AND status = 'queued' AND execute_after > now() ORDER BY execute_after LIMIT 1) AS job"
)


class Driver(AsyncpgDriver):
    """Tells of new jobs by ``wake``; what else comes over the channel goes to PgQueuer."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], wake: Callable[[], None]) -> None:
        super().__init__(connection)
        self._wake = wake

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Listens for PgQueuer."""

        def heard(payload: str | bytes | bytearray) -> None:
            if "table_changed_event" in str(payload):
                self._wake()
            else:
                callback(payload)

        await super().add_listener(channel, heard)


class Claims(Queries):
    """What PgQueuer's manager asks for jobs. It is answered when there are some that the process has room for."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record], room: Room) -> None:
        super().__init__(Driver(connection, room.changed.set))
        self.stopped = asyncio.Event()
        self.being_dealt_with: Container[object] = ()
        self._room = room
        self._names = {queue.entrypoint: name for name, queue in room.queues.items()}
        self._after = dict.fromkeys(self._names, b"")
        self._looks = 0

    async def dequeue(self, batch_size: int, *_: Any, **named: Any) -> list[Job]:
        """Waits until there are jobs and room for them, and claims them; none once the manager is to stop."""
        process_uuid, heartbeat = named["queue_manager_id"], named["heartbeat_timeout"]
        while not self.stopped.is_set():
            self._room.changed.clear()
            jobs = await self._claim(batch_size, process_uuid, heartbeat)
            if jobs:
                return jobs
            seconds = LOOK_SECONDS
            if self._room.free:
                (row,) = await self.driver.fetch(_NEXT, [*self._names, *(f"{name}.later" for name in self._names)])
                seconds = LOOK_SECONDS if row["seconds"] is None else min(float(str(row["seconds"])), LOOK_SECONDS)
            else:
                # Whatever comes meanwhile is not for this process, but for what its own runs wait for.
                await asyncio.sleep(FULL_SECONDS)
            try:
                async with asyncio.timeout(max(seconds, 0.0)):
                    await self._room.changed.wait()
            except TimeoutError:
                continue
        return []

    async def _claim(self, most: int, process_uuid: object, heartbeat: timedelta) -> list[Job]:
        self._looks += bool(self._room.free)
        order = list(self._names) if self._looks % LAST_FIRST or not self._room.free else list(reversed(self._names))
        free = [self._room.free_in(self._names[entrypoint]) for entrypoint in order]
        # Whoever leaves is of interest only while a place is wanting.
        self._room.is_full = not self._room.free
        self._room.awaited = frozenset(name for name in self._room.queues if not self._room.free_in(name))
        rows = await self.driver.fetch(
            _CLAIM,
            process_uuid,
            heartbeat,
            order,
            free,
            [self._after[entrypoint] for entrypoint in order],
            min(most, self._room.free),
            most,
        )
        jobs = [Job.model_validate(row) for row in rows]
        for job in jobs:
            # One that is claimed anew while it is dealt with here has its place, and is passed over.
            if job.id not in self.being_dealt_with:
                self._room.claim(job.id, self._names[job.entrypoint])
            if job.payload is not None and not job.priority:
                self._after[job.entrypoint] = job.payload[:36] + b"!"
        return jobs

"""Jobs: PgQueuer claims them for this process, which then leases their runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
import structlog
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Job
from pgqueuer.domain.types import QueueManagerId

from athena.engine.claims import BATCH, LOOK_SECONDS, Claims
from athena.engine.room import Room
from athena.kit.db import SYSTEM_ROLE
from athena.kit.db_errors import DRIVER_ERRORS

CONNECT_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)

Begin = Callable[[UUID, UUID], Awaitable[None]]


class Executes(Protocol):
    """A connection, or a session."""

    async def execute(self, query: str, /, *args: Any) -> Any:
        """Runs a statement."""
        ...


async def release_jobs(connection: Executes, process_uuids: Sequence[UUID]) -> None:
    """Gives back the jobs that these processes have claimed and not begun."""
    await connection.execute(
        "UPDATE pgqueuer SET status = 'queued', queue_manager_id = NULL WHERE queue_manager_id = ANY ($1)",
        list(process_uuids),
    )


class Dispatcher:
    """Runs PgQueuer on a connection of its own, which is made again whenever it breaks."""

    def __init__(
        self, url: str, begin: Begin, room: Room, process_uuid: Callable[[], UUID], lease_seconds: float
    ) -> None:
        self._url = url
        self._begin = begin
        self._room = room
        self._process_uuid = process_uuid
        self._lease = timedelta(seconds=lease_seconds)
        self._manager: QueueManager | None = None
        self._stopping = False

    async def run(self) -> None:
        """Dispatches until it is stopped."""
        delay = 0.05
        while not self._stopping:
            connection: asyncpg.Connection[asyncpg.Record] | None = None
            try:
                connection = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS, command_timeout=30)
                await connection.execute(f"SET ROLE {SYSTEM_ROLE}")
                # Claimed over a connection that broke, and never begun: they would count as this process's for ever.
                await release_jobs(connection, [self._process_uuid()])
                delay = 0.05
                await self._serve(connection)
            except (*DRIVER_ERRORS, TimeoutError) as error:
                log.warning("engine.dispatch_interrupted", error=type(error).__name__)
            finally:
                if connection is not None:
                    connection.terminate()
            if not self._stopping:
                await asyncio.sleep(delay)
            delay = min(delay * 2, 1.0)

    def stop(self) -> None:
        """Claims no more jobs; :meth:`run` returns when those that it has are dealt with."""
        self._stopping = True
        if self._manager is not None:
            self._manager.shutdown.set()
            self._room.changed.set()

    async def _serve(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        claims = Claims(connection, self._room)
        self._manager = manager = QueueManager(claims)
        claims.stopped, claims.being_dealt_with = manager.shutdown, manager.job_context
        # By this, whoever takes over from this process finds the jobs that it had claimed.
        manager.queue_manager_id = QueueManagerId(self._process_uuid())

        async def run_job(job: Job) -> None:
            workspace, _, run = (job.payload or b"").decode().partition(" ")
            try:
                await self._begin(UUID(workspace), UUID(run))
            finally:
                self._room.dealt_with(job.id)

        for queue in self._room.queues.values():
            manager.entrypoint(queue.entrypoint)(run_job)

        def end(_: object) -> None:
            manager.shutdown.set()
            self._room.changed.set()

        connection.add_termination_listener(end)
        try:
            await manager.run(
                dequeue_timeout=timedelta(seconds=LOOK_SECONDS),
                batch_size=BATCH,
                max_concurrent_tasks=2 * BATCH,
                heartbeat_timeout=self._lease,
                log_aggregation_interval=timedelta(0),
            )
        finally:
            self._room.forget_claims()

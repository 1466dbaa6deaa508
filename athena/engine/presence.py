"""That this process lives, as others see it, and what happens to the runs of those that do not."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
import structlog

from athena.engine import store
from athena.engine.away import AWAY
from athena.engine.crash_points import reached
from athena.engine.dispatch import release_jobs
from athena.engine.events import encode
from athena.engine.models import PARENT_LABEL
from athena.engine.queues import DEFAULT, entrypoint
from athena.kit.clock import now
from athena.kit.db import SYSTEM_ROLE, Database
from athena.kit.errors import AthenaError
from athena.kit.ids import new_uuid

TICK_SECONDS: Final = 1.0
SETTLING_SECONDS: Final = 3.0
CONNECT_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class Owner(Protocol):
    """What presence needs of its engine."""

    database: Database
    process_uuid: UUID
    lease_seconds: float
    limited: frozenset[UUID]

    entrypoints: dict[str, str]

    def notified(self, payload: str) -> None:
        """A notification of another process, or of this one."""

    def reconnected(self) -> None:
        """Notifications may have been missed."""

    def cancel_requested(self, run_uuids: list[UUID]) -> None:
        """These runs of this process are to be cancelled."""

    def lost_everything(self) -> None:
        """The leases of this process are not its own any more."""


class Presence:
    """A connection that holds the process's advisory lock, listens, and beats; it is made again whenever it breaks."""

    def __init__(self, owner: Owner, *, reaps: bool) -> None:
        self._owner = owner
        self._reaps = reaps
        self._loop = asyncio.get_running_loop()
        self._settled_at = 0.0
        self._seen_at = self._loop.time()
        self.connected = asyncio.Event()

    async def run(self) -> None:
        """Keeps the process present until it is cancelled."""
        delay = 0.05
        while True:
            connection: asyncpg.Connection[asyncpg.Record] | None = None
            try:
                connection = await asyncpg.connect(
                    self._owner.database.url, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS
                )
                await self._enter(connection)
                delay = 0.05
                await self._stay(connection)
            except (*AWAY, asyncpg.PostgresError, TimeoutError, AthenaError) as error:
                log.warning("engine.database_away", error=type(error).__name__)
            finally:
                self.connected.clear()
                if connection is not None:
                    connection.terminate()
            self._settled_at = self._loop.time() + SETTLING_SECONDS
            await asyncio.sleep(delay)
            self._seen_at = self._loop.time()
            delay = min(delay * 2, 1.0)

    async def _enter(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Lock first, row second: a row without a lock is a dead process."""
        await connection.execute(f"SET ROLE {SYSTEM_ROLE}")
        await connection.execute("SELECT pg_advisory_lock($1)", lock_key(self._owner.process_uuid))
        if not await self._beat(connection):
            self._owner.lost_everything()
            self._owner.process_uuid = new_uuid()
            await connection.execute("SELECT pg_advisory_lock($1)", lock_key(self._owner.process_uuid))
            await connection.execute(
                "INSERT INTO engine_processes (uuid, lock_key, started_at, heartbeat_at) VALUES ($1, $2, $3, now())",
                self._owner.process_uuid,
                lock_key(self._owner.process_uuid),
                now(),
            )
        await self._learn_limits(connection)
        await connection.add_listener(store.CHANNEL, self._notified)
        self._owner.reconnected()
        self.connected.set()

    def _notified(self, _connection: Any, _pid: int, _channel: str, payload: Any) -> None:
        self._owner.notified(str(payload))

    async def _learn_limits(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Which workspaces' runs are not begun without asking how many are at work."""
        rows = await connection.fetch("SELECT uuid FROM workspaces WHERE settings ? 'concurrent_runs'")
        self._owner.limited = frozenset(row["uuid"] for row in rows)

    async def _beat(self, connection: asyncpg.Connection[asyncpg.Record]) -> bool:
        status = await connection.execute(
            "UPDATE engine_processes SET heartbeat_at = now() WHERE uuid = $1", self._owner.process_uuid
        )
        return status == "UPDATE 1"

    async def _stay(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        beat_at = self._loop.time()
        while True:
            moment = self._loop.time()
            away, self._seen_at = moment - self._seen_at, moment
            if away > self._owner.lease_seconds:
                # Frozen for longer than the lease: come back as another process, which takes over from this one.
                self._owner.lost_everything()
                self._owner.process_uuid = new_uuid()
                return
            if moment >= beat_at:
                beat_at = moment + self._owner.lease_seconds / 4
                if not await self._beat(connection):
                    return  # taken for dead: enter again under another id
                await self._learn_limits(connection)
            rows = await connection.fetch(
                "SELECT uuid FROM runs WHERE process_uuid = $1 AND cancel_requested_at IS NOT NULL",
                self._owner.process_uuid,
            )
            self._owner.cancel_requested([row["uuid"] for row in rows])
            if self._reaps and moment >= self._settled_at:
                await reap(self._owner)
            await asyncio.sleep(min(TICK_SECONDS, self._owner.lease_seconds / 4))


def lock_key(process_uuid: UUID) -> int:
    """The advisory lock of a process: the random half of its id."""
    return int.from_bytes(process_uuid.bytes[8:], signed=True)


async def reap(owner: Owner) -> None:
    """Takes the runs away from processes that are dead, or silent for longer than the lease, and gives them jobs."""
    async with owner.database.system() as session:
        found = await session.fetch(
            "SELECT uuid FROM engine_processes WHERE uuid <> $1 AND (heartbeat_at < now() - $2 * interval '1 second'"
            " OR pg_try_advisory_xact_lock(lock_key)) FOR UPDATE SKIP LOCKED",
            owner.process_uuid,
            owner.lease_seconds,
        )
        if not found:
            return
        dead = [row["uuid"] for row in found]
        # A frozen process may hold a row's lock: that run comes next time, and the process stays on the list for it.
        taken = await session.fetch(
            "WITH free AS (SELECT workspace_uuid, uuid FROM runs WHERE process_uuid = ANY ($1) AND status = 'running'"
            " FOR NO KEY UPDATE SKIP LOCKED), taken AS (UPDATE runs r SET process_uuid = NULL,"
            " lease_number = lease_number + 1 FROM free f WHERE r.workspace_uuid = f.workspace_uuid AND r.uuid = f.uuid"
            " RETURNING r.workspace_uuid, r.uuid, r.kind, r.labels)"
            " SELECT engine_job(workspace_uuid, uuid, '0', false, coalesce($2::text::jsonb ->> kind, $3),"
            f" labels ? '{PARENT_LABEL}') FROM taken",
            dead,
            encode(owner.entrypoints),
            entrypoint(DEFAULT),
        )
        await session.execute(
            "DELETE FROM engine_processes p WHERE uuid = ANY ($1)"
            " AND NOT EXISTS (SELECT FROM runs WHERE process_uuid = p.uuid)",
            dead,
        )
        # What they had only just claimed.
        await release_jobs(session, dead)
        reached("takeover.before_commit")
    reached("takeover.committed")
    if taken:
        log.warning("engine.took_over", processes=len(dead), runs=len(taken))

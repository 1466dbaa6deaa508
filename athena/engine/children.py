"""What becomes of runs that another run has started and waits for, when that one ends without them."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol
from uuid import UUID

import structlog

from athena.engine.away import AWAY
from athena.engine.models import PARENT_LABEL
from athena.engine.store import tenant
from athena.kit.changes import Actor
from athena.kit.db import Database, Row, Session

AT_ONCE: Final = 200
RETRY_SECONDS: Final = 0.5

_PARENT: Final = f"c.labels ->> '{PARENT_LABEL}'"
_LEFT: Final = f"c.finished_at IS NULL AND c.cancel_requested_at IS NULL AND {_PARENT} IS NOT NULL"
_OF: Final = (
    f"SELECT c.workspace_uuid, c.uuid, {_PARENT} AS parent FROM unnest($1::uuid[], $2::text[]) AS v (workspace, parent)"
    f" JOIN runs c ON c.workspace_uuid = v.workspace AND {_PARENT} = v.parent WHERE {_LEFT} LIMIT {AT_ONCE}"
)
_ORPHANS: Final = (
    f"SELECT c.workspace_uuid, c.uuid, {_PARENT} AS parent FROM runs c JOIN runs p ON p.workspace_uuid ="
    f" c.workspace_uuid AND p.uuid = ({_PARENT})::uuid WHERE {_LEFT} AND p.finished_at IS NOT NULL LIMIT {AT_ONCE}"
)

log = structlog.get_logger(__name__)


class Host(Protocol):
    """What is needed of the engine."""

    database: Database
    lease_seconds: float

    async def cancel(self, session: Session, workspace_uuid: UUID, run_uuid: UUID) -> bool:
        """Has a run cancelled."""
        ...


class Children:
    """One loop. Those of runs that end here are cancelled at once; others', whose process died, a while later.

    Each in a transaction of its own, after that of its parent's end: in one with it, a parent and a child that end at
    the same moment would wait for each other.
    """

    def __init__(self, host: Host, *, searches: bool) -> None:
        """``searches``: for what other processes have left behind, too."""
        self._host = host
        self._searches = searches
        self._ended: set[tuple[UUID, UUID]] = set()
        self._wake = asyncio.Event()

    def ended(self, workspace_uuid: UUID, run_uuid: UUID) -> None:
        """A run was cancelled, or has failed."""
        self._ended.add((workspace_uuid, run_uuid))
        self._wake.set()

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        loop = asyncio.get_running_loop()
        search_at = loop.time()
        while True:
            self._wake.clear()
            try:
                while self._ended:
                    await self._cancel(_OF, ended := tuple(self._ended))
                    self._ended.difference_update(ended)
                if self._searches and loop.time() >= search_at:
                    await self._cancel(_ORPHANS)
                    search_at = loop.time() + self._host.lease_seconds
            except AWAY as error:
                log.warning("engine.children_left", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            try:
                async with asyncio.timeout(max(0.0, search_at - loop.time()) if self._searches else None):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _cancel(self, sql: str, of: tuple[tuple[UUID, UUID], ...] = ()) -> None:
        """Cancels what the query finds. Those that do not run end at once, and bring theirs to :meth:`ended`."""
        args = ([workspace for workspace, _ in of], [str(run) for _, run in of]) if of else ()
        while True:
            async with self._host.database.system() as session:
                found: list[Row] = await session.fetch(sql, *args)
            if not any([await self._cancel_one(row) for row in found]) or len(found) < AT_ONCE:
                return

    async def _cancel_one(self, row: Row) -> bool:
        """Whether that was possible; what is not, keeps the others from nothing."""
        workspace_uuid, run_uuid = row["workspace_uuid"], row["uuid"]
        try:
            async with self._host.database.session(tenant(workspace_uuid)) as session:
                session.actor = Actor(kind="run", credential_uuid=UUID(row["parent"]))
                return await self._host.cancel(session, workspace_uuid, run_uuid)
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - without this loop whatever is left behind goes on
            log.error("engine.child_left", run_uuid=str(run_uuid), error=type(error).__name__)  # noqa: TRY400 - its text may be a user's
            return False

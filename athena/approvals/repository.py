"""All SQL of approvals and their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from athena.approvals.models import approval_answers, approvals
from athena.kit import clock
from athena.kit.db import Row, Session
from athena.kit.repository import Repository, Where

MOST_OPEN: Final = 1_000


class ApprovalRepository(Repository):
    """The approvals of one workspace."""

    table = approvals
    recorded = "approval"

    async def locked(self, uuid: UUID) -> Row:
        """One row, with the run that asks, neither of which anybody else changes before this transaction ends."""
        run_uuid = (await self.get(uuid))["run_uuid"]
        # The run first, as whoever ends it does.
        await self._lock_run(run_uuid)
        return await super().locked(uuid)

    async def _lock_run(self, run_uuid: UUID) -> Row | None:
        """The run, unless it has ended."""
        return await self.session.fetch_one(
            "SELECT workflow_uuid::uuid AS workflow_uuid FROM runs "
            "WHERE workspace_uuid = $1 AND uuid = $2 AND finished_at IS NULL FOR NO KEY UPDATE",
            self.workspace_uuid,
            run_uuid,
        )

    async def add(self, values: Mapping[str, Any]) -> Row | None:
        """Stores an approval, unless its run asks for the same already; ``None`` when the run has ended."""
        run = await self._lock_run(values["run_uuid"])
        if run is None:
            return None
        known = await self.session.fetch_one(
            f"SELECT {self.columns} FROM approvals WHERE workspace_uuid = $1 AND run_uuid = $2 AND signal = $3",
            self.workspace_uuid,
            values["run_uuid"],
            values["signal"],
        )
        return known or await self.insert({**values, "workflow_uuid": run["workflow_uuid"]})

    async def open_of_run(self, run_uuid: UUID, node_id: str | None) -> list[Row]:
        """What a run still asks for approval of, or one of its nodes; some, the oldest first."""
        where = Where()
        self.within(where)
        where.add("run_uuid = {}", run_uuid)
        where.add("status = 'open' AND kind = 'approval' AND (expires_at IS NULL OR expires_at > {})", clock.now())
        if node_id is not None:
            where.add("node_id = {}", node_id)
        return await self.session.fetch(
            f"SELECT {self.columns} FROM approvals WHERE {where.sql} ORDER BY uuid LIMIT 20", *where.args
        )

    async def open_of_runs(self, run_uuids: Sequence[UUID]) -> list[Row]:
        """What runs still ask, the oldest first; at most :data:`MOST_OPEN`."""
        where = Where()
        self.within(where)
        where.add("run_uuid = ANY({})", list(run_uuids))
        where.add("status = 'open' AND (expires_at IS NULL OR expires_at > {})", clock.now())
        return await self.session.fetch(
            f"SELECT {self.columns} FROM approvals WHERE {where.sql} ORDER BY uuid LIMIT {MOST_OPEN}", *where.args
        )


class AnswerRepository(Repository):
    """The answers to the approvals of one workspace."""

    table = approval_answers

    async def of(self, approval_uuids: Sequence[UUID]) -> list[Row]:
        """Those of some approvals, the oldest first, in one query."""
        where = Where()
        self.within(where)
        where.add("approval_uuid = ANY({})", list(approval_uuids))
        return await self.session.fetch(
            f"SELECT {self.columns} FROM approval_answers WHERE {where.sql} ORDER BY uuid", *where.args
        )


class LinkRepository:
    """Approvals by their links; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def by_token(self, digest: bytes) -> Row | None:
        """The approval of a link."""
        return await self._session.fetch_one("SELECT * FROM approvals WHERE token_hash = $1", digest)

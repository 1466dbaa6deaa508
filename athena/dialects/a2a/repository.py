"""All SQL of tasks: which runs of an agent a list holds."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from athena.kit.access import WorkspaceId
from athena.kit.db import Session
from athena.kit.repository import Where

KINDS: Final = ("agent", "thread")
"""Of runs that are tasks."""
MOST_COUNTED: Final = 10_000
_ASKS: Final = """EXISTS (
    SELECT FROM approvals WHERE approvals.workspace_uuid = runs.workspace_uuid AND approvals.run_uuid = runs.uuid
        AND approvals.status = 'open' AND (approvals.expires_at IS NULL OR approvals.expires_at > now())
)"""
STATES: Final = {
    "TASK_STATE_SUBMITTED": "status = 'queued'",
    "TASK_STATE_WORKING": f"status IN ('running', 'waiting') AND NOT {_ASKS}",
    "TASK_STATE_INPUT_REQUIRED": f"finished_at IS NULL AND {_ASKS}",
    "TASK_STATE_COMPLETED": "status = 'succeeded'",
    "TASK_STATE_FAILED": "status = 'failed'",
    "TASK_STATE_CANCELED": "status = 'cancelled'",
}
"""What runs have such tasks; no run is rejected or waits for credentials."""


class TaskRepository:
    """The runs of one agent."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, agent_uuid: UUID) -> None:
        self._session = session
        self._workspace_uuid = workspace_uuid
        self._agent_uuid = agent_uuid

    async def page(
        self, *, thread: str, state: str, since: datetime | None, after: UUID | None, limit: int
    ) -> tuple[list[UUID], int]:
        """The newest runs in a thread (empty: anywhere) and of a state (of any, where it is unspecified); how many in
        all, up to :data:`MOST_COUNTED`.
        """
        where = Where()
        where.add("workspace_uuid = {}", self._workspace_uuid)
        where.add("agent_uuid = {}", str(self._agent_uuid))
        where.add("kind = ANY({})", list(KINDS))
        if thread:
            where.add("(thread_uuid = {} OR thread_uuid IS NULL AND uuid::text = {})", thread, thread)
        if state != "TASK_STATE_UNSPECIFIED":
            where.add(STATES.get(state, "false"))
        if since is not None:
            where.add("updated_at >= {}", since)
        counted = f"SELECT count(*) FROM (SELECT FROM runs WHERE {where.sql} LIMIT {MOST_COUNTED}) AS found"
        total = await self._session.value(counted, *where.args)
        if after is not None:
            where.add("uuid < {}", after)
        rows = await self._session.fetch(
            f"SELECT uuid FROM runs WHERE {where.sql} ORDER BY uuid DESC LIMIT {where.parameter(limit)}", *where.args
        )
        return [row["uuid"] for row in rows], total

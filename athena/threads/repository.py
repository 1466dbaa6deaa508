"""All SQL of threads."""

from __future__ import annotations

from uuid import UUID

from athena.kit.db import Row
from athena.kit.repository import Repository
from athena.threads.models import threads


class ThreadRepository(Repository):
    """The threads of one workspace."""

    table = threads
    recorded = "thread"
    counted = True
    hidden = frozenset({"external_id"})
    found_by = "athena_find_threads"

    async def called(self, external_id: str) -> Row | None:
        """The thread that a program calls so."""
        return await self.session.fetch_one(
            f"SELECT {self.columns} FROM threads WHERE workspace_uuid = $1 AND external_id = $2",
            self.workspace_uuid,
            external_id,
        )

    async def lock_unfinished_runs(self, uuid: UUID) -> list[UUID]:
        """The runs of a thread that are not at their end, the last first; none of them ends before this transaction."""
        rows = await self.session.fetch(
            "SELECT uuid FROM runs WHERE workspace_uuid = $1 AND queue_key = $2 AND finished_at IS NULL "
            "ORDER BY position DESC FOR NO KEY UPDATE",
            self.workspace_uuid,
            str(uuid),
        )
        return [row["uuid"] for row in rows]

    async def delete_finished_runs(self, uuid: UUID) -> None:
        """What was said in the thread stands in its runs' logs, too."""
        await self.session.execute(
            "DELETE FROM runs WHERE workspace_uuid = $1 AND thread_uuid = $2::uuid::text AND finished_at IS NOT NULL",
            self.workspace_uuid,
            uuid,
        )

"""All SQL of runs that the engine does not do."""

from __future__ import annotations

from uuid import UUID

from athena.engine.models import UNFINISHED, runs
from athena.kit.db import Row
from athena.kit.repository import Repository


class RunRepository(Repository):
    """The runs of one workspace."""

    table = runs
    hidden = frozenset({"queue_key", "position", "process_uuid", "lease_number", "attempts", "waits", "deadline_at"})

    async def said(self, uuid: UUID) -> str:
        """The text of an answer as far as its log has it."""
        return await self.session.value(
            """
            SELECT coalesce(string_agg(data ->> 'delta', '' ORDER BY id), '') FROM run_events
            WHERE workspace_uuid = $1 AND run_uuid = $2 AND type = 'message.delta' AND id > coalesce((
                SELECT max(id) FROM run_events WHERE run_uuid = $2 AND type = 'message.restarted'
            ), 0)
            """,
            self.workspace_uuid,
            uuid,
        )

    async def unfinished_of_thread(self, thread_uuid: UUID) -> list[Row]:
        """The runs of a thread that are not at their end, the newest first."""
        return await self.session.fetch(
            "SELECT uuid FROM runs WHERE workspace_uuid = $1 AND queue_key = $2 AND finished_at IS NULL "
            f"AND status IN {UNFINISHED} ORDER BY position DESC",
            self.workspace_uuid,
            str(thread_uuid),
        )

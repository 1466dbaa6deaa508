"""All SQL of runs that the engine does not do."""

from __future__ import annotations

from uuid import UUID

from athena.engine.models import DERIVED, LISTED_LABELS, runs
from athena.kit.repository import Repository


class RunRepository(Repository):
    """The runs of one workspace."""

    table = runs
    counted = True
    hidden = frozenset(
        {
            "queue_key",
            "position",
            "process_uuid",
            "lease_number",
            "attempts",
            "waits",
            "deadline_at",
            "queue_limit",
            *LISTED_LABELS,
            *DERIVED,
        }
    )

    async def last_event_id(self, uuid: UUID) -> int:
        """The last event of a run's log."""
        return await self.session.value(
            "SELECT coalesce(max(id), 0) FROM run_events WHERE workspace_uuid = $1 AND run_uuid = $2",
            self.workspace_uuid,
            uuid,
        )

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

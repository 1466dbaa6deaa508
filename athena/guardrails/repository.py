"""All SQL of guardrails."""

from __future__ import annotations

from uuid import UUID

from athena.guardrails.models import guardrails
from athena.kit.db import Row
from athena.kit.repository import Repository


class GuardrailRepository(Repository):
    """The guardrails of one workspace."""

    table = guardrails
    recorded = "guardrail"

    async def locked(self, uuid: UUID) -> Row:
        """One row, which nobody else changes before this transaction ends."""
        row = await self.session.fetch_one(
            f"SELECT {self.columns} FROM guardrails WHERE workspace_uuid = $1 AND uuid = $2 FOR NO KEY UPDATE",
            self.workspace_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row

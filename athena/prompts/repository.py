"""All SQL of prompts and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.repository import Repository, Where
from athena.prompts.models import prompt_versions, prompts

MAXIMUM_SHOWN = 100


class PromptRepository(Repository):
    """The prompts of one workspace."""

    table = prompts
    recorded = "prompt"

    async def locked(self, uuid: UUID) -> Row:
        """One row, which nobody else changes before this transaction ends."""
        row = await self.session.fetch_one(
            f"SELECT {self.columns} FROM prompts WHERE workspace_uuid = $1 AND uuid = $2 FOR NO KEY UPDATE",
            self.workspace_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row

    async def last_versions(self, uuids: Sequence[UUID]) -> list[Row]:
        """The last versions of each prompt, newest first, in one query: numbers and times."""
        return await self.session.fetch(
            f"""
            SELECT v.prompt_uuid, v.number, v.created_at FROM unnest($2::uuid[]) AS wanted(prompt_uuid)
            CROSS JOIN LATERAL (
                SELECT * FROM prompt_versions p WHERE p.workspace_uuid = $1 AND p.prompt_uuid = wanted.prompt_uuid
                ORDER BY p.number DESC LIMIT {MAXIMUM_SHOWN}
            ) AS v ORDER BY v.number DESC
            """,
            self.workspace_uuid,
            list(uuids),
        )


class PromptVersionRepository(Repository):
    """The versions of one prompt. They are only added, and go with their prompt."""

    table = prompt_versions

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, prompt_uuid: UUID) -> None:
        super().__init__(session, workspace_uuid)
        self.prompt_uuid = prompt_uuid

    def within(self, where: Where) -> None:
        """The prompt's rows."""
        super().within(where)
        where.add("prompt_uuid = {}", self.prompt_uuid)

    async def numbered(self, number: int) -> Row:
        """The version of that number."""
        row = await self.session.fetch_one(
            f"SELECT {self.columns} FROM prompt_versions "
            "WHERE workspace_uuid = $1 AND prompt_uuid = $2 AND number = $3",
            self.workspace_uuid,
            self.prompt_uuid,
            number,
        )
        if row is None:
            raise NotFound("There is no such version of this prompt.")
        return row

"""All SQL of prompts, their versions and channels."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from athena.kit.db import Row
from athena.kit.repository import Repository
from athena.kit.versions import ChannelRepository, VersionRepository
from athena.prompts.models import prompt_channels, prompt_versions, prompts

MAXIMUM_SHOWN = 100


class PromptRepository(Repository):
    """The prompts of one workspace."""

    table = prompts
    recorded = "prompt"

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


class PromptVersionRepository(VersionRepository):
    """The versions of one prompt."""

    table = prompt_versions
    owner = "prompt"


class PromptChannelRepository(ChannelRepository):
    """The channels of one prompt."""

    table = prompt_channels
    owner = "prompt"
    recorded = "prompt_channel"

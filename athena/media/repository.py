"""All SQL of media."""

from __future__ import annotations

from athena.kit.repository import Repository
from athena.media.models import media


class MediaRepository(Repository):
    """The files of one workspace."""

    table = media
    recorded = "media"

    async def lock_content(self, sha256: str) -> None:
        """Makes the transactions that store or remove these bytes follow each other."""
        await self.session.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"athena.media {self.workspace_uuid} {sha256}"
        )

    async def uses_of(self, sha256: str) -> int:
        """How many entries share these bytes."""
        return await self.session.value(
            "SELECT count(*) FROM media WHERE workspace_uuid = $1 AND sha256 = $2", self.workspace_uuid, sha256
        )

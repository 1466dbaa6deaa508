"""All SQL of media."""

from __future__ import annotations

from athena.kit.repository import Repository
from athena.media.models import media


class MediaRepository(Repository):
    """The files of one workspace."""

    table = media

    async def uses_of(self, sha256: str) -> int:
        """How many entries share these bytes."""
        return await self.session.value(
            "SELECT count(*) FROM media WHERE workspace_uuid = $1 AND sha256 = $2", self.workspace_uuid, sha256
        )

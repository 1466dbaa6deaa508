"""All SQL of shares: of the workspace that shares, and of those with whom is shared."""

from __future__ import annotations

from uuid import UUID

from athena.kit import clock
from athena.kit.db import Row
from athena.kit.errors import NotFound
from athena.kit.reached import ReachedRepository
from athena.kit.repository import Rows, Where
from athena.shares.models import shares


class ShareRepository(ReachedRepository):
    """The shares of one workspace, but those of agents that do not exist for the caller."""

    table = shares
    recorded = "share"
    hidden = frozenset({"token_hash"})

    async def count_run(self, uuid: UUID) -> bool:
        """Counts a run; whether the limit allows it. Runs at the same time are counted one after the other."""
        touched = await self.session.execute(
            "UPDATE shares SET runs = runs + 1, last_used_at = $3 "
            "WHERE workspace_uuid = $1 AND uuid = $2 AND (run_limit IS NULL OR runs < run_limit)",
            self.workspace_uuid,
            uuid,
            clock.now(),
        )
        return touched == 1


class SharedRepository(Rows):
    """What is shared with the transaction's user or workspace. The database sees to that."""

    table = shares
    source = "(SELECT (f.share).*, f.name FROM athena_shared(NULL, NULL) AS f) AS shares"
    hidden = frozenset({"token_hash"})

    def within(self, where: Where) -> None:
        """What the function finds."""

    @property
    def columns(self) -> str:
        """A share, with the name of what it gives."""
        return f"{super().columns}, shares.name"

    def not_found(self) -> NotFound:
        """The same whether there never was such a share, or it was revoked, or has expired."""
        return NotFound("There is no such share.")

    async def find(self, uuid: UUID) -> Row | None:
        """One of them."""
        return await self._shared(uuid, None)

    async def by_token(self, digest: bytes) -> Row | None:
        """The share of a link."""
        return await self._shared(None, digest)

    async def _shared(self, uuid: UUID | None, digest: bytes | None) -> Row | None:
        return await self.session.fetch_one(
            f"SELECT {self.columns} FROM (SELECT (f.share).*, f.name FROM athena_shared($1, $2) AS f) AS shares",
            uuid,
            digest,
        )

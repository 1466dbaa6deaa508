"""All SQL of accounts."""

from __future__ import annotations

from uuid import UUID

from athena.accounts.models import accounts
from athena.kit.db import Row
from athena.kit.repository import Repository


class AccountRepository(Repository):
    """The workspace's accounts. Their sealed credentials are read by :meth:`connection` alone."""

    table = accounts
    recorded = "account"
    hidden = frozenset({"sealed_credentials"})

    async def connection(self, uuid: UUID) -> Row:
        """What it takes to call an account's provider; see ``Connections.endpoint``."""
        row = await self.session.fetch_one(
            """
            SELECT a.workspace_uuid, a.uuid AS account_uuid, a.sealed_credentials, a.status AS account_status,
                a.revision, a.expires_at, p.slug, p.kind, p.base_url, p.authentication_config, p.settings
            FROM accounts AS a JOIN providers AS p ON p.uuid = a.provider_uuid
            WHERE a.workspace_uuid = $1 AND a.uuid = $2
            """,
            self.workspace_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row

"""All SQL of grants; needs the system's scope."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from athena.kit.db import Row, Session


class GrantRepository:
    """What clients were given."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock_code(self, code_uuid: UUID) -> None:
        """Has whoever else exchanges this code wait."""
        await self._session.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"oauth code {code_uuid}")

    async def of_code(self, code_uuid: UUID) -> UUID | None:
        """The token that a code was exchanged for."""
        return await self._session.value("SELECT token_uuid FROM oauth_grants WHERE uuid = $1", code_uuid)

    async def add(self, values: dict[str, Any]) -> None:
        """Stores a grant."""
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self._session.execute(
            f"INSERT INTO oauth_grants ({', '.join(values)}) VALUES ({places})", *values.values()
        )

    async def by_refresh(self, digest: bytes) -> Row | None:
        """The grant of a refresh token, also of one that was used, whose access token was not revoked."""
        return await self._session.fetch_one(
            """
            SELECT g.*, t.user_uuid, t.workspace_uuid FROM oauth_grants AS g JOIN tokens AS t ON t.uuid = g.token_uuid
            WHERE (g.refresh_hash = $1 OR g.used_hash = $1) AND g.expires_at > now() AND t.revoked_at IS NULL
            FOR UPDATE OF g, t
            """,
            digest,
        )

    async def renew(self, grant_uuid: UUID, refresh_hash: bytes, expires_at: datetime) -> None:
        """Has another refresh token take the place of the present one."""
        await self._session.execute(
            "UPDATE oauth_grants SET used_hash = refresh_hash, refresh_hash = $2, expires_at = $3 WHERE uuid = $1",
            grant_uuid,
            refresh_hash,
            expires_at,
        )

    async def of_secret(self, digest: bytes) -> UUID | None:
        """The access token that is meant by itself or by its refresh token."""
        return await self._session.value(
            """
            SELECT token_uuid FROM oauth_grants WHERE refresh_hash = $1
            UNION ALL
            SELECT g.token_uuid FROM tokens AS t JOIN oauth_grants AS g ON g.token_uuid = t.uuid
            WHERE t.token_hash = $1
            LIMIT 1
            """,
            digest,
        )

"""All SQL of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from athena.accounts.models import accounts
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.repository import Repository, Where


class AccountRepository(Repository):
    """The workspace's accounts. Their sealed credentials are read by :meth:`connection` alone."""

    table = accounts
    recorded = "account"
    hidden = frozenset({"sealed_credentials", "sealed_grant", "refreshing_until"})

    async def connection(self, uuid: UUID) -> Row:
        """What it takes to call an account's provider; see ``Connections.endpoint``."""
        row = await self.session.fetch_one(
            """
            SELECT a.workspace_uuid, a.uuid AS account_uuid, a.sealed_credentials, a.status AS account_status,
                a.revision, a.expires_at, a.sealed_grant, p.slug, p.kind, p.base_url, p.authentication_config,
                p.settings
            FROM accounts AS a JOIN providers AS p ON p.uuid = a.provider_uuid
            WHERE a.workspace_uuid = $1 AND a.uuid = $2
            """,
            self.workspace_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row

    async def of_provider(self, slug: str) -> list[UUID]:
        """The accounts of the provider that the workspace knows by ``slug``, newest first."""
        rows = await self.session.fetch(
            "SELECT a.uuid FROM accounts AS a JOIN providers AS p ON p.uuid = a.provider_uuid "
            "WHERE a.workspace_uuid = $1 AND p.slug = $2 ORDER BY a.uuid DESC",
            self.workspace_uuid,
            slug,
        )
        return [row["uuid"] for row in rows]

    async def store_grant(self, uuid: UUID, sealed: bytes, former: bytes | None = None) -> bool:
        """Keeps a grant; where ``former`` is given, only in its place. Whether that was done."""
        return bool(
            await self.session.execute(
                "UPDATE accounts SET sealed_grant = $3 WHERE workspace_uuid = $1 AND uuid = $2 "
                "AND ($4::bytea IS NULL OR sealed_grant = $4)",
                self.workspace_uuid,
                uuid,
                sealed,
                former,
            )
        )

    async def begin_renewal(self, uuid: UUID, seconds: float) -> bool:
        """Whether it is for the caller to renew the account's access within ``seconds``, and nobody else."""
        return bool(
            await self.session.execute(
                "UPDATE accounts SET refreshing_until = now() + make_interval(secs => $3) "
                "WHERE workspace_uuid = $1 AND uuid = $2 AND (refreshing_until IS NULL OR refreshing_until < now())",
                self.workspace_uuid,
                uuid,
                seconds,
            )
        )

    async def end_renewal(self, uuid: UUID) -> None:
        """Lets others try."""
        await self.session.execute(
            "UPDATE accounts SET refreshing_until = NULL WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            uuid,
        )

    async def store_renewal(self, uuid: UUID, values: Mapping[str, Any]) -> None:
        """Changes columns without a new revision: nothing that its users see is another."""
        where = Where()
        changes = ", ".join(f"{name} = {where.parameter(value)}" for name, value in values.items())
        self.within(where)
        where.add("uuid = {}", uuid)
        await self.session.execute(f"UPDATE accounts SET {changes} WHERE {where.sql}", *where.args)


class ConnectingRepository:
    """Accounts whose connection was begun, whatever their workspace. Needs a session of the system's scope."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def begun(self, workspace_uuid: UUID, uuid: UUID) -> Row | None:
        """``workspace_uuid, account_uuid, name, sealed_grant``."""
        return await self._session.fetch_one(
            "SELECT workspace_uuid, uuid AS account_uuid, name, sealed_grant FROM accounts "
            "WHERE workspace_uuid = $1 AND uuid = $2 AND sealed_grant IS NOT NULL",
            workspace_uuid,
            uuid,
        )

    async def about(self, workspace_uuid: UUID, user_uuid: UUID) -> Row:
        """The name of the ``workspace``, and the ``email`` of its member who began."""
        row = await self._session.fetch_one(
            """
            SELECT w.name AS workspace, u.email FROM workspaces AS w
                JOIN workspace_members AS m ON m.workspace_uuid = w.uuid JOIN users AS u ON u.uuid = m.user_uuid
            WHERE w.uuid = $1 AND u.uuid = $2
            """,
            workspace_uuid,
            user_uuid,
        )
        if row is None:
            raise NotFound("Who began this is no member of the workspace any more.")
        return row

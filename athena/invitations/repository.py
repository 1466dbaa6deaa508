"""All SQL of invitations: a workspace's own, and those to one user's address."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa

from athena.invitations.models import invitations
from athena.kit import clock
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.repository import Repository, Rows, Where
from athena.kit.tables import Time, Uuid, resource_columns

_OPEN = "declined_at IS NULL AND expires_at > now()"

_own = sa.Table(
    "own_invitations",
    sa.MetaData(),
    sa.Column("workspace_uuid", Uuid),
    sa.Column("uuid", Uuid),
    *resource_columns(),
    sa.Column("role", sa.Text),
    sa.Column("expires_at", Time),
    sa.Column("workspace_name", sa.Text),
    sa.Column("inviter_uuid", Uuid),
    sa.Column("inviter_name", sa.Text),
)
_OWN = (
    "(SELECT i.workspace_uuid, i.uuid, i.created_at, i.updated_at, i.revision, i.role, i.expires_at, i.email, "
    "i.declined_at, w.name AS workspace_name, i.inviter_uuid, u.name AS inviter_name "
    "FROM invitations AS i JOIN workspaces AS w ON w.uuid = i.workspace_uuid "
    "JOIN users AS u ON u.uuid = i.inviter_uuid) AS own_invitations"
)


class InvitationRepository(Repository):
    """The invitations of one workspace."""

    table = invitations
    recorded: ClassVar[str] = "invitation"
    hidden = frozenset({"token_hash"})

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such invitation.")

    async def to(self, email: str) -> Row | None:
        """The invitation to an address."""
        return await self.session.fetch_one(
            f"SELECT {self.columns} FROM invitations WHERE workspace_uuid = $1 AND lower(email) = lower($2)",
            self.workspace_uuid,
            email,
        )

    async def locked(self, uuid: UUID) -> Row:
        """One that can be accepted, and that nobody else accepts or takes back before this transaction ends."""
        row = await self.session.fetch_one(
            f"SELECT {self.columns} FROM invitations WHERE workspace_uuid = $1 AND uuid = $2 AND {_OPEN} FOR UPDATE",
            self.workspace_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row

    async def decline(self, uuid: UUID) -> None:
        """Notes that the invitee does not want to."""
        await self.update(uuid, {"declined_at": clock.now()})


class OwnInvitationRepository(Rows):
    """The invitations to a user's verified address, which can be accepted; needs the system's scope."""

    table = _own
    source = _OWN

    def __init__(self, session: Session, user_uuid: UUID) -> None:
        super().__init__(session)
        self.user_uuid = user_uuid

    def within(self, where: Where) -> None:
        """Those to the address that somebody vouched to be the user's."""
        where.add(_OPEN)
        where.add(
            "lower(email) = (SELECT lower(me.email) FROM users AS me WHERE me.uuid = {} AND me.email_verified)",
            self.user_uuid,
        )

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such invitation.")


async def by_token(session: Session, digest: bytes) -> Row | None:
    """The invitation that a link opens, in whatever workspace; needs the system's scope."""
    return await session.fetch_one(
        f"SELECT workspace_uuid, uuid, email FROM invitations WHERE token_hash = $1 AND {_OPEN}", digest
    )

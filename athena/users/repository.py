"""The SQL of users. A user is of no workspace: these statements run in the user's own scope, or in the system's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from athena.kit import clock
from athena.kit.db import Row
from athena.kit.errors import NotFound
from athena.kit.repository import Rows, Where
from athena.kit.tables import metadata
from athena.users.models import users


class UserRepository(Rows):
    """Users."""

    table = users
    recorded = "user"
    hidden = frozenset({"password_hash", "oidc_issuer", "oidc_subject", "oidc_synced_at"})

    def within(self, where: Where) -> None:
        """Whom the database shows to this scope."""

    def note(self, verb: str, uuid: UUID, fields: Iterable[str] = ()) -> None:
        """Among the user's own affairs."""
        if verb:
            changed = sorted(set(fields) - self.hidden)
            self.session.record(f"user.{verb}", "user", uuid, {"changed": changed} if changed else None, user_uuid=uuid)

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such user.")

    async def memberships(self, user_uuid: UUID, only: UUID | None = None) -> Sequence[Row]:
        """The user's workspaces with the role in each, by name; ``only`` leaves one of them."""
        return await self.session.fetch(
            "SELECT w.uuid, w.name, m.role, m.created_at AS joined_at FROM workspace_members AS m "
            "JOIN workspaces AS w ON w.uuid = m.workspace_uuid "
            "WHERE m.user_uuid = $1 AND ($2::uuid IS NULL OR w.uuid = $2) ORDER BY lower(w.name), w.uuid",
            user_uuid,
            only,
        )

    async def credentials(self, email: str) -> Row | None:
        """Who signs in by ``email``, with the stored password."""
        return await self.session.fetch_one(
            "SELECT uuid, password_hash FROM users WHERE lower(email) = lower($1)", email
        )

    async def password_hash(self, user_uuid: UUID) -> str | None:
        """The stored password; ``None`` when the user has none."""
        return await self.session.value("SELECT password_hash FROM users WHERE uuid = $1", user_uuid)

    async def forget_address(self, email: str) -> None:
        """Deletes what others keep for an address, in whatever table: invitations to it, and the like."""
        for table in metadata.sorted_tables:
            for column in ("email", "user_email"):
                if column in table.columns and table is not users:
                    await self.session.execute(f"DELETE FROM {table.name} WHERE lower({column}) = lower($1)", email)

    async def store_password_hash(self, user_uuid: UUID, password_hash: str) -> None:
        """Stores the same password anew; not a change of the user."""
        await self.session.execute("UPDATE users SET password_hash = $2 WHERE uuid = $1", user_uuid, password_hash)

    async def end_other_sign_ins(self, user_uuid: UUID, token_uuid: UUID | None, session_uuid: UUID | None) -> None:
        """Ends what was signed in with the password, but for the two that are named."""
        await self.session.execute(
            "UPDATE tokens SET revoked_at = $3 "
            "WHERE user_uuid = $1 AND kind = 'sign_in' AND revoked_at IS NULL AND uuid IS DISTINCT FROM $2",
            user_uuid,
            token_uuid,
            clock.now(),
        )
        await self.session.execute(
            "DELETE FROM sessions WHERE user_uuid = $1 AND uuid IS DISTINCT FROM $2", user_uuid, session_uuid
        )

    async def by_email(self, email: str) -> Row | None:
        """Whose address it is, with where the user comes from."""
        return await self.session.fetch_one(
            "SELECT uuid, email, email_verified, oidc_issuer FROM users WHERE lower(email) = lower($1)", email
        )

    async def by_subject(self, issuer: str, subject: str) -> Row | None:
        """The user whom the identity provider knows by ``subject``."""
        return await self.session.fetch_one(
            "SELECT uuid, name, email, email_verified FROM users WHERE oidc_issuer = $1 AND oidc_subject = $2",
            issuer,
            subject,
        )

    async def advance_sync(self, user_uuid: UUID, moment: datetime) -> bool:
        """Notes of when the organizations are; whether ``moment`` is not older than what is known."""
        return bool(
            await self.session.execute(
                "UPDATE users SET oidc_synced_at = $2 "
                "WHERE uuid = $1 AND (oidc_synced_at IS NULL OR oidc_synced_at <= $2)",
                user_uuid,
                moment,
            )
        )

    async def lock(self, name: str) -> None:
        """Waits until no other transaction holds ``name``; holds it until the commit."""
        await self.session.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name)

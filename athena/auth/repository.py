"""The SQL of credentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from athena.auth.models import tokens
from athena.kit import clock
from athena.kit.db import Database, Row, Session
from athena.kit.errors import NotFound
from athena.kit.pagination import ListOptions
from athena.kit.reach import Reach, is_of_agent
from athena.kit.repository import Rows, Where
from athena.kit.tables import metadata
from athena.permissions import Permission

TOKEN_LIST = ListOptions(
    sortable={"created_at": "created_at", "updated_at": "updated_at", "name": "name"},
    searchable=("name",),
    filters={"kind": Literal["personal", "service"], "name": str},
)

AUTHENTICATE = "SELECT * FROM athena_authenticate($1, $2)"
AUTHENTICATE_SESSION = "SELECT * FROM athena_authenticate_session($1, $2)"
MEMBERSHIP = "SELECT * FROM athena_membership($1, $2)"


async def token_by_hash(database: Database, digest: bytes, workspace_uuid: UUID | None) -> Row | None:
    """A token with its user's place in the workspace, in one round trip; notes its use."""
    return await database.statement(AUTHENTICATE, digest, workspace_uuid)


async def session_by_hash(database: Database, digest: bytes, workspace_uuid: UUID | None) -> Row | None:
    """A console's session, as :func:`token_by_hash`."""
    return await database.statement(AUTHENTICATE_SESSION, digest, workspace_uuid)


async def membership(database: Database, user_uuid: UUID, workspace_uuid: UUID | None) -> Row | None:
    """The user's place in the workspace, or in their default one."""
    return await database.statement(MEMBERSHIP, user_uuid, workspace_uuid)


@cache
def _find_resource() -> str:
    """A query over each table whose rows permissions are about; tables are named as families of permissions are."""
    here = "workspace_uuid = $1 AND"
    reach = Reach(UUID(int=0), UUID(int=0))
    parts = [
        "SELECT 'workspaces' AS kind, false AS builtin, NULL::text AS role WHERE $1::uuid = $2::uuid",
        f"SELECT 'members', false, role FROM workspace_members WHERE {here} user_uuid = $2",
    ]
    for family in sorted({permission.partition(".")[0] for permission in Permission}):
        table = metadata.tables.get(family)
        if table is not None and "uuid" in table.columns and "workspace_uuid" in table.columns:
            shared = bool(table.columns["workspace_uuid"].nullable)
            where = "(workspace_uuid = $1 OR workspace_uuid IS NULL) AND" if shared and family != "tokens" else here
            if family == "memories":
                # Of what others alone should know, nobody is told that it is there.
                where += " (scope <> 'user' OR user_uuid = $3 OR $3 IS NULL) AND"
            if family == "agents":
                where += f" {reach.sees(_of_each)} AND"
            elif is_of_agent(table):
                where += f" {reach.sees_of(_of_each, family)} AND"
            parts.append(f"SELECT '{family}', workspace_uuid IS NULL, NULL FROM {family} WHERE {where} uuid = $2")
    return " UNION ALL ".join(parts) + " LIMIT 1"


def _of_each(_: Any) -> str:
    """In the place of one user: each of the fourth parameter."""
    return "ALL ($4::uuid[])"


async def find_resource(
    session: Session, workspace_uuid: UUID, uuid: UUID, personal_of: UUID | None, users: Sequence[UUID]
) -> Row | None:
    """What ``uuid`` is in the workspace: its kind, whether it is built in, and a member's role.

    ``personal_of``: whose own exist among what is single users'; ``None``: everybody's. Agents exist that each of
    ``users`` reaches.
    """
    return await session.fetch_one(_find_resource(), workspace_uuid, uuid, personal_of, list(users))


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose tokens: a user's own; of one workspace, where that is named; with its service tokens of all its members."""

    user_uuid: UUID
    workspace_uuid: UUID | None = None
    of_all: bool = False


class TokenRepository(Rows):
    """Personal and service tokens that can still be used."""

    table = tokens
    hidden = frozenset({"token_hash"})

    def __init__(self, session: Session, holder: Holder) -> None:
        super().__init__(session)
        self.holder = holder

    def within(self, where: Where) -> None:
        """The holder's. The database sees to it, too."""
        holder = self.holder
        where.add("kind <> 'sign_in' AND revoked_at IS NULL")
        if holder.workspace_uuid is not None:
            where.add("workspace_uuid = {}", holder.workspace_uuid)
        if holder.of_all and holder.workspace_uuid is not None:
            where.add("(user_uuid = {} OR kind = 'service')", holder.user_uuid)
        else:
            where.add("user_uuid = {}", holder.user_uuid)

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such token.")


class CredentialRepository:
    """What signing in and out writes; the session's scope is the user's own, or the system's."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def limits(self, token_uuid: UUID) -> Row | None:
        """What kind of token it is, and until when it holds."""
        return await self.session.fetch_one("SELECT kind, expires_at FROM tokens WHERE uuid = $1", token_uuid)

    async def revoke(self, token_uuid: UUID) -> Row | None:
        """Ends a token; its row, unless it had ended."""
        return await self.session.fetch_one(
            "UPDATE tokens SET revoked_at = $2, updated_at = $2, revision = revision + 1 "
            "WHERE uuid = $1 AND revoked_at IS NULL RETURNING uuid, user_uuid, workspace_uuid, kind",
            token_uuid,
            clock.now(),
        )

    async def renew(self, token_uuid: UUID, digest: bytes, hint: str, expires_at: datetime) -> None:
        """Gives a token another secret."""
        await self.session.execute(
            "UPDATE tokens SET token_hash = $2, hint = $3, expires_at = $4, updated_at = $5, revision = revision + 1 "
            "WHERE uuid = $1 AND revoked_at IS NULL",
            token_uuid,
            digest,
            hint,
            expires_at,
            clock.now(),
        )

    async def add_session(self, values: dict[str, Any]) -> None:
        """Stores a console's session."""
        names = ", ".join(values)
        places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        await self.session.execute(f"INSERT INTO sessions ({names}) VALUES ({places})", *values.values())

    async def sign_ins(self, user_uuid: UUID, moment: datetime) -> list[Row]:
        """What the user is signed in by, the last first: sessions of the console, and tokens that came without one."""
        return await self.session.fetch(
            "SELECT uuid, created_at, name, 'console' AS kind, NULL::timestamptz AS last_used_at, expires_at "
            "FROM sessions WHERE user_uuid = $1 AND expires_at > $2 UNION ALL "
            "SELECT uuid, created_at, name, 'token', last_used_at, expires_at FROM tokens "
            "WHERE user_uuid = $1 AND kind = 'sign_in' AND revoked_at IS NULL AND expires_at > $2 "
            "AND NOT EXISTS (SELECT FROM sessions AS s WHERE s.token_uuid = tokens.uuid) "
            "ORDER BY created_at DESC, uuid DESC LIMIT 1000",
            user_uuid,
            moment,
        )

    async def end_sign_in(self, user_uuid: UUID, uuid: UUID) -> bool:
        """Ends one of them, and the token that came with it; whether there was such a one."""
        ended = await self.session.fetch_one(
            "DELETE FROM sessions WHERE user_uuid = $1 AND uuid = $2 RETURNING token_uuid", user_uuid, uuid
        )
        token = await self.session.fetch_one(
            "UPDATE tokens SET revoked_at = $3, updated_at = $3, revision = revision + 1 "
            "WHERE user_uuid = $1 AND uuid = $2 AND kind = 'sign_in' AND revoked_at IS NULL RETURNING uuid",
            user_uuid,
            ended["token_uuid"] if ended else uuid,
            clock.now(),
        )
        return ended is not None or token is not None

    async def end_session(self, session_uuid: UUID) -> None:
        """Ends a console's session."""
        await self.session.execute("DELETE FROM sessions WHERE uuid = $1", session_uuid)

    async def sweep(self, moment: datetime, user_uuid: UUID) -> None:
        """Removes what of the user's sign-ins can no longer be used."""
        await self.session.execute("DELETE FROM sessions WHERE user_uuid = $1 AND expires_at < $2", user_uuid, moment)
        await self.session.execute(
            "DELETE FROM tokens WHERE user_uuid = $1 AND kind = 'sign_in' AND (expires_at < $2 OR revoked_at < $2)",
            user_uuid,
            moment,
        )


class ResetRepository:
    """Tokens that set a new password; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def store(self, user_uuid: UUID, digest: bytes, expires_at: datetime) -> None:
        """Stores a user's token in place of the last one."""
        await self.session.execute(
            "INSERT INTO password_resets (user_uuid, token_hash, expires_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (user_uuid) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at",
            user_uuid,
            digest,
            expires_at,
        )

    async def holds(self, digest: bytes) -> bool:
        """Whether the token can be used."""
        return await self.session.value(
            "SELECT EXISTS (SELECT FROM password_resets WHERE token_hash = $1 AND expires_at > now())", digest
        )

    async def take(self, digest: bytes) -> UUID | None:
        """Uses the token up; whose it was."""
        return await self.session.value(
            "DELETE FROM password_resets WHERE token_hash = $1 AND expires_at > now() RETURNING user_uuid", digest
        )


class AttemptRepository:
    """Failed sign-ins, counted by keys; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def lock(self, keys: Sequence[bytes]) -> dict[bytes, Row]:
        """The counts of ``keys``, made where they are missing, held until the commit, in one order."""
        moment = clock.now()
        await self.session.execute(
            "INSERT INTO sign_in_attempts (key, failures, updated_at) "
            "SELECT key, 0, $2 FROM unnest($1::bytea[]) AS key ORDER BY key ON CONFLICT DO NOTHING",
            list(keys),
            moment,
        )
        rows = await self.session.fetch(
            "SELECT * FROM sign_in_attempts WHERE key = ANY($1) ORDER BY key FOR UPDATE", list(keys)
        )
        return {row["key"]: row for row in rows}

    async def store(self, key: bytes, failures: int, blocked_until: datetime | None) -> None:
        """Sets a count that is locked."""
        await self.session.execute(
            "UPDATE sign_in_attempts SET failures = $2, blocked_until = $3, updated_at = $4 WHERE key = $1",
            key,
            failures,
            blocked_until,
            clock.now(),
        )

    async def blocked_until(self, keys: Sequence[bytes]) -> datetime | None:
        """Until when one of ``keys`` is to wait."""
        return await self.session.value(
            "SELECT max(blocked_until) FROM sign_in_attempts WHERE key = ANY($1)", list(keys)
        )

    async def forgive(self, key: bytes) -> None:
        """Forgets the failures of ``key``."""
        await self.session.execute("DELETE FROM sign_in_attempts WHERE key = $1", key)

    async def sweep(self, before: datetime) -> None:
        """Forgets what is long past."""
        await self.session.execute(
            "DELETE FROM sign_in_attempts WHERE key IN "
            "(SELECT key FROM sign_in_attempts WHERE updated_at < $1 LIMIT 100 FOR UPDATE SKIP LOCKED)",
            before,
        )

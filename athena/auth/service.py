"""The rules of credentials: signing in and out, tokens, and the identity provider's users."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from athena.auth.oidc import CredentialRejected, ExternalUser
from athena.auth.repository import AttemptRepository, CredentialRepository, Holder, TokenRepository
from athena.auth.schemas import SignIn, TokenCreate
from athena.auth.secrets import NewSecret, TokenKind, new_secret, new_token
from athena.auth.throttle import FORGOTTEN_AFTER, Throttle
from athena.kit import clock
from athena.kit.access import Access, Identity
from athena.kit.db import Database, Row, Session
from athena.kit.errors import NotFound, PermissionDenied, Unauthenticated, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage, cut
from athena.permissions import Permission, Role, expand, is_scope, narrowed
from athena.users import passwords
from athena.users.service import UserService, advance_sync, password_by_email, renew_hash, take_in
from athena.workspaces.service import role_in, sync_organizations

SESSION_LIFETIME = timedelta(days=14)
SIGN_IN_LIFETIME = timedelta(days=30)
SESSIONS = ListOptions(
    sortable={"created_at": "created_at"},
    default_sort="-created_at",
    without=("search", "sort", "with", "created_after", "created_before"),
)


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """The secrets of a console's session: one for the cookie, one against forgery."""

    secret: str
    csrf_token: str


@dataclass(frozen=True, slots=True)
class SignInResult:
    """What Sign In answers, and the session that the console's cookies are for."""

    content: dict[str, Any]
    console: ConsoleSession | None


class SignInService:
    """Sign-in by e-mail and password; needs a session of the system's scope."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._attempts = AttemptRepository(session)
        self._credentials = CredentialRepository(session)

    async def verify(self, email: str, password: str, address: str) -> UUID:
        """Whose e-mail and password it is: :class:`CredentialRejected` when nobody's, 429 after too many failures."""
        throttle = Throttle.of_sign_in(self._session, email, address)
        async with passwords.turn():
            await throttle.check()
            found = await password_by_email(self._session, email)
            await self._session.commit()
            user_uuid, stored = found or (None, None)
            if not await passwords.verify_password(stored, password):
                self._session.record("user.sign_in_failed", "user", user_uuid, user_uuid=user_uuid)
                await throttle.count_failure()
                raise CredentialRejected("E-mail or password is wrong.", "invalid_credentials")
        assert user_uuid is not None  # noqa: S101 - nobody's password never verifies
        assert stored is not None  # noqa: S101
        await throttle.forgive()
        await renew_hash(self._session, user_uuid, password, stored)
        await self._session.commit()
        return user_uuid

    async def sign_in(self, email: str, password: str, address: str, body: SignIn) -> SignInResult:
        """What Sign In answers: :class:`Unauthenticated` for a wrong password."""
        try:
            user_uuid = await self.verify(email, password, address)
        except CredentialRejected as rejection:
            raise Unauthenticated(str(rejection), code=rejection.code) from rejection
        token_uuid, secret, expires_at = await self.give_token(user_uuid, body.device_name)
        console = await self.give_session(user_uuid, body.device_name, token_uuid) if body.session else None
        self._session.actor = replace(self._session.actor, user_uuid=user_uuid, kind="password")
        self._session.record("user.signed_in", "user", user_uuid, {"session": console is not None}, user_uuid=user_uuid)
        _, user = await UserService(self._session, Identity(user_uuid)).get()
        content = {"token": secret.text, "token_type": "Bearer", "expires_at": expires_at, "user": user}
        if console is not None:
            content["csrf_token"] = console.csrf_token
        return SignInResult(content, console)

    async def give_token(self, user_uuid: UUID, device_name: str) -> tuple[UUID, NewSecret, datetime]:
        """A token for a user who showed the password: its uuid, its secret, and when it expires."""
        moment = clock.now()
        await self._credentials.sweep(moment, user_uuid)
        await self._attempts.sweep(moment - FORGOTTEN_AFTER)
        expires_at = moment + SIGN_IN_LIFETIME
        row, secret = await create_token(
            self._session, user_uuid=user_uuid, kind="sign_in", name=device_name, expires_at=expires_at
        )
        return row["uuid"], secret, expires_at

    async def give_session(self, user_uuid: UUID, device_name: str, token_uuid: UUID | None = None) -> ConsoleSession:
        """A session of the console for a user who showed the password, and got that token with it."""
        secret, csrf = new_secret(), new_secret()
        moment = clock.now()
        await self._credentials.add_session(
            {
                "uuid": new_uuid(),
                "created_at": moment,
                "user_uuid": user_uuid,
                "session_hash": secret.digest,
                "csrf_hash": csrf.digest,
                "name": device_name,
                "expires_at": moment + SESSION_LIFETIME,
                "token_uuid": token_uuid,
            }
        )
        return ConsoleSession(secret.text, csrf.text)


class UserSessionService:
    """What the caller is signed in by."""

    def __init__(self, session: Session, identity: Identity) -> None:
        self._session = session
        self._identity = identity
        self._credentials = CredentialRepository(session)

    async def page(self, query: ListQuery) -> tuple[RowPage, list[dict[str, Any]]]:
        """One page of it, the last sign-in first."""
        identity = self._identity
        page, rows = cut(query, await self._credentials.sign_ins(identity.user_uuid, clock.now()))
        own = {identity.session_uuid, identity.token_uuid}
        return page, [{**row, "current": row["uuid"] in own} for row in rows]

    async def end(self, uuid: UUID) -> None:
        """Ends one of them, at once; :class:`NotFound` where there is none."""
        if not await self._credentials.end_sign_in(self._identity.user_uuid, uuid):
            raise NotFound("You are not signed in by this.")
        self._session.record("user.signed_out", "user", self._identity.user_uuid, user_uuid=self._identity.user_uuid)


def basic_credentials(value: str) -> tuple[str, str]:
    """E-mail and password from the value of ``Authorization: Basic``."""
    try:
        email, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = email = password = ""
    if not colon or "\0" in email:
        raise CredentialRejected("The Basic credentials cannot be read.", "invalid_credentials")
    return email, password


async def log_out(session: Session, identity: Identity) -> None:
    """Ends the token or session that the caller showed."""
    credentials = CredentialRepository(session)
    if identity.token_uuid is not None:
        await credentials.revoke(identity.token_uuid)
    if identity.session_uuid is not None:
        await credentials.end_session(identity.session_uuid)
    session.record("user.signed_out", "user", identity.user_uuid, user_uuid=identity.user_uuid)


async def create_token(
    session: Session,
    *,
    user_uuid: UUID,
    kind: TokenKind,
    name: str,
    workspace_uuid: UUID | None = None,
    scopes: Sequence[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[Row, NewSecret]:
    """A new token; its text is known now and never again. The session's scope is the user's, or the system's."""
    secret = new_token(kind)
    row = await TokenRepository(session, Holder(user_uuid, workspace_uuid)).insert(
        {
            "uuid": new_uuid(),
            "user_uuid": user_uuid,
            "workspace_uuid": workspace_uuid,
            "kind": kind,
            "name": name,
            "token_hash": secret.digest,
            "hint": secret.hint,
            "scopes": None if scopes is None else sorted(set(scopes)),
            "expires_at": expires_at,
        }
    )
    if kind != "sign_in":
        _record(session, "created", row)
    return row, secret


async def renew_token(session: Session, token_uuid: UUID, expires_at: datetime) -> NewSecret:
    """Another text for a personal token, in place of the present one; needs the system's scope."""
    secret = new_token("personal")
    await CredentialRepository(session).renew(token_uuid, secret.digest, secret.hint, expires_at)
    return secret


async def revoke_token(session: Session, token_uuid: UUID) -> None:
    """Ends a token, at once; needs the system's scope."""
    row = await CredentialRepository(session).revoke(token_uuid)
    if row is not None:
        _record(session, "revoked", row)


def _record(session: Session, verb: str, row: Row) -> None:
    """In the log of the workspace that the token is bound to, or else among its user's own affairs."""
    bound: UUID | None = row["workspace_uuid"]
    owner: UUID | None = None if bound else row["user_uuid"]
    details = {"kind": row["kind"]}
    session.record(f"token.{verb}", "token", row["uuid"], details, workspace_uuid=bound, user_uuid=owner)


class TokenService:
    """A user's tokens, and with ``access`` to a workspace that workspace's service tokens, too."""

    def __init__(self, session: Session, identity: Identity, access: Access | None = None) -> None:
        self._session = session
        self._identity = identity
        self._access = access
        workspace_uuid = access.workspace_uuid if access else identity.bound_to
        self._tokens = TokenRepository(session, Holder(identity.user_uuid, workspace_uuid, access is not None))

    async def page(self, query: ListQuery) -> RowPage:
        """The tokens that can still be used."""
        return await self._tokens.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One of them."""
        return await self._tokens.get(uuid)

    async def revoke(self, uuid: UUID, revision: int | None) -> None:
        """Ends one of them, at once; another's service token only for who manages the workspace."""
        row = await self._tokens.get(uuid)
        if row["user_uuid"] != self._identity.user_uuid and (
            self._access is None or self._access.role not in {Role.OWNER, Role.ADMIN}
        ):
            raise PermissionDenied("Another's service token is for an owner or admin to revoke.", code="role_above_own")
        await self._tokens.update(uuid, {"revoked_at": clock.now()}, revision)
        _record(self._session, "revoked", row)

    async def create(self, body: TokenCreate) -> tuple[Row, NewSecret]:
        """A personal or service token; never with more rights than the credential that asks for it."""
        identity = self._identity
        workspace_uuid = body.workspace_uuid or identity.bound_to
        scopes = body.scopes if body.scopes is not None else identity.scopes
        self._check_limits(body, workspace_uuid, frozenset(scopes or ()))
        expires_at = await self._expiry(body)
        if workspace_uuid is not None:
            await self._check_workspace(body, workspace_uuid)
        return await create_token(
            self._session,
            user_uuid=identity.user_uuid,
            kind=body.kind,
            name=body.name,
            workspace_uuid=workspace_uuid,
            scopes=None if scopes is None else sorted(scopes),
            expires_at=expires_at,
        )

    async def _expiry(self, body: TokenCreate) -> datetime | None:
        """When the new token expires: no later than the token that makes it, unless that is a sign-in."""
        token_uuid = self._identity.token_uuid
        maker = await CredentialRepository(self._session).limits(token_uuid) if token_uuid else None
        if maker is None or maker["kind"] == "sign_in":
            return body.expires_at
        if maker["kind"] == "service" and body.kind != "service":
            # Those who manage the workspace would not see it.
            raise PermissionDenied("A service token makes service tokens alone.", code="token_limited")
        latest = maker["expires_at"]
        if body.expires_at is not None and latest is not None and body.expires_at > latest:
            raise PermissionDenied("A token gives none that outlives it.", code="token_limited")
        return body.expires_at or latest

    def _check_limits(self, body: TokenCreate, workspace_uuid: UUID | None, scopes: frozenset[str]) -> None:
        identity = self._identity
        unknown = sorted(scope for scope in scopes if not is_scope(scope))
        if unknown:
            raise ValidationFailed.of("scopes", f"Unknown: {', '.join(unknown)}.")
        if identity.scopes is not None and (excess := sorted(expand(scopes) - identity.scopes)):
            raise PermissionDenied(f"The permission {excess[0]} is missing: a token cannot give more than it has.")
        if identity.bound_to is not None and workspace_uuid != identity.bound_to:
            raise ValidationFailed.of("workspace_uuid", "You are in no such workspace.")
        if body.expires_at is not None and body.expires_at <= clock.now():
            raise ValidationFailed.of("expires_at", "It must be in the future.")
        if body.kind == "service" and workspace_uuid is None:
            raise ValidationFailed.of("workspace_uuid", "A service token is of a workspace; name it.")

    async def _check_workspace(self, body: TokenCreate, workspace_uuid: UUID) -> None:
        role = await role_in(self._session, self._identity.user_uuid, workspace_uuid)
        if role is None:
            raise ValidationFailed.of("workspace_uuid", "You are in no such workspace.")
        if body.kind == "service" and Permission.TOKENS_CREATE not in narrowed(role, self._identity.scopes):
            raise PermissionDenied(f"The permission {Permission.TOKENS_CREATE} is missing.")


def show_token(row: Row) -> dict[str, Any]:
    """A token as the API shows it."""
    hidden = {"revision", "revoked_at"}
    return {name: value for name, value in row.items() if name not in hidden}


async def sync_external_user(database: Database, external: ExternalUser) -> UUID:
    """The local user of the provider's, with the workspaces of its organizations."""
    async with database.system() as session:
        user_uuid = await take_in(
            session,
            issuer=external.issuer,
            subject=external.subject,
            name=external.name,
            email=external.email,
            email_verified=external.email_verified,
        )
        if await advance_sync(session, user_uuid, external.as_of):
            await sync_organizations(session, user_uuid, external.issuer, external.organizations)
        return user_uuid

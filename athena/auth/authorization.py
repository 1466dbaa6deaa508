"""From a request to who calls: the cascade of credentials, of which the first that holds wins."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request

from athena.auth import repository
from athena.auth.cookies import CSRF_HEADER, SESSION_COOKIES, Cookies
from athena.auth.oidc import CredentialRejected, OidcProvider, ProviderUnavailable
from athena.auth.schemas import SignIn
from athena.auth.secrets import digest, is_token
from athena.auth.service import SignInService, basic_credentials, sync_external_user
from athena.auth.throttle import PasswordGuesses
from athena.config import Environment, Settings
from athena.kit import clock
from athena.kit.access import Access, Identity, WorkspaceId
from athena.kit.changes import USER_AGENT_LENGTH, Actor
from athena.kit.db import Database, Row
from athena.kit.egress import Egress
from athena.kit.errors import NotFound, PermissionDenied, Unauthenticated, Unavailable, ValidationFailed
from athena.kit.rate_limits import RateLimits
from athena.permissions import PERSONAL_PERMISSIONS, expand, narrowed

EXTERNAL_HEADER = "x-multiplai-authorization"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MISSING = (
    "Credentials are missing: send `Authorization: Bearer <token>` with a token of Athena's, or "
    "`X-Multiplai-Authorization: Bearer <access token>` with one of the identity provider's. "
    "POST /api/v1/auth/sign-in gives a token for e-mail and password."
)


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that holds, with its user's place in the workspace that was asked for, if there is one."""

    identity: Identity
    workspace_uuid: UUID | None = None
    role: str | None = None


@dataclass(slots=True)
class Attempt:
    """One request's way through the cascade."""

    request: Request
    wanted: UUID | None
    basic: bool = False
    csrf: str | None = None
    """The token against forgery, where a form sends it and not a head."""
    rejections: list[CredentialRejected] = field(default_factory=list[CredentialRejected])

    @property
    def authorization(self) -> tuple[str, str]:
        """The scheme, in lower case, and the value of ``Authorization``; both empty without it."""
        return split_authorization(self.request.headers.get("authorization", ""))


Step = Callable[[Attempt], Awaitable[Credential | None]]


class Authorizer:
    """Tells who calls, and lets them into a workspace. One for a process, kept as ``app.state.authorize``."""

    def __init__(self, database: Database, settings: Settings, egress: Egress) -> None:
        self._database = database
        self._settings = settings
        self.provider = OidcProvider(settings.oidc, egress) if settings.oidc.issuer else None
        self.cookies = Cookies.of(settings)
        of_one, of_all = settings.rate_limit_token, settings.rate_limit_workspace
        self.limits = RateLimits({"token": of_one, "link": of_one, "workspace": of_all})
        self._steps: tuple[Step, ...] = (self._by_session, self._by_provider, self._by_token, self._by_password)

    async def __call__(self, request: Request, permission: str, workspace_uuid: UUID | None) -> Access:
        """The caller's access to a workspace: 401, 404 for a stranger, 403 without the permission, if there is one."""
        credential = await self._identify(Attempt(request, workspace_uuid))
        identity, workspace = credential.identity, credential.workspace_uuid
        if workspace is None or credential.role is None or identity.bound_to not in {None, workspace}:
            raise NotFound("There is no such workspace." if workspace_uuid else "You are in no workspace yet.")
        self.limits.count(request.scope["state"], "workspace", workspace)
        access = Access(
            WorkspaceId(workspace),
            identity.user_uuid,
            credential.role,
            narrowed(credential.role, identity.scopes),
            identity.token_uuid,
            identity.actor,
        )
        if permission:
            access.require(permission)
        return access

    async def authenticate(self, request: Request, permission: str = "", *, basic: bool = False) -> Identity:
        """The caller, outside of any workspace."""
        identity = (await self._identify(Attempt(request, None, basic))).identity
        if permission and identity.scopes is not None and permission not in identity.scopes:
            raise PermissionDenied(f"The permission {permission} is missing.")
        if identity.bound_to is not None and permission in PERSONAL_PERMISSIONS:
            raise PermissionDenied(f"The permission {permission} is missing: the token is one workspace's.")
        return identity

    async def by_page(self, request: Request, csrf: str | None = None) -> Identity | None:
        """Who is signed in to the console in the browser that a page of ours is for; ``csrf`` of what its form sends.

        ``None`` for nobody, and for a form that no page of ours has sent.
        """
        try:
            credential = await self._by_session(Attempt(request, None, csrf=csrf))
        except CredentialRejected:
            return None
        return None if credential is None else credential.identity

    def actor(self, request: Request) -> Actor:
        """Where a request comes from, for the log of changes."""
        return actor_of(request)

    def count_link(self, request: Request, share_uuid: UUID) -> None:
        """Counts a request by a share's link: a credential like others, whoever holds it."""
        self.limits.count(request.scope["state"], "link", share_uuid)

    def guesses(self, request: Request) -> PasswordGuesses:
        """What slows down the guessing of a password with such requests."""
        return PasswordGuesses(self._database, client_address(request))

    async def _identify(self, attempt: Attempt) -> Credential:
        for step in self._steps:
            try:
                credential = await step(attempt)
            except CredentialRejected as rejection:
                attempt.rejections.append(rejection)
            else:
                if credential is not None:
                    # Whose token it is not counts by its user: the provider's tokens change all the time.
                    identity = credential.identity
                    counted = identity.token_uuid or identity.session_uuid or identity.user_uuid
                    self.limits.count(attempt.request.scope["state"], "token", counted)
                    return credential
        for rejection in attempt.rejections:
            if isinstance(rejection, ProviderUnavailable):
                raise Unavailable(str(rejection), code=rejection.code)
        if attempt.rejections:
            raise Unauthenticated(" ".join(map(str, attempt.rejections)), code=attempt.rejections[-1].code)
        raise Unauthenticated(MISSING, code="credentials_missing")

    async def _by_session(self, attempt: Attempt) -> Credential | None:
        """The console's cookie."""
        cookies = attempt.request.cookies
        secret = next((cookies[name] for name in SESSION_COOKIES if cookies.get(name)), None)
        if secret is None:
            return None
        row = await repository.session_by_hash(self._database, digest(secret), attempt.wanted)
        if row is None or row["expires_at"] <= clock.now():
            raise CredentialRejected("The session has ended; sign in again.", "session_expired")
        if attempt.request.method not in SAFE_METHODS:
            given = attempt.request.headers.get(CSRF_HEADER, "") if attempt.csrf is None else attempt.csrf
            self._check_forgery(attempt.request, row["csrf_hash"], given)
        actor = actor_of(attempt.request, "session", row["user_uuid"], row["session_uuid"])
        return _credential(row, Identity(row["user_uuid"], session_uuid=row["session_uuid"], actor=actor))

    def _check_forgery(self, request: Request, csrf_hash: bytes, given: str) -> None:
        """Browsers add the cookie to requests of any site: only our own pages know the token and have our origin."""
        headers = request.headers
        if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            raise CredentialRejected("The request came from another site.", "csrf_failed")
        origin = headers.get("origin")
        if origin is not None and not self._is_ours(origin, headers.get("host", "")):
            raise CredentialRejected("The request came from another origin.", "csrf_failed")
        if not hmac.compare_digest(digest(given), csrf_hash):
            raise CredentialRejected(f"The header {CSRF_HEADER} is missing or wrong.", "csrf_failed")

    def _is_ours(self, origin: str, host: str) -> bool:
        if origin == _origin_of(self._settings.base_url):
            return True
        # The address is not configured for certain in development; a page elsewhere cannot choose its origin's host.
        return self._settings.environment is Environment.DEVELOPMENT and urlsplit(origin).netloc == host

    async def _by_provider(self, attempt: Attempt) -> Credential | None:
        """An access token of the external identity provider."""
        header = attempt.request.headers.get(EXTERNAL_HEADER)
        if header is None:
            return None
        scheme, token = split_authorization(header)
        if scheme != "bearer" or not token:
            raise CredentialRejected(
                "X-Multiplai-Authorization must be `Bearer <access token>`.", "access_token_malformed"
            )
        if self.provider is None:
            raise CredentialRejected("No identity provider is configured here.", "provider_not_configured")
        user_uuid = await self.provider.resolve(token, lambda user: sync_external_user(self._database, user))
        row = await repository.membership(self._database, user_uuid, attempt.wanted)
        return _credential(row, Identity(user_uuid, actor=actor_of(attempt.request, "provider", user_uuid)))

    async def _by_token(self, attempt: Attempt) -> Credential | None:
        """One of Athena's own tokens."""
        scheme, token = attempt.authorization
        if scheme != "bearer":
            return None
        row = None
        if is_token(token):
            row = await repository.token_by_hash(self._database, digest(token), attempt.wanted)
        if row is None:
            raise CredentialRejected("The bearer token is unknown.", "token_unknown")
        if row["revoked_at"] is not None:
            raise CredentialRejected("The bearer token has been revoked.", "token_revoked")
        if row["expires_at"] is not None and row["expires_at"] <= clock.now():
            raise CredentialRejected("The bearer token has expired.", "token_expired")
        scopes = None if row["scopes"] is None else expand(row["scopes"])
        actor = actor_of(attempt.request, "token", row["user_uuid"], row["token_uuid"])
        return _credential(row, Identity(row["user_uuid"], scopes, row["bound_uuid"], row["token_uuid"], actor=actor))

    async def _by_password(self, attempt: Attempt) -> Credential | None:
        """E-mail and password, on the routes that take them."""
        scheme, value = attempt.authorization
        if scheme == "":
            return None
        if scheme != "basic":
            if scheme != "bearer":
                raise CredentialRejected("This scheme of Authorization is not known.", "scheme_unknown")
            return None
        if not attempt.basic:
            raise CredentialRejected(
                "Basic credentials are taken on GET /api/v1/user and Sign In alone.", "basic_not_taken"
            )
        email, password = basic_credentials(value)
        async with self._database.system() as session:
            session.actor = actor_of(attempt.request, "password")
            user_uuid = await SignInService(session).verify(email, password, client_address(attempt.request))
        row = await repository.membership(self._database, user_uuid, attempt.wanted)
        return _credential(row, Identity(user_uuid, actor=actor_of(attempt.request, "password", user_uuid)))


def split_authorization(header: str) -> tuple[str, str]:
    """The scheme, in lower case, and the rest."""
    scheme, _, value = header.strip().partition(" ")
    return scheme.lower(), value.strip()


def sign_in_credentials(request: Request, body: SignIn) -> tuple[str, str]:
    """E-mail and password for Sign In: the body's, or else those of ``Authorization: Basic``."""
    scheme, value = split_authorization(request.headers.get("authorization", ""))
    if not body.email and not body.password and scheme == "basic":
        try:
            return basic_credentials(value)
        except CredentialRejected as rejection:
            raise Unauthenticated(str(rejection), code=rejection.code) from rejection
    missing = {name: ["Field required."] for name in ("email", "password") if not getattr(body, name)}
    if missing:
        raise ValidationFailed(f"{next(iter(missing))}: Field required.", errors=missing)
    return body.email, body.password


def actor_of(
    request: Request, kind: str = "none", user_uuid: UUID | None = None, credential_uuid: UUID | None = None
) -> Actor:
    """Who acts with a request, as the log of changes tells it."""
    agent = request.headers.get("user-agent", "").replace("\0", "")[:USER_AGENT_LENGTH]
    request_id = request.scope.get("state", {}).get("request_id")
    return Actor(user_uuid, kind, credential_uuid, client_address(request) or None, agent or None, request_id)


def client_address(request: Request) -> str:
    """The client's address: the other end of the connection, or what a trusted proxy there says of it."""
    address = request.client.host if request.client else ""
    settings: Settings = request.app.state.settings
    trusted = [ipaddress.ip_network(entry) for entry in settings.trusted_proxies]
    forwarded = [part.strip() for part in ",".join(request.headers.getlist("x-forwarded-for")).split(",")]
    while forwarded and _within(address, trusted):
        address = forwarded.pop()
    return address


def _within(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks if network.version == parsed.version)


def _credential(row: Row | None, identity: Identity) -> Credential:
    if row is None:
        return Credential(identity)
    return Credential(identity, row["workspace_uuid"], row["role"])


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

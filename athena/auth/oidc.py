"""Access tokens of the external identity provider: signed ones by its keys, opaque ones by its user-info endpoint."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from athena.auth.secrets import digest
from athena.config import OidcSettings
from athena.kit import clock, logging
from athena.kit.egress import Egress, EgressError

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Asymmetric ones alone: with a symmetric one the provider's public key could be taken for a secret."""
KEY_TYPES = ("RSA", "EC", "OKP")
TOKEN_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

LEEWAY_SECONDS = 30
TIMEOUT_SECONDS = 10
MAX_BYTES = 512 * 1024
MAX_TOKEN_LENGTH = 16 * 1024
DOCUMENT_SECONDS = 3600
REMEMBER_SECONDS = 30
REMEMBER_TOKENS = 10_000
REFRESHES = 5
REFRESH_WINDOW_SECONDS = 30
JWT_PARTS = 3
FAR_FUTURE = 1 << 40

PublicKey = RSAKey | ECKey | OKPKey


class CredentialRejected(Exception):
    """A credential that is there and does not hold. Its text is for the caller."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


class ProviderUnavailable(CredentialRejected):
    """Whether it holds cannot be told at this moment."""

    def __init__(self) -> None:
        super().__init__("The identity provider does not answer.", "provider_unavailable")


@dataclass(frozen=True, slots=True)
class Organization:
    """One of a user's organizations; ``role`` as the provider names it."""

    id: str
    name: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalUser:
    """Whom a token speaks for, as the provider says it at ``as_of``."""

    issuer: str
    subject: str
    name: str
    email: str | None
    email_verified: bool
    organizations: Sequence[Organization]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    user_uuid: UUID
    until: float


Sync = Callable[[ExternalUser], Awaitable[UUID]]


class _Registry(JWSRegistry):
    """Signatures of :data:`ALGORITHMS`, with room for certificates in the header, and any further names in it."""

    max_header_length = MAX_TOKEN_LENGTH

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        # RFC 9864 renames EdDSA, and the library warns of the old name; providers will use it for years.
        return self.algorithms["EdDSA"] if name == "EdDSA" else super().get_alg(name)


class OidcProvider:
    """The configured issuer, with what is remembered of it. One for a process."""

    def __init__(self, settings: OidcSettings, egress: Egress) -> None:
        self._settings = settings
        self._egress = egress
        self._own = {_origin(url) for url in (settings.issuer, settings.jwks_url, settings.userinfo_url) if url}
        if not settings.audience:
            logging.logger().warning("ATHENA_OIDC_AUDIENCE is not set: tokens of the issuer for anybody are taken")
        self._registry = _Registry()
        self._keys: list[PublicKey] = []
        self._keys_until = 0.0
        self._metadata: Mapping[str, Any] = {}
        self._metadata_until = 0.0
        self._refreshes: deque[float] = deque(maxlen=REFRESHES)
        self._lock = asyncio.Lock()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def resolve(self, token: str, sync: Sync) -> UUID:
        """The local user of an access token: remembered for a moment, or verified and handed to ``sync``."""
        key = digest(token)
        known = self._known.get(key)
        if known is not None and known.until > time.time():
            return known.user_uuid
        if len(token) > MAX_TOKEN_LENGTH:
            raise CredentialRejected("The access token is too long.", "access_token_malformed")
        header = _header_of(token)
        if header is None:
            user, expires = await self._by_userinfo(token), None
        else:
            user, expires = await self._by_signature(token, header)
        user_uuid = await sync(user)
        until = min(time.time() + REMEMBER_SECONDS, expires or float("inf"))
        self._known[key] = _Known(user_uuid, until)
        while len(self._known) > REMEMBER_TOKENS:
            self._known.popitem(last=False)
        return user_uuid

    def forget(self, token: str) -> None:
        """Makes the next request with ``token`` ask the provider again."""
        self._known.pop(digest(token), None)

    async def _by_signature(self, token: str, header: Mapping[str, Any]) -> tuple[ExternalUser, float]:
        claims = await self._verified(token, header)
        _check_claims(claims, self._settings)
        expires = min(claims["exp"], FAR_FUTURE) + LEEWAY_SECONDS
        issued = claims.get("iat")
        as_of = clock.now() if issued is None else datetime.fromtimestamp(max(issued, 0), UTC)
        organizations = self._settings.organizations_claim
        if "email" in claims and organizations in claims:
            return self._user(claims, as_of), expires
        # Many providers keep such facts out of access tokens; what neither place says is not so.
        info = await self._userinfo(token, optional=True)
        if info is None:
            return self._user(claims, as_of), expires
        if info.get("sub") != claims["sub"]:
            raise CredentialRejected("The access token and the provider's user differ.", "access_token_invalid")
        return self._user({**claims, **info}, clock.now() if organizations in info else as_of), expires

    async def _verified(self, token: str, header: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims under a signature of the provider's; its keys are asked for again when none fits."""
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
        if algorithm not in ALGORITHMS or "crit" in header:
            raise CredentialRejected("The access token is signed in a way that is not taken.", "access_token_invalid")
        if not isinstance(kind, str) or kind.lower() not in TOKEN_TYPES:
            raise CredentialRejected("It is not an access token.", "access_token_invalid")
        claims = self._try_keys(token, algorithm, kid, await self._present_keys())
        if claims is None and await self._refresh_keys():
            claims = self._try_keys(token, algorithm, kid, self._keys)
        if claims is None:
            raise CredentialRejected("The access token's signature is not the provider's.", "access_token_invalid")
        return claims

    def _try_keys(self, token: str, algorithm: str, kid: object, keys: Iterable[PublicKey]) -> Mapping[str, Any] | None:
        for key in keys:
            data = key.dict_value
            if (kid is not None and data.get("kid") != kid) or data.get("alg", algorithm) != algorithm:
                continue
            try:
                return jwt.decode(token, key, registry=self._registry).claims
            except BadSignatureError:
                continue
            except (JoseError, ValueError, TypeError, RecursionError):
                # Another kind of key than the algorithm's, or a body that is not JSON: not this one.
                continue
        return None

    async def _present_keys(self) -> Sequence[PublicKey]:
        if self._keys_until <= time.monotonic():
            async with self._lock:
                if self._keys_until <= time.monotonic():
                    await self._load_keys()
        return self._keys

    async def _refresh_keys(self) -> bool:
        """Whether the keys are newer now. A rotation is seen at once; a flood of unknown keys asks only so often."""
        seen = self._keys
        async with self._lock:
            if self._keys is not seen:
                return True
            now = time.monotonic()
            if len(self._refreshes) == REFRESHES and self._refreshes[0] > now - REFRESH_WINDOW_SECONDS:
                return False
            self._refreshes.append(now)
            await self._load_keys()
            return True

    async def _load_keys(self) -> None:
        url = self._settings.jwks_url or (await self._discovered()).get("jwks_uri")
        document = await self._fetch(str(url)) if url else None
        entries = document.get("keys") if document else None
        if not isinstance(entries, list):
            raise ProviderUnavailable
        self._keys = [key for entry in cast("list[object]", entries) if (key := _public_key(entry))]
        self._keys_until = time.monotonic() + DOCUMENT_SECONDS

    async def _discovered(self) -> Mapping[str, Any]:
        if self._metadata_until <= time.monotonic():
            issuer = self._settings.issuer
            document = await self._fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if document is None or document.get("issuer") != issuer:
                raise ProviderUnavailable
            self._metadata = document
            self._metadata_until = time.monotonic() + DOCUMENT_SECONDS
        return self._metadata

    async def _by_userinfo(self, token: str) -> ExternalUser:
        info = await self._userinfo(token, optional=False)
        if info is None or not isinstance(info.get("sub"), str) or not info["sub"]:
            raise CredentialRejected("The identity provider does not know the access token.", "access_token_invalid")
        return self._user(info, clock.now())

    async def _userinfo(self, token: str, *, optional: bool) -> Mapping[str, Any] | None:
        """What the user-info endpoint says of the token; ``None`` when it refuses it, or when there is none."""
        if not token.isascii() or not token.isprintable() or " " in token:
            return None
        url = self._settings.userinfo_url
        if not url and not (optional and self._settings.jwks_url):
            url = str((await self._discovered()).get("userinfo_endpoint") or "")
        return await self._fetch(url, {"Authorization": f"Bearer {token}"}) if url else None

    async def _fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any] | None:
        """A JSON object; ``None`` when it is refused (4xx)."""
        try:
            response = await self._egress.request(
                "GET",
                url,
                headers={"Accept": "application/json", **(headers or {})},
                timeout=TIMEOUT_SECONDS,
                max_bytes=MAX_BYTES,
                # What the operator configured may be at an address of the own network; what it refers to may not.
                trusted=_origin(url) in self._own,
            )
            if 400 <= response.status < 500 and response.status != 429:  # noqa: PLR2004 - the client's fault
                return None
            if response.status != 200:  # noqa: PLR2004
                raise ProviderUnavailable
            document = orjson.loads(response.body)
        except (EgressError, orjson.JSONDecodeError) as error:
            raise ProviderUnavailable from error
        if not isinstance(document, dict):
            raise ProviderUnavailable
        return cast("dict[str, Any]", document)

    def _user(self, claims: Mapping[str, Any], as_of: datetime) -> ExternalUser:
        email = _text(claims.get("email"))
        return ExternalUser(
            issuer=self._settings.issuer,
            subject=str(claims["sub"])[:255],
            name=_text(claims.get("name")) or _text(claims.get("preferred_username")) or email or "User",
            email=email if email and "@" in email else None,
            email_verified=claims.get("email_verified") is True,
            organizations=_organizations(claims.get(self._settings.organizations_claim)),
            as_of=as_of,
        )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _header_of(token: str) -> Mapping[str, Any] | None:
    """The header of a signed token; ``None`` for one that is opaque."""
    parts = token.split(".")
    if len(parts) != JWT_PARTS:
        return None
    try:
        header = orjson.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (ValueError, binascii.Error, orjson.JSONDecodeError):
        return None
    return cast("dict[str, Any]", header) if isinstance(header, dict) and "alg" in header else None


def _public_key(entry: object) -> PublicKey | None:
    """A key of the provider's that signs; ``None`` for what is of another kind, or broken."""
    data = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    if data.get("kty") not in KEY_TYPES or data.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(data)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey | OKPKey) else None


def _check_claims(claims: Mapping[str, Any], settings: OidcSettings) -> None:
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": settings.issuer},
        sub={"essential": True},
        exp={"essential": True},
    )
    if settings.audience:
        registry.options["aud"] = {"essential": True, "value": settings.audience}
    try:
        registry.validate(dict(claims))
    except ExpiredTokenError as error:
        raise CredentialRejected("The access token has expired.", "access_token_expired") from error
    except MissingClaimError as error:
        raise CredentialRejected(f"The access token lacks {error.claim}.", "access_token_invalid") from error
    except InvalidClaimError as error:
        reasons = {
            "iss": "The access token is of another issuer.",
            "aud": "The access token is meant for another audience.",
            "nbf": "The access token is not valid yet.",
            "iat": "The access token is not valid yet.",
        }
        reason = reasons.get(error.claim, "The access token has a claim that is not valid.")
        raise CredentialRejected(reason, "access_token_invalid") from error


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value.replace("\0", "").strip()[:255] or None


def _organizations(claim: object) -> Sequence[Organization]:
    """From a list of ``{id, name, role?}``, or of names."""
    found: dict[str, Organization] = {}
    for entry in cast("list[object]", claim) if isinstance(claim, list) else []:
        fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {"id": entry}
        identifier = fields.get("id")
        identifier = _text(str(identifier) if isinstance(identifier, int) else identifier)
        if identifier is not None:
            name = _text(fields.get("name")) or identifier
            found[identifier] = Organization(identifier, name, _text(fields.get("role")))
    return list(found.values())

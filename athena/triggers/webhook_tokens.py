"""JSON Web Tokens that callers of a webhook show as ``Authorization: Bearer …``.

The algorithm is the configured one, whatever a token says of itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, cast

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import Field, JsonValue, ValidationInfo, field_validator

from athena.kit.schemas import Input, ShortText
from athena.triggers.webhook_credentials import (
    Headers,
    SecretReference,
    Secrets,
    WebhookRejected,
    scheme_value,
)

LEEWAY_SECONDS = 60
MAXIMUM_TOKEN = 16_384
MAXIMUM_KEYS = 20
RSA_BITS = 2048

KeyAlgorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_KINDS: dict[str, type[RSAKey | ECKey | OKPKey]] = {"RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}
# RFC 9864 gives the two curves of EdDSA names of their own.
_NAMES = {"EdDSA": ("EdDSA", "Ed25519", "Ed448")}

Issuer = Annotated[ShortText | None, Field(description="What the claim `iss` must be.")]
Audience = Annotated[ShortText | None, Field(description="What the claim `aud` must be, or have among others.")]


class SecretToken(Input):
    """Tokens that are signed with a shared secret."""

    type: Literal["jwt"]
    algorithm: Literal["HS256", "HS384", "HS512"]
    secret: SecretReference
    audience: Audience = None
    issuer: Issuer = None


class KeyToken(Input):
    """Tokens that are signed with a private key of the sender's: its public key, or set of public keys, is here."""

    type: Literal["jwt"]
    algorithm: KeyAlgorithm
    public_key: Annotated[
        str | None, Field(max_length=20_000, description="PEM, of a public key or a certificate.")
    ] = None
    jwks: Annotated[
        dict[str, JsonValue] | None,
        Field(
            validate_default=True,
            description="A JSON Web Key Set, instead of a `public_key`. Keys that do not fit the algorithm are left "
            "aside.",
            examples=[{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "…"}]}],
        ),
    ] = None
    audience: Audience = None
    issuer: Issuer = None

    @field_validator("public_key")
    @classmethod
    def _is_key(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and "algorithm" in info.data:
            key = _imported(info.data["algorithm"], value)
            if key is None or key.is_private:
                raise ValueError(f"This is no PEM of a public key for {info.data['algorithm']}")
        return value

    @field_validator("jwks")
    @classmethod
    def _is_set(cls, value: dict[str, JsonValue] | None, info: ValidationInfo) -> dict[str, JsonValue] | None:
        if "public_key" not in info.data or "algorithm" not in info.data:
            return value
        if (value is None) == (info.data["public_key"] is None):
            raise ValueError("Give either a public_key or jwks")
        if value is not None:
            entries = _entries(value)
            if any({"d", "k"} & entry.keys() for entry in entries):
                raise ValueError("These keys are not all public")
            if not any(_imported(info.data["algorithm"], entry) for entry in entries):
                raise ValueError(f"None of these keys is one for {info.data['algorithm']}")
        return value

    @cached_property
    def keys(self) -> Sequence[Key]:
        """The keys of which one must have signed a token."""
        given = [self.public_key] if self.jwks is None else _entries(self.jwks)
        return [key for entry in given if entry and (key := _imported(self.algorithm, entry))]


Token = Annotated[SecretToken | KeyToken, Field(discriminator="algorithm")]


class _Pinned(JWSRegistry):
    """Signatures of one algorithm, with any further names in a token's header."""

    max_header_length = MAXIMUM_TOKEN

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=_NAMES.get(algorithm, (algorithm,)), strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        # The library warns of the old name, which senders will use for years.
        if name == "EdDSA" and name in (self.allowed or ()):
            return self.algorithms[name]
        return super().get_alg(name)


def check_token(config: Token, secrets: Secrets, headers: Headers, now: datetime) -> None:
    """:class:`WebhookRejected` unless the request has a token under a right signature, which holds now."""
    if isinstance(config, SecretToken):
        value = config.secret.value(secrets)
        # Made by hand: the usual way warns of short secrets, which are the sender's choice and may hold already.
        keys: Sequence[Key] = [OctKey(value, value)]
    else:
        keys = config.keys
    text = scheme_value(headers, "Bearer")
    registry = _Pinned(config.algorithm)
    token = next((token for key in keys if (token := _decoded(text, key, registry))), None)
    if token is None:
        raise WebhookRejected("wrong_signature", "The token is not signed in the way that this webhook asks for.")
    claims = jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
    for name, wanted in (("aud", config.audience), ("iss", config.issuer)):
        if wanted is not None:
            claims.options[name] = {"essential": True, "value": wanted}
            claims.essential_keys.add(name)
    try:
        claims.validate(token.claims)
    except ExpiredTokenError as error:
        raise WebhookRejected("wrong_credentials", "The token has expired.") from error
    except JoseError as error:
        raise WebhookRejected("wrong_credentials", "A claim of the token is not what this webhook asks for.") from error


def _decoded(text: str, key: Key, registry: JWSRegistry) -> jwt.Token | None:
    if len(text) > MAXIMUM_TOKEN or not text.isascii():
        return None
    try:
        token = jwt.decode(text, key, registry=registry)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # Another signature, or no token at all: the library looks closely at those alone that are well-formed.
        return None
    # Extensions that must be understood are not.
    return None if "crit" in token.header else token


def _entries(jwks: dict[str, JsonValue]) -> list[dict[str, JsonValue]]:
    entries = jwks.get("keys")
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAXIMUM_KEYS:
        raise ValueError(f'A set of keys is {{"keys": […]}}, with 1 to {MAXIMUM_KEYS} of them')
    return [entry for entry in entries if isinstance(entry, dict)]


def _imported(algorithm: str, entry: str | dict[str, JsonValue]) -> RSAKey | ECKey | OKPKey | None:
    """A key, if it is one for the algorithm, and not a weak one."""
    names = _NAMES.get(algorithm, (algorithm,))
    if isinstance(entry, dict):
        if entry.get("use", "sig") != "sig" or entry.get("alg", algorithm) not in names:
            return None
        # With it, the library would not take one name of the algorithm for another.
        entry = {name: value for name, value in entry.items() if name != "alg"}
    try:
        with warnings.catch_warnings(action="ignore", category=SecurityWarning):
            key = _KINDS[algorithm[:2]].import_key(cast("Any", entry))
        JWSRegistry.algorithms[algorithm].check_key(key)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(key, OKPKey):
        return key if key.curve_name in names else None
    return None if isinstance(key, RSAKey) and key.raw_value.key_size < RSA_BITS else key

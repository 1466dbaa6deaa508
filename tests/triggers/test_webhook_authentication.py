"""Who may start a workflow by its webhook: a password, a header, a fixed or a signed token."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import TypeAdapter, ValidationError

from athena.triggers.webhook_authentication import (
    WebhookAuthentication,
    WebhookRejected,
    credential_headers,
    secret_names,
    verify,
)

ADAPTER: TypeAdapter[WebhookAuthentication] = TypeAdapter(WebhookAuthentication)
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SECRET = "pässword:with colon"
SECRETS = {"SECRET": SECRET, "OTHER": "other"}
REFERENCE = {"secret": "SECRET"}

RSA, WEAK = RSAKey.generate_key(2048), rsa.generate_private_key(65537, 1024).public_key()
EC, P384, ED, X25519 = (
    ECKey.generate_key("P-256"),
    ECKey.generate_key("P-384"),
    OKPKey.generate_key("Ed25519"),
    OKPKey.generate_key("X25519"),
)
Key = OctKey | RSAKey | ECKey | OKPKey


def config(**fields: Any) -> WebhookAuthentication:
    return ADAPTER.validate_python(fields)


def check(it: WebhookAuthentication, authorization: str | None = None, **headers: str) -> None:
    given = headers if authorization is None else {**headers, "authorization": authorization}
    verify(it, SECRETS, headers=given, body=b"", now=NOW)


def refusal(it: WebhookAuthentication, authorization: str | None = None, **headers: str) -> str:
    with pytest.raises(WebhookRejected) as refused:
        check(it, authorization, **headers)
    assert SECRET not in refused.value.message
    return refused.value.code


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def token(key: Key, algorithm: str, header: dict[str, Any] | None = None, **claims: Any) -> str:
    registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return "Bearer " + jwt.encode({"alg": algorithm, **(header or {})}, claims, key, registry=registry)


def pem(key: RSAKey | ECKey | OKPKey) -> str:
    return key.as_pem(private=False).decode()


BASIC = config(type="basic", username="jo", password=REFERENCE)
HEADER = config(type="header", name="X-Api-Key", value=REFERENCE)
BEARER = config(type="bearer", token=REFERENCE)
HS256 = config(type="jwt", algorithm="HS256", secret=REFERENCE)
SHARED = OctKey(SECRET.encode(), SECRET.encode())


def test_without_authentication_the_address_is_enough() -> None:
    check(config(type="none"))


def test_a_user_name_and_a_password() -> None:
    check(BASIC, basic(f"jo:{SECRET}"))
    check(BASIC, basic(f"jo:{SECRET}").replace("Basic", "basic"))
    for wrong in (f"jim:{SECRET}", "jo:password", "jo:", "jo", "", f"jo:{SECRET} "):
        assert refusal(BASIC, basic(wrong) + "") == ("wrong_credentials" if wrong else "missing_credentials")
    assert refusal(BASIC, "Basic §§") == "wrong_credentials"
    assert refusal(BASIC) == refusal(BASIC, "Bearer x") == "missing_credentials"


def test_a_header_with_a_secret_value() -> None:
    # A server reads the bytes of a header as Latin-1.
    check(HEADER, **{"x-api-key": SECRET.encode().decode("latin-1")})
    assert refusal(HEADER, **{"x-api-key": "wrong"}) == "wrong_credentials"
    assert refusal(HEADER, **{"x-api-key": ""}) == refusal(HEADER) == "missing_credentials"


def test_a_fixed_token() -> None:
    check(BEARER, "Bearer " + SECRET.encode().decode("latin-1"))
    assert refusal(BEARER, "Bearer other") == "wrong_credentials"
    assert refusal(BEARER, basic(f"jo:{SECRET}")) == refusal(BEARER) == "missing_credentials"


def test_without_its_secret_a_webhook_lets_nobody_in() -> None:
    headers = {"authorization": "Bearer ", "x-api-key": ""}
    for it in (BASIC, HEADER, BEARER, HS256):
        for secrets in ({}, {"SECRET": ""}):
            with pytest.raises(WebhookRejected) as refused:
                verify(it, secrets, headers=headers, body=b"", now=NOW)
            assert refused.value.code == "secret_unavailable"


def test_what_each_way_needs_and_what_of_it_must_not_be_kept() -> None:
    assert secret_names(config(type="none")) == credential_headers(config(type="none")) == frozenset()
    assert [*map(secret_names, (BASIC, HEADER, BEARER, HS256))] == [{"SECRET"}] * 4
    assert credential_headers(HEADER) == {"x-api-key"}
    for it in (BASIC, BEARER, HS256):
        assert credential_headers(it) == {"authorization"}
    signed = config(type="hmac", preset="github", secret=REFERENCE)
    assert credential_headers(signed) == frozenset()


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_a_token_under_a_shared_secret(algorithm: str) -> None:
    it = config(type="jwt", algorithm=algorithm, secret=REFERENCE)
    check(it, token(SHARED, algorithm, sub="x"))
    other = OctKey(b"another", b"another")
    assert refusal(it, token(other, algorithm)) == "wrong_signature"


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [*((name, RSA) for name in ("RS256", "RS512", "PS384")), ("ES256", EC), ("ES384", P384), ("EdDSA", ED)],
)
def test_a_token_under_a_private_key(algorithm: str, key: RSAKey | ECKey | OKPKey) -> None:
    named = "Ed25519" if algorithm == "EdDSA" else algorithm
    jwks = {"keys": [{"kty": "oct"}, {"kty": "new"}, {**key.as_dict(private=False), "kid": "1", "alg": named}]}
    for material in ({"public_key": pem(key)}, {"jwks": jwks}):
        it = config(type="jwt", algorithm=algorithm, **material)
        assert secret_names(it) == frozenset()
        check(it, token(key, named, {"kid": "other", "x5t": "y"}))
        assert refusal(it, token(key, named)[:-8] + "AAAAAAAA") == "wrong_signature"
        forged = OctKey(pem(key).encode(), None)
        assert refusal(it, token(forged, "HS256")) == "wrong_signature"


def test_the_older_name_of_ed25519_is_taken_as_well() -> None:
    it = config(type="jwt", algorithm="EdDSA", public_key=pem(ED))
    signed = token(ED, "Ed25519").removeprefix("Bearer ").split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"EdDSA"}').rstrip(b"=").decode()
    algorithm = JWSRegistry.algorithms["Ed25519"]
    signature = base64.urlsafe_b64encode(algorithm.sign(f"{header}.{signed[1]}".encode(), ED)).rstrip(b"=").decode()
    check(it, f"Bearer {header}.{signed[1]}.{signature}")
    assert refusal(HS256, f"Bearer {header}.{signed[1]}.{signature}") == "wrong_signature"


def test_a_token_says_nothing_of_how_it_is_checked() -> None:
    unsigned = ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (b'{"alg":"none"}', b"{}", b"")
    )
    assert refusal(HS256, f"Bearer {unsigned}") == "wrong_signature"
    assert refusal(HS256, token(SHARED, "HS512")) == "wrong_signature"
    assert refusal(HS256, token(SHARED, "HS256", {"crit": ["b64"], "b64": True})) == "wrong_signature"
    assert refusal(HS256, token(SHARED, "HS256", sub="x" * 20_000)) == "wrong_signature"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, "wrong_credentials"),
        ({"aud": "shop", "iss": "me"}, None),
        ({"aud": ["other", "shop"], "iss": "me"}, None),
        ({"aud": "other", "iss": "me"}, "wrong_credentials"),
        ({"aud": "shop", "iss": "you"}, "wrong_credentials"),
        ({"aud": "shop"}, "wrong_credentials"),
        ({"aud": "shop", "iss": "me", "exp": SECONDS - 59, "nbf": SECONDS + 60}, None),
        ({"aud": "shop", "iss": "me", "exp": SECONDS - 60}, "wrong_credentials"),
        ({"aud": "shop", "iss": "me", "nbf": SECONDS + 61}, "wrong_credentials"),
        ({"aud": "shop", "iss": "me", "exp": "never"}, "wrong_credentials"),
    ],
)
def test_a_token_must_hold_now_and_be_meant_for_here(claims: dict[str, Any], code: str | None) -> None:
    it = config(type="jwt", algorithm="HS256", secret=REFERENCE, audience="shop", issuer="me")
    if code is None:
        check(it, token(SHARED, "HS256", **claims))
    else:
        assert refusal(it, token(SHARED, "HS256", **claims)) == code


@settings(deadline=None)
@given(st.text(max_size=40) | st.lists(st.binary(max_size=12), min_size=3, max_size=3))
def test_whatever_is_shown_is_let_in_or_refused(shown: str | list[bytes]) -> None:
    text = shown if isinstance(shown, str) else ".".join(base64.urlsafe_b64encode(part).decode() for part in shown)
    for it in (BASIC, HEADER, BEARER, HS256):
        for value in (text, f"Bearer {text}", f"Basic {text}"):
            assert refusal(it, value, **{"x-api-key": text})


@pytest.mark.parametrize(
    "header", [b'["alg"]', b'"alg"', b'{"alg":["HS256"]}', b'{"alg":null}', b"[" * 5000, b'{"alg":"HS256","b64":false}']
)
def test_a_tokens_header_of_any_shape_is_refused(header: bytes) -> None:
    text = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
    assert refusal(HS256, f"Bearer {text}.e30.AAAA") == "wrong_signature"


def jwk(key: RSAKey | ECKey | OKPKey, *, private: bool = False) -> dict[str, Any]:
    return key.as_dict(private=private)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "magic"}, ""),
        ({"type": "basic", "username": "a:b", "password": REFERENCE}, "basic.username"),
        ({"type": "basic", "username": "a", "password": SECRET}, "basic.password"),
        ({"type": "header", "name": "X Key", "value": REFERENCE}, "header.name"),
        ({"type": "bearer", "token": REFERENCE, "extra": 1}, "bearer.extra"),
        ({"type": "jwt", "algorithm": "none", "secret": REFERENCE}, "jwt"),
        ({"type": "jwt", "algorithm": "HS256", "public_key": pem(RSA)}, "jwt.HS256.secret"),
        ({"type": "jwt", "algorithm": "RS256"}, "jwt.RS256.jwks"),
        ({"type": "jwt", "algorithm": "RS256", "public_key": pem(RSA), "jwks": {"keys": [jwk(RSA)]}}, "jwt.RS256.jwks"),
        ({"type": "jwt", "algorithm": "RS256", "public_key": pem(EC)}, "jwt.RS256.public_key"),
        ({"type": "jwt", "algorithm": "ES256", "public_key": pem(P384)}, "jwt.ES256.public_key"),
        ({"type": "jwt", "algorithm": "RS256", "public_key": "a key"}, "jwt.RS256.public_key"),
        (
            {"type": "jwt", "algorithm": "RS256", "public_key": RSA.as_pem(private=True).decode()},
            "jwt.RS256.public_key",
        ),
        (
            {
                "type": "jwt",
                "algorithm": "RS256",
                "public_key": WEAK.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            },
            "jwt.RS256.public_key",
        ),
        ({"type": "jwt", "algorithm": "EdDSA", "jwks": {"keys": [jwk(X25519), jwk(EC)]}}, "jwt.EdDSA.jwks"),
        ({"type": "jwt", "algorithm": "ES256", "jwks": {"keys": [jwk(EC, private=True)]}}, "jwt.ES256.jwks"),
        ({"type": "jwt", "algorithm": "ES256", "jwks": {"keys": []}}, "jwt.ES256.jwks"),
        ({"type": "jwt", "algorithm": "ES256", "jwks": {"keys": [{**jwk(EC), "use": "enc"}]}}, "jwt.ES256.jwks"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_by_its_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        config(**fields)
    assert field in [".".join(map(str, each["loc"])) for each in refused.value.errors()]
    assert not any(SECRET in each["msg"] or "PRIVATE" in each["msg"] for each in refused.value.errors())


def test_the_schema_of_a_configuration_tells_apart_what_is_one() -> None:
    schema = ADAPTER.json_schema()
    # Its addresses of schemas are text: those of OpenAPI are nothing else.
    mappings = re.findall(r'"mapping": (\{[^}]*\})', json.dumps(schema))
    assert len(mappings) == 2
    assert all(isinstance(place, str) for each in mappings for place in json.loads(each).values())
    validator = jsonschema_rs.validator_for(schema)
    for it in (
        BASIC,
        HEADER,
        BEARER,
        HS256,
        config(type="none"),
        config(type="hmac", preset="slack", secret=REFERENCE),
    ):
        assert validator.is_valid(it.model_dump(mode="json"))
    assert not validator.is_valid({"type": "hmac", "preset": "own", "secret": REFERENCE})

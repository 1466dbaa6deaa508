"""How a request to a workflow's webhook shows that it may start it, and the check of it. Pure.

A configuration is part of the workflow's document and holds no secret: ``{"secret": "NAME"}`` stands for the
workspace's secret of that name, whose value :func:`verify` is given.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, cast

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from athena.kit.schemas import Input
from athena.triggers.webhook_credentials import (
    HeaderName,
    Headers,
    SecretReference,
    Secrets,
    WebhookRejected,
    octets,
    required_header,
    same,
    scheme_value,
)
from athena.triggers.webhook_signatures import (
    CustomSignature,
    GitHubSignature,
    Signature,
    SlackSignature,
    StandardSignature,
    StripeSignature,
    check_signature,
)
from athena.triggers.webhook_tokens import KeyToken, SecretToken, Token, check_token

MAXIMUM_DELIVERY_ID = 255


class NoAuthentication(Input):
    """Whoever knows the address."""

    type: Literal["none"]


class BasicAuthentication(Input):
    """A user name and a password, as ``Authorization: Basic``."""

    type: Literal["basic"]
    username: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^:\x00]+$")]
    password: SecretReference


class HeaderAuthentication(Input):
    """A header with a secret value."""

    type: Literal["header"]
    name: Annotated[HeaderName, Field(examples=["X-Api-Key"])]
    value: SecretReference


class BearerAuthentication(Input):
    """A fixed token, as ``Authorization: Bearer``."""

    type: Literal["bearer"]
    token: SecretReference


class _ToldApartFurther:
    """OpenAPI's discriminator leads to one schema each, and not to what is told apart further by another field."""

    @staticmethod
    def __get_pydantic_json_schema__(core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        schema.pop("discriminator", None)
        return schema


WebhookAuthentication = Annotated[
    NoAuthentication | BasicAuthentication | HeaderAuthentication | BearerAuthentication | Token | Signature,
    Field(discriminator="type"),
    _ToldApartFurther,
]


def secret_names(config: WebhookAuthentication) -> frozenset[str]:
    """The secrets of the workspace that checking a request needs."""
    return frozenset(value.secret for _, value in config if isinstance(value, SecretReference))


def credential_headers(config: WebhookAuthentication) -> frozenset[str]:
    """The headers, in lower case, that let in whoever has them; a signature is none, since it fits its body alone."""
    match config:
        case HeaderAuthentication():
            return frozenset({config.name.lower()})
        case BasicAuthentication() | BearerAuthentication() | SecretToken() | KeyToken():
            return frozenset({"authorization"})
        case _:
            return frozenset()


def verify(config: WebhookAuthentication, secrets: Secrets, *, headers: Headers, body: bytes, now: datetime) -> None:
    """:class:`WebhookRejected` unless the request is one that ``config`` lets in.

    ``secrets`` has the values of :func:`secret_names`; ``headers`` have lower-case names; ``body`` is as it came.
    """
    match config:
        case NoAuthentication():
            pass
        case BasicAuthentication():
            _check_basic(config, secrets, headers)
        case HeaderAuthentication():
            _check_value(config.value.value(secrets), required_header(headers, config.name))
        case BearerAuthentication():
            _check_value(config.token.value(secrets), scheme_value(headers, "Bearer"))
        case SecretToken() | KeyToken():
            check_token(config, secrets, headers, now)
        case _:
            check_signature(config, secrets, headers, body, now)


def delivery_id(config: WebhookAuthentication, *, headers: Headers, body: object) -> str | None:
    """What a repeated delivery of the same event has again, by which it is told; ``body`` is the parsed body.

    Where the sender's own way has none, it is the header ``Idempotency-Key``. Long ones are given as their hash.
    """
    match config:
        case GitHubSignature():
            own: object = headers.get("x-github-delivery")
        case StripeSignature():
            own = _field(body, "id")
        case SlackSignature():
            own = _field(body, "event_id")
        case StandardSignature():
            own = headers.get("webhook-id")
        case CustomSignature() if config.delivery_id_header is not None:
            own = headers.get(config.delivery_id_header.lower())
        case _:
            own = None
    text = own if isinstance(own, str) and own.strip() else headers.get("idempotency-key", "")
    text = text.strip()
    if len(text) > MAXIMUM_DELIVERY_ID or not text.isprintable():
        return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text or None


def _check_basic(config: BasicAuthentication, secrets: Secrets, headers: Headers) -> None:
    password = config.password.value(secrets)
    try:
        decoded = base64.b64decode(octets(scheme_value(headers, "Basic")), validate=True)
    except binascii.Error:
        decoded = b""
    name, _, given = decoded.partition(b":")
    # Both are compared in any case, so that the time does not tell which one is wrong.
    known, right = same(name, config.username.encode()), same(given, password)
    if not (known and right):
        raise WebhookRejected("wrong_credentials", "The user name or the password is wrong.")


def _check_value(expected: bytes, given: str) -> None:
    if not same(octets(given), expected):
        raise WebhookRejected("wrong_credentials", "The credentials are wrong.")


def _field(body: object, name: str) -> object:
    return cast("Mapping[str, object]", body).get(name) if isinstance(body, Mapping) else None

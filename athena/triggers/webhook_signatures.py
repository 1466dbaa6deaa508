"""Signatures of webhooks: an HMAC over the raw body, in the ways of GitHub, Stripe, Slack, Standard Webhooks, or own.

Where a timestamp is signed, too, a request is taken for a while only, so that a copy of it is worth nothing later.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

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
)

TOLERANCE_SECONDS = 300
STANDARD_PREFIX = "whsec_"

Algorithm = Literal["sha256", "sha1", "sha512"]
Encoding = Literal["hex", "base64"]
SECONDS = re.compile(r"[0-9]{1,12}")
PLACE = re.compile(r"(\{[^{}]*\})")


class GitHubSignature(Input):
    """``X-Hub-Signature-256: sha256=<hex>`` over the body."""

    type: Literal["hmac"]
    preset: Literal["github"]
    secret: SecretReference


class StripeSignature(Input):
    """``Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>…]`` over ``<seconds>.<body>``."""

    type: Literal["hmac"]
    preset: Literal["stripe"]
    secret: SecretReference


class SlackSignature(Input):
    """``X-Slack-Signature: v0=<hex>`` over ``v0:<X-Slack-Request-Timestamp>:<body>``."""

    type: Literal["hmac"]
    preset: Literal["slack"]
    secret: SecretReference


class StandardSignature(Input):
    """``webhook-signature: v1,<base64>[ v1,<base64>…]`` over ``<webhook-id>.<webhook-timestamp>.<body>``.

    The secret is Base64, with or without ``whsec_`` before it (standardwebhooks.com).
    """

    type: Literal["hmac"]
    preset: Literal["standard_webhooks"]
    secret: SecretReference


class CustomSignature(Input):
    """A sender's own way."""

    type: Literal["hmac"]
    preset: Literal["custom"]
    secret: SecretReference
    header: Annotated[HeaderName, Field(description="Where the signature stands.", examples=["X-Signature"])]
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: Annotated[
        str, Field(max_length=50, description="What stands before the signature.", examples=["sha256="])
    ] = ""
    timestamp_header: Annotated[
        HeaderName | None, Field(description="Where the time of sending stands, in seconds since 1970.")
    ] = None
    tolerance_seconds: Annotated[
        int, Field(ge=1, le=86_400, description="How far the time of sending may lie off.")
    ] = TOLERANCE_SECONDS
    signed_payload: Annotated[
        str,
        Field(
            max_length=200,
            validate_default=True,
            description="What is signed: `{body}`, or `{timestamp}.{body}` where there is a `timestamp_header`; "
            "further text around them is signed as it stands.",
        ),
    ] = ""
    delivery_id_header: Annotated[
        HeaderName | None, Field(description="Where the id stands that a repeated delivery has again.")
    ] = None

    @field_validator("signed_payload")
    @classmethod
    def _complete(cls, value: str, info: ValidationInfo) -> str:
        timed = info.data.get("timestamp_header") is not None
        value = value or ("{timestamp}.{body}" if timed else "{body}")
        places = PLACE.findall(value)
        if unknown := sorted(set(places) - {"{body}", "{timestamp}"}):
            raise ValueError(f"There is no {unknown[0]}; the places are {{body}} and {{timestamp}}")
        if places.count("{body}") != 1:
            raise ValueError("The body must be signed: write {body} once")
        if timed != (places.count("{timestamp}") == 1):
            raise ValueError("{timestamp} must stand there once with a timestamp_header, and not at all without one")
        return value


Signature = Annotated[
    GitHubSignature | StripeSignature | SlackSignature | StandardSignature | CustomSignature,
    Field(discriminator="preset"),
]


def check_signature(config: Signature, secrets: Secrets, headers: Headers, body: bytes, now: datetime) -> None:
    """:class:`WebhookRejected` unless one of the request's signatures is made with the secret, and not long ago."""
    key = config.secret.value(secrets)
    match config:
        case GitHubSignature():
            _check(_digest(key, body), [required_header(headers, "X-Hub-Signature-256")], prefix="sha256=")
        case StripeSignature():
            _check_stripe(key, headers, body, now)
        case SlackSignature():
            given = required_header(headers, "X-Slack-Signature")
            sent = _recent(required_header(headers, "X-Slack-Request-Timestamp"), now)
            _check(_digest(key, b"v0:" + sent + b":" + body), [given], prefix="v0=")
        case StandardSignature():
            _check_standard(key, headers, body, now)
        case CustomSignature():
            _check_custom(config, key, headers, body, now)


def _check_stripe(key: bytes, headers: Headers, body: bytes, now: datetime) -> None:
    parts = [part.strip().partition("=") for part in required_header(headers, "Stripe-Signature").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1:
        raise WebhookRejected("wrong_signature", "The header Stripe-Signature must hold one t, and v1.")
    expected = _digest(key, _recent(times[0], now) + b"." + body)
    _check(expected, [value for name, _, value in parts if name == "v1"])


def _check_standard(key: bytes, headers: Headers, body: bytes, now: datetime) -> None:
    # The library's own check looks at the clock by itself, takes text alone, and fails on what is no signature at all.
    try:
        key = base64.b64decode(key.removeprefix(STANDARD_PREFIX.encode()) + b"==")
    except binascii.Error:
        key = b""
    if not key:
        raise WebhookRejected("secret_unavailable", "The secret of this webhook is not one of Standard Webhooks.")
    given = required_header(headers, "webhook-signature").split(" ")
    name = octets(required_header(headers, "webhook-id"))
    sent = _recent(required_header(headers, "webhook-timestamp"), now)
    _check(_digest(key, b".".join((name, sent, body))), given, prefix="v1,", encoding="base64")


def _check_custom(config: CustomSignature, key: bytes, headers: Headers, body: bytes, now: datetime) -> None:
    given = required_header(headers, config.header)
    places = {"{body}": body}
    if config.timestamp_header is not None:
        sent = required_header(headers, config.timestamp_header)
        places["{timestamp}"] = _recent(sent, now, config.tolerance_seconds)
    signed = b"".join(places.get(part, part.encode()) for part in PLACE.split(config.signed_payload))
    _check(_digest(key, signed, config.algorithm), [given], prefix=config.prefix, encoding=config.encoding)


def _digest(key: bytes, signed: bytes, algorithm: Algorithm = "sha256") -> bytes:
    return hmac.new(key, signed, getattr(hashlib, algorithm)).digest()


def _recent(text: str, now: datetime, tolerance_seconds: int = TOLERANCE_SECONDS) -> bytes:
    """The timestamp as it is signed, when it is one and lies within the tolerance, before or after ``now``."""
    if not SECONDS.fullmatch(text):
        raise WebhookRejected("timestamp_out_of_range", "The timestamp is no number of seconds since 1970.")
    if abs(now.timestamp() - int(text)) > tolerance_seconds:
        raise WebhookRejected(
            "timestamp_out_of_range", f"The timestamp lies more than {tolerance_seconds} seconds off."
        )
    return text.encode()


def _check(expected: bytes, given: Sequence[str], *, prefix: str = "", encoding: Encoding = "hex") -> None:
    """Compares in the encoded form, since decoders take more than one text for the same bytes."""
    text = expected.hex().encode() if encoding == "hex" else base64.b64encode(expected).rstrip(b"=")
    for each in given:
        if not each.startswith(prefix):
            continue
        value = octets(each[len(prefix) :].strip())
        value = value.lower() if encoding == "hex" else value.rstrip(b"=").translate(URL_SAFE)
        if same(value, text):
            return
    raise WebhookRejected("wrong_signature", "The signature does not belong to this body and the webhook's secret.")


URL_SAFE = bytes.maketrans(b"-_", b"+/")

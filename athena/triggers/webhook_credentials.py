"""What the checks of incoming webhooks share: secrets by name, the error, headers, and comparing in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from athena.kit.schemas import Input
from athena.variables.schemas import VariableName

HeaderName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
Headers = Mapping[str, str]
"""A request's headers, their names in lower case."""
Secrets = Mapping[str, str]
"""The values of the workspace's secrets, by their names."""

Rejection = Literal[
    "missing_credentials", "wrong_credentials", "wrong_signature", "timestamp_out_of_range", "secret_unavailable"
]


class WebhookRejected(Exception):
    """A request that may not start the workflow. Its text is for the sender, and holds nothing secret."""

    def __init__(self, code: Rejection, message: str) -> None:
        super().__init__(message)
        self.code: Rejection = code
        self.message = message


class SecretReference(Input):
    """A secret of the workspace, by its name, so that no document of a workflow holds the secret itself."""

    secret: Annotated[
        VariableName, Field(description="The name of a secret of the workspace.", examples=["SHOP_WEBHOOK_SECRET"])
    ]

    def value(self, secrets: Secrets) -> bytes:
        """The secret's bytes; without it, or with an empty one, nobody is let in."""
        value = secrets.get(self.secret)
        if not value:
            raise WebhookRejected("secret_unavailable", "The secret that this webhook checks requests with is missing.")
        return value.encode("utf-8", "surrogatepass")


def required_header(headers: Headers, name: str) -> str:
    """The value of a header that a request must have."""
    value = headers.get(name.lower())
    if not value:
        raise WebhookRejected("missing_credentials", f"The header {name} is missing.")
    return value


def scheme_value(headers: Headers, scheme: str) -> str:
    """What follows ``scheme`` in the header ``Authorization``."""
    given, _, value = required_header(headers, "Authorization").strip().partition(" ")
    if given.lower() != scheme.lower() or not value.strip():
        raise WebhookRejected("missing_credentials", f"The header Authorization does not hold {scheme} credentials.")
    return value.strip()


def octets(text: str) -> bytes:
    """The bytes that a header's text came as: servers read them as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def same(given: bytes, expected: bytes) -> bool:
    """Whether both are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(given, expected)

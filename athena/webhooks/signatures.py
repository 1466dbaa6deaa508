"""Secrets of webhooks, and the headers of the Standard Webhooks format that they sign."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook as Signer

from athena.kit.crypto import Keyring, place

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """A secret as receivers enter it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(keyring: Keyring, workspace_uuid: UUID, webhook_uuid: UUID, secret: str, column: str = "secret") -> bytes:
    """A secret as it is stored; ``column`` is ``secret``, ``previous_secret`` or ``headers``."""
    return keyring.seal(secret.encode(), place("webhooks", workspace_uuid, webhook_uuid, column))


def unseal(keyring: Keyring, workspace_uuid: UUID, webhook_uuid: UUID, sealed: bytes, column: str = "secret") -> str:
    """A secret as it was; :class:`athena.kit.crypto.SecretUnreadable` when it cannot be read any more."""
    return keyring.open(sealed, place("webhooks", workspace_uuid, webhook_uuid, column)).decode()


def message_id(delivery_uuid: UUID) -> str:
    """What a receiver tells repeated deliveries by; the same at each attempt."""
    return f"msg_{delivery_uuid.hex}"


def headers(delivery_uuid: UUID, moment: datetime, body: str, secrets_of_it: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt, with one signature by each secret."""
    name = message_id(delivery_uuid)
    return {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(name, moment, body) for secret in secrets_of_it),
    }

"""Authorization codes: sealed, so that none is stored before it is used, and nobody can make or read one. Pure."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self
from uuid import UUID

import orjson

from athena.kit import clock
from athena.kit.crypto import Keyring, SecretUnreadable

PLACE: Final = "oauth code"
LIFETIME: Final = timedelta(seconds=60)
LONGEST: Final = 4_096


@dataclass(frozen=True, slots=True)
class Code:
    """What a user has granted, to be exchanged once."""

    uuid: UUID
    user_uuid: UUID
    workspace_uuid: UUID
    client_hash: str
    """In base 16."""
    redirect_uri: str
    challenge: str

    def sealed(self, keyring: Keyring) -> str:
        """The code."""
        until = int((clock.now() + LIFETIME).timestamp())
        ids = [str(self.uuid), str(self.user_uuid), str(self.workspace_uuid)]
        facts = orjson.dumps([until, *ids, self.client_hash, self.redirect_uri, self.challenge])
        return base64.urlsafe_b64encode(keyring.seal(facts, PLACE)).decode().rstrip("=")

    @classmethod
    def opened(cls, text: str, keyring: Keyring) -> Self | None:
        """The code that holds still; ``None`` for all else."""
        try:
            sealed = base64.urlsafe_b64decode(text[:LONGEST] + "=" * (-len(text) % 4))
            until, code, user, workspace, *rest = orjson.loads(keyring.open(sealed, PLACE))
        except (binascii.Error, ValueError, SecretUnreadable):
            return None
        if until < clock.now().timestamp():
            return None
        return cls(UUID(code), UUID(user), UUID(workspace), *rest)

"""Sessions that the client keeps: an id is signed, and says all that is known, so that every process knows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self
from uuid import UUID

from athena.dialects.mcp.protocol import VERSIONS
from athena.dialects.rpc import Id, ProtocolError
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.crypto import Keyring
from athena.kit.ids import new_uuid

PURPOSE: Final = "mcp session"
LIFETIME: Final = timedelta(days=7)


class SessionUnknown(ProtocolError):
    """The session is not the caller's, has ended, or never was: the client begins another one."""

    status, code, title = 404, "session_unknown", "Not Found"


@dataclass(frozen=True, slots=True)
class McpSession:
    """A client's session."""

    uuid: UUID
    version: str
    elicits: bool

    @classmethod
    def begin(cls, version: str, *, elicits: bool) -> Self:
        """A new one."""
        return cls(new_uuid(), version, elicits)

    def sealed(self, keyring: Keyring, access: Access) -> str:
        """Its id, which holds for this caller in this workspace alone."""
        facts = f"{self.uuid.hex}.{self.version}.{int(self.elicits)}"
        signature = keyring.sign(PURPOSE, f"{access.workspace_uuid}/{access.user_uuid}/{facts}", clock.now() + LIFETIME)
        return f"{facts}.{signature}"

    @classmethod
    def opened(cls, text: str, keyring: Keyring, access: Access) -> Self:
        """The session of an id; :class:`SessionUnknown` for all but its caller."""
        parts = text.split(".", 3)
        facts = ".".join(parts[:3])
        about = f"{access.workspace_uuid}/{access.user_uuid}/{facts}"
        if len(parts) < 4 or not text.isascii() or not keyring.verify(PURPOSE, about, parts[3]):  # noqa: PLR2004
            raise SessionUnknown("There is no such session; begin one with `initialize`.")
        number, version, elicits = parts[:3]
        assert version in VERSIONS  # noqa: S101 - it was signed
        return cls(UUID(hex=number), version, elicits == "1")

    def label(self, number: Id) -> str:
        """What a run is labelled with that a request of this session has started."""
        return f"{self.uuid} {type(number).__name__} {number}"

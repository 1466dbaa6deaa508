"""Resume addresses: by each, one wait of one execution is ended from outside. They are signed, and kept nowhere."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self
from uuid import UUID

from athena.config import Settings
from athena.engine import Engine
from athena.kit.crypto import Keyring
from athena.kit.db import Database, Scope, Session
from athena.kit.errors import Conflict, NotFound
from athena.workflow_executions.interpreter import signal_of
from athena.workflows.graph import GraphNode

PATH: Final = "/hooks/resume"
PURPOSE: Final = "resume"
NEVER: Final = datetime(5000, 1, 1, tzinfo=UTC)
UUIDS: Final = 32
"""Bytes of two of them."""


@dataclass(frozen=True, slots=True)
class Address:
    """One wait of one execution."""

    workspace_uuid: UUID
    run_uuid: UUID
    signal: str

    def token(self, keyring: Keyring) -> str:
        """What its address ends with; the same each time."""
        body = _encoded(self.workspace_uuid.bytes + self.run_uuid.bytes + self.signal.encode())
        return f"{body}.{keyring.sign(PURPOSE, body, NEVER).partition('.')[2]}"

    @classmethod
    def of_token(cls, keyring: Keyring, token: str) -> Self | None:
        """The wait of a token that was made here; ``None`` for all others."""
        body, _, mac = token.partition(".")
        if not keyring.verify(PURPOSE, body, f"{int(NEVER.timestamp())}.{mac}"):
            return None
        try:
            content = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        return cls(UUID(bytes=content[:16]), UUID(bytes=content[16:UUIDS]), content[UUIDS:].decode())


def addresses(database: Database, workspace_uuid: UUID, run_uuid: UUID, nodes: Iterable[GraphNode]) -> dict[str, str]:
    """The addresses of an execution's waits outside of loops, by node."""
    keyring = database.provided(Keyring)
    base = database.provided(Settings).base_url.rstrip("/")
    found = {node.id: Address(workspace_uuid, run_uuid, signal_of(node, ())) for node in nodes}
    return {node_id: f"{base}{PATH}/{each.token(keyring)}" for node_id, each in found.items()}


async def resume(session: Session, token: str, payload: Any, count: Callable[[UUID], None]) -> Mapping[str, Any]:
    """Ends a wait, also one that has not begun yet; needs the system's scope. ``count``s the use of the address.

    :class:`NotFound` when nothing can wait there, :class:`Conflict` when the wait is over.
    """
    address = Address.of_token(session.provided(Keyring), token)
    if address is None:
        raise _not_found()
    count(address.run_uuid)
    session.scope = Scope(address.workspace_uuid)
    engine, place = session.provided(Engine), (session, address.workspace_uuid, address.run_uuid)
    if not await engine.signal(*place, address.signal, payload):
        if await engine.has_ended(*place):
            raise _not_found()
        raise Conflict("It has been resumed, or its time is over.", code="already_resumed")
    return {"run_uuid": str(address.run_uuid)}


def _not_found() -> NotFound:
    """The same for an address that was never one, so that it tells nothing."""
    return NotFound("Nothing waits here.")


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")

"""A tool's call as its client sees it: a run, told from its events, and where each of them stands."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self
from uuid import UUID

import orjson

from athena.dialects.rpc import Id
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.crypto import Keyring
from athena.kit.errors import ValidationFailed

PURPOSE: Final = "mcp call"
LIFETIME: Final = timedelta(days=7)
LONGEST: Final = 2_048


@dataclass(frozen=True, slots=True)
class Call:
    """A call: its run, the request that made it, and what its answers need to be told."""

    run_uuid: UUID
    number: Id
    progress_token: Id | None
    kind: str
    """Of the tool: ``agent`` or ``workflow``."""
    structured: bool
    """Whether the tool promises a structure."""

    def mark(self, event_id: int) -> str:
        """The place behind an event of the run, by which the stream is resumed."""
        facts = [event_id, str(self.run_uuid), self.number, self.progress_token, self.kind, self.structured]
        return base64.urlsafe_b64encode(orjson.dumps(facts)).decode().rstrip("=")

    @classmethod
    def marked(cls, text: str) -> tuple[Self, int]:
        """The call and the event of a mark; :class:`ValidationFailed` for what is none."""
        try:
            facts = orjson.loads(base64.urlsafe_b64decode(text[:LONGEST] + "=="))
            match facts:
                case [
                    int() as event_id,
                    str() as run,
                    int() | str() as number,
                    (int() | str() | None) as token,
                    "agent" | "workflow" as kind,
                    bool() as structured,
                ] if 0 <= event_id < 2**62:
                    return cls(UUID(run), number, token, kind, structured), event_id
                case _:
                    pass
        except (binascii.Error, ValueError):
            pass
        raise ValidationFailed.of("Last-Event-ID", "It is of no stream of this server.")

    def sealed(self, event_id: int, keyring: Keyring, access: Access) -> str:
        """As :meth:`mark`, signed: the state that the caller alone gives back with its user's answers."""
        mark = self.mark(event_id)
        return f"{mark}.{keyring.sign(PURPOSE, _about(access, mark), clock.now() + LIFETIME)}"

    @classmethod
    def opened(cls, text: str, keyring: Keyring, access: Access) -> tuple[Self, int]:
        """The call and the event of :meth:`sealed`; :class:`ValidationFailed` for any other caller."""
        mark, _, signature = text.partition(".")
        if not text.isascii() or not keyring.verify(PURPOSE, _about(access, mark), signature):
            raise ValidationFailed.of("params.requestState", "It is of no call of yours, or too old.")
        return cls.marked(mark)


def _about(access: Access, mark: str) -> str:
    return f"{access.workspace_uuid}/{access.user_uuid}/{mark}"

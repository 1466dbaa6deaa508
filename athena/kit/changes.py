"""What is noted of each change: who did it, by which credential, and to what. A session writes it with the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from athena.kit import clock
from athena.kit.ids import new_uuid

USER_AGENT_LENGTH = 255

INSERT = """
INSERT INTO audit_events (actor_user_uuid, credential_kind, credential_uuid, address, user_agent, request_id,
    workspace_uuid, user_uuid, uuid, created_at, action, resource_type, resource_uuid, details)
SELECT $1, $2, $3, $4, $5, $6, e.workspace, e.owner, e.uuid, e.at, e.action, e.kind, e.resource, e.details::jsonb
FROM unnest($7::uuid[], $8::uuid[], $9::uuid[], $10::timestamptz[], $11::text[], $12::text[], $13::uuid[], $14::text[])
    AS e (workspace, owner, uuid, at, action, kind, resource, details)
"""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts in a session, and how that was shown. Without a user: Athena itself, or somebody not known yet."""

    user_uuid: UUID | None = None
    kind: str = "system"
    """The credential: ``token``, ``session``, ``provider``, ``password``, ``none``; or ``run``, or ``system``."""
    credential_uuid: UUID | None = None
    """The token, the console's session, or the run."""
    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


SYSTEM_ACTOR = Actor()


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log, without its actor. ``user_uuid``: whose affair it is, outside of any workspace."""

    uuid: UUID
    created_at: datetime
    workspace_uuid: UUID | None
    user_uuid: UUID | None
    action: str
    resource_type: str
    resource_uuid: UUID | None
    details: str

    @classmethod
    def of(
        cls,
        action: str,
        resource_type: str,
        resource_uuid: UUID | None,
        details: Mapping[str, Any],
        *,
        workspace_uuid: UUID | None,
        user_uuid: UUID | None,
    ) -> Change:
        """A change of this moment."""
        text = orjson.dumps(dict(details), default=str).decode()
        return cls(new_uuid(), clock.now(), workspace_uuid, user_uuid, action, resource_type, resource_uuid, text)


def arguments(actor: Actor, changes: Sequence[Change]) -> tuple[Any, ...]:
    """The parameters of :data:`INSERT`."""
    return (
        actor.user_uuid,
        actor.kind,
        actor.credential_uuid,
        actor.address,
        actor.user_agent,
        actor.request_id,
        [change.workspace_uuid for change in changes],
        [change.user_uuid for change in changes],
        [change.uuid for change in changes],
        [change.created_at for change in changes],
        [change.action for change in changes],
        [change.resource_type for change in changes],
        [change.resource_uuid for change in changes],
        [change.details for change in changes],
    )

"""How the end of an answer is kept: on its message, in the log, and as the run's output."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from athena.engine import Apply, Event, RunContext
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Session
from athena.llm.types import Usage
from athena.messages.service import MessageService
from athena.permissions import ROLE_PERMISSIONS, Permission, Role

RUN_PERMISSIONS = frozenset(ROLE_PERMISSIONS[Role.OPERATOR])
"""What a run may do at most, in the name of who started it."""
TOLD = ("content", "parts", "data", "sources", "model", "finish_reason", "usage")
"""What ``message.completed`` tells of an answer, where there is any."""


def access_of(workspace_uuid: UUID, given: Mapping[str, Any]) -> Access:
    """What a run may do: what is needed to answer, in the name of who started it; through a share, nothing else."""
    role, granted = Role.OPERATOR, RUN_PERMISSIONS
    if given.get("share_uuid"):
        role, granted = Role.VIEWER, frozenset[Permission]()
    elif given.get("permissions") is not None:
        granted &= frozenset(given["permissions"])
    return Access(
        WorkspaceId(workspace_uuid),
        UUID(given["user_uuid"]),
        role,
        granted,
        UUID(given["token_uuid"]) if given.get("token_uuid") else None,
        acts_for=UUID(given.get("acts_for") or given["user_uuid"]),
        agent_uuid=UUID(given["agent_uuid"]) if given.get("agent_uuid") else None,
    )


def completed_event(message: Mapping[str, Any]) -> Event:
    """The event that tells of a finished answer."""
    told = {name: message[name] for name in TOLD if name in message}
    return Event("message.completed", {"message_uuid": message["uuid"], **told})


def keep(
    run: RunContext, message: Mapping[str, Any], content: str | list[dict[str, Any]], metadata: dict[str, Any]
) -> Apply | None:
    """Stores a finished answer; nothing where there is no thread that it belongs to."""
    given = run.input
    if given["thread_uuid"] is None:
        return None
    usage = message["usage"]
    known: dict[str, Any] = {"finish_reason": message["finish_reason"], **metadata}
    if "agent_version" in run.labels and "answered_by" not in metadata:
        known["agent_version"] = run.labels["agent_version"]

    async def apply(session: Session) -> None:
        await MessageService(session, access_of(run.workspace_uuid, given)).finish(
            UUID(given["message_uuid"]),
            status="completed",
            content=content,
            model=message["model"],
            usage=Usage(usage["input_tokens"], usage["output_tokens"]),
            cost=None if usage["cost"] is None else Decimal(str(usage["cost"])),
            metadata=known,
        )

    return apply


async def end_message(
    session: Session,
    access: Access,
    given: Mapping[str, Any],
    status: str,
    content: str | list[dict[str, Any]] | None,
    error: Mapping[str, Any] | None,
) -> None:
    """Puts an answer at an end that did not come to it by itself; ``content`` None leaves what there is."""
    if given["thread_uuid"] is not None:
        await MessageService(session, access).end(
            UUID(given["message_uuid"]), status=status, content=content, error=error
        )

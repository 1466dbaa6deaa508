"""The catalogue of what can be told to a webhook: what the log of changes has of a workspace. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PATTERN = r"^(\*|[a-z_]+\.(\*|[a-z_]+))$"
EVERYTHING = "*"
TEST = "webhook.test"
CHANGES = ("created", "updated", "deleted")
# What is gone has no address any more.
ENDS = frozenset({"deleted", "revoked", "removed", "left"})


@dataclass(frozen=True, slots=True)
class Family:
    """What can happen to one kind of resource, and where such a resource is found."""

    verbs: Sequence[str]
    path: str | None = None


FAMILIES: Mapping[str, Family] = {
    "workspace": Family(("created", "updated", "transferred"), "/api/v1/workspaces/{uuid}"),
    "member": Family(
        ("joined", "role_changed", "left", "removed"), "/api/v1/workspaces/{workspace_uuid}/members/{uuid}"
    ),
    "invitation": Family(("created", "updated", "revoked", "accepted")),
    "token": Family(("created", "revoked"), "/api/v1/tokens/{uuid}"),
    "provider": Family(CHANGES, "/api/v1/providers/{uuid}"),
    "account": Family((*CHANGES, "verified", "connected"), "/api/v1/accounts/{uuid}"),
    "agent": Family(CHANGES, "/api/v1/agents/{uuid}"),
    "agent_channel": Family(CHANGES),
    "tool": Family((*CHANGES, "refreshed"), "/api/v1/tools/{uuid}"),
    "agent_source": Family(("created", "updated", "trained", "failed", "deleted")),
    "dataset": Family(CHANGES, "/api/v1/datasets/{uuid}"),
    "evaluation": Family(("created", "completed", "failed", "cancelled", "deleted"), "/api/v1/evaluations/{uuid}"),
    "prompt": Family(CHANGES, "/api/v1/prompts/{uuid}"),
    "prompt_channel": Family(CHANGES),
    "workflow": Family(CHANGES, "/api/v1/workflows/{uuid}"),
    "workflow_execution": Family(("deleted",)),
    "thread": Family(CHANGES, "/api/v1/threads/{uuid}"),
    "memory": Family(CHANGES, "/api/v1/memories/{uuid}"),
    "variable": Family(CHANGES, "/api/v1/variables/{uuid}"),
    "guardrail": Family(CHANGES, "/api/v1/guardrails/{uuid}"),
    "budget": Family((*CHANGES, "warning", "exhausted"), "/api/v1/budgets/{uuid}"),
    "approval": Family(("created", "answered", "link_created", "deleted"), "/api/v1/approvals/{uuid}"),
    "message": Family(CHANGES, "/api/v1/messages/{uuid}"),
    "media": Family(("created", "deleted"), "/api/v1/media/{uuid}"),
    "run": Family(
        ("started", "cancel_requested", "completed", "failed", "cancelled", "deleted"), "/api/v1/runs/{uuid}"
    ),
    "share": Family(CHANGES, "/api/v1/shares/{uuid}"),
    "command_room_task": Family(CHANGES, "/api/v1/command-room-tasks/{uuid}"),
    "export": Family(("created", "deleted"), "/api/v1/workspaces/{workspace_uuid}/exports/{uuid}"),
    "bundle": Family(("created", "exported", "applied"), "/api/v1/bundles/{uuid}"),
    "webhook": Family((*CHANGES, "secret_rotated", "disabled"), "/api/v1/webhooks/{uuid}"),
    "audit_event": Family(("exported",)),
}


def catalogue() -> Iterator[tuple[str, str]]:
    """Every event type with its family, in order."""
    for name, family in FAMILIES.items():
        for verb in family.verbs:
            yield f"{name}.{verb}", f"{name}.*"


_KNOWN = frozenset(name for pair in catalogue() for name in pair) | {EVERYTHING}


def unknown(names: Iterable[str]) -> Sequence[str]:
    """Those that are no event type, no family of them, and not all of them."""
    return sorted(name for name in names if name not in _KNOWN)


def completed(payload: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """A payload as it is sent: with the address at which who may see the resource finds it."""
    data: Mapping[str, Any] = payload["data"]
    address = _address(payload["type"], data, base_url)
    return {"type": payload["type"], "timestamp": payload["timestamp"], "data": {**data, "url": address}}


def _address(event_type: str, data: Mapping[str, Any], base_url: str) -> str | None:
    family = FAMILIES.get(data["resource_type"])
    if family is None or family.path is None or event_type.partition(".")[2] in ENDS or data["uuid"] is None:
        return None
    path = re.sub(r"\{(\w+)\}", lambda match: str(data[match[1]]), family.path)
    return f"{base_url}{path}?workspace_uuid={data['workspace_uuid']}"

"""Agents and workflows by what people call them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from athena.commands.sign_in import stop

if TYPE_CHECKING:
    from athena_client import Athena

Kind = Literal["agent", "workflow"]


def find(client: Athena, name: str, kinds: tuple[Kind, ...]) -> tuple[Kind, str]:
    """The kind and uuid of what has this uuid or name; names are compared without case."""
    found: list[tuple[Kind, str]] = [(kind, uuid) for kind in kinds for uuid in _uuids(client, name, kind)]
    if not found:
        stop(f"there is no {' and no '.join(kinds)} {name!r}")
    if len(found) > 1:
        stop(f"{name!r} names several: {', '.join(f'{kind} {uuid}' for kind, uuid in found)}; use the uuid")
    return found[0]


def only_agent(client: Athena) -> str:
    """The uuid of the only agent that there is."""
    agents = list(client.agents.list(limit=2))
    if len(agents) != 1:
        stop("name an agent; `athena list agents` shows them" if agents else "there is no agent yet")
    return agents[0]["uuid"]


def _uuids(client: Athena, name: str, kind: Kind) -> list[str]:
    from athena_client import NotFound

    resource: Any = client.agents if kind == "agent" else client.workflows
    try:
        uuid = str(UUID(name))
    except ValueError:
        rows = resource.list(search=name, limit=1000)
        return [each["uuid"] for each in islice((r for r in rows if r["name"].casefold() == name.casefold()), 5)]
    try:
        return [resource.get(uuid)["uuid"]]
    except NotFound:
        return []

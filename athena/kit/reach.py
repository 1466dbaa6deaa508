"""Which agents exist for whom: those of the workspace, and of the private ones the own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

MANAGERS: Final = frozenset({"owner", "admin"})
"""The roles that reach every agent of their workspace."""

Place = Callable[[Any], str]
"""Takes a value as a statement's parameter, and says how it is called."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a user reaches who need not reach everything."""

    workspace_uuid: UUID
    user_uuid: UUID
    role_unknown: bool = False
    """Whether the database has to tell if the user is one of :data:`MANAGERS`."""
    opened: UUID | None = None
    """An agent that is reached, however private."""

    def sees(self, place: Place, agents: str = "agents") -> str:
        """The condition of the rows called ``agents`` that exist for the user."""
        user = place(self.user_uuid)
        parts = [f"{agents}.visibility = 'workspace'", f"{agents}.creator_uuid = {user}"]
        if self.opened is not None:
            parts.append(f"{agents}.uuid = {place(self.opened)}")
        if self.role_unknown:
            # A query of its own, which is made once, and only where a row is somebody else's.
            roles = ", ".join(f"'{role}'" for role in sorted(MANAGERS))
            parts.append(
                f"(SELECT EXISTS (SELECT FROM workspace_members WHERE workspace_uuid = {place(self.workspace_uuid)} "
                f"AND user_uuid = {user} AND role IN ({roles})))"
            )
        return f"({' OR '.join(parts)})"

    def sees_of(self, place: Place, table: str) -> str:
        """The condition of the rows of ``table`` that belong to no agent, or to one that exists for the user."""
        return (
            f"({table}.agent_uuid IS NULL OR EXISTS (SELECT FROM agents AS reached "
            f"WHERE reached.workspace_uuid = {table}.workspace_uuid AND reached.uuid = {table}.agent_uuid "
            f"AND {self.sees(place, 'reached')}))"
        )


def is_of_agent(table: sa.Table) -> bool:
    """Whether rows of ``table`` can belong to an agent, and go with it."""
    return any(
        key.column.table.name == "agents" and key.parent.name == "agent_uuid" and key.ondelete == "CASCADE"
        for key in table.foreign_keys
    )

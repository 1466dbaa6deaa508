"""Rows of a workspace that may belong to an agent, and then exist for those for whom it does."""

from __future__ import annotations

from athena.kit.access import WorkspaceId
from athena.kit.db import Session
from athena.kit.reach import Reach
from athena.kit.repository import Repository, Where


class ReachedRepository(Repository):
    """The rows of one workspace, but those of agents that do not exist for the caller."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, reach: Reach | None) -> None:
        """``reach`` as agents have it."""
        super().__init__(session, workspace_uuid)
        self._reach = reach

    def within(self, where: Where) -> None:
        """The workspace's, as far as their agents are within reach."""
        super().within(where)
        if self._reach is not None:
            where.add(self._reach.sees_of(where.parameter, self.table.name))

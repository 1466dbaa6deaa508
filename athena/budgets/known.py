"""Which budgets a workspace has, as far as a process remembers, so that calls of who has none cost no query."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from athena.budgets.periods import PeriodKind
from athena.budgets.repository import SpendingRepository
from athena.kit.db import Session

REMEMBERED_SECONDS: Final = 5.0
"""How long a budget that another process has made may not be known here. What it allows is always read anew."""
REMEMBERED: Final = 20_000
"""Workspaces that are remembered at a time."""


@dataclass(frozen=True, slots=True)
class KnownBudget:
    """What of a budget never changes."""

    uuid: UUID
    scope_type: str
    scope_uuid: UUID
    period: PeriodKind
    timezone: str


class KnownBudgets:
    """The budgets of the workspaces that this process works for. One instance per process."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, tuple[float, Sequence[KnownBudget]]] = OrderedDict()
        self._forgotten = 0

    async def of(self, session: Session, workspace_uuid: UUID) -> Sequence[KnownBudget]:
        """The workspace's budgets; one query, unless that was asked a moment ago."""
        remembered = self._known.get(workspace_uuid)
        if remembered is not None and time.monotonic() < remembered[0]:
            return remembered[1]
        forgotten = self._forgotten
        rows = await SpendingRepository(session, workspace_uuid).budgets()
        found = tuple(KnownBudget(**row) for row in rows)
        # What was read before another one was made is used once, and not kept.
        if forgotten == self._forgotten:
            self._known[workspace_uuid] = (time.monotonic() + REMEMBERED_SECONDS, found)
            self._known.move_to_end(workspace_uuid)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

    def forget(self, workspace_uuid: UUID) -> None:
        """To be called once a budget was made or deleted."""
        self._forgotten += 1
        self._known.pop(workspace_uuid, None)

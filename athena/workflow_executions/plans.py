"""Compiled versions of workflows, kept by the process: a version never changes."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final
from uuid import UUID

from athena.kit.access import Access
from athena.kit.db import Session
from athena.workflow_executions.given import Plan
from athena.workflows.service import WorkflowService, compiled

KEPT: Final = 500


class Plans:
    """One for each process."""

    def __init__(self) -> None:
        self._plans: OrderedDict[tuple[UUID, int], Plan] = OrderedDict()

    async def get(self, session: Session, access: Access, workflow_uuid: UUID, version: int) -> Plan:
        """The version's plan; :class:`athena.kit.errors.NotFound` when there is no such version for the caller."""
        key = (workflow_uuid, version)
        plan = self._plans.get(key)
        if plan is None:
            row = await WorkflowService(session, access).version(workflow_uuid, version)
            plan = Plan(compiled(dict(row))[0], row["variables"], row["settings"])
            self._plans[key] = plan
            if len(self._plans) > KEPT:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan

"""The rules of executions: how they are started, followed and shown."""

from __future__ import annotations

from uuid import UUID

from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.workflow_executions import starting
from athena.workflow_executions.schemas import WorkflowRun
from athena.workflow_executions.starting import Request
from athena.workflows.service import WorkflowService


class WorkflowExecutionService:
    """The executions of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access

    async def run(self, workflow_uuid: UUID, given: WorkflowRun) -> UUID:
        """Accepts an execution of a workflow, whatever its status; its uuid."""
        workflow = await WorkflowService(self._session, self._access).to_run(workflow_uuid)
        asked = Request("api", given.input, node_id=given.trigger_node_id, variables=given.variables, test=given.test)
        return await self.accept(workflow, asked)

    async def accept(self, workflow: Row, asked: Request) -> UUID:
        """Accepts an execution; its uuid."""
        return await starting.accept(self._session, self._access, workflow, asked)

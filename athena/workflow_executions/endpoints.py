"""What starts executions (``/workflows/{uuid}/run``), and ``/api/v1/workflow-executions``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Request, Response

from athena.kit.access import Caller, require
from athena.kit.answers import Way, answer, answers
from athena.kit.routing import Router
from athena.kit.schemas import Data
from athena.permissions import Permission
from athena.runs.schemas import Run
from athena.runs.service import RunService
from athena.workflow_executions.schemas import WorkflowRun
from athena.workflow_executions.service import WorkflowExecutionService

workflow_router = Router("Workflow")

Runner = Annotated[Caller, require(Permission.WORKFLOWS_RUN)]
ERRORS = (404, 409, 502, 504)


@workflow_router.operation(
    "POST",
    "/api/v1/workflows/{workflow_uuid}/run",
    summary="Run a Workflow",
    response=Data[Run],
    errors=ERRORS,
    responses=answers(Data[Run]),
)
async def run_workflow(request: Request, workflow_uuid: UUID, caller: Runner, body: WorkflowRun) -> Response:
    """Runs a workflow, active or not: finished (default), in the background (202), or as a stream of events."""
    run_uuid = await WorkflowExecutionService(caller.session, caller.access).run(workflow_uuid, body)
    runs = RunService(caller.session, caller.access)
    return await answer(caller, runs, run_uuid, Way.of(request, stream=body.stream, background=body.background))


routers = (workflow_router,)

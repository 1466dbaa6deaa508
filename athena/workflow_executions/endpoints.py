"""What starts executions (``/workflows/{uuid}/run``), and ``/api/v1/workflow-executions``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from pydantic import JsonValue

from athena.kit.access import Caller, require
from athena.kit.answers import Way, answer, answers
from athena.kit.pagination import ListQuery, filters_query, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission
from athena.runs.schemas import Run
from athena.runs.service import RunService
from athena.workflow_executions import hooks, preview
from athena.workflow_executions.schemas import (
    ExecutionCounts,
    ExecutionErrors,
    ExecutionRetry,
    ExecutionsRetry,
    ExpressionPreview,
    ExpressionValue,
    Handled,
    NodeItemExecution,
    WorkflowExecution,
    WorkflowRun,
)
from athena.workflow_executions.service import ERRORS, LIST, PASSES, RELATIONS, WorkflowExecutionService

workflow_router = Router("Workflow")
router = Router("Workflow Execution")

Runner = Annotated[Caller, require(Permission.WORKFLOWS_RUN)]
Updater = Annotated[Caller, require(Permission.WORKFLOWS_UPDATE)]
Viewer = Annotated[Caller, require(Permission.WORKFLOW_EXECUTIONS_VIEW)]
Deleter = Annotated[Caller, require(Permission.WORKFLOW_EXECUTIONS_DELETE)]
Retrier = Annotated[Caller, require(Permission.WORKFLOW_EXECUTIONS_RETRY)]
Canceller = Annotated[Caller, require(Permission.WORKFLOW_EXECUTIONS_CANCEL)]
Narrowed = Annotated[ListQuery, filters_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]
NodePath = Annotated[str, Path(max_length=64, description="The node's id.")]
ValueName = Annotated[
    str, Path(max_length=128, description="As the `url` of the value has it.", examples=["12.output"])
]
RUN_ERRORS = (402, 404, 409, 502, 504)

LIST_PATH = "/api/v1/workflow-executions"
PATH = f"{LIST_PATH}/{{workflow_execution_uuid}}"


@workflow_router.operation(
    "POST",
    "/api/v1/workflows/{workflow_uuid}/run",
    summary="Run a Workflow",
    response=Data[Run],
    errors=RUN_ERRORS,
    responses=answers(Data[Run]),
)
async def run_workflow(request: Request, workflow_uuid: UUID, caller: Runner, body: WorkflowRun) -> Response:
    """Runs a workflow, active or not: finished (default), in the background (202), or as a stream of events."""
    run_uuid = await WorkflowExecutionService(caller.session, caller.access).run(workflow_uuid, body)
    runs = RunService(caller.session, caller.access)
    return await answer(caller, runs, run_uuid, Way.of(request, stream=body.stream, background=body.background))


@workflow_router.operation(
    "POST",
    "/api/v1/workflows/{workflow_uuid}/expressions/preview",
    summary="Preview an Expression",
    response=Data[ExpressionValue],
)
async def preview_expression(workflow_uuid: UUID, caller: Updater, body: ExpressionPreview) -> Response:
    """What a text with expressions comes to, with the data of an execution. Secrets are never read for it."""
    return JsonResponse({"data": await preview.preview(caller.session, caller.access, workflow_uuid, body)})


@router.operation("GET", LIST_PATH, summary="Get Workflow Executions", response=Page[WorkflowExecution])
async def get_workflow_executions(caller: Viewer, query: Annotated[ListQuery, list_query(LIST)]) -> Response:
    """The workspace's executions, newest first. A search looks through the newest 10,000 that the filters leave."""
    service = WorkflowExecutionService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("GET", f"{LIST_PATH}/counts", summary="Get Workflow Execution Counts", response=Data[ExecutionCounts])
async def get_workflow_execution_counts(caller: Viewer, query: Narrowed) -> Response:
    """How many executions there are by status, of those that the list's filters leave."""
    return JsonResponse({"data": await WorkflowExecutionService(caller.session, caller.access).counts(query)})


@router.operation("GET", f"{LIST_PATH}/errors", summary="Get Workflow Execution Errors", response=Page[ExecutionErrors])
async def get_workflow_execution_errors(caller: Viewer, query: Annotated[ListQuery, list_query(ERRORS)]) -> Response:
    """The ways in which executions failed, of the last 10,000 that did; the latest first."""
    page, items = await WorkflowExecutionService(caller.session, caller.access).errors(query)
    return listing(page, items)


@router.operation("POST", f"{LIST_PATH}/cancel", summary="Cancel Workflow Executions", response=Data[Handled])
async def cancel_workflow_executions(caller: Canceller, query: Narrowed) -> Response:
    """Stops the executions that the list's filters leave and that have not ended; 1,000 at most."""
    return JsonResponse({"data": await WorkflowExecutionService(caller.session, caller.access).cancel_many(query)})


@router.operation("POST", f"{LIST_PATH}/retry", summary="Retry Workflow Executions", response=Data[Handled])
async def retry_workflow_executions(caller: Retrier, query: Narrowed, body: ExecutionsRetry | None = None) -> Response:
    """Retries the executions that the list's filters leave, that have failed and were not retried."""
    service = WorkflowExecutionService(caller.session, caller.access)
    return JsonResponse({"data": await service.retry_many(query, body or ExecutionsRetry())})


@router.operation("GET", PATH, summary="Retrieve a Workflow Execution", response=Data[WorkflowExecution])
async def get_workflow_execution(workflow_execution_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One execution, with what became of each node."""
    wanted = relations(with_, RELATIONS) | {"data"}
    service = WorkflowExecutionService(caller.session, caller.access)
    row = await service.get(workflow_execution_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Workflow Execution", status=204, errors=[409, 412])
async def delete_workflow_execution(workflow_execution_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes an execution that has ended, with its log."""
    await WorkflowExecutionService(caller.session, caller.access).delete(workflow_execution_uuid, revision)
    return no_content()


@router.operation("POST", f"{PATH}/cancel", summary="Cancel a Workflow Execution", response=Data[WorkflowExecution])
async def cancel_workflow_execution(workflow_execution_uuid: UUID, caller: Canceller) -> Response:
    """Stops an execution; what its nodes did is kept. One that has ended stays as it is."""
    service = WorkflowExecutionService(caller.session, caller.access)
    row = await service.cancel(workflow_execution_uuid)
    return resource((await service.show([row], frozenset({"data"})))[0], row)


@router.operation(
    "POST",
    f"{PATH}/retry",
    summary="Retry a Workflow Execution",
    response=Data[Run],
    errors=RUN_ERRORS,
    responses=answers(Data[Run]),
)
async def retry_workflow_execution(
    request: Request, workflow_execution_uuid: UUID, caller: Retrier, body: ExecutionRetry | None = None
) -> Response:
    """Does what is left of an execution, or again from a node on, as a new execution that reuses what was done."""
    body = body or ExecutionRetry()
    run_uuid = await WorkflowExecutionService(caller.session, caller.access).retry(workflow_execution_uuid, body)
    runs = RunService(caller.session, caller.access)
    return await answer(caller, runs, run_uuid, Way.of(request, stream=body.stream, background=body.background))


@router.operation("GET", f"{PATH}/nodes/{{node}}", summary="Get Items of a Node", response=Page[NodeItemExecution])
async def get_workflow_execution_node(
    workflow_execution_uuid: UUID, node: NodePath, caller: Viewer, query: Annotated[ListQuery, list_query(PASSES)]
) -> Response:
    """What became of a node in each pass of the loops around it, in the order of the items."""
    service = WorkflowExecutionService(caller.session, caller.access)
    page, items = await service.passes(workflow_execution_uuid, node, query)
    return listing(page, items)


@router.operation(
    "GET", f"{PATH}/values/{{name}}", summary="Retrieve a Value of a Workflow Execution", response=Data[JsonValue]
)
async def get_workflow_execution_value(workflow_execution_uuid: UUID, name: ValueName, caller: Viewer) -> Response:
    """A value in whole that is too long to be shown with its execution."""
    value = await WorkflowExecutionService(caller.session, caller.access).value(workflow_execution_uuid, name)
    return Response(b'{"data":' + value + b"}", media_type="application/json")


routers = (workflow_router, router, hooks.router)

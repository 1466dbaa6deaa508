"""``/api/v1/workflows``; running a workflow is in ``workflow_executions``."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission
from athena.workflows.documents import to_yaml
from athena.workflows.schemas import (
    Comparison,
    OpenApiDocument,
    Workflow,
    WorkflowCreate,
    WorkflowDocument,
    WorkflowImport,
    WorkflowUpdate,
    WorkflowVersion,
)
from athena.workflows.service import LIST, RELATIONS, VERSION_LIST, VERSION_RELATIONS, WorkflowService

router = Router("Workflow")

Viewer = Annotated[Caller, require(Permission.WORKFLOWS_VIEW)]
Creator = Annotated[Caller, require(Permission.WORKFLOWS_CREATE)]
Updater = Annotated[Caller, require(Permission.WORKFLOWS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.WORKFLOWS_DELETE)]
ListOf = Annotated[ListQuery, list_query(LIST)]
VersionQuery = Annotated[ListQuery, list_query(VERSION_LIST)]
Revision = Annotated[int | None, Depends(if_match)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The version's number.")]
Format = Annotated[Literal["yaml", "json"], Query(alias="format")]
Other = Annotated[int, Query(ge=1, le=2**31 - 1, description="The version to compare with.")]

PATH = "/api/v1/workflows/{workflow_uuid}"


@router.operation("GET", "/api/v1/workflows", summary="Get Workflows", response=Page[Workflow])
async def get_workflows(caller: Viewer, query: ListOf) -> Response:
    """The workspace's workflows, newest first."""
    service = WorkflowService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("POST", "/api/v1/workflows", summary="Create a Workflow", response=Data[Workflow], status=201)
async def create_workflow(caller: Creator, body: WorkflowCreate) -> Response:
    """Creates a workflow. As a draft it may have problems, which the answer names; an active one may not."""
    wanted = relations(body.with_, RELATIONS)
    service = WorkflowService(caller.session, caller.access)
    row = await service.create(body)
    return resource(
        (await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/workflows/{row['uuid']}"
    )


@router.operation("POST", "/api/v1/workflows/import", summary="Import a Workflow", response=Data[Workflow], status=201)
async def import_workflow(caller: Creator, body: WorkflowImport) -> Response:
    """Creates a draft from a document, as an export gives it."""
    wanted = relations(body.with_, RELATIONS)
    service = WorkflowService(caller.session, caller.access)
    row = await service.bring_in(body)
    return resource(
        (await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/workflows/{row['uuid']}"
    )


@router.operation(
    "GET",
    f"{PATH}/export",
    summary="Export a Workflow",
    response=WorkflowDocument,
    responses={200: {"content": {"application/yaml": {"schema": {"$ref": "#/components/schemas/WorkflowDocument"}}}}},
)
async def export_workflow(workflow_uuid: UUID, caller: Viewer, format_: Format = "yaml") -> Response:
    """The workflow as one document without secrets, to be imported elsewhere."""
    document = await WorkflowService(caller.session, caller.access).document(workflow_uuid)
    name = f'attachment; filename="workflow-{workflow_uuid}.{format_}"'
    if format_ == "json":
        return JsonResponse(document, headers={"Content-Disposition": name})
    return Response(to_yaml(document), media_type="application/yaml", headers={"Content-Disposition": name})


@router.operation(
    "GET",
    f"{PATH}/openapi.json",
    summary="Get a Workflow's OpenAPI Document",
    response=OpenApiDocument,
)
async def get_workflow_openapi(workflow_uuid: UUID, caller: Viewer) -> Response:
    """How the workflow is called as an HTTP API, with the schemas of its input and output."""
    return JsonResponse(await WorkflowService(caller.session, caller.access).interface(workflow_uuid))


@router.operation("GET", PATH, summary="Retrieve a Workflow", response=Data[Workflow])
async def get_workflow(workflow_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One workflow, as it is now."""
    wanted = relations(with_, RELATIONS)
    service = WorkflowService(caller.session, caller.access)
    row = await service.get(workflow_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Workflow", response=Data[Workflow], errors=[412])
async def update_workflow(workflow_uuid: UUID, caller: Updater, body: WorkflowUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. Executions that have begun keep the version that they began with."""
    wanted = relations(body.with_, RELATIONS)
    service = WorkflowService(caller.session, caller.access)
    row = await service.update(workflow_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Workflow", status=204, errors=[412])
async def delete_workflow(workflow_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a workflow with its versions, and stops what it has begun. Executions that have ended stay."""
    await WorkflowService(caller.session, caller.access).delete(workflow_uuid, revision)
    return no_content()


@router.operation("GET", f"{PATH}/versions", summary="Get Workflow Versions", response=Page[WorkflowVersion])
async def get_workflow_versions(workflow_uuid: UUID, caller: Viewer, query: VersionQuery) -> Response:
    """What a workflow was over time, the newest first."""
    service = WorkflowService(caller.session, caller.access)
    page = await service.versions(workflow_uuid, query)
    return listing(page, await service.show_versions(page.rows, query.relations))


@router.operation(
    "GET", f"{PATH}/versions/{{number}}", summary="Retrieve a Workflow Version", response=Data[WorkflowVersion]
)
async def get_workflow_version(
    workflow_uuid: UUID, number: Number, caller: Viewer, with_: WithQuery = None
) -> Response:
    """What a workflow was as of one version."""
    wanted = relations(with_, VERSION_RELATIONS)
    service = WorkflowService(caller.session, caller.access)
    row = await service.version(workflow_uuid, number)
    return resource((await service.show_versions([row], wanted))[0], row)


@router.operation(
    "GET", f"{PATH}/versions/{{number}}/changes", summary="Compare Workflow Versions", response=Data[Comparison]
)
async def compare_workflow_versions(workflow_uuid: UUID, number: Number, caller: Viewer, since: Other) -> Response:
    """What changed from the version `since` to this one, field by field and in words."""
    service = WorkflowService(caller.session, caller.access)
    return JsonResponse({"data": await service.compare(workflow_uuid, since, number)})


@router.operation(
    "POST",
    f"{PATH}/versions/{{number}}/restore",
    summary="Restore a Workflow Version",
    response=Data[Workflow],
    errors=[412],
)
async def restore_workflow_version(
    workflow_uuid: UUID, number: Number, caller: Updater, revision: Revision
) -> Response:
    """Makes the workflow again what it was as of one version; that is a new version, and all others stay."""
    service = WorkflowService(caller.session, caller.access)
    row = await service.restore(workflow_uuid, number, revision)
    return resource((await service.show([row], frozenset()))[0], row)

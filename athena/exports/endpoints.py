"""``/api/v1/workspaces/{workspace_uuid}/export``, ``/api/v1/user/export``, and the files that they lead to."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import FileResponse

from athena.exports.schemas import Export
from athena.exports.service import LIST, ExportService, by_link
from athena.kit.access import Caller, SignedIn, State, require_here, signed_in
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page
from athena.permissions import Permission

router = Router("Workspace")
user_router = Router("User")

Exporter = Annotated[Caller, require_here(Permission.WORKSPACES_EXPORT)]
Oneself = Annotated[SignedIn, signed_in(Permission.USER_EXPORT)]
Exports = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

WORKSPACE = "/api/v1/workspaces/{workspace_uuid}"
OF_WORKSPACE = f"{WORKSPACE}/exports/{{export_uuid}}"
USER = "/api/v1/user"
OF_USER = f"{USER}/exports/{{export_uuid}}"
BYTES: dict[int | str, dict[str, Any]] = {200: {"description": "The file's bytes.", "content": {"application/zip": {}}}}


@router.operation(
    "POST", f"{WORKSPACE}/export", summary="Export a Workspace", response=Data[Export], status=202, errors=[409]
)
async def export_workspace(workspace_uuid: UUID, caller: Exporter) -> Response:
    """Has everything in the workspace written into one file, in the background, but for credentials."""
    row, item = await ExportService(caller.session, caller.access).begin()
    location = f"/api/v1/workspaces/{workspace_uuid}/exports/{row['uuid']}"
    return resource(item, row, status=202, location=location)


@router.operation("GET", f"{WORKSPACE}/exports", summary="Get Workspace Exports", response=Page[Export])
async def get_workspace_exports(caller: Exporter, query: Exports) -> Response:
    """The workspace's exports, newest first; each is kept for a week."""
    page, items = await ExportService(caller.session, caller.access).page(query)
    return listing(page, items)


@router.operation("GET", OF_WORKSPACE, summary="Retrieve a Workspace Export", response=Data[Export])
async def get_workspace_export(export_uuid: UUID, caller: Exporter) -> Response:
    """One export, with a fresh address of its file once that is written."""
    row, item = await ExportService(caller.session, caller.access).get(export_uuid)
    return resource(item, row)


@router.operation("DELETE", OF_WORKSPACE, summary="Delete a Workspace Export", status=204, errors=[412])
async def delete_workspace_export(export_uuid: UUID, caller: Exporter, revision: Revision) -> Response:
    """Deletes an export with its file; one that is being written is given up."""
    await ExportService(caller.session, caller.access).delete(export_uuid, revision)
    return no_content()


@user_router.operation(
    "POST", f"{USER}/export", summary="Export Own Data", response=Data[Export], status=202, errors=[409]
)
async def export_user(caller: Oneself) -> Response:
    """Has everything that is the caller's own written into one file: in all workspaces that they are still in."""
    row, item = await ExportService(caller.session, caller.identity).begin()
    return resource(item, row, status=202, location=f"{USER}/exports/{row['uuid']}")


@user_router.operation("GET", f"{USER}/exports", summary="Get Own Exports", response=Page[Export])
async def get_user_exports(caller: Oneself, query: Exports) -> Response:
    """The exports of the caller's own data, newest first; each is kept for a week."""
    page, items = await ExportService(caller.session, caller.identity).page(query)
    return listing(page, items)


@user_router.operation("GET", OF_USER, summary="Retrieve an Own Export", response=Data[Export])
async def get_user_export(export_uuid: UUID, caller: Oneself) -> Response:
    """One export, with a fresh address of its file once that is written."""
    row, item = await ExportService(caller.session, caller.identity).get(export_uuid)
    return resource(item, row)


@user_router.operation("DELETE", OF_USER, summary="Delete an Own Export", status=204, errors=[412])
async def delete_user_export(export_uuid: UUID, caller: Oneself, revision: Revision) -> Response:
    """Deletes an export with its file; one that is being written is given up."""
    await ExportService(caller.session, caller.identity).delete(export_uuid, revision)
    return no_content()


@router.operation(
    "GET", "/api/v1/exports/{export_uuid}/content", summary="Download an Export", responses=BYTES, public=True
)
async def download_export(
    request: Request, export_uuid: UUID, signature: Annotated[str, Query(max_length=128)]
) -> Response:
    """The bytes of an export, by the address that its `url` gives."""
    state: State = request.app.state
    async with state.database.system() as session:
        path, name = await by_link(session, export_uuid, signature)
    return FileResponse(path, filename=name, media_type="application/zip")


router.routes.extend(user_router.routes)

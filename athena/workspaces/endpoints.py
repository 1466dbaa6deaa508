"""``/api/v1/workspaces`` and the members of one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from athena.kit.access import Caller, SignedIn, State, WorkspacePath, require_here, signed_in
from athena.kit.errors import PermissionDenied
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page
from athena.permissions import ROLE_PERMISSIONS, Permission, Role
from athena.workspaces.schemas import (
    MemberUpdate,
    OwnershipTransfer,
    Workspace,
    WorkspaceCreate,
    WorkspaceMember,
    WorkspaceUpdate,
)
from athena.workspaces.service import (
    MEMBER_LIST,
    WORKSPACE_LIST,
    MemberService,
    PresentWorkspaceService,
    WorkspaceService,
)

router = Router("Workspace")


def _remover() -> Any:
    """Lets in who may remove members, and every member to their own membership, but by no token that is narrowed."""

    async def caller(request: Request, workspace_uuid: WorkspacePath, user_uuid: UUID) -> AsyncGenerator[Caller]:
        state: State = request.app.state
        try:
            access = await state.authorize(request, Permission.MEMBERS_DELETE, workspace_uuid)
        except PermissionDenied:
            access = await state.authorize(request, Permission.WORKSPACES_VIEW, workspace_uuid)
            if access.user_uuid != user_uuid or access.permissions != ROLE_PERMISSIONS[Role(access.role)]:
                raise
        async with state.database.session(access.scope) as session:
            session.actor = access.actor
            yield Caller(access, session)

    caller.permission = Permission.MEMBERS_DELETE  # type: ignore[attr-defined]
    return Depends(caller, scope="function")


Lister = Annotated[SignedIn, signed_in(Permission.WORKSPACES_VIEW)]
Creator = Annotated[SignedIn, signed_in(Permission.WORKSPACES_CREATE)]
Viewer = Annotated[Caller, require_here(Permission.WORKSPACES_VIEW)]
Updater = Annotated[Caller, require_here(Permission.WORKSPACES_UPDATE)]
Deleter = Annotated[Caller, require_here(Permission.WORKSPACES_DELETE)]
Transferrer = Annotated[Caller, require_here(Permission.WORKSPACES_TRANSFER)]
MemberViewer = Annotated[Caller, require_here(Permission.MEMBERS_VIEW)]
MemberUpdater = Annotated[Caller, require_here(Permission.MEMBERS_UPDATE)]
MemberDeleter = Annotated[Caller, _remover()]
Query = Annotated[ListQuery, list_query(WORKSPACE_LIST)]
MemberQuery = Annotated[ListQuery, list_query(MEMBER_LIST)]
Revision = Annotated[int | None, Depends(if_match)]

LIST = "/api/v1/workspaces"
PATH = "/api/v1/workspaces/{workspace_uuid}"
MEMBERS = "/api/v1/workspaces/{workspace_uuid}/members"
MEMBER = "/api/v1/workspaces/{workspace_uuid}/members/{user_uuid}"


@router.operation("GET", LIST, summary="Get Workspaces", response=Page[Workspace])
async def get_workspaces(caller: Lister, query: Query) -> Response:
    """The workspaces that the caller is in, newest first."""
    page, items = await WorkspaceService(caller.session, caller.identity).page(query)
    return listing(page, items)


@router.operation("POST", LIST, summary="Create a Workspace", response=Data[Workspace], status=201, errors=[409])
async def create_workspace(caller: Creator, body: WorkspaceCreate) -> Response:
    """Creates a workspace, which the caller owns."""
    row, item = await WorkspaceService(caller.session, caller.identity).create(body)
    return resource(item, row, status=201, location=f"{LIST}/{row['uuid']}")


@router.operation("GET", PATH, summary="Retrieve a workspace", response=Data[Workspace])
async def get_workspace(caller: Viewer) -> Response:
    """One workspace."""
    row, item = await PresentWorkspaceService(caller.session, caller.access).get()
    return resource(item, row)


@router.operation("PUT", PATH, summary="Update a Workspace", response=Data[Workspace], errors=[409, 412])
async def update_workspace(caller: Updater, body: WorkspaceUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names."""
    row, item = await PresentWorkspaceService(caller.session, caller.access).update(body, revision)
    return resource(item, row)


@router.operation("DELETE", PATH, summary="Delete a Workspace", status=204, errors=[409, 412])
async def delete_workspace(caller: Deleter, revision: Revision) -> Response:
    """Deletes a workspace with everything in it. Only its owners can, and not their only workspace."""
    await PresentWorkspaceService(caller.session, caller.access).delete(revision)
    return no_content()


@router.operation("GET", MEMBERS, summary="Get Workspace Members", response=Page[WorkspaceMember])
async def get_workspace_members(caller: MemberViewer, query: MemberQuery) -> Response:
    """Who is in the workspace, and in which role."""
    page, items = await MemberService(caller.session, caller.access).page(query)
    return listing(page, items)


@router.operation("GET", MEMBER, summary="Retrieve a Workspace Member", response=Data[WorkspaceMember])
async def get_workspace_member(user_uuid: UUID, caller: MemberViewer) -> Response:
    """One member."""
    row, item = await MemberService(caller.session, caller.access).get(user_uuid)
    return resource(item, row)


@router.operation("PUT", MEMBER, summary="Update a Workspace Member", response=Data[WorkspaceMember], errors=[409, 412])
async def update_workspace_member(
    user_uuid: UUID, caller: MemberUpdater, body: MemberUpdate, revision: Revision
) -> Response:
    """Changes a member's role: to none above the caller's own, and never the last owner's."""
    row, item = await MemberService(caller.session, caller.access).update(user_uuid, body, revision)
    return resource(item, row)


@router.operation("DELETE", MEMBER, summary="Remove a Workspace Member", status=204, errors=[409, 412])
async def delete_workspace_member(user_uuid: UUID, caller: MemberDeleter, revision: Revision) -> Response:
    """Puts a member out, at once; one's own membership every member can end. The last owner stays."""
    await MemberService(caller.session, caller.access).remove(user_uuid, revision)
    return no_content()


@router.operation(
    "POST",
    f"{PATH}/transfer-ownership",
    summary="Transfer Ownership of a Workspace",
    response=Data[WorkspaceMember],
    errors=[409],
)
async def transfer_workspace_ownership(caller: Transferrer, body: OwnershipTransfer) -> Response:
    """Makes another member the owner, and the caller, who was it, an admin. Answers the new owner."""
    row, item = await MemberService(caller.session, caller.access).transfer(body.user_uuid)
    return resource(item, row)

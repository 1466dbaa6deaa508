"""``/api/v1/workspaces/{workspace_uuid}/invitations`` for those who invite, ``/api/v1/invitations`` for the invited."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from athena.auth.authorization import Authorizer, client_address
from athena.invitations import page
from athena.invitations.schemas import (
    CreatedInvitation,
    Invitation,
    InvitationAccept,
    InvitationCreate,
    Membership,
    OwnInvitation,
)
from athena.invitations.service import LIST, OWN_LIST, InvitationService, InviteeService, LinkService
from athena.kit.access import Caller, SignedIn, public, require_here, signed_in
from athena.kit.db import Session
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page
from athena.permissions import Permission

router = Router("Workspace")

Manager = Annotated[Caller, require_here(Permission.MEMBERS_CREATE)]
Viewer = Annotated[SignedIn, signed_in(Permission.INVITATIONS_VIEW)]
Invitee = Annotated[SignedIn, signed_in(Permission.INVITATIONS_ACCEPT)]
Anybody = Annotated[Session, public()]
Revision = Annotated[int | None, Depends(if_match)]

OF_WORKSPACE = "/api/v1/workspaces/{workspace_uuid}/invitations"
OWN = "/api/v1/invitations"


@router.operation("GET", OF_WORKSPACE, summary="Get Workspace Invitations", response=Page[Invitation])
async def get_workspace_invitations(caller: Manager, query: Annotated[ListQuery, list_query(LIST)]) -> Response:
    """The invitations that nobody has accepted, newest first."""
    page, items = await InvitationService(caller.session, caller.access).page(query)
    return listing(page, items)


@router.operation(
    "POST",
    OF_WORKSPACE,
    summary="Invite into a Workspace",
    response=Data[CreatedInvitation],
    status=201,
    errors=[409],
)
async def create_workspace_invitation(workspace_uuid: UUID, caller: Manager, body: InvitationCreate) -> Response:
    """Invites an address, for a week. The answer has a link to pass on; whose the address is, it does not tell."""
    row, item = await InvitationService(caller.session, caller.access).create(body)
    return resource(item, row, status=201, location=f"/api/v1/workspaces/{workspace_uuid}/invitations/{row['uuid']}")


@router.operation(
    "GET",
    OF_WORKSPACE + "/{invitation_uuid}",
    summary="Retrieve a Workspace Invitation",
    response=Data[Invitation],
)
async def get_workspace_invitation(invitation_uuid: UUID, caller: Manager) -> Response:
    """One that nobody has accepted: its state, without the link."""
    row, item = await InvitationService(caller.session, caller.access).retrieve(invitation_uuid)
    return resource(item, row)


@router.operation(
    "DELETE",
    OF_WORKSPACE + "/{invitation_uuid}",
    summary="Revoke a Workspace Invitation",
    status=204,
    errors=[412],
)
async def delete_workspace_invitation(invitation_uuid: UUID, caller: Manager, revision: Revision) -> Response:
    """Takes an invitation back, at once."""
    await InvitationService(caller.session, caller.access).revoke(invitation_uuid, revision)
    return no_content()


@router.operation("GET", OWN, summary="Get Own Invitations", response=Page[OwnInvitation])
async def get_invitations(caller: Viewer, query: Annotated[ListQuery, list_query(OWN_LIST)]) -> Response:
    """The invitations to the caller's e-mail address, once somebody has vouched for that."""
    page, items = await InviteeService(caller.session, caller.identity).page(query)
    return listing(page, items)


@router.operation(
    "POST",
    f"{OWN}/accept",
    summary="Accept an Invitation by its Link",
    response=Data[Membership],
    errors=[401, 403, 404, 409, 429],
    public=True,
)
async def accept_invitation_link(request: Request, session: Anybody, body: InvitationAccept) -> Response:
    """Joins by the token of an invitation's link: as a new user with name and password, or as the signed-in caller."""
    authorizer: Authorizer = request.app.state.authorize
    identity = None
    if body.password is None:
        identity = await authorizer.authenticate(request, Permission.INVITATIONS_ACCEPT)
    item = await LinkService(session, client_address(request)).accept(body, identity)
    return JsonResponse({"data": item})


@router.operation(
    "POST",
    OWN + "/{invitation_uuid}/accept",
    summary="Accept an Invitation",
    response=Data[Membership],
    errors=[409],
)
async def accept_invitation(invitation_uuid: UUID, caller: Invitee) -> Response:
    """Joins the workspace that invites the caller's address."""
    return JsonResponse({"data": await InviteeService(caller.session, caller.identity).accept(invitation_uuid)})


@router.operation("POST", OWN + "/{invitation_uuid}/decline", summary="Decline an Invitation", status=204)
async def decline_invitation(invitation_uuid: UUID, caller: Invitee) -> Response:
    """Declines an invitation to the caller's address; those who invited see that."""
    await InviteeService(caller.session, caller.identity).decline(invitation_uuid)
    return no_content()


router.routes.extend(page.router.routes)

"""``/api/v1/approvals``, for members, and ``/api/v1/approvals/links`` for who holds a link."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Header, Path, Request, Response

from athena.approvals.links import of_link
from athena.approvals.schemas import (
    Approval,
    ApprovalAnswerCreate,
    ApprovalLink,
    ApprovalLinkCreate,
    LinkedApproval,
)
from athena.approvals.service import LIST, ApprovalService
from athena.kit.access import Caller, State, public, require
from athena.kit.db import Session
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, listing, resource
from athena.kit.schemas import Data, Page
from athena.permissions import Permission

router = Router("Approval")

Viewer = Annotated[Caller, require(Permission.WORKFLOW_EXECUTIONS_VIEW)]
Answerer = Annotated[Caller, require(Permission.WORKFLOW_EXECUTIONS_ANSWER)]
Anybody = Annotated[Session, public()]
Query = Annotated[ListQuery, list_query(LIST)]
Token = Annotated[str, Path(min_length=1, max_length=128, description="What the link's address ends with.")]
Password = Annotated[
    str | None, Header(alias="X-Approval-Password", max_length=128, description="The link's password, if it has one.")
]

PATH = "/api/v1/approvals/{approval_uuid}"
LINK = "/api/v1/approvals/links/{token}"
LINK_ERRORS = (401, 429)


@router.operation(
    "GET", LINK, summary="Retrieve a Linked Approval", response=Data[LinkedApproval], errors=LINK_ERRORS, public=True
)
async def get_linked_approval(request: Request, token: Token, session: Anybody, password: Password = None) -> Response:
    """What is asked, for whoever holds the link."""
    state: State = request.app.state
    linked = await of_link(session, token, password, partial(state.authorize.count_link, request))
    return resource(await linked.show(), linked.row)


@router.operation(
    "POST",
    LINK,
    summary="Answer a Linked Approval",
    response=Data[LinkedApproval],
    errors=(*LINK_ERRORS, 409),
    public=True,
)
async def answer_linked_approval(
    request: Request, token: Token, session: Anybody, body: ApprovalAnswerCreate, password: Password = None
) -> Response:
    """Answers what is asked. Whoever holds the link counts as one person."""
    state: State = request.app.state
    linked = await of_link(session, token, password, partial(state.authorize.count_link, request))
    await linked.answer(body)
    return resource(await linked.show(), linked.row)


@router.operation("GET", "/api/v1/approvals", summary="Get Approvals", response=Page[Approval])
async def get_approvals(caller: Viewer, query: Query) -> Response:
    """What the workspace's runs ask and have asked, newest first."""
    service = ApprovalService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows))


@router.operation("GET", PATH, summary="Retrieve an Approval", response=Data[Approval])
async def get_approval(approval_uuid: UUID, caller: Viewer) -> Response:
    """One approval with its answers."""
    service = ApprovalService(caller.session, caller.access)
    row = await service.get(approval_uuid)
    return resource((await service.show([row]))[0], row)


@router.operation("POST", f"{PATH}/answer", summary="Answer an Approval", response=Data[Approval], errors=(404, 409))
async def answer_approval(approval_uuid: UUID, caller: Answerer, body: ApprovalAnswerCreate) -> Response:
    """Approves or refuses what a run asks, or fills in its form; with the answer that decides, the run goes on."""
    service = ApprovalService(caller.session, caller.access)
    row = await service.answer(approval_uuid, body)
    return resource((await service.show([row]))[0], row)


@router.operation(
    "POST", f"{PATH}/link", summary="Create Approval Link", response=Data[ApprovalLink], errors=(404, 409)
)
async def create_approval_link(
    approval_uuid: UUID, caller: Answerer, body: ApprovalLinkCreate | None = None
) -> Response:
    """Makes the link by which anybody may answer, where the question allows that; the one before ends."""
    link = await ApprovalService(caller.session, caller.access).link(approval_uuid, body or ApprovalLinkCreate())
    return JsonResponse({"data": link})

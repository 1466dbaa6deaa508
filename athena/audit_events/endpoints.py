"""``/api/v1/audit-events``, and the caller's own under ``/api/v1/user/audit-events``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.responses import StreamingResponse

from athena.audit_events.schemas import AuditEvent, Export
from athena.audit_events.service import (
    LIST,
    RELATIONS,
    USER_LIST,
    AuditEventService,
    UserEventService,
    present,
)
from athena.kit.access import Caller, SignedIn, State, require, signed_in
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, listing
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission

router = Router("Audit")

Viewer = Annotated[Caller, require(Permission.AUDIT_EVENTS_VIEW)]
Self = Annotated[SignedIn, signed_in(Permission.USER_EVENTS_VIEW)]
Query = Annotated[ListQuery, list_query(LIST)]
UserQuery = Annotated[ListQuery, list_query(USER_LIST)]
Wanted = Annotated[Export, Depends()]

PATH = "/api/v1/audit-events"
TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The log, oldest first.",
        "content": {
            "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/AuditEvent"}},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


@router.operation("GET", PATH, summary="Get Audit Events", response=Page[AuditEvent])
async def get_audit_events(caller: Viewer, query: Query) -> Response:
    """Who did what in the workspace, newest first."""
    service = AuditEventService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("GET", f"{PATH}/export", summary="Export Audit Events", responses=FILE)
async def export_audit_events(request: Request, caller: Viewer, wanted: Wanted) -> Response:
    """The log as a file, oldest first, as it is at this moment."""
    state: State = request.app.state
    content = AuditEventService(caller.session, caller.access).export(state.database, wanted)
    name = f'attachment; filename="audit-events.{wanted.format}"'
    return StreamingResponse(content, media_type=TYPES[wanted.format], headers={"Content-Disposition": name})


@router.operation("GET", f"{PATH}/{{audit_event_uuid}}", summary="Retrieve an Audit Event", response=Data[AuditEvent])
async def get_audit_event(audit_event_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One entry. It is never changed."""
    wanted = relations(with_, RELATIONS)
    service = AuditEventService(caller.session, caller.access)
    row = await service.get(audit_event_uuid)
    return JsonResponse({"data": (await service.show([row], wanted))[0]}, headers={"ETag": '"1"'})


@router.operation("GET", "/api/v1/user/audit-events", summary="Get Own Audit Events", response=Page[AuditEvent])
async def get_own_audit_events(caller: Self, query: UserQuery) -> Response:
    """The caller's sign-ins, tokens and changes outside of any workspace, newest first."""
    page = await UserEventService(caller.session, caller.identity).page(query)
    return listing(page, [present(row) for row in page.rows])

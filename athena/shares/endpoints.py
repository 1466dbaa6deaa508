"""Sharing (``/agents/{uuid}/share`` and its like), ``/api/v1/shares``, ``/api/v1/shared`` and ``/api/v1/links``."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Request, Response

from athena.kit.access import Caller, State, public, require
from athena.kit.db import Row, Session
from athena.kit.idempotency import IdempotencyKey, in_flight
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.kit.sse import EventStream
from athena.permissions import Permission
from athena.shares import grants, view
from athena.shares.schemas import (
    Share,
    ShareableType,
    ShareCreate,
    Shared,
    SharedItem,
    SharedRun,
    SharedRunState,
    SharedUpdate,
    SharePermission,
    ShareUpdate,
)
from athena.shares.service import LIST, RELATIONS, ShareService

agent_router = Router("Agent")
prompt_router = Router("Prompt")
thread_router = Router("Thread")
workflow_router = Router("Workflow")
share_router = Router("Share")

AgentSharer = Annotated[Caller, require(Permission.AGENTS_SHARE)]
PromptSharer = Annotated[Caller, require(Permission.PROMPTS_SHARE)]
ThreadSharer = Annotated[Caller, require(Permission.THREADS_SHARE)]
WorkflowSharer = Annotated[Caller, require(Permission.WORKFLOWS_SHARE)]
Viewer = Annotated[Caller, require(Permission.SHARES_VIEW)]
Updater = Annotated[Caller, require(Permission.SHARES_UPDATE)]
Deleter = Annotated[Caller, require(Permission.SHARES_DELETE)]
SharedViewer = Annotated[Caller, require(Permission.SHARED_VIEW)]
SharedUpdater = Annotated[Caller, require(Permission.SHARED_UPDATE)]
SharedRunner = Annotated[Caller, require(Permission.SHARED_RUN)]
Anybody = Annotated[Session, public()]
Query = Annotated[ListQuery, list_query(LIST)]
SharedQuery = Annotated[ListQuery, list_query(grants.LIST)]
Revision = Annotated[int | None, Depends(if_match)]
Token = Annotated[str, Path(min_length=1, max_length=128, description="What the link's address ends with.")]
Password = Annotated[
    str | None, Header(alias="X-Share-Password", max_length=128, description="The link's password, if it has one.")
]
LastEventId = Annotated[
    int | None, Header(ge=0, le=2**62, description="The last event that was seen; the stream goes on after it.")
]

SHARE = "/api/v1/shares/{share_uuid}"
SHARED = "/api/v1/shared/{share_uuid}"
LINK = "/api/v1/links/{token}"
LINK_ERRORS = (401, 403, 429)
RUN_ERRORS = (402, 409, 502, 504)
EVENT_STREAM: dict[str, Any] = {"text/event-stream": {"schema": {"type": "string"}}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The finished run, or its events as they come.", "content": EVENT_STREAM},
    202: {"description": "The run, accepted.", "model": Data[SharedRunState]},
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events, as those of a run.", "content": EVENT_STREAM}
}


async def _share(caller: Caller, kind: ShareableType, uuid: UUID, body: ShareCreate) -> Response:
    wanted = relations(body.with_, RELATIONS)
    service = ShareService(caller.session, caller.access)
    row, token = await service.share(kind, uuid, body)
    item = (await service.show([row], wanted, token))[0]
    return resource(item, row, status=201, location=f"/api/v1/shares/{row['uuid']}")


@agent_router.operation(
    "POST", "/api/v1/agents/{agent_uuid}/share", summary="Share Agent", response=Data[Share], status=201
)
async def share_agent(agent_uuid: UUID, caller: AgentSharer, body: ShareCreate) -> Response:
    """Gives an agent to a user, a workspace, or whoever holds the link whose address is in the answer."""
    return await _share(caller, "agent", agent_uuid, body)


@prompt_router.operation(
    "POST", "/api/v1/prompts/{prompt_uuid}/share", summary="Share Prompt", response=Data[Share], status=201
)
async def share_prompt(prompt_uuid: UUID, caller: PromptSharer, body: ShareCreate) -> Response:
    """Gives a prompt to a user, a workspace, or whoever holds the link whose address is in the answer."""
    return await _share(caller, "prompt", prompt_uuid, body)


@thread_router.operation(
    "POST", "/api/v1/threads/{thread_uuid}/share", summary="Share Thread", response=Data[Share], status=201
)
async def share_thread(thread_uuid: UUID, caller: ThreadSharer, body: ShareCreate) -> Response:
    """Gives a thread to a user, a workspace, or whoever holds the link whose address is in the answer."""
    return await _share(caller, "thread", thread_uuid, body)


@workflow_router.operation(
    "POST", "/api/v1/workflows/{workflow_uuid}/share", summary="Share Workflow", response=Data[Share], status=201
)
async def share_workflow(workflow_uuid: UUID, caller: WorkflowSharer, body: ShareCreate) -> Response:
    """Gives a workflow to a user, a workspace, or whoever holds the link whose address is in the answer."""
    return await _share(caller, "workflow", workflow_uuid, body)


@share_router.operation("GET", "/api/v1/shares", summary="Get Shares", response=Page[Share])
async def get_shares(caller: Viewer, query: Query) -> Response:
    """What the workspace shares, newest first."""
    service = ShareService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@share_router.operation("GET", SHARE, summary="Retrieve a Share", response=Data[Share])
async def get_share(share_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One share of the workspace."""
    wanted = relations(with_, RELATIONS)
    service = ShareService(caller.session, caller.access)
    row = await service.get(share_uuid)
    return resource((await service.show([row], wanted))[0], row)


@share_router.operation("PUT", SHARE, summary="Update a Share", response=Data[Share], errors=[412])
async def update_share(share_uuid: UUID, caller: Updater, body: ShareUpdate, revision: Revision) -> Response:
    """Changes how far and until when something is shared. It takes the permission to share it, too."""
    wanted = relations(body.with_, RELATIONS)
    service = ShareService(caller.session, caller.access)
    row = await service.update(share_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@share_router.operation("DELETE", SHARE, summary="Revoke a Share", status=204, errors=[412])
async def delete_share(share_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Ends a share, at once. Runs that it started go on."""
    await ShareService(caller.session, caller.access).delete(share_uuid, revision)
    return no_content()


@share_router.operation("GET", "/api/v1/shared", summary="Get Shared Resources", response=Page[SharedItem])
async def get_shared_resources(caller: SharedViewer, query: SharedQuery) -> Response:
    """What others share with the caller, or with the workspace that the caller is in, newest first."""
    page = await grants.page(caller.session, query)
    return listing(page, [grants.present(row) for row in page.rows])


@share_router.operation("GET", SHARED, summary="Retrieve a Shared Resource", response=Data[Shared])
async def get_shared_resource(share_uuid: UUID, caller: SharedViewer) -> Response:
    """A share with what it gives, as far as it gives it."""
    grant = await grants.of_member(caller.session, caller.access, share_uuid, "view")
    row, item = await grant.show()
    return resource(item, row)


@share_router.operation("PUT", SHARED, summary="Update a Shared Resource", response=Data[Shared], errors=[412])
async def update_shared_resource(
    share_uuid: UUID, caller: SharedUpdater, body: SharedUpdate, revision: Revision
) -> Response:
    """Changes what is shared, with a share that lets edit it. The `ETag` is that of what is shared."""
    grant = await grants.of_member(caller.session, caller.access, share_uuid, "edit")
    row, item = await grant.update(body, revision)
    return resource(item, row)


async def _answer(
    request: Request, grant: grants.Grant, body: SharedRun, key: IdempotencyKey | None = None
) -> Response:
    """As runs are answered everywhere, without what is the owner's own."""
    accepts = "text/event-stream" in request.headers.get("accept", "").lower()
    streamed = body.stream or (accepts and not body.background)
    run_uuid = await grant.run(body, lambda uuid: key.note_run(uuid, streamed=streamed) if key else None)
    if streamed:
        return EventStream(grant.events(run_uuid), {"Location": f"{grant.path}/runs/{run_uuid}"})
    row = await (grant.run_row(run_uuid) if body.background else grant.finished(run_uuid))
    return _told(grant, row, background=body.background)


def _told(grant: grants.Grant, row: Row, *, background: bool = False) -> Response:
    """A run as it is answered: accepted, or at its end."""
    if not background and (error := view.failure(row)) is not None:
        raise error
    headers = {"Location": f"{grant.path}/runs/{row['uuid']}"}
    return JsonResponse({"data": view.run(row)}, 202 if background else 200, headers)


async def _repeated(caller: Caller, share_uuid: UUID, run_uuid: UUID, *, streamed: bool, **_: Any) -> Response:
    """The answer to a request that was made before with the same key, from its run."""
    grant = await grants.of_member(caller.session, caller.access, share_uuid, "run")
    row = await grant.run_row(run_uuid)
    if streamed:
        return EventStream(grant.events(run_uuid), {"Location": f"{grant.path}/runs/{run_uuid}"})
    if row["finished_at"] is None:
        raise in_flight()
    return _told(grant, row)


@share_router.operation(
    "POST",
    f"{SHARED}/run",
    summary="Run a Shared Resource",
    response=Data[SharedRunState],
    errors=RUN_ERRORS,
    responses=ANSWERS,
    repeat=_repeated,
)
async def run_shared_resource(request: Request, share_uuid: UUID, caller: SharedRunner, body: SharedRun) -> Response:
    """Runs what is shared, at the cost of the workspace that shares it: finished, in the background, or as a stream."""
    grant = await grants.of_member(caller.session, caller.access, share_uuid, "run")
    return await _answer(request, grant, body, caller.key)


@share_router.operation(
    "GET", f"{SHARED}/runs/{{run_uuid}}", summary="Retrieve a Shared Run", response=Data[SharedRunState]
)
async def get_shared_run(share_uuid: UUID, run_uuid: UUID, caller: SharedViewer) -> Response:
    """A run that the caller started through the share."""
    grant = await grants.of_member(caller.session, caller.access, share_uuid, "run")
    row = await grant.run_row(run_uuid)
    return resource(view.run(row), row)


@share_router.operation("GET", f"{SHARED}/runs/{{run_uuid}}/events", summary="Get Shared Run Events", responses=EVENTS)
async def get_shared_run_events(
    share_uuid: UUID, run_uuid: UUID, caller: SharedViewer, last_event_id: LastEventId = None
) -> Response:
    """The events of a run that the caller started through the share, from its begin, or after `Last-Event-ID`."""
    grant = await grants.of_member(caller.session, caller.access, share_uuid, "run")
    return EventStream(await grant.resumed(run_uuid, last_event_id or 0))


async def _of_link(
    request: Request, session: Session, token: str, password: str | None, wanted: SharePermission
) -> grants.Grant:
    state: State = request.app.state
    return await grants.of_link(session, token, password, wanted, partial(state.authorize.count_link, request))


@share_router.operation(
    "GET", LINK, summary="Retrieve a Linked Resource", response=Data[Shared], errors=LINK_ERRORS, public=True
)
async def get_linked_resource(request: Request, token: Token, session: Anybody, password: Password = None) -> Response:
    """As for a shared resource, for whoever holds the link."""
    grant = await _of_link(request, session, token, password, "view")
    row, item = await grant.show()
    return resource(item, row)


@share_router.operation(
    "PUT",
    LINK,
    summary="Update a Linked Resource",
    response=Data[Shared],
    errors=(*LINK_ERRORS, 412),
    public=True,
)
async def update_linked_resource(
    request: Request, token: Token, session: Anybody, body: SharedUpdate, revision: Revision, password: Password = None
) -> Response:
    """Changes what is shared, with a link that lets edit it."""
    grant = await _of_link(request, session, token, password, "edit")
    row, item = await grant.update(body, revision)
    return resource(item, row)


@share_router.operation(
    "POST",
    f"{LINK}/run",
    summary="Run a Linked Resource",
    response=Data[SharedRunState],
    errors=(*LINK_ERRORS, *RUN_ERRORS),
    responses=ANSWERS,
    public=True,
)
async def run_linked_resource(
    request: Request, token: Token, session: Anybody, body: SharedRun, password: Password = None
) -> Response:
    """As for a shared resource, for whoever holds the link."""
    grant = await _of_link(request, session, token, password, "run")
    return await _answer(request, grant, body)


@share_router.operation(
    "GET",
    f"{LINK}/runs/{{run_uuid}}",
    summary="Retrieve a Linked Run",
    response=Data[SharedRunState],
    errors=LINK_ERRORS,
    public=True,
)
async def get_linked_run(
    request: Request, token: Token, run_uuid: UUID, session: Anybody, password: Password = None
) -> Response:
    """A run that was started through the link."""
    grant = await _of_link(request, session, token, password, "run")
    row = await grant.run_row(run_uuid)
    return resource(view.run(row), row)


@share_router.operation(
    "GET",
    f"{LINK}/runs/{{run_uuid}}/events",
    summary="Get Linked Run Events",
    errors=LINK_ERRORS,
    responses=EVENTS,
    public=True,
)
async def get_linked_run_events(
    request: Request,
    token: Token,
    run_uuid: UUID,
    session: Anybody,
    last_event_id: LastEventId = None,
    password: Password = None,
) -> Response:
    """The events of a run that was started through the link, from its begin, or after `Last-Event-ID`."""
    grant = await _of_link(request, session, token, password, "run")
    return EventStream(await grant.resumed(run_uuid, last_event_id or 0))


routers = (agent_router, prompt_router, thread_router, workflow_router, share_router)

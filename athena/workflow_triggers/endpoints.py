"""``/hooks/{token}``, the addresses of workflows for the outside, and ``/api/v1/workflows/{uuid}/webhook``."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from athena.kit.access import Access, Caller, State, public, require
from athena.kit.answers import EVENT
from athena.kit.db import Session
from athena.kit.routing import JsonResponse, Router
from athena.kit.schemas import Data
from athena.kit.sse import EventStream
from athena.permissions import Permission
from athena.runs.schemas import Run
from athena.runs.service import RunService
from athena.workflow_executions.service import WorkflowExecutionService
from athena.workflow_triggers.schemas import Listener
from athena.workflow_triggers.service import Accepted, Incoming, IncomingService, by_token, starter

router = Router("Workflow")
hooks = APIRouter(include_in_schema=False, redirect_slashes=False)

Runner = Annotated[Caller, require(Permission.WORKFLOWS_RUN)]
Viewer = Annotated[Caller, require(Permission.WORKFLOWS_VIEW)]
Anybody = Annotated[Session, public()]
Place = tuple[str, list[int]]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
RESPONSE = "webhook.response"
PATH = "/api/v1/workflows/{workflow_uuid}"
KINDS = ("object", "string", "number", "boolean", "null")
ANYTHING: dict[str, Any] = {"anyOf": [{"type": "array", "items": {}}, *({"type": kind} for kind in KINDS)]}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "content": {
            "application/json": {"schema": {}, "example": {"order": 7}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            "multipart/form-data": {"schema": {"type": "object"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.operation(
    "POST",
    f"{PATH}/webhook",
    summary="Trigger a webhook",
    errors=(402, 404, 409, 502, 504),
    extra=BODY,
    responses={
        200: {
            "description": "What the workflow answers, as its webhook's response mode says.",
            "content": {
                "application/json": {"schema": ANYTHING, "example": {"answer": "Paid."}},
                "text/event-stream": {"schema": EVENT},
            },
        },
        202: {"description": "The execution, accepted.", "model": Data[Run]},
    },
)
async def trigger_webhook(request: Request, workflow_uuid: UUID, caller: Runner) -> Response:
    """Starts an active workflow by its webhook trigger, with any body; the caller's token is all that is needed."""
    given = await _incoming(request)
    accepted = await IncomingService(caller.session, caller.access).trigger(workflow_uuid, given)
    if caller.key is not None:
        caller.key.note_run(accepted.execution_uuid, streamed=False)
    await caller.session.commit()
    return await _answer(caller.session, caller.access, accepted)


@router.operation("POST", f"{PATH}/listen", summary="Listen for a Test Webhook", response=Data[Listener])
async def listen_to_workflow(workflow_uuid: UUID, caller: Runner) -> Response:
    """For five minutes, has the first request to the test address start the workflow as it is now, active or not."""
    return JsonResponse({"data": await IncomingService(caller.session, caller.access).listen(workflow_uuid)})


@router.operation("GET", f"{PATH}/listen", summary="Get a Test Webhook", response=Data[Listener])
async def get_workflow_listener(workflow_uuid: UUID, caller: Viewer) -> Response:
    """Whether the test address listens, and the execution that it has started."""
    return JsonResponse({"data": await IncomingService(caller.session, caller.access).listener(workflow_uuid)})


@hooks.api_route("/hooks/{token}", methods=METHODS)
async def call_webhook(request: Request, token: str, session: Anybody) -> Response:
    """The workflow's first webhook trigger."""
    return await _called(request, token, session)


@hooks.api_route("/hooks/{token}/test", methods=METHODS)
async def call_test_webhook(request: Request, token: str, session: Anybody) -> Response:
    """The same, for the editor: takes one request while it listens."""
    return await _called(request, token, session, test=True)


@hooks.api_route("/hooks/{token}/nodes/{node_id}", methods=METHODS)
async def call_webhook_of_node(request: Request, token: str, node_id: str, session: Anybody) -> Response:
    """One of several webhook triggers."""
    return await _called(request, token, session, node_id=node_id)


async def _called(
    request: Request, token: str, session: Session, *, node_id: str | None = None, test: bool = False
) -> Response:
    workflow, service = await by_token(session, token)
    state: State = request.app.state
    state.authorize.count_link(request, workflow["uuid"])
    accepted = await service.take(workflow, node_id, await _incoming(request), test=test)
    await session.commit()
    return await _answer(session, starter(workflow), accepted)


async def _incoming(request: Request) -> Incoming:
    headers = [(name.lower(), value) for name, value in request.headers.items()]
    return Incoming(request.method, headers, request.query_params.multi_items(), await request.body())


async def _answer(session: Session, access: Access, accepted: Accepted) -> Response:
    """The answer in the webhook's response mode; what takes longer than the caller waits goes on without it."""
    runs = RunService(session, access)
    uuid, config = accepted.execution_uuid, accepted.config
    if config.response_mode == "stream":
        return EventStream(runs.events(uuid), _location(uuid))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(config.response_timeout_seconds):
            if config.response_mode == "last_node":
                return await _finished(runs, uuid)
            if config.response_mode == "respond_node":
                return await _responded(runs, WorkflowExecutionService(session, access), uuid)
    row = await runs.get(uuid)
    return JsonResponse({"data": runs.told(row)}, 202, _location(uuid))


async def _finished(runs: RunService, uuid: UUID) -> Response:
    """The output, and nothing around it."""
    await runs.finished(uuid)
    row = await runs.get(uuid)
    if row["status"] != "succeeded":
        raise runs.failure(row)
    return JsonResponse(row["output"]["output"], headers=_location(uuid))


async def _responded(runs: RunService, executions: WorkflowExecutionService, uuid: UUID) -> Response:
    """What the node that responds says; the output, where none does."""
    hidden: Place | None = None
    async with contextlib.aclosing(runs.events(uuid)) as events:
        async for event in events:
            if event.type == RESPONSE:
                said = orjson.loads(event.data)
                if not said.get("redacted"):
                    return _response(said, uuid)
                hidden = hidden or _place(said)
            elif hidden is not None and event.type == "node.completed" and _place(orjson.loads(event.data)) == hidden:
                # Its step is in the log by now, with what the events do not show.
                return _response(await executions.hidden_output(uuid, *hidden), uuid)
    return await _finished(runs, uuid)


def _place(told: Mapping[str, Any]) -> Place:
    return told["node_id"], told["path"]


def _response(said: Mapping[str, Any], uuid: UUID) -> Response:
    body, kind = said["body"], said["body_type"]
    headers = {"location": _location(uuid)["Location"], **said["headers"]}
    if kind == "json":
        return JsonResponse(body, said["status"], headers)
    content = base64.b64decode(body) if kind == "binary" else str(body)
    return Response(content, said["status"], headers)


def _location(uuid: UUID) -> dict[str, str]:
    return {"Location": f"/api/v1/runs/{uuid}"}


routers = (router, hooks)

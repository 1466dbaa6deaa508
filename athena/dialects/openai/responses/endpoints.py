"""``/v1/responses``."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Path, Query, Response

from athena.dialects.openai.folding import listed
from athena.dialects.openai.ids import id_of
from athena.dialects.openai.responses.events import ResponseEvents
from athena.dialects.openai.responses.schemas import ResponseRequest
from athena.dialects.openai.responses.service import ResponseService
from athena.dialects.openai.responses.shown import input_items, response
from athena.kit.access import Caller, require
from athena.kit.db import Row
from athena.kit.errors import ValidationFailed
from athena.kit.idempotency import in_flight
from athena.kit.routing import JsonResponse, Router
from athena.kit.sse import EventStream
from athena.permissions import Permission
from athena.runs.service import RunService

PATH: Final = "/v1/responses"
ONE: Final = f"{PATH}/{{response_id}}"

router = Router("OpenAI", documented=False)

Viewer = Annotated[Caller, require(Permission.RUNS_VIEW)]
Runner = Annotated[Caller, require(Permission.AGENTS_RUN)]
Canceller = Annotated[Caller, require(Permission.RUNS_CANCEL)]
Deleter = Annotated[Caller, require(Permission.MESSAGES_DELETE)]
ResponseId = Annotated[str, Path(max_length=128)]
After = Annotated[str | None, Query(max_length=128)]
Limit = Annotated[int, Query(ge=1, le=100)]
Order = Literal["asc", "desc"]


async def repeated(caller: Caller, body: ResponseRequest, *, run_uuid: UUID, streamed: bool) -> Response:
    """The answer to a request that was made before, with the same key, and whose answer is not kept: from its run."""
    row = await RunService(caller.session, caller.access).get(run_uuid)
    if not streamed and not body.background and row["finished_at"] is None:
        raise in_flight()
    return _told(caller, body, row)


@router.operation("POST", PATH, summary="Create response", repeat=repeated)
async def create_response(caller: Runner, body: ResponseRequest) -> Response:
    """Has an agent, a workflow or a model answer: finished, in the background, or as a stream of events."""
    run_uuid = await ResponseService(caller.session, caller.access).accept(body)
    runs = RunService(caller.session, caller.access)
    if caller.key is not None:
        caller.key.note_run(run_uuid, streamed=bool(body.stream))
    await caller.session.commit()
    if not body.stream and not body.background:
        await runs.finished(run_uuid)
    return _told(caller, body, await runs.get(run_uuid))


def _told(caller: Caller, body: ResponseRequest, row: Row) -> Response:
    if body.stream:
        return _stream(caller, row, None)
    if not body.background and row["status"] != "succeeded":
        raise RunService(caller.session, caller.access).failure(row)
    return JsonResponse(response(row), 200, _location(row))


def _stream(caller: Caller, row: Row, after: int | None) -> Response:
    events = RunService(caller.session, caller.access).events(row["uuid"])
    return EventStream(events, _location(row), ResponseEvents(row, after))


def _location(row: Row) -> dict[str, str]:
    return {"Location": f"/api/v1/runs/{row['uuid']}"}


@router.operation("GET", ONE, summary="Get response")
async def get_response(
    caller: Viewer,
    response_id: ResponseId,
    stream: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    starting_after: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Response:
    """A response as it is now, or its events after one of them, and then as they come."""
    if starting_after is not None and not stream:
        raise ValidationFailed.of("starting_after", "It needs stream=true.")
    row = await ResponseService(caller.session, caller.access).get(response_id)
    return _stream(caller, row, starting_after) if stream else JsonResponse(response(row))


@router.operation("POST", f"{ONE}/cancel", summary="Cancel response")
async def cancel_response(caller: Canceller, response_id: ResponseId) -> Response:
    """Stops a response; one at its end stays as it is."""
    return JsonResponse(response(await ResponseService(caller.session, caller.access).cancel(response_id)))


@router.operation("DELETE", ONE, summary="Delete response")
async def delete_response(caller: Deleter, response_id: ResponseId) -> Response:
    """Deletes a response with its run."""
    row = await ResponseService(caller.session, caller.access).get(response_id)
    await ResponseService(caller.session, caller.access).delete(response_id)
    return JsonResponse({"id": id_of("resp_", row["uuid"]), "object": "response", "deleted": True})


@router.operation("GET", f"{ONE}/input_items", summary="List input items")
async def list_input_items(
    caller: Viewer, response_id: ResponseId, after: After = None, limit: Limit = 20, order: Order = "desc"
) -> Response:
    """What the request added to the conversation."""
    row = await ResponseService(caller.session, caller.access).get(response_id)
    return JsonResponse(listed(input_items(row), after=after, limit=limit, ascending=order == "asc"))

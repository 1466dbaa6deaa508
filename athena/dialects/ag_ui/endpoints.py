"""``/ag-ui/{name}``: runs of an agent or a model, told as AG-UI's events."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import Header, Path, Request, Response

from athena.dialects.ag_ui.schemas import RunAgentInput
from athena.dialects.ag_ui.service import Begun, FrontEndService
from athena.dialects.ag_ui.streams import RunStream
from athena.dialects.limits import CountedStream, OpenStreams
from athena.kit.access import Caller, require
from athena.kit.errors import MethodNotAllowed
from athena.kit.routing import Router
from athena.permissions import Permission

PATH: Final = "/ag-ui/{name:path}"

# The protocol describes itself.
router = Router("AG-UI", documented=False)

Viewer = Annotated[Caller, require(Permission.RUNS_VIEW)]
Runner = Annotated[Caller, require(Permission.AGENTS_RUN)]
Name = Annotated[str, Path(max_length=255)]
LastEventId = Annotated[str | None, Header(max_length=2_048)]


async def repeated(
    request: Request, caller: Caller, name: str, body: RunAgentInput, *, run_uuid: UUID, streamed: bool
) -> Response:
    """The answer to a request that was made before, with the same key: its stream, from the beginning."""
    del name, streamed
    since = frozenset(each.interrupt_id for each in body.resume or ())
    stream = await FrontEndService(caller.session, caller.access).stream(body, Begun(run_uuid, since))
    return _streamed(request, caller, stream)


@router.operation("POST", PATH, summary="Run an agent for a front end", repeat=repeated)
async def run_for_front_end(request: Request, caller: Runner, name: Name, body: RunAgentInput) -> Response:
    """Begins a run, or goes on with one that was interrupted."""
    with _streams(request).taken(caller.access.user_uuid):
        service = FrontEndService(caller.session, caller.access)
        begun = await service.accept(name, body)
        if caller.key is not None:
            caller.key.note_run(begun.run_uuid, streamed=True)
        await caller.session.commit()
        stream = await service.stream(body, begun)
        await caller.session.commit()
    return _streamed(request, caller, stream)


@router.operation("GET", PATH, summary="Resume a run's stream for a front end")
async def resume_for_front_end(
    request: Request, caller: Viewer, name: Name, last_event_id: LastEventId = None
) -> Response:
    """The rest of a stream that broke off."""
    if last_event_id is None:
        raise MethodNotAllowed("Name the event that was seen last as Last-Event-ID.", headers={"Allow": "POST"})
    with _streams(request).taken(caller.access.user_uuid):
        stream = await FrontEndService(caller.session, caller.access).resumed(name, last_event_id)
        await caller.session.commit()
    return _streamed(request, caller, stream)


def _streamed(request: Request, caller: Caller, stream: RunStream) -> Response:
    return CountedStream(stream, _streams(request), caller.access.user_uuid)


def _streams(request: Request) -> OpenStreams:
    return request.app.state.open_streams

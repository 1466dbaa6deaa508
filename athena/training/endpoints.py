"""``/api/v1/agents/{agent_uuid}/train`` and ``/api/v1/agents/{agent_uuid}/sources``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from athena.kit.access import Caller, require
from athena.kit.answers import Way, answer, answers
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission
from athena.runs.schemas import Run
from athena.runs.service import RunService
from athena.training.schemas import AgentSource, AgentTraining, SourceRefresh
from athena.training.service import LIST, RELATIONS, AgentSourceService

router = Router("Agent")

Viewer = Annotated[Caller, require(Permission.AGENTS_VIEW)]
Trainer = Annotated[Caller, require(Permission.AGENTS_TRAIN)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

SOURCES = "/api/v1/agents/{agent_uuid}/sources"
SOURCE = f"{SOURCES}/{{source_uuid}}"
ERRORS = (404, 409, 502, 504)


async def _answer(request: Request, caller: Caller, run_uuid: UUID, *, background: bool) -> Response:
    """In the background, unless a stream or the end is asked for."""
    streamed = Way.of(request, stream=False, background=False).stream
    way = Way(stream=streamed, background=background and not streamed)
    return await answer(caller, RunService(caller.session, caller.access), run_uuid, way)


@router.operation(
    "POST",
    "/api/v1/agents/{agent_uuid}/train",
    summary="Train an Agent",
    response=Data[Run],
    errors=ERRORS,
    responses=answers(Data[Run]),
)
async def train_agent(request: Request, agent_uuid: UUID, caller: Trainer, body: AgentTraining) -> Response:
    """Has an agent learn from sources, in the background (202). The same source again replaces what has changed."""
    run_uuid = await AgentSourceService(caller.session, caller.access).train(agent_uuid, body)
    return await _answer(request, caller, run_uuid, background=body.background)


@router.operation("GET", SOURCES, summary="Get Agent Sources", response=Page[AgentSource], errors=[404])
async def get_agent_sources(agent_uuid: UUID, caller: Viewer, query: Query) -> Response:
    """What an agent is trained with, newest first."""
    service = AgentSourceService(caller.session, caller.access)
    page = await service.page(agent_uuid, query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("GET", SOURCE, summary="Retrieve an Agent Source", response=Data[AgentSource])
async def get_agent_source(agent_uuid: UUID, source_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One source. What it has taught are memories with its uuid as `agent_source_uuid`."""
    wanted = relations(with_, RELATIONS)
    service = AgentSourceService(caller.session, caller.access)
    row = await service.get(agent_uuid, source_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", SOURCE, summary="Delete an Agent Source", status=204, errors=[412])
async def delete_agent_source(agent_uuid: UUID, source_uuid: UUID, caller: Trainer, revision: Revision) -> Response:
    """Deletes a source, and whatever the agent has learnt from it."""
    await AgentSourceService(caller.session, caller.access).delete(agent_uuid, source_uuid, revision)
    return no_content()


@router.operation(
    "POST",
    f"{SOURCE}/refresh",
    summary="Refresh an Agent Source",
    response=Data[Run],
    errors=ERRORS,
    responses=answers(Data[Run]),
)
async def refresh_agent_source(
    request: Request, agent_uuid: UUID, source_uuid: UUID, caller: Trainer, body: SourceRefresh | None = None
) -> Response:
    """Has a source learnt again, as it is now, in the background (202): what is unchanged stays as it is."""
    run_uuid = await AgentSourceService(caller.session, caller.access).refresh(agent_uuid, source_uuid)
    return await _answer(request, caller, run_uuid, background=body is None or body.background)

"""``/api/v1/agents``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.agents.schemas import Agent, AgentCreate, AgentUpdate
from athena.agents.service import LIST, RELATIONS, AgentService
from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission

router = Router("Agent")

Viewer = Annotated[Caller, require(Permission.AGENTS_VIEW)]
Creator = Annotated[Caller, require(Permission.AGENTS_CREATE)]
Updater = Annotated[Caller, require(Permission.AGENTS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.AGENTS_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]


@router.operation("GET", "/api/v1/agents", summary="Get Agents", response=Page[Agent])
async def get_agents(caller: Viewer, query: Query) -> Response:
    """The workspace's agents, newest first."""
    service = AgentService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("POST", "/api/v1/agents", summary="Create an Agent", response=Data[Agent], status=201, errors=[404])
async def create_agent(caller: Creator, body: AgentCreate) -> Response:
    """Creates an agent."""
    wanted = relations(body.with_, RELATIONS)
    service = AgentService(caller.session, caller.access)
    row = await service.create(body)
    return resource((await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/agents/{row['uuid']}")


@router.operation("GET", "/api/v1/agents/{agent_uuid}", summary="Retrieve an Agent", response=Data[Agent])
async def get_agent(agent_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One agent."""
    wanted = relations(with_, RELATIONS)
    service = AgentService(caller.session, caller.access)
    row = await service.get(agent_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", "/api/v1/agents/{agent_uuid}", summary="Update an Agent", response=Data[Agent], errors=[412])
async def update_agent(agent_uuid: UUID, caller: Updater, body: AgentUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names."""
    wanted = relations(body.with_, RELATIONS)
    service = AgentService(caller.session, caller.access)
    row = await service.update(agent_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", "/api/v1/agents/{agent_uuid}", summary="Delete an Agent", status=204, errors=[412])
async def delete_agent(agent_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes an agent. Its threads stay."""
    await AgentService(caller.session, caller.access).delete(agent_uuid, revision)
    return no_content()

"""``/api/v1/agents``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Response

from athena.agents.schemas import Agent, AgentComparison, AgentCreate, AgentUpdate, AgentVersion
from athena.agents.service import LIST, RELATIONS, VERSION_LIST, VERSION_RELATIONS, AgentService
from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.kit.versions import CHANNEL_LIST, Channel, ChannelPath, ChannelUpdate, present_channel
from athena.permissions import Permission

router = Router("Agent")

Viewer = Annotated[Caller, require(Permission.AGENTS_VIEW)]
Creator = Annotated[Caller, require(Permission.AGENTS_CREATE)]
Updater = Annotated[Caller, require(Permission.AGENTS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.AGENTS_DELETE)]
AgentQuery = Annotated[ListQuery, list_query(LIST)]
VersionQuery = Annotated[ListQuery, list_query(VERSION_LIST)]
ChannelQuery = Annotated[ListQuery, list_query(CHANNEL_LIST)]
Revision = Annotated[int | None, Depends(if_match)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The version's number.")]
Other = Annotated[int, Query(ge=1, le=2**31 - 1, description="The version to compare with.")]

PATH = "/api/v1/agents/{agent_uuid}"


@router.operation("GET", "/api/v1/agents", summary="Get Agents", response=Page[Agent])
async def get_agents(caller: Viewer, query: AgentQuery) -> Response:
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


@router.operation("GET", PATH, summary="Retrieve an Agent", response=Data[Agent])
async def get_agent(agent_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One agent."""
    wanted = relations(with_, RELATIONS)
    service = AgentService(caller.session, caller.access)
    row = await service.get(agent_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update an Agent", response=Data[Agent], errors=[412])
async def update_agent(agent_uuid: UUID, caller: Updater, body: AgentUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. A change of how the agent answers is a new version."""
    wanted = relations(body.with_, RELATIONS)
    service = AgentService(caller.session, caller.access)
    row = await service.update(agent_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete an Agent", status=204, errors=[412])
async def delete_agent(agent_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes an agent with its versions. Its threads stay."""
    await AgentService(caller.session, caller.access).delete(agent_uuid, revision)
    return no_content()


@router.operation("GET", f"{PATH}/versions", summary="Get Agent Versions", response=Page[AgentVersion])
async def get_agent_versions(agent_uuid: UUID, caller: Viewer, query: VersionQuery) -> Response:
    """How an agent answered over time, the newest first."""
    service = AgentService(caller.session, caller.access)
    page = await service.versions(agent_uuid, query)
    return listing(page, await service.show_versions(page.rows, query.relations))


@router.operation(
    "GET", f"{PATH}/versions/{{number}}", summary="Retrieve an Agent Version", response=Data[AgentVersion]
)
async def get_agent_version(agent_uuid: UUID, number: Number, caller: Viewer, with_: WithQuery = None) -> Response:
    """How an agent answered as of one version."""
    wanted = relations(with_, VERSION_RELATIONS)
    service = AgentService(caller.session, caller.access)
    row = await service.version(agent_uuid, number)
    return resource((await service.show_versions([row], wanted))[0], row)


@router.operation(
    "GET", f"{PATH}/versions/{{number}}/changes", summary="Compare Agent Versions", response=Data[AgentComparison]
)
async def compare_agent_versions(agent_uuid: UUID, number: Number, caller: Viewer, since: Other) -> Response:
    """What changed from the version `since` to this one, field by field and in words."""
    service = AgentService(caller.session, caller.access)
    return JsonResponse({"data": await service.compare(agent_uuid, since, number)})


@router.operation(
    "POST",
    f"{PATH}/versions/{{number}}/restore",
    summary="Restore an Agent Version",
    response=Data[Agent],
    errors=[412],
)
async def restore_agent_version(agent_uuid: UUID, number: Number, caller: Updater, revision: Revision) -> Response:
    """Has the agent answer again as it did as of one version; that is a new version, and all others stay."""
    service = AgentService(caller.session, caller.access)
    row = await service.restore(agent_uuid, number, revision)
    return resource((await service.show([row], frozenset()))[0], row)


@router.operation("GET", f"{PATH}/channels", summary="Get Agent Channels", response=Page[Channel])
async def get_agent_channels(agent_uuid: UUID, caller: Viewer, query: ChannelQuery) -> Response:
    """The channels that lead to versions of an agent. `draft`, which always leads to the newest, is not listed."""
    page = await AgentService(caller.session, caller.access).channels(agent_uuid, query)
    return listing(page, [present_channel(row) for row in page.rows])


@router.operation("GET", f"{PATH}/channels/{{channel}}", summary="Retrieve an Agent Channel", response=Data[Channel])
async def get_agent_channel(agent_uuid: UUID, channel: ChannelPath, caller: Viewer) -> Response:
    """Where one channel leads."""
    shown, row = await AgentService(caller.session, caller.access).channel(agent_uuid, channel)
    return resource(shown, row)


@router.operation(
    "PUT",
    f"{PATH}/channels/{{channel}}",
    summary="Update an Agent Channel",
    response=Data[Channel],
    errors=[409, 412],
)
async def update_agent_channel(
    agent_uuid: UUID, channel: ChannelPath, caller: Updater, body: ChannelUpdate, revision: Revision
) -> Response:
    """Has a channel lead to a version, or be split between two; a channel that is not there yet is made."""
    row = await AgentService(caller.session, caller.access).publish(agent_uuid, channel, body, revision)
    return resource(present_channel(row), row)


@router.operation(
    "DELETE", f"{PATH}/channels/{{channel}}", summary="Delete an Agent Channel", status=204, errors=[409, 412]
)
async def delete_agent_channel(agent_uuid: UUID, channel: ChannelPath, caller: Updater, revision: Revision) -> Response:
    """Takes a channel away. The version stays."""
    await AgentService(caller.session, caller.access).withdraw(agent_uuid, channel, revision)
    return no_content()

"""``/api/v1/prompts``; running a prompt is in ``runs``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.kit.versions import CHANNEL_LIST, Channel, ChannelPath, ChannelUpdate, present_channel
from athena.permissions import Permission
from athena.prompts.schemas import Prompt, PromptCreate, PromptUpdate, PromptVersion
from athena.prompts.service import LIST, RELATIONS, VERSION_LIST, VERSION_RELATIONS, PromptService

router = Router("Prompt")

Viewer = Annotated[Caller, require(Permission.PROMPTS_VIEW)]
Creator = Annotated[Caller, require(Permission.PROMPTS_CREATE)]
Updater = Annotated[Caller, require(Permission.PROMPTS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.PROMPTS_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
ChannelQuery = Annotated[ListQuery, list_query(CHANNEL_LIST)]
VersionQuery = Annotated[ListQuery, list_query(VERSION_LIST)]
Revision = Annotated[int | None, Depends(if_match)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The version's number.")]

PATH = "/api/v1/prompts/{prompt_uuid}"


@router.operation("GET", "/api/v1/prompts", summary="Get Prompts", response=Page[Prompt])
async def get_prompts(caller: Viewer, query: Query) -> Response:
    """The workspace's prompts, newest first."""
    service = PromptService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("POST", "/api/v1/prompts", summary="Create a Prompt", response=Data[Prompt], status=201)
async def create_prompt(caller: Creator, body: PromptCreate) -> Response:
    """Creates a prompt. Variables that its content names and nobody declared become required text."""
    wanted = relations(body.with_, RELATIONS)
    service = PromptService(caller.session, caller.access)
    row = await service.create(body)
    return resource((await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/prompts/{row['uuid']}")


@router.operation("GET", PATH, summary="Retrieve a Prompt", response=Data[Prompt])
async def get_prompt(prompt_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One prompt, as it is now."""
    wanted = relations(with_, RELATIONS)
    service = PromptService(caller.session, caller.access)
    row = await service.get(prompt_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Prompt", response=Data[Prompt], errors=[412])
async def update_prompt(prompt_uuid: UUID, caller: Updater, body: PromptUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. A change of content, variables, model or metadata is a new version."""
    wanted = relations(body.with_, RELATIONS)
    service = PromptService(caller.session, caller.access)
    row = await service.update(prompt_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Prompt", status=204, errors=[412])
async def delete_prompt(prompt_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a prompt with its versions. Its runs stay."""
    await PromptService(caller.session, caller.access).delete(prompt_uuid, revision)
    return no_content()


@router.operation("GET", f"{PATH}/versions", summary="Get Prompt Versions", response=Page[PromptVersion])
async def get_prompt_versions(prompt_uuid: UUID, caller: Viewer, query: VersionQuery) -> Response:
    """What a prompt said over time, the newest first."""
    service = PromptService(caller.session, caller.access)
    page = await service.versions(prompt_uuid, query)
    return listing(page, await service.show_versions(page.rows, query.relations))


@router.operation(
    "GET", f"{PATH}/versions/{{number}}", summary="Retrieve a Prompt Version", response=Data[PromptVersion]
)
async def get_prompt_version(prompt_uuid: UUID, number: Number, caller: Viewer, with_: WithQuery = None) -> Response:
    """What a prompt said as of one version."""
    wanted = relations(with_, VERSION_RELATIONS)
    service = PromptService(caller.session, caller.access)
    row = await service.version(prompt_uuid, number)
    return resource((await service.show_versions([row], wanted))[0], row)


@router.operation(
    "POST",
    f"{PATH}/versions/{{number}}/restore",
    summary="Restore a Prompt Version",
    response=Data[Prompt],
    errors=[412],
)
async def restore_prompt_version(prompt_uuid: UUID, number: Number, caller: Updater, revision: Revision) -> Response:
    """Has the prompt say again what it said as of one version; that is a new version, and all others stay."""
    service = PromptService(caller.session, caller.access)
    row = await service.restore(prompt_uuid, number, revision)
    return resource((await service.show([row], frozenset()))[0], row)


@router.operation("GET", f"{PATH}/channels", summary="Get Prompt Channels", response=Page[Channel])
async def get_prompt_channels(prompt_uuid: UUID, caller: Viewer, query: ChannelQuery) -> Response:
    """The channels that lead to versions of a prompt. `draft`, which always leads to the newest, is not listed."""
    page = await PromptService(caller.session, caller.access).channels(prompt_uuid, query)
    return listing(page, [present_channel(row) for row in page.rows])


@router.operation("GET", f"{PATH}/channels/{{channel}}", summary="Retrieve a Prompt Channel", response=Data[Channel])
async def get_prompt_channel(prompt_uuid: UUID, channel: ChannelPath, caller: Viewer) -> Response:
    """Where one channel leads."""
    shown, row = await PromptService(caller.session, caller.access).channel(prompt_uuid, channel)
    return resource(shown, row)


@router.operation(
    "PUT",
    f"{PATH}/channels/{{channel}}",
    summary="Update a Prompt Channel",
    response=Data[Channel],
    errors=[409, 412],
)
async def update_prompt_channel(
    prompt_uuid: UUID, channel: ChannelPath, caller: Updater, body: ChannelUpdate, revision: Revision
) -> Response:
    """Has a channel lead to a version, or be split between two; a channel that is not there yet is made."""
    row = await PromptService(caller.session, caller.access).publish(prompt_uuid, channel, body, revision)
    return resource(present_channel(row), row)


@router.operation(
    "DELETE", f"{PATH}/channels/{{channel}}", summary="Delete a Prompt Channel", status=204, errors=[409, 412]
)
async def delete_prompt_channel(
    prompt_uuid: UUID, channel: ChannelPath, caller: Updater, revision: Revision
) -> Response:
    """Takes a channel away. The version stays."""
    await PromptService(caller.session, caller.access).withdraw(prompt_uuid, channel, revision)
    return no_content()

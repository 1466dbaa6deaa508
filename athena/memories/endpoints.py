"""``/api/v1/memories``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.memories.schemas import (
    EmbeddingSettings,
    EmbeddingSettingsUpdate,
    Memory,
    MemoryCreate,
    MemoryUpdate,
)
from athena.memories.service import LIST, RELATIONS, MemoryService
from athena.memories.space_service import EmbeddingSettingsService
from athena.permissions import Permission

router = Router("Memory")

Viewer = Annotated[Caller, require(Permission.MEMORIES_VIEW)]
Creator = Annotated[Caller, require(Permission.MEMORIES_CREATE)]
Updater = Annotated[Caller, require(Permission.MEMORIES_UPDATE)]
Chooser = Annotated[Caller, require(Permission.WORKSPACES_UPDATE)]
Deleter = Annotated[Caller, require(Permission.MEMORIES_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

PATH = "/api/v1/memories/{memory_uuid}"
SETTINGS = "/api/v1/embedding-settings"


@router.operation("GET", "/api/v1/memories", summary="Get Memories", response=Page[Memory])
async def get_memories(caller: Viewer, query: Query) -> Response:
    """Memories, newest first, without those that others supersede.

    `query` finds by meaning and by words; the best come first, in numbered pages, each with its `score`. `search` is
    text that a memory contains, as in every list. Memories of a user are shown to that user, to owners and to admins.
    """
    service = MemoryService(caller.session, caller.access)
    page, scores = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations, scores))


@router.operation(
    "POST", "/api/v1/memories", summary="Create a Memory", response=Data[Memory], status=201, errors=[404]
)
async def create_memory(caller: Creator, body: MemoryCreate) -> Response:
    """Stores something to be known later, in the whole workspace or for one user, agent or thread."""
    wanted = relations(body.with_, RELATIONS)
    service = MemoryService(caller.session, caller.access)
    row = await service.create(body)
    item = (await service.show([row], wanted))[0]
    return resource(item, row, status=201, location=f"/api/v1/memories/{row['uuid']}")


@router.operation("GET", SETTINGS, summary="Retrieve the Embedding Settings", response=Data[EmbeddingSettings])
async def get_embedding_settings(caller: Viewer) -> Response:
    """The model that tells what the workspace's memories mean, and how many are still to be embedded with it."""
    return JsonResponse({"data": await EmbeddingSettingsService(caller.session, caller.access).show()})


@router.operation(
    "PUT", SETTINGS, summary="Update the Embedding Settings", response=Data[EmbeddingSettings], errors=[404, 502, 504]
)
async def update_embedding_settings(caller: Chooser, body: EmbeddingSettingsUpdate) -> Response:
    """Chooses a model, once it has answered. Memories are embedded with it in the background; until all are, searches
    use the former one.
    """
    service = EmbeddingSettingsService(caller.session, caller.access)
    await service.choose(body)
    return JsonResponse({"data": await service.show()})


@router.operation("GET", PATH, summary="Retrieve a Memory", response=Data[Memory])
async def get_memory(memory_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One memory."""
    wanted = relations(with_, RELATIONS)
    service = MemoryService(caller.session, caller.access)
    row = await service.get(memory_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Memory", response=Data[Memory], errors=[412])
async def update_memory(memory_uuid: UUID, caller: Updater, body: MemoryUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. To keep what was known before, create a memory that supersedes it."""
    wanted = relations(body.with_, RELATIONS)
    service = MemoryService(caller.session, caller.access)
    row = await service.update(memory_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Memory", status=204, errors=[412])
async def delete_memory(memory_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a memory. What it superseded is found again."""
    await MemoryService(caller.session, caller.access).delete(memory_uuid, revision)
    return no_content()

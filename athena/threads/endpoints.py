"""``/api/v1/threads``; running a thread and naming it are in ``runs``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission
from athena.threads.schemas import Thread, ThreadCreate, ThreadUpdate
from athena.threads.service import LIST, RELATIONS, ThreadService

router = Router("Thread")

Viewer = Annotated[Caller, require(Permission.THREADS_VIEW)]
Creator = Annotated[Caller, require(Permission.THREADS_CREATE)]
Updater = Annotated[Caller, require(Permission.THREADS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.THREADS_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

PATH = "/api/v1/threads/{thread_uuid}"


@router.operation("GET", "/api/v1/threads", summary="Get Threads", response=Page[Thread])
async def get_threads(caller: Viewer, query: Query) -> Response:
    """The workspace's threads, newest first; `sort=-last_message_at` puts the busiest first."""
    service = ThreadService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("POST", "/api/v1/threads", summary="Create a Thread", response=Data[Thread], status=201, errors=[404])
async def create_thread(caller: Creator, body: ThreadCreate) -> Response:
    """Creates an empty thread."""
    wanted = relations(body.with_, RELATIONS)
    service = ThreadService(caller.session, caller.access)
    row = await service.create(body)
    item = (await service.show([row], wanted))[0]
    return resource(item, row, status=201, location=f"/api/v1/threads/{row['uuid']}")


@router.operation("GET", PATH, summary="Retrieve a Thread", response=Data[Thread])
async def get_thread(thread_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One thread."""
    wanted = relations(with_, RELATIONS)
    service = ThreadService(caller.session, caller.access)
    row = await service.get(thread_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Thread", response=Data[Thread], errors=[412])
async def update_thread(thread_uuid: UUID, caller: Updater, body: ThreadUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names."""
    wanted = relations(body.with_, RELATIONS)
    service = ThreadService(caller.session, caller.access)
    row = await service.update(thread_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Thread", status=204, errors=[412])
async def delete_thread(thread_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a thread with its messages. An answer that is being written is thrown away."""
    await ThreadService(caller.session, caller.access).delete(thread_uuid, revision)
    return no_content()

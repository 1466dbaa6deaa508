"""``/api/v1/messages``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.messages.schemas import Message, MessageCreate, MessageUpdate
from athena.messages.service import LIST, RELATIONS, MessageService
from athena.permissions import Permission

router = Router("Message")

Viewer = Annotated[Caller, require(Permission.MESSAGES_VIEW)]
Creator = Annotated[Caller, require(Permission.MESSAGES_CREATE)]
Updater = Annotated[Caller, require(Permission.MESSAGES_UPDATE)]
Deleter = Annotated[Caller, require(Permission.MESSAGES_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

PATH = "/api/v1/messages/{message_uuid}"


@router.operation("GET", "/api/v1/messages", summary="Get Messages", response=Page[Message])
async def get_messages(caller: Viewer, query: Query) -> Response:
    """Messages, newest first; `thread_uuid` narrows them to one thread, `sort=created_at` puts the oldest first."""
    service = MessageService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation(
    "POST", "/api/v1/messages", summary="Create a Message", response=Data[Message], status=201, errors=[404]
)
async def create_message(caller: Creator, body: MessageCreate) -> Response:
    """Stores a message. To have it answered, run its thread."""
    wanted = relations(body.with_, RELATIONS)
    service = MessageService(caller.session, caller.access)
    row = await service.create(body)
    item = (await service.show([row], wanted))[0]
    return resource(item, row, status=201, location=f"/api/v1/messages/{row['uuid']}")


@router.operation("GET", PATH, summary="Retrieve a Message", response=Data[Message])
async def get_message(message_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One message."""
    wanted = relations(with_, RELATIONS)
    service = MessageService(caller.session, caller.access)
    row = await service.get(message_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Message", response=Data[Message], errors=[409, 412])
async def update_message(message_uuid: UUID, caller: Updater, body: MessageUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. To answer anew, run the thread from this message."""
    wanted = relations(body.with_, RELATIONS)
    service = MessageService(caller.session, caller.access)
    row = await service.update(message_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Message", status=204, errors=[409, 412])
async def delete_message(message_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a message; what follows it then follows its parent."""
    await MessageService(caller.session, caller.access).delete(message_uuid, revision)
    return no_content()

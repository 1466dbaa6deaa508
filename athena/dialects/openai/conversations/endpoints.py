"""``/v1/conversations``."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import Path, Query, Response

from athena.dialects.openai.conversations.schemas import ConversationCreate, ConversationUpdate, ItemsCreate
from athena.dialects.openai.conversations.service import ConversationService, show
from athena.dialects.openai.folding import listed, page
from athena.kit.access import Caller, require
from athena.kit.routing import JsonResponse, Router
from athena.permissions import Permission

PATH: Final = "/v1/conversations"
ONE: Final = f"{PATH}/{{conversation_id}}"
ITEMS: Final = f"{ONE}/items"
ITEM: Final = f"{ITEMS}/{{item_id}}"

router = Router("OpenAI", documented=False)

Viewer = Annotated[Caller, require(Permission.THREADS_VIEW)]
Creator = Annotated[Caller, require(Permission.THREADS_CREATE)]
Updater = Annotated[Caller, require(Permission.THREADS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.THREADS_DELETE)]
Reader = Annotated[Caller, require(Permission.MESSAGES_VIEW)]
Speaker = Annotated[Caller, require(Permission.MESSAGES_CREATE)]
Eraser = Annotated[Caller, require(Permission.MESSAGES_DELETE)]
ConversationId = Annotated[str, Path(max_length=128)]
ItemId = Annotated[str, Path(max_length=128)]


@router.operation("POST", PATH, summary="Create conversation")
async def create_conversation(caller: Creator, body: ConversationCreate) -> Response:
    """Makes a conversation, which is a thread, with its first items."""
    service = ConversationService(caller.session, caller.access)
    return JsonResponse(show(await service.create(body.metadata or {}, body.items or [])))


@router.operation("GET", ONE, summary="Get conversation")
async def get_conversation(caller: Viewer, conversation_id: ConversationId) -> Response:
    """One conversation; any thread of the workspace is one."""
    return JsonResponse(show(await ConversationService(caller.session, caller.access).get(conversation_id)))


@router.operation("POST", ONE, summary="Update conversation")
async def update_conversation(caller: Updater, conversation_id: ConversationId, body: ConversationUpdate) -> Response:
    """Gives a conversation other metadata."""
    service = ConversationService(caller.session, caller.access)
    return JsonResponse(show(await service.update(conversation_id, body.metadata or {})))


@router.operation("DELETE", ONE, summary="Delete conversation")
async def delete_conversation(caller: Deleter, conversation_id: ConversationId) -> Response:
    """Deletes a conversation with its items."""
    await ConversationService(caller.session, caller.access).delete(conversation_id)
    return JsonResponse({"id": conversation_id, "object": "conversation.deleted", "deleted": True})


@router.operation("POST", ITEMS, summary="Create items")
async def create_conversation_items(caller: Speaker, conversation_id: ConversationId, body: ItemsCreate) -> Response:
    """Puts items into a conversation."""
    service = ConversationService(caller.session, caller.access)
    return JsonResponse(page(await service.add(conversation_id, body.items), has_more=False))


@router.operation("GET", ITEMS, summary="List items")
async def list_conversation_items(
    caller: Reader,
    conversation_id: ConversationId,
    after: Annotated[str | None, Query(max_length=128)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> Response:
    """What was said in a conversation."""
    items = await ConversationService(caller.session, caller.access).items(conversation_id)
    return JsonResponse(listed(items, after=after, limit=limit, ascending=order == "asc"))


@router.operation("GET", ITEM, summary="Retrieve item")
async def get_conversation_item(caller: Reader, conversation_id: ConversationId, item_id: ItemId) -> Response:
    """One item."""
    return JsonResponse(await ConversationService(caller.session, caller.access).item(conversation_id, item_id))


@router.operation("DELETE", ITEM, summary="Delete item")
async def delete_conversation_item(caller: Eraser, conversation_id: ConversationId, item_id: ItemId) -> Response:
    """Deletes one item; answers with the conversation."""
    service = ConversationService(caller.session, caller.access)
    return JsonResponse(show(await service.delete_item(conversation_id, item_id)))

"""Conversations: a thread each, whose present branch is told as items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.dialects.openai.folding import Told, unfold
from athena.dialects.openai.ids import id_of
from athena.dialects.openai.items import Item
from athena.dialects.openai.metadata import free, settings_with
from athena.dialects.openai.reading import read
from athena.dialects.openai.speaking import Speaking, thread_of
from athena.dialects.openai.uploads import Uploads
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.messages.schemas import MessageUpdate
from athena.messages.service import MessageService
from athena.permissions import Permission
from athena.threads.schemas import ThreadCreate, ThreadUpdate
from athena.threads.service import ThreadService


class ConversationService:
    """The threads of the caller's workspace, as conversations."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._threads = ThreadService(session, access)
        self._messages = MessageService(session, access)

    async def get(self, conversation_id: str) -> Row:
        """One conversation's thread."""
        return await thread_of(self._session, self._access, conversation_id)

    async def create(self, metadata: Mapping[str, str], items: Sequence[Item]) -> Row:
        """Makes a conversation, with its first items."""
        row = await self._threads.create(ThreadCreate(metadata=settings_with(metadata)))
        if items:
            self._access.require(Permission.MESSAGES_CREATE)
            await self._say(row, items)
        return row

    async def update(self, conversation_id: str, metadata: Mapping[str, str]) -> Row:
        """Gives it this metadata instead of what it has."""
        row = await self.get(conversation_id)
        changes = ThreadUpdate(metadata=settings_with(metadata, row["metadata"]))
        return await self._threads.update(row["uuid"], changes, None)

    async def delete(self, conversation_id: str) -> None:
        """Deletes it with all that was said in it."""
        await self._threads.delete((await self.get(conversation_id))["uuid"], None)

    async def add(self, conversation_id: str, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Puts items into it; as they are then."""
        row = await self.get(conversation_id)
        before = {each.item["id"] for _, each in await self._told(row["uuid"])}
        await self._say(row, items)
        return [each.item for _, each in await self._told(row["uuid"]) if each.item["id"] not in before]

    async def items(self, conversation_id: str) -> list[dict[str, Any]]:
        """All that was said in it, the oldest first."""
        row = await self.get(conversation_id)
        return [each.item for _, each in await self._told(row["uuid"])]

    async def item(self, conversation_id: str, item_id: str) -> dict[str, Any]:
        """One item."""
        row = await self.get(conversation_id)
        return (await self._found(row["uuid"], item_id))[1].item

    async def delete_item(self, conversation_id: str, item_id: str) -> Row:
        """Deletes an item: a message, or its part of one; the conversation's thread."""
        row = await self.get(conversation_id)
        message, told = await self._found(row["uuid"], item_id)
        content: str | list[Any] = message["content"]
        kept = [] if isinstance(content, str) else [x for n, x in enumerate(content) if n not in told.parts]
        if not kept:
            await self._messages.delete(message["uuid"], None)
            return row
        self._access.require(Permission.MESSAGES_UPDATE)
        await self._messages.update(message["uuid"], MessageUpdate.model_validate({"content": kept}), None)
        return row

    async def _say(self, row: Row, items: Sequence[Item]) -> None:
        read_items = await read(items, Uploads(self._session, self._access), "items")
        await Speaking(self._session, self._access, row).say(read_items, "items")

    async def _found(self, thread_uuid: UUID, item_id: str) -> tuple[Row, Told]:
        for row, told in await self._told(thread_uuid):
            if told.item["id"] == item_id:
                return row, told
        raise NotFound(f"There is no item {item_id[:100]} in this conversation.")

    async def _told(self, thread_uuid: UUID) -> list[tuple[Row, Told]]:
        tip = await self._messages.tip(thread_uuid)
        rows = [] if tip is None else await self._messages.branch(tip)
        attached = await self._messages.attached_media([row["uuid"] for row in rows])
        return [
            (row, told)
            for row in rows
            if row["content"] or row["uuid"] in attached
            for told in unfold(
                (row["run_uuid"] if row["role"] == "assistant" else None) or row["uuid"],
                row["role"],
                row["content"],
                status="completed" if row["status"] == "completed" else "incomplete",
                attached=attached.get(row["uuid"], ()),
            )
        ]


def show(row: Row) -> dict[str, Any]:
    """A thread as a conversation."""
    return {
        "id": id_of("conv_", row["uuid"]),
        "object": "conversation",
        "created_at": int(row["created_at"].timestamp()),
        "metadata": free(row["metadata"]),
    }

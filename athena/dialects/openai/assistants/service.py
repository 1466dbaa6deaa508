"""Assistants are agents; threads and messages are threads and messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from athena.agents.schemas import AgentCreate, AgentUpdate
from athena.agents.service import LIST as AGENTS
from athena.agents.service import AgentService
from athena.dialects.asking import reason
from athena.dialects.files import part_of
from athena.dialects.openai.assistants.schemas import (
    AssistantCreate,
    AssistantUpdate,
    ImageFilePart,
    MessageCreate,
    TextPart,
    ThreadCreate,
)
from athena.dialects.openai.assistants.shown import texts
from athena.dialects.openai.ids import unknown, uuid_of
from athena.dialects.openai.metadata import settings_with
from athena.dialects.openai.schemas import Metadata
from athena.dialects.openai.slices import slice_of
from athena.dialects.openai.uploads import Uploads
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.kit.pagination import RowPage
from athena.messages.schemas import MessageCreate as StoredMessage
from athena.messages.schemas import MessageUpdate
from athena.messages.service import LIST as MESSAGES
from athena.messages.service import MessageService
from athena.permissions import Permission
from athena.threads.schemas import ThreadCreate as StoredThread
from athena.threads.schemas import ThreadUpdate
from athena.threads.service import ThreadService


class AssistantService:
    """The agents of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._agents = AgentService(session, access)

    async def page(self, *, after: str | None, limit: int, ascending: bool) -> RowPage:
        """Some of them."""
        place = None if after is None else uuid_of("asst_", after)
        return await self._agents.page(slice_of(AGENTS, after=place, limit=limit, ascending=ascending))

    async def get(self, assistant_id: str, param: str | None = None) -> Row:
        """One agent; ``param``: the request's field that names it, where one does."""
        try:
            return await self._agents.get(uuid_of("asst_", assistant_id))
        except NotFound as error:
            raise unknown("asst_", assistant_id, param) from error

    async def create(self, given: AssistantCreate) -> Row:
        """Makes an agent."""
        settings = {} if given.temperature is None else {"temperature": given.temperature}
        metadata = settings_with(given.metadata or {}, settings=settings)
        fields = {"name": "Assistant", **given.fields, "model": given.model, "metadata": metadata}
        return await self._agents.create(_checked(AgentCreate, fields))

    async def update(self, assistant_id: str, given: AssistantUpdate) -> Row:
        """Changes what is named."""
        row = await self.get(assistant_id)
        fields = given.fields
        if given.model is not None:
            fields["model"] = given.model
        settings = {"temperature": given.temperature} if "temperature" in given.model_fields_set else {}
        if given.metadata is not None:
            fields["metadata"] = settings_with(given.metadata, row["metadata"], settings)
        elif settings:
            fields["metadata"] = settings_with({}, settings=settings)
        return await self._agents.update(row["uuid"], _checked(AgentUpdate, fields), None)

    async def delete(self, assistant_id: str) -> None:
        """Deletes an agent. What it said stays."""
        await self._agents.delete((await self.get(assistant_id))["uuid"], None)


def _checked(model: Any, fields: dict[str, Any]) -> Any:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        where = {"output_schema": "response_format", "system_prompt": "instructions"}
        name = str(error.errors()[0]["loc"][0])
        raise ValidationFailed.of(where.get(name, name), reason(error)) from error


class AssistantThreads:
    """The threads of the caller's workspace, and what was said in them."""

    def __init__(self, session: Session, access: Access) -> None:
        self._access = access
        self._threads = ThreadService(session, access)
        self._messages = MessageService(session, access)
        self._uploads = Uploads(session, access)

    async def get(self, thread_id: str) -> Row:
        """One thread."""
        try:
            return await self._threads.get(uuid_of("thread_", thread_id))
        except NotFound as error:
            raise unknown("thread_", thread_id) from error

    async def create(self, given: ThreadCreate, where: str = "") -> Row:
        """Makes a thread, with its first messages; ``where``: what stands before the request's fields, for errors."""
        row = await self._threads.create(StoredThread(metadata=settings_with(given.metadata or {})))
        if given.messages:
            self._access.require(Permission.MESSAGES_CREATE)
        await self.add(row, given.messages or (), f"{where}messages.")
        return row

    async def update(self, thread_id: str, metadata: Metadata | None) -> Row:
        """Gives it other metadata."""
        row = await self.get(thread_id)
        if metadata is None:
            return row
        changes = ThreadUpdate(metadata=settings_with(metadata, row["metadata"]))
        return await self._threads.update(row["uuid"], changes, None)

    async def delete(self, thread_id: str) -> None:
        """Deletes it with all that was said in it."""
        await self._threads.delete((await self.get(thread_id))["uuid"], None)

    async def add(self, thread: Row, messages: Sequence[MessageCreate], where: str) -> list[Row]:
        """Puts messages into a thread, each behind the one before."""
        return [await self._add(thread, each, f"{where}{number}.") for number, each in enumerate(messages)]

    async def say(self, thread_id: str, given: MessageCreate) -> Row:
        """Puts one message into a thread."""
        return await self._add(await self.get(thread_id), given, "")

    async def _add(self, thread: Row, given: MessageCreate, where: str) -> Row:
        content: Any = given.content
        if not isinstance(given.content, str):
            content = [await self._part(part, f"{where}content.{at}") for at, part in enumerate(given.content)]
        files = [
            await self._uploads.named(each.file_id, f"{where}attachments.{at}.file_id")
            for at, each in enumerate(given.attachments or ())
        ]
        fields = {"thread_uuid": thread["uuid"], "role": given.role, "content": content}
        attachments = [{"media_uuid": row["uuid"]} for row in files]
        try:
            stored = StoredMessage.model_validate(
                {**fields, "attachments": attachments, "metadata": dict(given.metadata or {})}
            )
        except ValidationError as error:
            raise ValidationFailed.of(f"{where}content", reason(error)) from error
        return await self._messages.create(stored)

    async def _part(self, part: Any, where: str) -> dict[str, Any]:
        match part:
            case TextPart():
                return {"type": "text", "text": part.text}
            case ImageFilePart():
                return part_of(await self._uploads.named(part.image_file.file_id, f"{where}.image_file.file_id"))
            case _:
                return part_of(await self._uploads.stored(part.image_url.url, f"{where}.image_url.url"))

    async def page(
        self, thread_id: str, *, after: str | None, limit: int, ascending: bool, run_id: str | None
    ) -> RowPage:
        """Some of a thread's messages."""
        filters = {"thread_uuid": (await self.get(thread_id))["uuid"]}
        if run_id is not None:
            filters["run_uuid"] = uuid_of("run_", run_id)
        place = None if after is None else uuid_of("msg_", after)
        return await self._messages.page(
            slice_of(MESSAGES, after=place, limit=limit, ascending=ascending, filters=filters)
        )

    async def message(self, thread_id: str, message_id: str) -> Row:
        """One message of a thread."""
        thread = await self.get(thread_id)
        try:
            row = await self._messages.get(uuid_of("msg_", message_id))
        except NotFound as error:
            raise unknown("msg_", message_id) from error
        if row["thread_uuid"] != thread["uuid"]:
            raise unknown("msg_", message_id)
        return row

    async def change_message(self, thread_id: str, message_id: str, metadata: Metadata | None) -> Row:
        """Gives a message other metadata."""
        row = await self.message(thread_id, message_id)
        if metadata is None:
            return row
        gone = dict.fromkeys(texts(row["metadata"]).keys() - metadata.keys())
        return await self._messages.update(row["uuid"], MessageUpdate(metadata={**gone, **metadata}), None)

    async def delete_message(self, thread_id: str, message_id: str) -> None:
        """Deletes a message."""
        await self._messages.delete((await self.message(thread_id, message_id))["uuid"], None)

    async def attached(self, rows: Sequence[Row]) -> dict[Any, list[tuple[Any, str]]]:
        """The media that came with messages."""
        return dict(await self._messages.attached_media([row["uuid"] for row in rows]))

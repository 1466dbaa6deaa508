"""The rules of messages: where each belongs in its thread's tree, and what comes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.large_language_models.parameters import merge_metadata
from athena.llm.types import Usage
from athena.media.service import MediaService
from athena.media.storage import DOCUMENTS
from athena.messages.repository import TEXT, MessageRepository
from athena.messages.schemas import MediaContent, MessageContent, MessageCreate, MessageUpdate, Role, Status
from athena.users import service as users

RELATIONS = ("attachments", "creator")

LIST = ListOptions(
    sortable={"created_at": "uuid"},
    searchable=(TEXT,),
    filters={
        "thread_uuid": UUID,
        "parent_uuid": UUID,
        "run_uuid": UUID,
        "agent_uuid": UUID,
        "role": Role,
        "status": Status,
        "feedback_rating": Literal["-1", "1"],
    },
    # The first half is what the index of rated messages is for.
    columns={"feedback_rating": "(messages.feedback IS NOT NULL AND messages.feedback ->> 'rating' = {})"},
    relations=RELATIONS,
)


class MessageService:
    """The messages of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._messages = MessageRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of messages."""
        return await self._messages.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One message; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._messages.get(uuid)

    async def create(self, given: MessageCreate) -> Row:
        """Stores a message in a thread."""
        await self.lock_thread(given.thread_uuid)
        if "parent_uuid" in given.model_fields_set:
            parent_uuid = await self.parent(given.thread_uuid, given.parent_uuid)
        else:
            parent_uuid = await self.tip(given.thread_uuid)
        row = await self.add(given.thread_uuid, given, role=given.role, parent_uuid=parent_uuid)
        self._messages.note("created", row["uuid"])
        return row

    async def lock_thread(self, thread_uuid: UUID) -> None:
        """Takes the thread for this transaction, so that its messages get one order."""
        if not await self._messages.touch_thread(thread_uuid):
            raise NotFound("The thread does not exist in this workspace.")

    async def tip(self, thread_uuid: UUID) -> UUID | None:
        """The thread's latest message, which the next one follows."""
        latest = await self._messages.latest(thread_uuid)
        return latest["uuid"] if latest else None

    async def parent(self, thread_uuid: UUID, uuid: UUID | None) -> UUID | None:
        """``uuid``, checked to be a message of this thread."""
        if uuid is not None and (await self.get(uuid))["thread_uuid"] != thread_uuid:
            raise ValidationFailed.of("parent_uuid", "This message is in another thread.")
        return uuid

    async def to_answer(self, thread_uuid: UUID, uuid: UUID | None) -> Row:
        """The user's message ``uuid``, or the thread's last one."""
        if uuid is None:
            row = await self._messages.latest(thread_uuid, role="user")
            if row is None:
                raise ValidationFailed.of("message", "The thread has no user message to answer.")
            return row
        row = await self.get(uuid)
        if row["thread_uuid"] != thread_uuid or row["role"] != "user":
            raise ValidationFailed.of("parent_uuid", "This is no user message of this thread.")
        return row

    async def add(self, thread_uuid: UUID, given: MessageContent, *, role: Role, parent_uuid: UUID | None) -> Row:
        """Stores a complete message with its attachments. The log of changes has it with the run that it is part of."""
        files = await self.files(given)
        row = await self._messages.insert(
            {
                "uuid": new_uuid(),
                "thread_uuid": thread_uuid,
                "parent_uuid": parent_uuid,
                "creator_uuid": self._access.user_uuid,
                "role": role,
                "content": dump_content(given),
                "status": "completed",
                "metadata": given.metadata,
            },
            verb="",
        )
        if files:
            await self._messages.attach(row["uuid"], thread_uuid, files)
        return row

    async def expect_answer(
        self, thread_uuid: UUID, *, parent_uuid: UUID, run_uuid: UUID, agent_uuid: UUID | None, model: str | None
    ) -> UUID:
        """Stores the place of an answer that a run will give."""
        uuid = new_uuid()
        await self._messages.insert(
            {
                "uuid": uuid,
                "thread_uuid": thread_uuid,
                "parent_uuid": parent_uuid,
                "run_uuid": run_uuid,
                "agent_uuid": agent_uuid,
                "role": "assistant",
                "content": "",
                "model": model,
                "status": "pending",
                "metadata": {},
            },
            verb="",
        )
        return uuid

    async def finish(
        self,
        uuid: UUID,
        *,
        status: Status,
        content: str | Sequence[Mapping[str, Any]],
        model: str,
        usage: Usage,
        cost: Decimal | None,
        metadata: dict[str, Any],
    ) -> None:
        """Stores an answer. Nothing happens when its message was deleted meanwhile."""
        await self._messages.finish(
            uuid,
            status=status,
            content=_storable_content(content),
            model=model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost=cost,
            metadata=metadata,
        )

    async def end(
        self,
        uuid: UUID,
        *,
        status: str,
        content: str | Sequence[Mapping[str, Any]] | None,
        error: Mapping[str, str] | None,
    ) -> None:
        """Ends an answer that did not come to its end by itself; ``content`` None leaves what there is."""
        text = None if content is None else _storable_content(content)
        why = None if error is None else {key: storable(value) for key, value in error.items()}
        await self._messages.end(uuid, status=status, content=text, error=why)

    async def attached_media(self, uuids: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
        """The media and name of each message's attachments; messages without any are left out."""
        found: dict[UUID, list[tuple[UUID, str]]] = {}
        for row in await self._messages.attachments("message_uuid", uuids):
            found.setdefault(row["message_uuid"], []).append((row["uuid"], row["attachment_name"]))
        return found

    async def update(self, uuid: UUID, given: MessageUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names. An answer that is being written cannot be changed."""
        row = await self._held(uuid)
        if row["status"] == "pending":
            raise Conflict("The answer is still being written; cancel its run first.", code="message_running")
        changes = given.changes()
        if "content" in changes:
            await self.files(given)
            changes["content"] = dump_content(given)
        if "metadata" in changes:
            changes["metadata"] = merge_metadata(row["metadata"], changes["metadata"])
        if given.feedback is not None:
            if row["role"] != "assistant":
                raise ValidationFailed.of("feedback", "Only an assistant's message can be rated.")
            by = {"user_uuid": str(self._access.user_uuid), "created_at": clock.rfc3339(clock.now())}
            changes["feedback"] = given.feedback.model_dump() | by
        return await self._messages.update(uuid, changes, revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a message; what follows it then follows its parent."""
        row = await self._held(uuid)
        if row["status"] == "pending" or await self._messages.is_being_answered(uuid):
            raise Conflict("The answer is still being written; cancel its run first.", code="message_running")
        await self._messages.detach_children(uuid, row["parent_uuid"])
        await self._messages.delete(uuid, revision)

    async def _held(self, uuid: UUID) -> Row:
        """One message, whose thread nobody else changes before this transaction ends."""
        await self._messages.lock_thread((await self._messages.get(uuid))["thread_uuid"])
        return await self._messages.get(uuid)

    async def files(self, given: MessageContent | MessageUpdate) -> list[tuple[UUID, str]]:
        """The attachments' media and names, and a check that everything uploaded that is named exists."""
        attached = given.attachments if isinstance(given, MessageContent) else []
        inline = [part.media_uuid for part in given.content if isinstance(part, MediaContent)]
        wanted = [file.media_uuid for file in attached]
        if not wanted and not inline:
            return []
        found = await MediaService(self._session, self._access).rows([*wanted, *inline])
        if found.keys() != {*wanted, *inline}:
            raise NotFound("A file that the message names does not exist in this workspace.")
        if any(row["mime_type"] in DOCUMENTS for row in found.values()):
            field = "attachments" if any(found[uuid]["mime_type"] in DOCUMENTS for uuid in wanted) else "content"
            raise ValidationFailed.of(field, "Messages take images and text. Train an agent with a PDF or DOCX.")
        return [(file.media_uuid, file.name or found[file.media_uuid]["name"]) for file in attached]

    async def attachments(
        self, column: Literal["message_uuid", "thread_uuid"], uuids: Sequence[UUID]
    ) -> dict[UUID, list[dict[str, Any]]]:
        """The attachments of messages or threads, by their uuid, in one query."""
        rows = await self._messages.attachments(column, uuids)
        media = MediaService(self._session, self._access)
        found: dict[UUID, list[dict[str, Any]]] = {uuid: [] for uuid in uuids}
        for row in rows:
            found[row[column]].append(
                {"uuid": str(row["attachment_uuid"]), "name": row["attachment_name"], "media": media.show(row)}
            )
        return found

    async def of_threads(self, uuids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        """The last messages of each thread, oldest first, for threads that are shown with them."""
        rows = await self._messages.last_of_threads(uuids)
        found: dict[UUID, list[dict[str, Any]]] = {uuid: [] for uuid in uuids}
        for row in rows:
            found[row["thread_uuid"]].append(present(row))
        return found

    async def branch(self, uuid: UUID) -> list[Row]:
        """A message and all before it, oldest first."""
        return await self._messages.branch(uuid)

    async def show(self, rows: Sequence[Row], wanted: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [present(row) for row in rows]
        if "attachments" in wanted:
            attached = await self.attachments("message_uuid", [row["uuid"] for row in rows])
            for item, row in zip(items, rows, strict=True):
                item["attachments"] = attached[row["uuid"]]
        if "creator" in wanted:
            creators = await users.by_ids(self._session, [r["creator_uuid"] for r in rows if r["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = creators.get(row["creator_uuid"])
        return items


def dump_content(given: MessageContent | MessageUpdate) -> str | list[Mapping[str, Any]]:
    """Content as it is stored: text, or JSON parts."""
    if isinstance(given.content, str):
        return given.content
    return [part.model_dump(mode="json", exclude_defaults=True) | {"type": part.type} for part in given.content]


def storable(text: str) -> str:
    """``text`` as the database takes it: a model can send NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _storable_content(content: str | Sequence[Mapping[str, Any]]) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return storable(content)
    return [
        {name: storable(value) if isinstance(value, str) else value for name, value in part.items()} for part in content
    ]


def present(row: Row) -> dict[str, Any]:
    """A message's row as the API shows it, without relations."""
    has_usage = row["input_tokens"] is not None or row["output_tokens"] is not None
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "thread_uuid": row["thread_uuid"],
        "parent_uuid": row["parent_uuid"],
        "run_uuid": row["run_uuid"],
        "agent_uuid": row["agent_uuid"],
        "role": row["role"],
        "content": row["content"],
        "model": row["model"],
        "usage": {
            "input_tokens": row["input_tokens"],
            "output_tokens": row["output_tokens"],
            "cost": float(row["cost"]) if row["cost"] is not None else None,
        }
        if has_usage
        else None,
        "status": row["status"],
        "error": row["error"],
        "metadata": row["metadata"],
        "feedback": {"comment": None, "user_uuid": None, "created_at": None, **row["feedback"]}
        if row["feedback"]
        else None,
        "attachments": None,
        "creator": None,
    }

"""Items put into a conversation: new messages of its thread, and results beside the calls that wait for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from athena.dialects.asking import reason
from athena.dialects.openai.folding import fold
from athena.dialects.openai.ids import unknown, uuid_of
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound, ValidationFailed
from athena.messages.schemas import MessageCreate, MessageUpdate
from athena.messages.service import MessageService
from athena.permissions import Permission
from athena.threads.service import ThreadService


async def thread_of(session: Session, access: Access, conversation_id: str, param: str | None = None) -> Row:
    """A conversation's thread; ``param``: the request's field that names it, where one does."""
    try:
        return await ThreadService(session, access).get(uuid_of("conv_", conversation_id))
    except NotFound as error:
        raise unknown("conv_", conversation_id, param) from error


class Speaking:
    """What is said in one thread."""

    def __init__(self, session: Session, access: Access, thread: Row) -> None:
        self.thread = thread
        self._access = access
        self._messages = MessageService(session, access)

    @classmethod
    async def of(cls, session: Session, access: Access, conversation_id: str, param: str | None = None) -> Speaking:
        """In the thread of a conversation."""
        return cls(session, access, await thread_of(session, access, conversation_id, param))

    async def say(self, items: Sequence[Mapping[str, Any]], where: str) -> Row:
        """Stores items; the thread's last message then. ``where``: the request's field, for errors."""
        thread_uuid = self.thread["uuid"]
        await self._messages.lock_thread(thread_uuid)
        tip_uuid = await self._messages.tip(thread_uuid)
        tip = None if tip_uuid is None else await self._messages.get(tip_uuid)
        said = [] if tip is None else [{"role": tip["role"], "content": _copied(tip["content"])}]
        sealed = len(said)
        fold(said, items, where, sealed=sealed)
        if [each["role"] for each in said[sealed:]] not in ([], ["user"]):
            # Whoever may only have something answered says one thing, in the user's own name.
            self._access.require(Permission.MESSAGES_CREATE)
        try:
            if tip is not None and said[0]["content"] != tip["content"]:
                self._access.require(Permission.MESSAGES_UPDATE)
                change = MessageUpdate.model_validate({"content": said[0]["content"]})
                tip = await self._messages.update(tip["uuid"], change, None)
            for message in said[sealed:]:
                given = MessageCreate.model_validate({**message, "thread_uuid": thread_uuid})
                tip = await self._messages.create(given)
        except ValidationError as error:
            raise ValidationFailed.of(where, reason(error)) from error
        assert tip is not None  # noqa: S101 - there is an item at least
        return tip


def _copied(content: Any) -> Any:
    return content if isinstance(content, str) else list(content)

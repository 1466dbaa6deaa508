"""All SQL of messages and attachments."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from athena.kit import clock
from athena.kit.db import Row
from athena.kit.ids import new_uuid
from athena.kit.repository import Repository
from athena.messages.models import messages

MAXIMUM_HISTORY = 2_000

TEXT = "athena_message_text(content)"
"""What a message says, as text, for searching."""


class MessageRepository(Repository):
    """The messages of one workspace."""

    table = messages
    recorded = "message"
    counted = True
    found_by = "athena_find_messages"

    async def touch_thread(self, thread_uuid: UUID) -> bool:
        """Marks the thread as spoken in, which also orders its messages; false when there is no such thread."""
        touched = await self.session.execute(
            "UPDATE threads SET last_message_at = $3 WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            thread_uuid,
            clock.now(),
        )
        return touched == 1

    async def lock_thread(self, thread_uuid: UUID) -> None:
        """Takes the thread for this transaction: until its end nobody says anything in it."""
        await self.session.execute(
            "SELECT FROM threads WHERE workspace_uuid = $1 AND uuid = $2 FOR NO KEY UPDATE",
            self.workspace_uuid,
            thread_uuid,
        )

    async def is_being_answered(self, uuid: UUID) -> bool:
        """Whether an answer to this message is still being written."""
        return await self.session.value(
            "SELECT EXISTS (SELECT FROM messages "
            "WHERE workspace_uuid = $1 AND parent_uuid = $2 AND status = 'pending')",
            self.workspace_uuid,
            uuid,
        )

    async def latest(self, thread_uuid: UUID, role: str | None = None) -> Row | None:
        """The newest message of a thread, of one role or of any."""
        return await self.session.fetch_one(
            f"SELECT {self.columns} FROM messages WHERE workspace_uuid = $1 AND thread_uuid = $2 "
            "AND ($3::text IS NULL OR role = $3) ORDER BY uuid DESC LIMIT 1",
            self.workspace_uuid,
            thread_uuid,
            role,
        )

    async def last_of_threads(self, thread_uuids: Sequence[UUID], limit: int = 100) -> list[Row]:
        """The last messages of each thread, oldest first, in one query."""
        return await self.session.fetch(
            f"""
            SELECT {self.columns} FROM unnest($2::uuid[]) AS wanted(thread_uuid)
            CROSS JOIN LATERAL (
                SELECT * FROM messages m WHERE m.workspace_uuid = $1 AND m.thread_uuid = wanted.thread_uuid
                ORDER BY m.uuid DESC LIMIT {limit}
            ) AS messages ORDER BY messages.uuid
            """,
            self.workspace_uuid,
            list(thread_uuids),
        )

    async def branch(self, uuid: UUID) -> list[Row]:
        """A message and all before it in its branch, oldest first; at most the last :data:`MAXIMUM_HISTORY`."""
        return await self.session.fetch(
            f"""
            WITH RECURSIVE branch AS (
                SELECT m.*, 1 AS depth FROM messages m WHERE m.workspace_uuid = $1 AND m.uuid = $2
                UNION ALL
                SELECT m.*, b.depth + 1 FROM branch b
                JOIN messages m ON m.workspace_uuid = $1 AND m.uuid = b.parent_uuid
                WHERE b.depth < {MAXIMUM_HISTORY}
            )
            SELECT uuid, run_uuid, role, content, status, metadata FROM branch ORDER BY depth DESC
            """,
            self.workspace_uuid,
            uuid,
        )

    async def finish(  # noqa: PLR0913 - one argument per column
        self,
        uuid: UUID,
        *,
        status: str,
        content: str | list[dict[str, Any]],
        model: str,
        input_tokens: int,
        output_tokens: int,
        cost: Decimal | None,
        metadata: dict[str, Any],
    ) -> None:
        """Stores an answer. Nothing happens when the message was deleted meanwhile."""
        await self.session.execute(
            "UPDATE messages SET status = $3, content = $4, model = $5, input_tokens = $6, output_tokens = $7, "
            "cost = $8, metadata = metadata || $9, updated_at = $10, revision = revision + 1 "
            "WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            uuid,
            status,
            content,
            model,
            input_tokens,
            output_tokens,
            cost,
            metadata,
            clock.now(),
        )

    async def end(self, uuid: UUID, *, status: str, content: str | list[dict[str, Any]] | None, error: Any) -> None:
        """Ends a message that is still pending; ``content`` None leaves what there is."""
        await self.session.execute(
            "UPDATE messages SET status = $3, content = coalesce($4, content), error = $5, updated_at = $6, "
            "revision = revision + 1 WHERE workspace_uuid = $1 AND uuid = $2 AND status = 'pending'",
            self.workspace_uuid,
            uuid,
            status,
            content,
            error,
            clock.now(),
        )

    async def detach_children(self, uuid: UUID, parent_uuid: UUID | None) -> None:
        """Lets what follows a message follow its parent instead, so that a deletion leaves no gap in a branch."""
        await self.session.execute(
            "UPDATE messages SET parent_uuid = $3 WHERE workspace_uuid = $1 AND parent_uuid = $2",
            self.workspace_uuid,
            uuid,
            parent_uuid,
        )

    async def attach(self, message_uuid: UUID, thread_uuid: UUID, files: Sequence[tuple[UUID, str]]) -> None:
        """Stores a message's attachments: media and name of each, in order."""
        await self.session.execute_many(
            "INSERT INTO attachments (workspace_uuid, uuid, message_uuid, thread_uuid, media_uuid, name, position) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                (self.workspace_uuid, new_uuid(), message_uuid, thread_uuid, media_uuid, name, position)
                for position, (media_uuid, name) in enumerate(files)
            ],
        )

    async def attachments(self, column: str, uuids: Sequence[UUID]) -> list[Row]:
        """The attachments of messages (``column`` is ``message_uuid``) or of threads (``thread_uuid``), in order.

        Each is its file's row with ``attachment_uuid``, ``attachment_name``, ``message_uuid`` and ``thread_uuid``.
        """
        return await self.session.fetch(
            "SELECT media.*, a.uuid AS attachment_uuid, a.name AS attachment_name, a.message_uuid, a.thread_uuid "
            "FROM attachments a JOIN media ON media.workspace_uuid = a.workspace_uuid AND media.uuid = a.media_uuid "
            f"WHERE a.workspace_uuid = $1 AND a.{column} = ANY($2) ORDER BY a.message_uuid, a.position",
            self.workspace_uuid,
            list(uuids),
        )

"""Finds memories, and stores them, within what the caller may know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from athena.kit.db import Row, Session
from athena.kit.ids import derived_uuid, new_uuid
from athena.memories.schemas import MemoryCreate
from athena.memories.service import MemoryService
from athena.permissions import Permission
from athena.tools.base import JsonObject, ToolCall, ToolFailed, ToolResult
from athena.tools.builtins.base import Builtin
from athena.tools.results import json_result
from athena.tools.transactions import in_transaction


class MemorySearch(Builtin):
    """What is known about something."""

    name = "memory_search"
    title = "Search memories"
    description = (
        "Finds what is known from earlier about something: in the workspace, for this agent, in this conversation, and "
        "of the person who is talking. Finds by meaning and by words; the best come first."
    )
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": 2_000, "pattern": r"\S"},
            "limit": {"type": "integer", "minimum": 1, "maximum": 20, "description": "Left out: 8."},
        },
        "required": ["query"],
        "additionalProperties": False,
    }

    async def call(self, call: ToolCall, hosts: Sequence[str] | None) -> ToolResult:  # noqa: ARG002 - it asks nobody
        """The memories, the best first; that they were used is counted."""
        call.access.require(Permission.MEMORIES_VIEW)

        async def search(session: Session) -> list[dict[str, Any]]:
            memories = MemoryService(session, call.access)
            found = await memories.search(
                call.arguments["query"],
                limit=call.arguments.get("limit", 8),
                agent_uuid=call.agent_uuid,
                thread_uuid=call.thread_uuid,
                user_uuid=call.access.user_uuid,
            )
            await memories.touch([row["uuid"] for row, _ in found])
            return [_found(row, score) for row, score in found]

        items = await in_transaction(call, search)
        return json_result(items, details={"memory_uuids": [each["uuid"] for each in items]})


def _found(row: Row, score: float) -> dict[str, Any]:
    facts = {name: row[name] for name in ("content", "kind", "scope")}
    return {"uuid": str(row["uuid"]), **facts, "score": round(score, 4)}


class MemoryWrite(Builtin):
    """A new memory."""

    name = "memory_write"
    title = "Store a memory"
    description = (
        "Stores something that is to be known later, in one sentence that is understood by itself. Of the person who "
        "is talking, unless `scope` says otherwise: what everybody in the workspace should know, what this agent alone "
        "should, or what counts in this conversation."
    )
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "content": {"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": r"\S"},
            "kind": {"enum": ["fact", "preference", "episode"], "description": "Left out: fact."},
            "scope": {"enum": ["user", "workspace", "agent", "thread"], "description": "Left out: user."},
        },
        "required": ["content"],
        "additionalProperties": False,
    }

    async def call(self, call: ToolCall, hosts: Sequence[str] | None) -> ToolResult:  # noqa: ARG002 - it asks nobody
        """The memory, which a repetition finds in its place. It goes with the conversation that it comes from."""
        call.access.require(Permission.MEMORIES_CREATE)
        given = MemoryCreate.model_validate(_values(call))
        uuid = derived_uuid(call.run_uuid, call.idempotency_key) if call.run_uuid else new_uuid()

        async def store(session: Session) -> Row:
            return await MemoryService(session, call.access).create(given, uuid)

        row = await in_transaction(call, store)
        facts = {name: row[name] for name in ("content", "kind", "scope")}
        return json_result({"uuid": str(row["uuid"]), **facts}, details={"memory_uuids": [str(row["uuid"])]})


def _values(call: ToolCall) -> dict[str, Any]:
    scope = call.arguments.get("scope", "user")
    values: dict[str, Any] = {
        "content": call.arguments["content"],
        "kind": call.arguments.get("kind", "fact"),
        "scope": scope,
    }
    places = {"agent": call.agent_uuid, "thread": call.thread_uuid}
    if scope in places:
        if places[scope] is None:
            raise ToolFailed("invalid_arguments", f"There is no {scope} here to which the memory could belong.")
        values[f"{scope}_uuid"] = places[scope]
    if call.thread_uuid is not None:
        values["source"] = {"type": "thread", "uuid": call.thread_uuid}
    return values

"""Finds memories."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from athena.kit.db import Session
from athena.kit.schemas import Uuid
from athena.memories.schemas import SearchText
from athena.memories.service import MemoryService
from athena.node_types.base import Config, EffectCall, EffectNode, JsonObject, Result
from athena.node_types.failures import in_transaction, require
from athena.permissions import Permission


class MemorySearchConfig(Config):
    """What is looked for, and where."""

    query: Annotated[
        SearchText,
        Field(description="Finds by meaning and by words; the best come first.", examples=["{{ input.question }}"]),
    ]
    agent_uuid: Annotated[Uuid | None, Field(description="Also what this agent remembers.")] = None
    thread_uuid: Annotated[Uuid | None, Field(description="Also what counts in this thread.")] = None
    user_uuid: Annotated[
        Uuid | None,
        Field(description="Also what is known of this user; of others than who started it, owners and admins only."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=100, description="How many are given at most.")] = 10


class MemorySearch(EffectNode[MemorySearchConfig]):
    """What is known about something."""

    type = "memory_search"
    name = "Search memories"
    description = "Gives what is known about something in the workspace, and for an agent, a thread or a user."
    category = "ai"
    config = MemorySearchConfig
    output_schema: ClassVar[JsonObject] = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "uuid": {"type": "string", "format": "uuid"},
                "content": {"type": "string"},
                "kind": {"enum": ["fact", "preference", "episode", "knowledge"]},
                "score": {"type": "number", "description": "How well it fits, at most 1."},
            },
            "required": ["uuid", "content", "kind", "score"],
        },
    }

    async def execute(self, config: MemorySearchConfig, call: EffectCall) -> Result:
        """The memories, the best first; that they were used is counted."""
        require(call, Permission.MEMORIES_VIEW)

        async def search(session: Session) -> list[dict[str, Any]]:
            memories = MemoryService(session, call.access, call.spender)
            found = await memories.search(
                config.query,
                limit=config.limit,
                agent_uuid=config.agent_uuid,
                thread_uuid=config.thread_uuid,
                user_uuid=config.user_uuid,
            )
            await memories.touch([row["uuid"] for row, _ in found])
            return [
                {"uuid": str(row["uuid"]), "content": row["content"], "kind": row["kind"], "score": round(score, 4)}
                for row, score in found
            ]

        return Result({"output": await in_transaction(call, search)})

"""Stores a memory."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from athena.kit.db import Row, Session
from athena.kit.ids import derived_uuid
from athena.kit.schemas import Time, Uuid
from athena.memories.schemas import Confidence, Content, Kind, MemoryCreate, MemoryScope
from athena.memories.service import MemoryService
from athena.node_types.base import Config, EffectCall, EffectNode, JsonObject, Result
from athena.node_types.failures import in_transaction, require
from athena.permissions import Permission


class MemoryWriteConfig(Config):
    """What is to be known, and where it counts."""

    content: Annotated[
        Content, Field(description="What is to be known.", examples=["{{ input.name }} prefers answers in Spanish."])
    ]
    kind: Annotated[Kind, Field(description="What sort of thing it is.")] = "fact"
    scope: Annotated[
        MemoryScope, Field(description="Where it counts; all but `workspace` need the uuid of theirs.")
    ] = "workspace"
    agent_uuid: Annotated[Uuid | None, Field(description="Whose memory it is; for the scope `agent` alone.")] = None
    user_uuid: Annotated[
        Uuid | None,
        Field(description="Of whom it tells; for the scope `user` alone. Left out there: who started the execution."),
    ] = None
    thread_uuid: Annotated[Uuid | None, Field(description="Where it counts; for the scope `thread` alone.")] = None
    confidence: Annotated[Confidence, Field(description="How sure it is, from 0 to 1.")] = 1.0
    expires_at: Annotated[Time | None, Field(description="From then on it is gone.")] = None
    supersedes_uuid: Annotated[
        Uuid | None, Field(description="The memory of the same scope that it replaces; that one is found no more.")
    ] = None


class MemoryWrite(EffectNode[MemoryWriteConfig]):
    """A new memory."""

    type = "memory_write"
    name = "Store a memory"
    description = "Stores something that is to be known later: in the workspace, or of a user, an agent or a thread."
    category = "ai"
    config = MemoryWriteConfig
    output_schema: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "uuid": {"type": "string", "format": "uuid"},
            "content": {"type": "string"},
            "kind": {"type": "string"},
            "scope": {"type": "string"},
        },
        "required": ["uuid", "content", "kind", "scope"],
    }

    async def execute(self, config: MemoryWriteConfig, call: EffectCall) -> Result:
        """The memory, which a repetition finds in its place."""
        require(call, Permission.MEMORIES_CREATE)
        given = MemoryCreate.model_validate(dict(config))
        uuid = derived_uuid(call.run_uuid, call.idempotency_key)

        async def store(session: Session) -> Row:
            return await MemoryService(session, call.access, call.spender).create(given, uuid)

        row = await in_transaction(call, store)
        facts = {name: row[name] for name in ("content", "kind", "scope")}
        return Result({"output": {"uuid": str(row["uuid"]), **facts}})

"""What a source teaches an agent: passages, each a memory of kind ``knowledge`` that says where it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Session
from athena.kit.ids import new_uuid
from athena.memories.repository import KnowledgeRepository, vector_text
from athena.memories.schemas import SourceType


class Place(NamedTuple):
    """Where a passage stands: its number in the source, from 0, and what a reader finds it by."""

    position: int
    location: str
    title: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a source. ``uuid`` and ``parent_uuid`` name what it is deleted with, as ``type`` says."""

    content: str
    content_hash: str
    place: Place
    type: SourceType
    uuid: UUID | None = None
    parent_uuid: UUID | None = None


class Knowledge:
    """What one source of an agent has taught; for who trains that agent."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, agent_source_uuid: UUID) -> None:
        self._knowledge = KnowledgeRepository(session, workspace_uuid, agent_source_uuid)

    async def known(self) -> dict[str, Place]:
        """Every passage that it has taught, by its hash."""
        return {
            row["content_hash"]: Place(
                row["source_position"], row["source_location"], row["source_title"], row["source_url"]
            )
            for row in await self._knowledge.known()
        }

    async def learn(
        self,
        passages: Sequence[Passage],
        vectors: Sequence[Sequence[float]] | None,
        *,
        space: str,
        agent_uuid: UUID,
        user_uuid: UUID,
    ) -> None:
        """Stores new passages. Without ``vectors``, which are of ``space``, their meaning is read later."""
        now = clock.now()
        shared = {"agent_uuid": agent_uuid, "creator_uuid": user_uuid, "created_at": now, "updated_at": now}
        shared |= {"kind": "knowledge", "scope": "agent", "confidence": 1.0}
        shared["embedding_model"] = "" if vectors is None else space
        texts = [None] * len(passages) if vectors is None else [vector_text(vector) for vector in vectors]
        columns: Mapping[str, tuple[str, Sequence[Any]]] = {
            "uuid": ("uuid", [new_uuid() for _ in passages]),
            "content": ("text", [each.content for each in passages]),
            "content_hash": ("text", [each.content_hash for each in passages]),
            "source_type": ("text", [each.type for each in passages]),
            "source_uuid": ("uuid", [each.uuid for each in passages]),
            "source_parent_uuid": ("uuid", [each.parent_uuid for each in passages]),
            "source_position": ("integer", [each.place.position for each in passages]),
            "source_location": ("text", [each.place.location for each in passages]),
            "source_title": ("text", [each.place.title for each in passages]),
            "source_url": ("text", [each.place.url for each in passages]),
            "embedding": ("text", texts),
        }
        await self._knowledge.insert(shared, columns)

    async def move(self, passages: Sequence[Passage]) -> None:
        """Notes where passages stand now that are known already. Their vectors stay."""
        await self._knowledge.move([(each.content_hash, *each.place) for each in passages])

    async def forget(self, hashes: Collection[str]) -> None:
        """Deletes what the source says no more."""
        if hashes:
            await self._knowledge.forget(sorted(hashes))

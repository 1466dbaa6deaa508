"""Learning one source: passage by passage, so that whoever goes on after a crash does nothing twice."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from athena.budgets.spending import Spender
from athena.embeddings import EmbeddingsUnavailable
from athena.embeddings.tokenizer import tokenize
from athena.engine import RunContext
from athena.kit.access import WorkspaceId
from athena.kit.db import Database, Row, Session
from athena.memories.knowledge import Knowledge, Passage, Place
from athena.memories.spaces import Meanings, NothingLeft
from athena.training.chunking import Chunk, chunks
from athena.training.materials import Material, Skipped, SourceFailed
from athena.training.repository import TrainedRepository

BATCH: Final = 100
"""Passages that are embedded and stored at once: what a crash costs, and how often progress is told."""
MAXIMUM_CHUNKS: Final = 50_000
EMBED_SECONDS: Final = 300.0
MARKS: Final = 2
"""The tokens of a text's begin and end, which every text has."""


class SourceGone(Exception):
    """The source was deleted, or a later run has taken it over."""


def measure(text: str) -> int:
    """How many tokens of the embedding model a text has, up to as many as it reads."""
    return len(tokenize(text)) - MARKS


class Learning:
    """What becomes of one source in one run."""

    def __init__(self, run: RunContext, database: Database, source: Row, user_uuid: UUID) -> None:
        self._run = run
        self._database = database
        self._source = source
        self._user_uuid = user_uuid
        self._known: dict[str, Place] = {}
        self._seen: set[str] = set()
        self._skipped: set[str] = set()
        self._places: set[tuple[str | None, str]] = set()
        self._digest = hashlib.sha256()
        self.title: str = source["title"]
        self.counts = {"chunks": 0, "positions": 0, "documents": 0, "skipped": 0, "bytes": 0}
        self.new = 0

    async def begin(self) -> None:
        """Sees what is known already: from the last training, or from an attempt that was interrupted."""

        async def look() -> dict[str, Place]:
            async with self._run.transaction() as session:
                return await self._knowledge(session).known()

        self._known = await self._run.patiently(look)

    async def take(self, material: Material | Skipped) -> None:
        """Learns a document; :class:`SourceGone` when nobody wants that any more."""
        if isinstance(material, Skipped):
            self.counts["skipped"] += 1
            if not material.gone:
                self._skipped.add(material.url)
            return
        self._digest.update(material.raw)
        self.counts["documents"] += 1
        self.counts["bytes"] += len(material.raw)
        if material.type == "url" and not self._source["options"]["sitemap"]:
            self.title = material.title
        passages = self._passages(material)
        # Some at a time, and on another thread: to count the tokens of a whole book takes a while.
        while batch := await asyncio.to_thread(lambda: list(itertools.islice(passages, BATCH))):
            await self._learn(batch)

    @property
    def content_hash(self) -> str:
        """That of everything that was read."""
        return self._digest.hexdigest()

    def forgotten(self) -> list[str]:
        """What the source says no more, but for pages that only could not be read this time."""
        return [
            each for each, place in self._known.items() if each not in self._seen and place.url not in self._skipped
        ]

    async def forget(self, session: Session) -> None:
        """Deletes that."""
        await self._knowledge(session).forget(self.forgotten())

    def _knowledge(self, session: Session) -> Knowledge:
        return Knowledge(session, WorkspaceId(self._run.workspace_uuid), self._source["uuid"])

    def _passages(self, material: Material) -> Iterator[Passage]:
        """Those that were not there before; the same words twice are known once."""
        for chunk in chunks(material.sections, measure):
            if chunk.content_hash in self._seen:
                continue
            if len(self._seen) == MAXIMUM_CHUNKS:
                raise SourceFailed("source_too_large", f"The source has more than {MAXIMUM_CHUNKS:,} passages.")
            self._places.add((material.url, chunk.location))
            yield self._passage(material, chunk)
            self._seen.add(chunk.content_hash)

    def _passage(self, material: Material, chunk: Chunk) -> Passage:
        place = Place(len(self._seen), chunk.location, material.title, material.url)
        return Passage(chunk.content, chunk.content_hash, place, material.type, material.uuid, material.parent_uuid)

    async def _learn(self, batch: Sequence[Passage]) -> None:
        new = [each for each in batch if each.content_hash not in self._known]
        moved = [each for each in batch if self._known.get(each.content_hash, each.place) != each.place]
        space, vectors = await self._vectors(new)

        async def store() -> None:
            async with self._run.transaction() as session:
                if not await self._trained(session).holds(self._source["uuid"]):
                    raise SourceGone
                knowledge, agent_uuid = self._knowledge(session), self._source["agent_uuid"]
                if new:
                    await knowledge.learn(new, vectors, space=space, agent_uuid=agent_uuid, user_uuid=self._user_uuid)
                if moved:
                    await knowledge.move(moved)

        await self._run.patiently(store)
        self._known.update({each.content_hash: each.place for each in batch})
        self.new += len(new)
        self.counts["chunks"] = len(self._seen)
        self.counts["positions"] = len(self._places)
        self._run.emit("source.progress", self.told())

    async def _vectors(self, passages: Sequence[Passage]) -> tuple[str, Sequence[Sequence[float]] | None]:
        """The passages' vectors and their space; ``None`` when they must come later.

        :class:`SourceFailed` when nothing may be spent on them.
        """
        if not passages:
            return "", []
        texts = [each.content for each in passages]
        agent_uuid, meanings = self._source["agent_uuid"], self._database.provided(Meanings)
        spender = Spender(self._run.workspace_uuid, self._user_uuid, agent_uuid=agent_uuid)
        try:
            return await meanings.of(self._database, spender, texts, within=EMBED_SECONDS, background=True)
        except NothingLeft as nothing:
            raise SourceFailed(nothing.error.error_code, nothing.error.detail) from nothing
        except EmbeddingsUnavailable:
            return "", None

    def _trained(self, session: Session) -> TrainedRepository:
        return TrainedRepository(session, WorkspaceId(self._run.workspace_uuid), self._run.run_uuid)

    def told(self) -> dict[str, Any]:
        """What events say of it."""
        return {"source_uuid": str(self._source["uuid"]), "counts": dict(self.counts), "new": self.new}

"""Finding memories by meaning and by words, in a place or among those that a list's filters leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from athena.budgets.spending import Spender
from athena.embeddings import MODEL, EmbeddingsUnavailable
from athena.kit import logging
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.repository import Where
from athena.memories.ranking import fuse
from athena.memories.repository import IS_SUPERSEDED
from athena.memories.search_repository import Narrow, SearchRepository
from athena.memories.spaces import Meanings
from athena.permissions import Role

SEARCH_SECONDS = 5.0
"""How long a search waits for its vector, which includes loading the model; after that it goes by words alone."""
READ_EACH = 5_000
"""Up to so many memories each is read for a search, so that none can be missed; of more, cells and indexes lead."""

Found = list[tuple[UUID, float]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where memories count: for an agent, in a thread, for a user; and, unless told otherwise, everywhere."""

    agent_uuid: UUID | None = None
    thread_uuid: UUID | None = None
    user_uuid: UUID | None = None
    everywhere: bool = True

    def narrow(self, *, learned: bool | None = None) -> Narrow | None:
        """What counts here; ``None``: nothing. ``learned``: only what its agent was trained with, or all but that."""
        if learned:
            return None if self.agent_uuid is None else Narrow(agent_uuid=self.agent_uuid, learned=True)
        scopes = ("workspace",) if self.everywhere else ()
        narrow = Narrow(scopes, self.agent_uuid, self.thread_uuid, self.user_uuid, learned=learned)
        return narrow if scopes or narrow.uuids else None


@dataclass(frozen=True, slots=True)
class Asked:
    """A text as it is looked for: its words as they are stored, and its meaning; none without a model."""

    terms: Sequence[str]
    vector: Sequence[float] | None
    space: str = MODEL
    """That of the vector."""


def personal_of(access: Access) -> UUID | None:
    """Whose own memories exist for a caller, among those of users; ``None``: everybody's."""
    return None if access.role in {Role.OWNER, Role.ADMIN} else access.user_uuid


class MemorySearch:
    """Searches of one caller. What only another user should know of is never found, whoever asks."""

    def __init__(self, session: Session, access: Access, spender: Spender) -> None:
        """``spender`` pays for what a provider tells of meanings."""
        self._session = session
        self._spender = spender
        self._memories = SearchRepository(
            session, access.workspace_uuid, personal_of=personal_of(access), reach=access.reach
        )

    async def ask(self, text: str, within: float = SEARCH_SECONDS) -> Asked:
        """What is looked for with ``text``."""
        space, vector, database = MODEL, None, self._session.database
        meanings = self._session.provided(Meanings)
        try:
            # Before the first statement: no connection waits for the model.
            space, [vector] = await meanings.of(database, self._spender, [text], within=within)
        except EmbeddingsUnavailable as error:
            logging.logger().warning("search without meaning", reason=str(error))
        return Asked(await self._memories.terms(text), vector, space)

    async def find(self, asked: Asked, where: Where, narrow: Narrow) -> Found:
        """The best among those that ``where`` leaves, each with its score; ``narrow`` leaves these, or more."""
        by_meaning: list[UUID] | None = None
        by_words: list[UUID] | None = None
        if await self._memories.more_than(READ_EACH, narrow):
            if asked.vector is not None:
                by_meaning = await self._memories.near(where.copy(), narrow, asked.space, asked.vector)
            if asked.vector is None or by_meaning is not None:
                by_words = await self._memories.by_words(where.copy(), narrow, asked.terms)
        if by_words is None:
            by_meaning, by_words = await self._memories.nearest(where, asked.terms, asked.space, asked.vector)
        return fuse([by_words] if asked.vector is None else [by_words, by_meaning or []])

    async def known(self, asked: Asked, place: Place, *, learned: bool | None = None) -> Found:
        """The best of what counts in a place; ``learned``: only what its agent was trained with, or all but that."""
        narrow = place.narrow(learned=learned)
        if narrow is None:
            return []
        where = Where()
        narrow.apply(where)
        where.add(f"NOT {IS_SUPERSEDED}")
        return await self.find(asked, where, narrow)

    async def rows(self, found: Found) -> list[tuple[Row, float]]:
        """The memories that were found, in the same order."""
        rows = await self._memories.by_ids([uuid for uuid, _ in found])
        return [(rows[uuid], score) for uuid, score in found if uuid in rows]

"""From what was noted to memories: kept for the person who said it, each with the message that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from athena.budgets.spending import Spender
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Session
from athena.kit.errors import NotFound, PermissionDenied, ValidationFailed
from athena.memories.schemas import MemoryCreate, MemoryUpdate, SourceInput
from athena.memories.searching import MemorySearch, Place
from athena.memories.service import NOT_EMBEDDED, Embedding, MemoryService
from athena.memory_extraction.reading import Noted
from athena.permissions import ROLE_PERMISSIONS, Role

SHOWN: Final = 20
"""How many of a person's memories the model compares with."""
ASKED: Final = 2_000
PERMISSIONS: Final = frozenset(ROLE_PERMISSIONS[Role.OPERATOR])


@dataclass(frozen=True, slots=True)
class Told:
    """What was noted of one person, what it means, and the memories of theirs that it was compared with."""

    notes: Sequence[Noted]
    meanings: Sequence[Embedding]
    known: Sequence[UUID]


def acts_for(workspace_uuid: UUID, person: UUID) -> Access:
    """In whose name memories are kept: the person's whom they tell of."""
    return Access(WorkspaceId(workspace_uuid), person, Role.OPERATOR, PERMISSIONS)


async def known_of(database: Database, access: Access, spender: Spender, text: str) -> list[tuple[UUID, str]]:
    """The person's own present memories that are nearest to ``text``, and then the newest ones."""
    async with database.session(access.scope) as session:
        search = MemorySearch(session, access, spender)
        found = await search.known(await search.ask(text[:ASKED]), Place(user_uuid=access.user_uuid, everywhere=False))
        near = [row for row, _ in await search.rows(found[:SHOWN])]
        newest = await MemoryService(session, access).newest_of(access.user_uuid, SHOWN)
        every = {row["uuid"]: row["content"] for row in [*near, *newest]}
        return list(every.items())[:SHOWN]


async def meanings_of(database: Database, access: Access, spender: Spender, notes: Sequence[Noted]) -> list[Embedding]:
    """What :func:`keep` stores as the meanings of ``notes``; no connection waits for them."""
    memories = MemoryService(database.session(access.scope), access, spender)
    return [NOT_EMBEDDED if note.relation == "same" else await memories.embedding(note.content) for note in notes]


async def keep(session: Session, access: Access, told: Told) -> None:
    """Stores what was noted; what is known already becomes more certain.

    What cannot be kept is passed over: its message, its person or the memory that it supersedes may be gone by now.
    """
    memories = MemoryService(session, access)
    for note, meaning in zip(told.notes, told.meanings, strict=True):
        other = None if note.known is None else told.known[note.known]
        try:
            if note.relation == "same" and other is not None:
                await _confirm(memories, other, note.confidence)
                continue
            given = MemoryCreate(
                content=note.content,
                kind=note.kind,
                scope="user",
                source=SourceInput(type="message", uuid=note.message_uuid),
                confidence=note.confidence,
                supersedes_uuid=other,
            )
            await memories.create(given, embedding=meaning)
        except (NotFound, PermissionDenied, ValidationFailed):
            continue


async def _confirm(memories: MemoryService, uuid: UUID, confidence: float) -> None:
    """Half of what is missing to certainty, for a full confirmation."""
    present = (await memories.get(uuid))["confidence"]
    more = present + (1 - present) * confidence / 2
    if more > present:
        await memories.update(uuid, MemoryUpdate(confidence=more), None)

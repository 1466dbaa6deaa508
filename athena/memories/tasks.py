"""What is done for memories in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from athena.budgets.spending import Spender
from athena.embeddings import MODEL, Embedder, EmbeddingsUnavailable
from athena.kit import clock
from athena.kit.db import Database, Row
from athena.memories import cells
from athena.memories.cell_repository import CellRepository
from athena.memories.repository import Unembedded, store_uses
from athena.memories.space_repository import SpaceRepository
from athena.memories.spaces import LOCAL, Choice, Meanings
from athena.memories.uses import Uses

BATCH = 32
BATCHES = 100
EMBED_SECONDS = 30.0
EXPIRED = 1_000
KEPT_AFTER_SWITCH = timedelta(seconds=60)
DELETED = 5_000
ARRANGED = 2_000
ARRANGED_BATCHES = 500


async def _store_uses(database: Database) -> None:
    uses = database.provided(Uses)
    taken = uses.take()
    if not taken:
        return
    try:
        async with database.system() as session:
            await store_uses(session, taken)
    except BaseException:
        uses.give_back(taken)
        raise


async def keep(database: Database) -> None:
    """Stores what was used, deletes what has expired, and reads the meaning of what has no vector of the present model.

    No connection is held while the model works. Two processes may do the same work; that harms nothing.
    """
    await _store_uses(database)
    async with database.system() as session:
        await Unembedded(session).delete_expired(EXPIRED)
    async with database.system() as session:
        chosen = await SpaceRepository.every(session)
    for row in chosen:
        await _embed_chosen(database, row["workspace_uuid"], Choice.of(row))
    await _embed_local(database)


async def _embed_local(database: Database) -> None:
    """Reads meanings with the packaged model, wherever no other was chosen."""
    for _ in range(BATCHES):
        async with database.system() as session:
            rows = await Unembedded(session).some(MODEL, BATCH)
        if not rows:
            return
        try:
            vectors = await database.provided(Embedder).embed(
                [row["content"] for row in rows], within=EMBED_SECONDS, background=True
            )
        except EmbeddingsUnavailable:
            # Searching by words goes on; the next time may be better.
            return
        async with database.system() as session:
            await Unembedded(session).store(rows, MODEL, vectors)


async def _embed_chosen(database: Database, workspace_uuid: UUID, choice: Choice) -> None:
    """Brings the memories of a workspace into the space that it wants, and searches that once all are there.

    Until then each has vectors of both. Those of the former space go a while later: other processes may search it yet.
    """
    wanted, meanings = choice.wanted, database.provided(Meanings)
    for _ in range(BATCHES):
        async with database.system() as session:
            rows = await Unembedded(session).some_of(workspace_uuid, wanted.name, BATCH)
        if not rows:
            break
        texts = [row["content"] for row in rows]
        try:
            vectors = await meanings.embed(
                database, Spender(workspace_uuid), wanted, texts, within=EMBED_SECONDS, background=True
            )
        except EmbeddingsUnavailable:
            # Until the provider answers, or a budget of the workspace has room again.
            return
        async with database.system() as session:
            await Unembedded(session).store(rows, wanted.name, vectors, choice.searched.name)
    else:
        return
    async with database.system() as session:
        spaces = SpaceRepository(session, workspace_uuid)
        row = await spaces.get(lock=True)
        if row is None or Choice.of(row) != choice:
            # Something else was chosen meanwhile.
            return
        if choice.searched != wanted:
            await spaces.switch(wanted.to_store())
            session.after_commit(lambda: meanings.forget(workspace_uuid))
        elif clock.now() - row["switched_at"] > KEPT_AFTER_SWITCH:
            deleted = await spaces.delete_others(wanted.name, DELETED)
            if not deleted and wanted == LOCAL:
                await spaces.forget()


async def arrange(database: Database) -> None:
    """Puts the vectors of large workspaces into cells, from which a search reads the nearest alone.

    Those that are in none yet are read by every search; so nothing is missed, and no insert waits. While cells are made
    anew, vectors move from the former ones to the new ones, and both kinds are read.
    """
    async with database.system() as session:
        large = await CellRepository.large(session)
    for row in large:
        choice = await database.provided(Meanings).choice(database, row["workspace_uuid"])
        for space in {choice.searched, choice.wanted}:
            await _arrange(database, row["workspace_uuid"], space.name, row["count"])


async def _arrange(database: Database, workspace_uuid: UUID, model: str, count: int) -> None:
    for _ in range(ARRANGED_BATCHES):
        async with database.system() as session:
            repository = CellRepository(session, workspace_uuid, model)
            if not await repository.lock():
                return
            present = await repository.newest()
            rows: list[Row] = []
            outgrown = not present or cells.are_outgrown(len(present), count)
            if not outgrown:
                generation = present[0]["generation"]
                rows = await repository.outside(generation, ARRANGED)
                if not rows:
                    await repository.forget_before(generation)
                    return
                sent = [row["sent"] for row in rows]
                nearest = await asyncio.to_thread(_nearest, sent, [cell["sent"] for cell in present])
                await repository.put([row["memory_uuid"] for row in rows], [present[n]["number"] for n in nearest])
        if outgrown and not await _make_cells(database, workspace_uuid, model, present, count):
            return


async def _make_cells(database: Database, workspace_uuid: UUID, model: str, present: Sequence[Row], count: int) -> bool:
    """Makes the generation after ``present``; not where so many memories have hardly any vectors yet.

    That takes many seconds, for which no transaction is open. Two processes may do it; the first one's counts.
    """
    wanted = cells.cells_for(count)
    most = cells.sample_for(wanted)
    async with database.system() as session:
        sample = await CellRepository(session, workspace_uuid, model).sample(1.2 * most / count, most)
    if len(sample) < most // 2:
        return False
    middles = await asyncio.to_thread(lambda: cells.train(cells.read(sample), wanted).tolist())
    before = present[0]["generation"] if present else 0
    async with database.system() as session:
        repository = CellRepository(session, workspace_uuid, model)
        if await repository.lock() and await repository.generation() == before:
            await repository.add(before + 1, middles)
    return True


def _nearest(vectors: Sequence[bytes], middles: Sequence[bytes]) -> list[int]:
    return cells.assign(cells.read(vectors), cells.read(middles)).tolist()

"""What is done for memories in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from athena.embeddings import MODEL, Embedder, EmbeddingsUnavailable
from athena.kit.db import Database, Row
from athena.memories import cells
from athena.memories.cell_repository import CellRepository
from athena.memories.repository import Unembedded, store_uses
from athena.memories.uses import Uses

BATCH = 32
BATCHES = 100
EMBED_SECONDS = 30.0
EXPIRED = 1_000
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


async def arrange(database: Database) -> None:
    """Puts the vectors of large workspaces into cells, from which a search reads the nearest alone.

    Those that are in none yet are read by every search; so nothing is missed, and no insert waits. While cells are made
    anew, vectors move from the former ones to the new ones, and both kinds are read.
    """
    async with database.system() as session:
        large = await CellRepository.large(session)
    for row in large:
        await _arrange(database, row["workspace_uuid"], row["count"])


async def _arrange(database: Database, workspace_uuid: UUID, count: int) -> None:
    for _ in range(ARRANGED_BATCHES):
        async with database.system() as session:
            repository = CellRepository(session, workspace_uuid, MODEL)
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
        if outgrown and not await _make_cells(database, workspace_uuid, present, count):
            return


async def _make_cells(database: Database, workspace_uuid: UUID, present: Sequence[Row], count: int) -> bool:
    """Makes the generation after ``present``; not where so many memories have hardly any vectors yet.

    That takes many seconds, for which no transaction is open. Two processes may do it; the first one's counts.
    """
    wanted = cells.cells_for(count)
    most = cells.sample_for(wanted)
    async with database.system() as session:
        sample = await CellRepository(session, workspace_uuid, MODEL).sample(1.2 * most / count, most)
    if len(sample) < most // 2:
        return False
    middles = await asyncio.to_thread(lambda: cells.train(cells.read(sample), wanted).tolist())
    before = present[0]["generation"] if present else 0
    async with database.system() as session:
        repository = CellRepository(session, workspace_uuid, MODEL)
        if await repository.lock() and await repository.generation() == before:
            await repository.add(before + 1, middles)
    return True


def _nearest(vectors: Sequence[bytes], middles: Sequence[bytes]) -> list[int]:
    return cells.assign(cells.read(vectors), cells.read(middles)).tolist()

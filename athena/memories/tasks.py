"""What is done for memories in the background."""

from __future__ import annotations

from athena.embeddings import MODEL, Embedder, EmbeddingsUnavailable
from athena.kit.db import Database
from athena.memories.repository import Unembedded, store_uses
from athena.memories.uses import Uses

BATCH = 32
BATCHES = 100
EMBED_SECONDS = 30.0
EXPIRED = 1_000


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

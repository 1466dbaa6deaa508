"""Embedding texts, and searching memories by meaning and by words, with one caller.

python -m benchmarks.memories [embeddings|search]
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import time
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import numpy as np

from athena.embeddings import DIMENSIONS, MODEL, Embedder
from athena.embeddings.tokenizer import vocabulary
from athena.memories.repository import PLACE_COLUMNS
from athena.postgres import find_running
from benchmarks.agent_runs import median_ms, percentile_ms
from benchmarks.program import Program, first_owner, running
from benchmarks.rows import WORKSPACES

BATCH = 5_000
SEARCHES = 150
WORDS = [word for word in vocabulary() if word.isalpha() and len(word) > 3]
# As in every language, the second word is half as frequent as the first.
FREQUENCIES = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(WORDS))))

INSERT = f"""
WITH given AS MATERIALIZED (
    SELECT uuidv7() AS uuid, content, vector FROM unnest($3::text[], $4::text[]) AS given (content, vector)
), made AS (
    INSERT INTO memories (workspace_uuid, uuid, created_at, updated_at, content, kind, scope, confidence,
        embedding_model)
    SELECT $1, uuid, now(), now(), content, 'knowledge', 'workspace', 1, $2 FROM given
)
INSERT INTO memory_vectors (workspace_uuid, memory_uuid, model, {PLACE_COLUMNS}, embedding)
SELECT $1, uuid, $2, 'workspace', 'knowledge', NULL, NULL, NULL, vector::halfvec FROM given
"""


def sentence(words: int) -> str:
    return " ".join(random.choices(WORDS, cum_weights=FREQUENCIES, k=words))


async def embeddings() -> None:
    """Sentences a second, in a queue and one after the other."""
    embedder = Embedder()
    begun = time.perf_counter()
    await embedder.embed(["first"], within=60)
    print(f"the first text, with loading: {time.perf_counter() - begun:.2f} s")
    for words, count in ((12, 400), (60, 120), (250, 40)):
        texts = [sentence(words) for _ in range(count)]
        begun = time.perf_counter()
        await embedder.embed(texts, within=120)
        rate = count / (time.perf_counter() - begun)
        alone: list[float] = []
        for text in texts[:30]:
            begun = time.perf_counter()
            await embedder.embed([text], within=60)
            alone.append(time.perf_counter() - begun)
        print(f"{words} words: {rate:.0f} texts/s, one alone {median_ms(alone):.1f} ms")
    embedder.close()


class Filler:
    """Fills workspaces with memories around a few hundred matters, as real vectors lie."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._connection = connection
        self._random = np.random.default_rng(7)
        self._matters = self._random.normal(size=(300, DIMENSIONS))

    async def fill(self, workspace: UUID, rows: int) -> None:
        """Adds ``rows`` memories."""
        for begin in range(0, rows, BATCH):
            count = min(BATCH, rows - begin)
            around = self._matters[self._random.integers(0, len(self._matters), count)]
            vectors = around + self._random.normal(size=around.shape) * 0.8
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            texts = [f"[{','.join(f'{value:.4f}' for value in vector)}]" for vector in vectors]
            contents = [sentence(random.randint(8, 40)) for _ in range(count)]
            await self._connection.execute(INSERT, workspace, MODEL, contents, texts)


async def measure(program: Program, label: str) -> None:
    """Latencies of searches; each with a question of its own."""
    connection = program.connect()
    taken: list[float] = []
    for number in range(SEARCHES + 10):
        query = quote(f"what is known about {sentence(4)}?")
        begun = time.perf_counter()
        status, answer = await connection.request("GET", f"/api/v1/memories?query={query}")
        assert status == 200, answer
        if number >= 10:
            taken.append(time.perf_counter() - begun)
    connection.close()
    print(f"{label}: p50 {median_ms(taken):.1f} ms, p95 {percentile_ms(taken, 0.95):.1f} ms")


async def search() -> None:
    """Searches in one workspace, alone and beside others."""
    async with running() as program:
        url = find_running(program.data_dir)
        assert url is not None
        database: Any = await asyncpg.connect(url)
        filler = Filler(database)
        thread = first_owner(program.data_dir)["thread_uuid"]
        own = await database.fetchval("SELECT workspace_uuid FROM threads WHERE uuid = $1", thread)
        await filler.fill(own, 10_000)
        await database.execute("VACUUM ANALYZE memories, memory_vectors")
        await measure(program, "10,000 memories in one workspace")
        await database.execute(WORKSPACES, 90)
        for row in await database.fetch("SELECT uuid FROM workspaces WHERE slug LIKE 'measured-%'"):
            await filler.fill(row["uuid"], 1_000)
        await database.execute("VACUUM ANALYZE memories, memory_vectors")
        await measure(program, "the same among 100,000 in 91 workspaces")
        await filler.fill(own, 90_000)
        await database.execute("VACUUM ANALYZE memories, memory_vectors")
        await measure(program, "100,000 memories in one workspace, of 190,000")
        await database.close()


if __name__ == "__main__":
    random.seed(7)
    for part in sys.argv[1:] or ["embeddings", "search"]:
        asyncio.run({"embeddings": embeddings, "search": search}[part]())

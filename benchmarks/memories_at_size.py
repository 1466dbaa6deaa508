"""Recalling among very many memories of one workspace, among 1,000 workspaces, and how much of the nearest is found.

python -m benchmarks.memories_at_size [memories]
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote
from uuid import UUID

import asyncpg
import numpy as np

from athena.embeddings import MODEL, Embedder
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.kit.repository import Where
from athena.memories import tasks
from athena.memories.recall import recall
from athena.memories.repository import vector_text
from athena.memories.search_repository import Narrow, SearchRepository
from athena.memories.uses import Uses
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.postgres import find_running
from benchmarks.agent_runs import median_ms, percentile_ms
from benchmarks.memories import BATCH, INSERT, sentence
from benchmarks.program import Program, first_owner, running
from benchmarks.rows import WORKSPACES
from benchmarks.vectors import Vectors

OTHERS = {1: 50_000, 2: 20_000, 3: 5_000}
"""How many memories some of the other workspaces have; each of the rest has 100."""
QUESTIONS = 200


async def fill(database: Any, vectors: Vectors, workspace: UUID, rows: int) -> None:
    """Adds ``rows`` memories."""
    for begin in range(0, rows, BATCH):
        count = min(BATCH, rows - begin)
        texts = [vector_text(vector) for vector in vectors.some(count)]
        contents = [sentence(random.randint(8, 40)) for _ in range(count)]
        await database.execute(INSERT, workspace, MODEL, contents, texts)


async def nearest(database: Any, workspace: UUID, vectors: Vectors) -> list[list[UUID]]:
    """The ten nearest of each question, by comparing with every vector."""
    uuids: list[UUID] = []
    parts: list[Any] = []
    async with database.transaction():
        async for row in database.cursor(
            "SELECT memory_uuid, halfvec_send(embedding) AS sent FROM memory_vectors WHERE workspace_uuid = $1",
            workspace,
            prefetch=50_000,
        ):
            uuids.append(row["memory_uuid"])
            parts.append(row["sent"][4:])
    every = np.frombuffer(b"".join(parts), ">f2").reshape(len(uuids), -1)
    asked = vectors.asked[:QUESTIONS]
    likeness = np.concatenate(
        [asked @ every[n : n + 50_000].astype(np.float32).T for n in range(0, len(every), 50_000)], 1
    )
    best = np.argpartition(-likeness, 10, axis=1)[:, :10]
    return [[uuids[n] for n in row] for row in best]


async def timed(label: str, ask: Callable[[int], Awaitable[Any]], count: int = QUESTIONS) -> list[Any]:
    """What ``ask`` gives for each number; prints how long that took, the first ten apart."""
    taken: list[float] = []
    answers: list[Any] = []
    for number in range(count):
        begun = time.perf_counter()
        answers.append(await ask(number))
        taken.append(time.perf_counter() - begun)
    print(f"{label}: p50 {median_ms(taken[10:]):.1f} ms, p95 {percentile_ms(taken[10:], 0.95):.1f} ms", flush=True)
    return answers


async def measure(
    program: Program, database: Database, access: Access, vectors: Vectors, exact: list[list[UUID]]
) -> None:
    """By meaning alone, as an agent recalls, and over HTTP."""

    async def near(number: int) -> list[UUID]:
        async with database.session(access.scope) as session:
            repository = SearchRepository(session, access.workspace_uuid, personal_of=None, reach=None)
            return await repository.near(Where(), Narrow(), MODEL, vectors.asked[number].tolist()) or []

    found = await timed("by meaning", near)
    shares = [len({*best} & {*given[:10]}) / 10 for best, given in zip(exact, found, strict=True)]
    print(f"  recall@10 against exact search: {sum(shares) / len(shares):.3f}", flush=True)

    async def told(number: int) -> Any:
        async with database.session(access.scope) as session:
            return await recall(session, access, text=f"what is known about {sentence(4)} {number}?")

    await timed("recalling, with embedding and words", told)
    connection = program.connect()

    async def listed(number: int) -> None:
        query = quote(f"what is known about {sentence(4)} {number}?")
        status, answer = await connection.request("GET", f"/api/v1/memories?query={query}")
        assert status == 200, answer

    await timed("over HTTP", listed)
    connection.close()


async def inserts(database: Any, workspace: UUID, vectors: Vectors) -> None:
    """What a memory with its vector takes to store, in one statement and commit."""
    texts = [vector_text(vector) for vector in vectors.some(300)]

    async def store(number: int) -> None:
        await database.execute(INSERT, workspace, MODEL, [sentence(24)], [texts[number]])

    await timed("storing one", store, 300)


async def size(memories: int) -> None:
    """Fills, arranges and measures."""
    vectors = await Vectors.made()
    async with running() as program:
        url = find_running(program.data_dir)
        assert url is not None
        raw: Any = await asyncpg.connect(url, command_timeout=900)
        await raw.execute("SET synchronous_commit = off")
        thread = first_owner(program.data_dir)["thread_uuid"]
        own = await raw.fetchval("SELECT workspace_uuid FROM threads WHERE uuid = $1", thread)
        user = await raw.fetchval("SELECT user_uuid FROM workspace_members WHERE workspace_uuid = $1", own)
        await raw.execute(WORKSPACES, 999)
        begun = time.perf_counter()
        others = [row["uuid"] for row in await raw.fetch("SELECT uuid FROM workspaces WHERE uuid <> $1", own)]
        for number, workspace in enumerate(others):
            await fill(raw, vectors, workspace, OTHERS.get(number, 100))
        await fill(raw, vectors, own, memories)
        await raw.execute("VACUUM ANALYZE memories, memory_vectors")
        print(f"filled in {time.perf_counter() - begun:.0f} s", flush=True)
        database = await Database.open(url, size=4)
        embedder = Embedder()
        database.provide(embedder)
        database.provide(Uses())
        begun = time.perf_counter()
        async with database.system() as session:
            await session.value("SELECT athena_fold_counts()")
        while await raw.fetchval("SELECT count(*) FROM memory_vectors WHERE workspace_uuid = $1 AND cell = 0", own):
            await tasks.arrange(database)
            await asyncio.sleep(1)
        print(f"put into cells in {time.perf_counter() - begun:.0f} s", flush=True)
        await raw.execute("VACUUM ANALYZE memories, memory_vectors, memory_cells")
        exact = await nearest(raw, own, vectors)
        access = Access(WorkspaceId(own), user, Role.OWNER, frozenset(ROLE_PERMISSIONS[Role.OWNER]))
        print(f"{memories:,} memories of one workspace, among 1,000", flush=True)
        await measure(program, database, access, vectors, exact)
        await inserts(raw, own, vectors)
        for number in (*OTHERS, 4):
            small = Access(WorkspaceId(others[number]), user, Role.OWNER, frozenset(ROLE_PERMISSIONS[Role.OWNER]))
            print(f"{OTHERS.get(number, 100):,} memories beside that", flush=True)
            await recalled(database, small)
        await database.close()
        await asyncio.to_thread(embedder.close)
        await raw.close()


async def recalled(database: Database, access: Access) -> None:
    """Recalling in another workspace."""

    async def told(number: int) -> Any:
        async with database.session(access.scope) as session:
            return await recall(session, access, text=f"what is known about {sentence(4)} {number}?")

    await timed("  recalling", told, 60)


if __name__ == "__main__":
    random.seed(7)
    asyncio.run(size(int(sys.argv[1]) if sys.argv[1:] else 1_000_000))

"""Training an agent with synthetic pages: how fast, how much of it is the embedding model, and chats beside it.

python -m benchmarks.training [pages]
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from athena.embeddings import Embedder
from benchmarks.agent_runs import median_ms, percentile_ms
from benchmarks.client import Connection
from benchmarks.memories import sentence
from benchmarks.program import Program, running

PAGES = 1_000
PAGES_A_SOURCE = 250
WORDS = 500
CHATS = 60
MODELS = {"a model of 600 ms": "mock-t30-d20", "a model that answers at once": "mock"}
ALONE = 60


def page() -> str:
    """A page of text, in sentences and paragraphs."""
    paragraphs: list[str] = []
    for _ in range(5):
        sentences = [sentence(random.randint(8, 17)).capitalize() + "." for _ in range(WORDS // 60)]
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs)


async def embedding_cpu(passages: list[str]) -> float:
    """Seconds of the processor that the model by itself takes for a passage, one after the other."""
    embedder = Embedder()
    await embedder.embed(["warm"], within=60)
    begun = time.process_time()
    await embedder.embed(passages, within=300, background=True)
    spent = (time.process_time() - begun) / len(passages)
    embedder.close()
    return spent


async def chat(connection: Connection, path: str, model: str) -> float:
    """Seconds that a run takes."""
    begun = time.perf_counter()
    await connection.json("POST", path, {"input": "Which tyres for gravel?", "model": model})
    return time.perf_counter() - begun


async def search(connection: Connection) -> float:
    """Seconds that a search by meaning takes."""
    begun = time.perf_counter()
    await connection.json("GET", f"/api/v1/memories?per_page=5&query=what+of+{'+'.join(sentence(3).split())}")
    return time.perf_counter() - begun


Measures = dict[str, list[float]]


async def measured(calls: dict[str, Callable[[], Awaitable[float]]], going: Callable[[], bool]) -> Measures:
    """Each of the calls in turn, as long as that is wanted."""
    taken: Measures = {name: [] for name in calls}
    while going():
        for name, call in calls.items():
            taken[name].append(await call())
    return taken


async def learn(program: Program, pages: int) -> dict[str, Any]:
    """Trains the agent; the run, and what was learnt a second."""
    connection = program.connect()
    agent = f"/api/v1/agents/{program.agent_uuid}"
    sources = [
        {"type": "text", "title": f"Part {first}", "text": "\n\n".join(page() for _ in range(count))}
        for first in range(0, pages, PAGES_A_SOURCE)
        if (count := min(PAGES_A_SOURCE, pages - first))
    ]
    begun = time.perf_counter()
    chunks = 0
    for source in sources:
        body = {"sources": [source], "background": False}
        run = await connection.json("POST", f"{agent}/train", body)
        chunks += run["data"]["output"]["sources"][0]["counts"]["chunks"]
    connection.close()
    return {"chunks": chunks, "seconds": time.perf_counter() - begun}


async def main() -> None:
    """Measures a training alone, chats alone, and both beside each other."""
    pages = int(sys.argv[1]) if len(sys.argv) > 1 else PAGES
    random.seed(7)
    own = await embedding_cpu([sentence(170) for _ in range(ALONE)])
    print(f"the embedding model alone: {own * 1000:.0f} ms of CPU a passage")
    async with running() as program:
        cpu = program.cpu_seconds()
        learnt = await learn(program, pages // 5)
        rate, share = pages // 5 / learnt["seconds"], own * learnt["chunks"] / (program.cpu_seconds() - cpu)
        print(f"{pages // 5} pages alone: {rate:.1f} pages/s, {share:.0%} of the CPU in the embedding model")
        connection = program.connect()
        path = f"/api/v1/agents/{program.agent_uuid}/run"
        calls: dict[str, Callable[[], Awaitable[float]]] = {
            name: lambda model=model: chat(connection, path, model) for name, model in MODELS.items()
        }
        calls["a search by meaning"] = lambda: search(connection)
        await search(connection)
        stop = time.perf_counter() + CHATS / 2
        idle = await measured(calls, lambda: time.perf_counter() < stop)
        training = asyncio.create_task(learn(program, pages))
        beside = await measured(calls, lambda: not training.done())
        learnt = await training
        chunks, seconds = learnt["chunks"], learnt["seconds"]
        print(f"{pages} pages, {chunks} passages in {seconds:.0f} s: {pages / seconds:.1f} pages/s")
        for name in calls:
            before, after = idle[name], beside[name]
            print(
                f"{name}: idle p50 {median_ms(before):.0f} ms, p95 {percentile_ms(before, 0.95):.0f} ms; beside "
                f"p50 {median_ms(after):.0f} ms, p95 {percentile_ms(after, 0.95):.0f} ms "
                f"({median_ms(after) / median_ms(before):.2f} times)"
            )
        connection.close()


if __name__ == "__main__":
    asyncio.run(main())

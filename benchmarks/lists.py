"""A list of 25 threads by page and by cursor, at 10,000 and at 1,000,000 rows of one workspace, 16 callers.

python -m benchmarks.lists
"""

from __future__ import annotations

import asyncio
import sys
import time

import asyncpg

from athena.kit.ids import new_uuid
from athena.postgres import find_running
from benchmarks.agent_runs import median_ms, percentile_ms
from benchmarks.program import Program, first_owner, running

CALLERS = 16
SECONDS = 8.0


async def fill(program: Program, rows: int) -> None:
    """Brings the workspace to ``rows`` threads."""
    url = find_running(program.data_dir)
    assert url is not None
    connection = await asyncpg.connect(url)
    kept = first_owner(program.data_dir)
    workspace = await connection.fetchval("SELECT workspace_uuid FROM threads WHERE uuid = $1", kept["thread_uuid"])
    present = await connection.fetchval("SELECT count(*) FROM threads")
    for begin in range(present, rows, 50_000):
        uuids = [new_uuid() for _ in range(min(50_000, rows - begin))]
        await connection.execute(
            "INSERT INTO threads (workspace_uuid, uuid, created_at, updated_at, name, metadata, last_message_at) "
            "SELECT $1, uuid, now(), now(), 'Thread ' || n, '{}', now() "
            "FROM unnest($2::uuid[]) WITH ORDINALITY AS given (uuid, n)",
            workspace,
            uuids,
        )
    await connection.execute("VACUUM ANALYZE threads")
    await connection.execute("SELECT athena_fold_counts()")
    await connection.close()


async def measure(program: Program, query: str) -> float:
    """Requests a second; prints them with their latency."""
    taken: list[float] = []
    stop = 0.0

    async def caller() -> None:
        connection = program.connect()
        while time.perf_counter() < stop:
            begun = time.perf_counter()
            status, _ = await connection.request("GET", f"/api/v1/threads?per_page=25{query}")
            assert status == 200, status
            taken.append(time.perf_counter() - begun)
        connection.close()

    for seconds in (1.5, SECONDS):
        taken.clear()
        begun = time.perf_counter()
        stop = begun + seconds
        await asyncio.gather(*(caller() for _ in range(CALLERS)))
    rate = len(taken) / (time.perf_counter() - begun)
    latency = f"p50 {median_ms(taken):.1f} ms, p95 {percentile_ms(taken, 0.95):.1f} ms"
    print(f"  {query:10} {rate:.0f} requests/s, {latency}")
    return rate


async def main(sizes: list[int]) -> None:
    """Prints the figures."""
    async with running() as program:
        for rows in sizes:
            await fill(program, rows)
            print(f"{rows:,} threads, {CALLERS} callers")
            for query in ("&page=1", "&cursor="):
                await measure(program, query)


if __name__ == "__main__":
    asyncio.run(main([int(size) for size in sys.argv[1:]] or [10_000, 1_000_000]))

"""What counting costs where things are written: runs and messages with the triggers of metrics and without, in turn.

python -m benchmarks.metric_writes
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from athena.postgres import find_running
from benchmarks.agent_runs import median_ms
from benchmarks.program import Program, running

ROUNDS = 20
TIMES = 40
TRIGGERS = {
    "threads": ("metrics_insert",),
    "messages": ("metrics_insert", "metrics_update", "metrics_feedback"),
    "runs": ("metrics_insert", "metrics_update"),
}


async def switch(connection: asyncpg.Connection[Any], verb: str) -> None:
    """Turns the triggers on or off."""
    for table, names in TRIGGERS.items():
        for name in names:
            await connection.execute(f"ALTER TABLE {table} {verb} TRIGGER {name}")


async def compare(
    connection: asyncpg.Connection[Any], what: str, call: Callable[[], Awaitable[Any]], times: int = TIMES
) -> None:
    """The median of a call with and without them."""
    taken: dict[str, list[float]] = {"DISABLE": [], "ENABLE": []}
    for _ in range(ROUNDS):
        for verb, seconds in taken.items():
            await switch(connection, verb)
            await call()
            for _ in range(times):
                begun = time.perf_counter()
                await call()
                seconds.append(time.perf_counter() - begun)
    without, counting = median_ms(taken["DISABLE"]), median_ms(taken["ENABLE"])
    print(f"{what:36} {without:.3f} ms, counted {counting:.3f} ms: {counting / without:.3f} times", flush=True)


async def measure(program: Program) -> None:
    """A run, a message over HTTP, and the insert of a message alone."""
    url = find_running(program.data_dir)
    assert url is not None
    connection = await asyncpg.connect(url)
    client = program.connect()
    thread = (await client.json("POST", "/api/v1/threads", {"agent_uuid": program.agent_uuid}))["data"]["uuid"]
    message = {"thread_uuid": thread, "content": "Which tyres for gravel?"}
    row = await connection.fetchrow("SELECT workspace_uuid, uuid FROM threads WHERE uuid = $1", thread)
    assert row is not None
    insert = await connection.prepare(
        "INSERT INTO messages (workspace_uuid, uuid, created_at, updated_at, thread_uuid, role, content, status, "
        "metadata) SELECT $1, uuidv7(), now(), now(), $2, 'user', to_jsonb(repeat('Which tyres for gravel? ', 20)), "
        "'completed', '{}'"
    )

    async def insert_message() -> None:
        async with connection.transaction():
            await insert.fetch(row["workspace_uuid"], row["uuid"])

    run = f"/api/v1/agents/{program.agent_uuid}/run"
    await compare(connection, "a run", lambda: client.json("POST", run, {"input": "hi"}))
    await compare(connection, "a message over HTTP", lambda: client.json("POST", "/api/v1/messages", message))
    await compare(connection, "a message's insert and commit", insert_message, 5 * TIMES)
    client.close()
    await connection.close()


async def main() -> None:
    """Prints the figures."""
    async with running() as program:
        await measure(program)


if __name__ == "__main__":
    asyncio.run(main())

"""Three hosts, two of which are lost in the middle of 1,000 runs: ``python -m benchmarks.hosts``.

Each host is a network namespace with one worker of 30 places, so it needs the rights to make these. A run has four
steps of 150 ms. When 300 runs have ended, one host is cut off and one is stopped; the third ends the rest.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from athena.engine import Engine
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.postgres import EmbeddedPostgres
from athena.tables import migrate
from tests.engine.host_program import STEPS, Errand
from tests.engine.hosts import FREEZE, Network, network

RUNS = 1000
LOST_AFTER = 300
LEASE = 15.0
"""As the settings have it."""
WORKSPACE = new_uuid()


async def value(database: Database, sql: str) -> Any:
    """What a question to the database is answered with."""
    async with database.system() as session:
        return await session.value(sql)


async def ended(database: Database, number: int) -> None:
    """Waits until so many runs have ended."""
    while await value(database, "SELECT count(*) FROM runs WHERE finished_at IS NOT NULL") < number:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def main(url: str, hosts: Network, calls: Path) -> None:
    """Loses two hosts of three."""
    await migrate(url)
    database = await Database.open(url, size=8)
    engine = Engine(database, lease_seconds=LEASE)
    engine.register("errand", Errand().run)
    await engine.start(worker=False)
    for _ in range(RUNS):
        async with database.session(Scope(workspace_uuid=WORKSPACE)) as session:
            await engine.accept(session, kind="errand", workspace_uuid=WORKSPACE, input={}, labels={})
    async with hosts.database(url) as address:
        for host in hosts.hosts:
            host.start(address, LEASE, calls)
        for host in hosts.hosts:
            await asyncio.to_thread(host.until_ready)
        began = time.perf_counter()
        for host in hosts.hosts:
            host.begin()
        await ended(database, LOST_AFTER)
        lost_at = time.perf_counter()
        hosts.hosts[0].cut_off()
        hosts.hosts[1].signal(FREEZE)
        held = await value(database, "SELECT count(*) FROM runs WHERE status = 'running'")
        await ended(database, RUNS)
        done_at = time.perf_counter()
    taken_over = await value(database, "SELECT count(*) FROM runs WHERE lease_number > 1")
    results = await value(database, "SELECT count(*) FROM run_events WHERE record IS NOT NULL")
    ends = await value(database, "SELECT count(*) FROM run_events WHERE type = 'run.completed'")
    called = len((await asyncio.to_thread(calls.read_text)).splitlines())
    print(
        f"{RUNS} runs: {LOST_AFTER} by three hosts in {lost_at - began:.1f} s, the rest by one in"
        f" {done_at - lost_at:.1f} s; {held} were at work when two were lost, {taken_over} were taken over."
        f" {ends} ends, {results} results of {RUNS * STEPS} steps, {called - RUNS * STEPS} steps called once more"
    )
    await engine.stop()
    await database.close()


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        network(3) as made,
        EmbeddedPostgres.start(Path(folder) / "data") as server,
    ):
        asyncio.run(main(server.url, made, Path(folder) / "calls"))

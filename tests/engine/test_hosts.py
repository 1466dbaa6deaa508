"""Three hosts over one database. One is cut off and one frozen in the middle of many runs: all end, and each once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from athena.engine import Engine
from athena.kit.db import Database, Scope
from athena.kit.ids import new_uuid
from athena.postgres import EmbeddedPostgres
from athena.tables import migrate
from tests.engine.host_program import STEPS, Errand
from tests.engine.hosts import FREEZE, THAW, Network, NotPermitted, network

pytestmark = pytest.mark.durability

RUNS = 120
LEASE = 2.0
THAWED_SECONDS = 2.0


@pytest.fixture
def hosts() -> Iterator[Network]:
    try:
        with network(3) as made:
            yield made
    except NotPermitted as reason:
        pytest.skip(f"no network namespaces here: {reason}")


@pytest.fixture
async def accepting(hosts: Network, tmp_path: Path) -> AsyncIterator[tuple[Engine, str]]:
    """An engine that only accepts, and the database's address for the hosts."""
    with EmbeddedPostgres.start(tmp_path / "data") as server:
        await migrate(server.url)
        database = await Database.open(server.url, size=6)
        engine = Engine(database, lease_seconds=LEASE)
        engine.register("errand", Errand().run)
        await engine.start(worker=False)
        async with hosts.database(server.url) as url:
            yield engine, url
            for host in hosts.hosts:
                host.end()
        await engine.stop()
        await database.close()


async def test_of_three_hosts_one_is_cut_off_and_one_is_frozen(
    hosts: Network, accepting: tuple[Engine, str], tmp_path: Path
) -> None:
    engine, url = accepting
    calls = tmp_path / "calls"
    for host in hosts.hosts:
        host.start(url, LEASE, calls)
    for host in hosts.hosts:
        await asyncio.to_thread(host.until_ready)
    runs = [await accept(engine) for _ in range(RUNS)]
    for host in hosts.hosts:
        host.begin()
    cut_off, frozen, sound = hosts.hosts
    await until(
        engine,
        "SELECT count(*) = 3 FROM (SELECT process_uuid FROM runs WHERE status = 'running'"
        " AND last_event_id > 3 GROUP BY 1 HAVING count(*) > 10) AS at_work",
    )

    cut_off.cut_off()
    frozen.signal(FREEZE)
    for run in runs:
        assert (await engine.result(WORKSPACE, run, 30)).output == STEPS
    await check(engine, await asyncio.to_thread(calls.read_text))

    before = await everything(engine)
    cut_off.connect()
    frozen.signal(THAW)
    await asyncio.sleep(THAWED_SECONDS)
    assert await everything(engine) == before, "who comes back writes nothing of what it had"

    sound.end()
    assert (await engine.result(WORKSPACE, await accept(engine), 30)).status == "succeeded", "they work again"


WORKSPACE = new_uuid()


async def accept(engine: Engine) -> UUID:
    async with engine.database.session(Scope(workspace_uuid=WORKSPACE)) as session:
        return await engine.accept(session, kind="errand", workspace_uuid=WORKSPACE, input={}, labels={})


async def until(engine: Engine, condition: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with engine.database.system() as session:
                if await session.value(condition):
                    return
            await asyncio.sleep(0.02)


async def everything(engine: Engine) -> list[Any]:
    async with engine.database.system() as session:
        return [
            await session.fetch(f"SELECT * FROM {table} ORDER BY {order}")
            for table, order in (("runs", "uuid"), ("run_events", "run_uuid, id"))
        ]


async def check(engine: Engine, calls: str) -> None:
    runs, events = await everything(engine)
    assert Counter(row["status"] for row in runs) == {"succeeded": RUNS}
    of: dict[UUID, list[Any]] = {}
    for event in events:
        of.setdefault(event["run_uuid"], []).append(event)
    for row in runs:
        log = of[row["uuid"]]
        assert [event["id"] for event in log] == list(range(1, len(log) + 1)), "ids grow by one"
        types = Counter(event["type"] for event in log)
        assert types["run.completed"] == 1
        assert log[-1]["type"] == "run.completed"
        assert types["step.completed"] == types["step.started"] == STEPS, "each step has one result"
        leases = [event["lease_number"] for event in log]
        assert leases == sorted(leases), "no holder writes after its successor"
    taken_over = sum(1 for row in runs if row["lease_number"] > 1)
    assert taken_over > 0, "some were in the middle"
    done = Counter(tuple(line.split()[:2]) for line in calls.splitlines())
    assert max(done.values()) <= 2, "only what was interrupted is done once more"
    assert sum(done.values()) - RUNS * STEPS <= taken_over

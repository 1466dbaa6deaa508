"""Which runs a process begins first when there are more than it has places for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import pytest

from athena.engine import DEFAULT, PARENT_LABEL, Engine, Finished, Queue, RunContext
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from tests.engine.conftest import House

MANY = 10_000
QUEUES = (Queue(DEFAULT), Queue("slow", most=1))

Build = Callable[..., House]


@pytest.fixture
async def build(database: Database) -> AsyncIterator[Build]:
    """Makes houses whose engines are not started yet."""
    houses: list[House] = []

    def make(most: int, queues: tuple[Queue, ...] = QUEUES, like: House | None = None) -> House:
        engine = Engine(database, lease_seconds=3, grace_seconds=0.2, max_concurrent_runs=most, queues=queues)
        houses.append(House(engine, database))
        if like is not None:
            houses[-1].workspace = like.workspace
        return houses[-1]

    yield make
    for house in houses:
        await house.engine.stop()


class Journal:
    """A run's function that notes who was begun, and ends when it may."""

    def __init__(self) -> None:
        self.begun: list[UUID] = []
        self.at_work: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.go = asyncio.Event()

    async def work(self, run: RunContext) -> Finished:
        queue = run.input["queue"]
        self.begun.append(run.workspace_uuid)
        self.at_work[queue] += 1
        self.most[queue] = max(self.most[queue], self.at_work[queue])
        await self.go.wait()
        self.at_work[queue] -= 1
        return Finished(queue)

    async def until(self, number: int) -> None:
        async with asyncio.timeout(20):
            while len(self.begun) < number:  # noqa: ASYNC110 - runs note it as they come
                await asyncio.sleep(0.01)


def register(house: House, journal: Journal) -> None:
    house.engine.register("test.quick", journal.work)
    house.engine.register("test.slow", journal.work, queue="slow")


async def queued(house: House, kind: str = "quick", number: int = 1) -> list[UUID]:
    return [await house.accept_kind(f"test.{kind}", input={"queue": kind}, begin_here=False) for _ in range(number)]


async def fill(house: House, number: int) -> None:
    """As many runs as a workspace may have accepted in an hour, in one statement."""
    async with house.session() as session:
        await session.execute(
            "WITH given AS (SELECT gen_random_uuid() AS uuid FROM generate_series(1, $2)), added AS ("
            " INSERT INTO runs (workspace_uuid, uuid, created_at, updated_at, kind, status, input)"
            " SELECT $1, uuid, now(), now(), 'test.quick', 'queued', '{\"queue\": \"quick\"}' FROM given"
            " RETURNING uuid) SELECT count(engine_job($1, uuid, '0', true, 'engine.run', false)) FROM added",
            house.workspace,
            number,
        )


async def empty(house: House) -> None:
    async with house.session() as session:
        await session.execute(
            "SELECT count(engine_job(workspace_uuid, uuid, NULL, true, 'engine.run', false)) FROM runs"
            " WHERE status = 'queued'"
        )
        await session.execute("DELETE FROM runs WHERE status = 'queued'")


async def test_a_workspace_that_has_ten_thousand_runs_waiting_delays_anothers_one_by_no_more_than_one(
    build: Build,
) -> None:
    crowd, single, journal = build(1), build(1), Journal()
    register(crowd, journal)
    register(single, journal)
    await fill(crowd, MANY)
    await queued(single)
    journal.go.set()
    await crowd.engine.start()
    await journal.until(3)
    assert single.workspace in journal.begun[:2]
    await crowd.engine.stop()
    await empty(crowd)


async def test_workspaces_take_turns_and_within_one_the_first_comes_first(build: Build) -> None:
    first, second, third, journal = build(1), build(1), build(1), Journal()
    for house in (first, second, third):
        register(house, journal)
    ended = [
        run for house, number in ((first, 6), (second, 3), (third, 1)) for run in await queued(house, number=number)
    ]
    journal.go.set()
    await first.engine.start()
    await journal.until(len(ended))
    assert Counter(journal.begun[:3]) == Counter(house.workspace for house in (first, second, third))
    assert Counter(journal.begun[3:7]) == {first.workspace: 2, second.workspace: 2}
    async with first.session() as session:
        rows = await session.fetch("SELECT uuid FROM runs ORDER BY started_at, uuid")
    assert [row["uuid"] for row in rows] == ended[:6]


async def test_a_queue_has_no_more_places_than_it_may_and_leaves_the_others_to_the_rest(build: Build) -> None:
    house, journal = build(10), Journal()
    register(house, journal)
    await house.engine.start()
    slow, quick = await queued(house, "slow", 4), await queued(house, "quick", 4)
    await journal.until(5)
    here = await house.accept_kind("test.slow", input={"queue": "slow"})
    assert await house.status(here) == "queued", "nor is one begun at once by the process that accepts it"
    journal.go.set()
    assert {(await house.result(run)).output for run in (*slow, here)} == {"slow"}
    assert {(await house.result(run)).output for run in quick} == {"quick"}
    assert journal.most == {"slow": 1, "quick": 4}


async def test_what_is_urgent_comes_first_and_nothing_waits_for_ever(build: Build) -> None:
    house, journal = build(1), Journal()
    register(house, journal)
    slow, quick = await queued(house, "slow", 2), await queued(house, "quick", 20)
    order: list[str] = []
    journal.go.set()
    await house.engine.start()
    for run in (*slow, *quick):
        await house.result(run)
    async with house.session() as session:
        order = [row["kind"] for row in await session.fetch("SELECT kind FROM runs ORDER BY started_at, uuid")]
    assert order[0] == "test.quick"
    assert order.index("test.slow") < 15, "a look in eight begins with the last queue"


async def test_a_process_takes_only_runs_of_the_queues_that_it_serves(build: Build) -> None:
    house, journal = build(5, (Queue("slow"),)), Journal()
    register(house, journal)
    await house.engine.start()
    quick = await house.accept_kind("test.quick", input={"queue": "quick"})
    [slow] = await queued(house, "slow")
    journal.go.set()
    assert (await house.result(slow)).output == "slow"
    assert await house.status(quick) == "queued"
    other = build(5, like=house)
    register(other, journal)
    await other.engine.start()
    assert (await house.result(quick)).output == "quick"


async def test_what_runs_wait_for_is_begun_by_a_process_that_is_full_of_them(build: Build) -> None:
    """As after a crash: the runs that wait were begun anew, and those that they wait for are jobs."""
    house = build(2)

    async def child(_: RunContext) -> Finished:
        return Finished("child")

    async def parent(run: RunContext) -> Finished:
        below = await house.accept_kind(
            "test.child", labels={PARENT_LABEL: str(run.run_uuid)}, begin_here=False, run_uuid=new_uuid()
        )
        return Finished((await house.result(below)).output)

    house.engine.register("test.child", child)
    house.engine.register("test.parent", parent)
    await house.engine.start()
    runs = [await house.accept_kind("test.parent", begin_here=False) for _ in range(6)]
    assert [(await house.result(run)).output for run in runs] == ["child"] * 6


async def test_a_workspace_has_no_more_runs_at_work_than_its_setting_says_in_all_processes(build: Build) -> None:
    journal = Journal()
    one = build(10)
    others = [build(10, like=one), build(10)]
    async with one.database.system() as session:
        await session.execute(
            "INSERT INTO workspaces (uuid, created_at, updated_at, name, slug, settings)"
            " VALUES ($1, now(), now(), 'limited', $2, '{\"concurrent_runs\": 2}')",
            one.workspace,
            f"limited-{one.workspace}",
        )
    for house in (one, *others):
        register(house, journal)
        await house.engine.start()
    runs = await queued(one, number=6)
    runs += [await one.accept_kind("test.quick", input={"queue": "quick"}) for _ in range(3)]
    [free] = await queued(others[1])
    await journal.until(3)
    assert Counter(journal.begun) == {one.workspace: 2, others[1].workspace: 1}
    journal.go.set()
    for run in runs:
        assert (await one.result(run)).status == "succeeded"
    await others[1].result(free)
    assert journal.most["quick"] <= 3


async def test_a_wait_that_is_over_is_gone_on_with_although_others_wait(build: Build) -> None:
    house, journal = build(1), Journal()
    register(house, journal)

    async def waits(run: RunContext) -> Finished:
        await run.wait_for_signal("go")
        return Finished("went on")

    house.engine.register("test.waits", waits)
    await house.engine.start()
    run = await house.accept_kind("test.waits")
    await house.until(run, "waiting")
    journal.go.set()
    await queued(house, number=5)
    await house.signal(run, "go")
    assert (await house.result(run)).output == "went on"

"""Power cuts, frozen machines and lost databases, as a client over HTTP sees them: every answer stays whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from typing import Any

import asyncpg
import httpx2
import psutil
import pytest

from athena.engine.crash_points import NAMES
from athena.postgres import EmbeddedPostgres
from tests.conftest import SECRET_KEY
from tests.e2e.conftest import MODEL, MakeAthena
from tests.e2e.program import LOST, Athena, Follower, ModelServer, check_stored, gone_within
from tests.waiting import until

pytestmark = pytest.mark.durability

KILLS = 20
RECOVERY_SECONDS = 10.0
"""From the start to the run's end. Less than a lease of 15 s: a dead process is noticed, not waited for."""


LEASE_SECONDS = 2
LONG = "mock-t120-d20"
"""Long enough to freeze a process in the middle of it."""
VERY_LONG = "mock-t200-d20"
"""Longer than what a server that is told to stop gives its runs."""
SHORT = "mock-t12-d10"
STOP_SECONDS = 5.0


async def prepared(athena: Athena, mockllm: str, model: str = MODEL) -> str:
    """A started Athena with an agent; the agent's uuid."""
    await athena.start()
    athena.sign_in_as_first_owner()
    return await athena.connect(mockllm, model)


async def test_twenty_power_cuts_in_the_middle_of_a_stream(
    make_athena: MakeAthena, mockllm: str, model: ModelServer, text: str, seed: int
) -> None:
    moments = random.Random(seed)
    athena = make_athena()
    agent = await prepared(athena, mockllm)
    recoveries: list[float] = []
    athena.load()
    for number in range(KILLS):
        thread = await athena.thread(agent)
        before = await model.calls()
        follower = Follower()
        following = asyncio.create_task(follower.begin(athena, thread))
        await until(follower.has_begun)
        await asyncio.sleep(moments.uniform(0.0, 0.58))
        athena.kill_everything()
        await following
        await athena.start()
        athena.load()
        ready = time.monotonic()
        await follower.persist(athena, RECOVERY_SECONDS)
        recoveries.append(time.monotonic() - ready)
        follower.check(text)
        await check_stored(athena, follower, text)
        assert await model.calls() - before <= 2, f"kill {number}: the model is called again at most once"
    assert max(recoveries) < RECOVERY_SECONDS


async def sharing(
    make_athena: MakeAthena, database: EmbeddedPostgres, mockllm: str, model: str, **settings: str
) -> tuple[Athena, Athena, str]:
    """Two programs, to be started, on a database that belongs to neither; the first is signed in. And an agent."""
    shared = {
        "ATHENA_DATABASE_URL": database.url,
        "ATHENA_SECRET_KEY": SECRET_KEY,
        "ATHENA_LEASE_SECONDS": str(LEASE_SECONDS),
        **settings,
    }
    one, other = make_athena("one", **shared), make_athena("other", **shared)
    (one.folder / "data" / "first-owner.json").unlink(missing_ok=True)
    agent = await prepared(one, mockllm, model)
    other.client.headers.update(one.client.headers)
    return one, other, agent


async def stored(database: EmbeddedPostgres, run_uuid: str) -> list[Any]:
    """Every row of a run, as it is."""
    connection = await asyncpg.connect(database.url)
    try:
        queries = (
            "SELECT * FROM run_events WHERE run_uuid = $1 ORDER BY id",
            "SELECT * FROM runs WHERE uuid = $1",
            "SELECT * FROM messages WHERE run_uuid = $1",
        )
        return [await connection.fetch(query, run_uuid) for query in queries]
    finally:
        await connection.close()


async def begun(athena: Athena, agent: str, *, events: int = 5) -> tuple[Follower, asyncio.Task[None]]:
    """A follower of a new run that has seen some events, and its task."""
    follower = Follower()
    task = asyncio.create_task(follower.begin(athena, await athena.thread(agent)))
    await until(lambda: len(follower.events) >= events or task.done())
    assert not task.done(), (follower.answered, [each.type for each in follower.events])
    return follower, task


async def quiet(request: asyncio.Task[None]) -> None:
    """Waits for a request that may have lost its server."""
    with contextlib.suppress(*LOST):
        await request


# The only step of an answer is its last one, whose result is committed with the run's end; nothing is handed over.
UNREACHABLE = {"result.before_commit", "result.committed", "handover.before_commit", "handover.committed"}


async def test_a_kill_at_each_crash_point(
    make_athena: MakeAthena, shared_database: EmbeddedPostgres, mockllm: str, model: ModelServer
) -> None:
    athena, _, agent = await sharing(make_athena, shared_database, mockllm, SHORT)
    text = await model.text(SHORT)
    for point in sorted(NAMES - UNREACHABLE):
        before = await model.calls()
        thread = await athena.thread(agent)
        # The second waits behind the first, and is therefore begun from its job.
        followers = [Follower(), Follower()]
        asking: list[asyncio.Task[None]] = []
        athena.load(ATHENA_CRASH_POINT=f"{point}:3" if point.startswith("flush") else point)
        if point.startswith("takeover"):
            asking = [asyncio.create_task(each.begin(athena, thread)) for each in followers]
            await until(followers[0].has_begun)
        athena.kill_everything()
        if point.startswith("takeover"):
            athena.launch_loaded()
        else:
            await athena.start()
            asking = [asyncio.create_task(each.begin(athena, thread)) for each in followers]
        assert athena.program is not None
        status = await asyncio.to_thread(athena.program.wait, 30)
        assert status == -signal.SIGKILL, f"{point}: {athena.printed()}"
        for each in asking:
            await quiet(each)
        await athena.start()
        await check_all_end(athena, thread, followers, text, point)
        runs = len(await athena.call("GET", f"/runs?thread_uuid={thread}"))
        assert await model.calls() - before <= runs + 1, f"{point}: only the run at work is asked for again"


async def check_all_end(athena: Athena, thread: str, followers: list[Follower], text: str, point: str) -> None:
    """Whatever was accepted, answered or not, comes to its end, and the thread holds nothing but that."""
    for run in await athena.call("GET", f"/runs?thread_uuid={thread}"):
        follower = next((each for each in followers if each.run_uuid == run["uuid"]), Follower())
        follower.run_uuid = run["uuid"]
        await follower.persist(athena)
        follower.check(text)
        await check_stored(athena, follower, text)
    runs = [run["uuid"] for run in await athena.call("GET", f"/runs?thread_uuid={thread}")]
    assert all(each.run_uuid in runs for each in followers if each.run_uuid), f"{point}: what was answered is there"
    messages = await athena.call("GET", f"/messages?thread_uuid={thread}")
    assert sorted(each["role"] for each in messages) == ["assistant"] * len(runs) + ["user"] * len(runs)
    assert {each["status"] for each in messages} <= {"completed"}, point


async def test_a_stream_is_followed_on_another_server(
    make_athena: MakeAthena, shared_database: EmbeddedPostgres, mockllm: str, text: str, seed: int
) -> None:
    holder, other, agent = await sharing(make_athena, shared_database, mockllm, MODEL)
    await other.start()
    moments = random.Random(seed)
    follower, following = await begun(holder, agent, events=4)
    late: list[tuple[int, Follower]] = []
    for _ in range(5):
        after = moments.randint(0, len(follower.events))
        late.append((after, Follower()))
        late[-1][1].run_uuid = follower.run_uuid
    await asyncio.gather(following, *(each.resume(other, after) for after, each in late))
    follower.check(text)
    for after, each in late:
        assert each.events == follower.events[after:], f"after {after}"
    again = Follower()
    again.run_uuid = follower.run_uuid
    await again.resume(other, len(follower.events) - 1)
    assert [event.type for event in again.events] == ["run.completed"]


async def test_a_frozen_server_writes_nothing_when_it_thaws(
    make_athena: MakeAthena, shared_database: EmbeddedPostgres, mockllm: str, model: ModelServer
) -> None:
    frozen, other, agent = await sharing(make_athena, shared_database, mockllm, LONG)
    await other.start()
    text = await model.text(LONG)
    before = await model.calls()
    follower, following = await begun(frozen, agent)
    assert frozen.program is not None
    frozen.program.send_signal(signal.SIGSTOP)
    followed = Follower()
    followed.run_uuid = follower.run_uuid
    await followed.persist(other)
    followed.check(text)
    await check_stored(other, followed, text)
    assert any(event.type == "message.restarted" for event in followed.events)
    rows = await stored(shared_database, follower.run_uuid)
    frozen.program.send_signal(signal.SIGCONT)
    await following
    assert follower.events == followed.events, "who was connected to it sees the same"
    await asyncio.sleep(LEASE_SECONDS)
    assert await stored(shared_database, follower.run_uuid) == rows
    assert await model.calls() - before == 2
    again, following = await begun(frozen, agent)
    await following
    again.check(text)


async def test_the_database_stopped_hard_five_times(
    make_athena: MakeAthena, mockllm: str, model: ModelServer, seed: int
) -> None:
    moments = random.Random(seed)
    athena = make_athena("database")
    # An answer that outlasts the pause of a writer which lost its connection, so that the next stop meets it at work.
    agent, text = await prepared(athena, mockllm, LONG), await model.text(LONG)
    before = await model.calls()
    followers: list[Follower] = []
    following: list[asyncio.Task[None]] = []
    for number in range(5):
        new = await asyncio.gather(*(begun(athena, agent, events=3) for _ in range(3)))
        followers.extend(follower for follower, _ in new)
        following.extend(task for _, task in new)
        await asyncio.sleep(moments.uniform(0.0, 0.4))
        postmaster = athena.postmaster()
        workers = postmaster.children()
        postmaster.send_signal(signal.SIGKILL if number % 2 else signal.SIGQUIT)
        assert gone_within([postmaster], 5)
        answered = await statuses_until_ready(athena)
        assert set(answered) <= {200, 503}
        assert gone_within(workers, 5)
        assert athena.postmaster().pid != postmaster.pid, "Athena started it again"
    async with asyncio.timeout(60):
        await asyncio.gather(*following)
        for follower in followers:
            await follower.persist(athena)
            follower.check(text)
            await check_stored(athena, follower, text)
    assert await model.calls() - before == len(followers), "no process died, so no model is asked twice"


async def statuses_until_ready(athena: Athena) -> list[int]:
    """What the API answers until it is ready again; every failure is a problem document, and nothing hangs."""
    seen: list[int] = []
    async with asyncio.timeout(20):
        while not seen or seen[-1] != 200:
            for path in ("/api/v1/threads", "/health/ready"):
                answer = await athena.client.get(path)
                seen.append(answer.status_code)
                if answer.status_code != 200:
                    check_problem(athena, answer)
            assert (await athena.client.get("/health/live")).status_code == 200
            await asyncio.sleep(0.02)
    return seen


def check_problem(athena: Athena, answer: httpx2.Response) -> None:
    assert answer.status_code == 503, (answer.status_code, answer.text, athena.printed())
    body, headers = answer.json(), answer.headers
    assert headers["content-type"] == "application/problem+json"
    assert body["status"] == 503
    assert body["code"] in {"database_unavailable", "unavailable"}
    assert body["request_id"] == headers["x-request-id"]


async def test_an_absent_database_is_told_and_comes_back(
    make_athena: MakeAthena, shared_database: EmbeddedPostgres, mockllm: str, text: str
) -> None:
    athena, _, agent = await sharing(make_athena, shared_database, mockllm, MODEL)
    follower, following = await begun(athena, agent)
    os.kill(shared_database.pid, signal.SIGKILL)
    statuses: list[int] = []
    for _ in range(10):
        for path in ("/api/v1/threads", "/health/ready"):
            answer = await athena.client.get(path)
            statuses.append(answer.status_code)
            check_problem(athena, answer)
        answer = await athena.client.post(f"/api/v1/agents/{agent}/run", json={"input": "Tell me."})
        check_problem(athena, answer)
        assert (await athena.client.get("/health/live")).status_code == 200
        await asyncio.sleep(0.1)
    assert set(statuses) == {503}
    await until(lambda: not shared_database.running)
    shared_database.ensure_running()
    await athena.until_ready()
    await following
    await follower.persist(athena)
    follower.check(text)
    await check_stored(athena, follower, text)


async def test_several_processes_share_a_port(
    make_athena: MakeAthena, mockllm: str, model: ModelServer, text: str
) -> None:
    athena = make_athena("several")
    await athena.start("serve", "--processes", "2")
    athena.sign_in_as_first_owner()
    agent = await athena.connect(mockllm, MODEL)
    before = await model.calls()
    streams = await asyncio.gather(*(begun(athena, agent, events=2) for _ in range(6)))
    victim = children(athena)[0]
    victim.kill()
    async with asyncio.timeout(30):
        for follower, following in streams:
            await following
            await follower.persist(athena)
            follower.check(text)
            await check_stored(athena, follower, text)
        await until(lambda: len(children(athena)) == 2 and victim not in children(athena))
    assert await model.calls() - before <= 2 * len(streams)
    # A power cut for the first process alone: the others end after it, and the next start finds the port free.
    follower, following = await begun(athena, agent, events=2)
    family = athena.family()
    family[0].kill()
    await following
    assert gone_within(family, STOP_SECONDS), [each for each in family if each.is_running()]
    await athena.start("serve", "--processes", "2")
    await follower.persist(athena)
    follower.check(text)
    assert athena.end(signal.SIGINT, group=True) < STOP_SECONDS


def children(athena: Athena) -> list[psutil.Process]:
    """The processes that serve."""
    return [each for each in athena.family()[0].children() if "serve-child" in each.cmdline()]


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
async def test_a_signal_ends_everything_and_the_next_start_goes_on(
    make_athena: MakeAthena, mockllm: str, model: ModelServer, how: str
) -> None:
    athena = make_athena(how)
    agent = await prepared(athena, mockllm, VERY_LONG)
    text = await model.text(VERY_LONG)
    before = await model.calls()
    streams = [await begun(athena, agent) for _ in range(3)]
    # Ctrl-C at a terminal reaches the whole group in the foreground.
    seconds = athena.end(signal.SIGINT if how == "Ctrl-C" else signal.SIGTERM, group=how == "Ctrl-C")
    assert seconds < STOP_SECONDS
    assert "Traceback" not in athena.printed()
    for _, following in streams:
        await following
    await athena.start()
    for follower, _ in streams:
        assert not follower.ended
        await follower.persist(athena)
        follower.check(text)
        await check_stored(athena, follower, text)
    assert await model.calls() - before <= 2 * len(streams)


async def test_runs_are_done_by_a_worker(
    make_athena: MakeAthena, shared_database: EmbeddedPostgres, mockllm: str, text: str
) -> None:
    api, worker, agent = await sharing(make_athena, shared_database, mockllm, MODEL)
    api.end(signal.SIGTERM)
    await api.start("serve", "--no-worker")
    waiting = Follower()
    following = asyncio.create_task(waiting.begin(api, await api.thread(agent)))
    await asyncio.sleep(1)
    assert not waiting.events, "nobody works on it"
    worker.launch("worker")
    async with asyncio.timeout(20):
        await following
    waiting.check(text)
    follower, following = await begun(api, agent, events=2)
    await following
    follower.check(text)
    await check_stored(api, follower, text)
    assert worker.end(signal.SIGTERM) < STOP_SECONDS

"""What a run does when nothing goes wrong, and when its function does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest

from athena.engine import EndedRun, Engine, Event, Finished, RunContext, RunFailed, StepResult
from athena.kit.clock import now
from athena.kit.db import Database, Session
from athena.kit.errors import Conflict
from tests.engine.conftest import House, data

WORDS = ["Once ", "upon ", "a ", "time ", "there ", "was ", "a ", "run."]


async def speak(ctx: RunContext) -> Finished:
    fields = {"message_uuid": "m"}

    async def call(_attempt: int) -> StepResult:
        for word in WORDS:
            ctx.append_text("message.delta", fields, "delta", word)
            await asyncio.sleep(ctx.input.get("pause", 0))
        return StepResult("".join(WORDS), [Event("message.completed", fields)], final=True)

    return Finished(await ctx.step("model", call, started=Event("message.started", fields)))


def text_of(events: list[Any]) -> str:
    return "".join(data(event)["delta"] for event in events if event.type == "message.delta")


@pytest.mark.parametrize("begin_here", [True, False])
async def test_a_run_is_one_log_from_start_to_end(house: House, begin_here: bool):
    run = await house.accept(speak, labels={"thread_uuid": "t"}, begin_here=begin_here)
    events = await house.events(run)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert [event.type for event in events if event.type != "message.delta"] == [
        "run.started",
        "message.started",
        "message.completed",
        "run.completed",
    ]
    assert text_of(events) == "".join(WORDS)
    assert all(data(event)["run_uuid"] == str(run) and data(event)["at"].endswith("Z") for event in events)
    assert data(events[0])["thread_uuid"] == "t"
    row = await house.result(run)
    assert (row.status, row.output) == ("succeeded", "".join(WORDS))


async def test_a_stream_resumes_at_any_event(house: House):
    run = await house.accept(speak, input={"pause": 0.003})
    events = await house.events(run)
    for after in range(len(events) + 2):
        assert await house.events(run, after) == events[after:]


async def test_a_slow_subscriber_reads_what_it_missed_from_the_log(house: House):
    async def count(ctx: RunContext) -> Finished:
        for number in range(2000):
            ctx.emit("node.completed", {"number": number})
            if number % 50 == 0:
                await asyncio.sleep(0.001)
        return Finished()

    run = await house.accept(count)
    stream = house.engine.subscribe(house.workspace, run)
    first = await anext(stream)
    await house.result(run)
    rest = [event async for event in stream]
    assert [event.id for event in [first, *rest]] == list(range(1, 2003))


async def test_texts_that_follow_each_other_are_joined_and_others_are_not(house: House):
    async def chatter(ctx: RunContext) -> Finished:
        one, two = {"message_uuid": "1"}, {"message_uuid": "2"}
        for fields, text in ((one, "a"), (one, "b"), (two, "c"), (one, "d")):
            ctx.append_text("message.delta", fields, "delta", text)
        ctx.emit("node.started", {})
        ctx.append_text("message.delta", one, "delta", "e")
        return Finished()

    events = await house.events(await house.accept(chatter))
    assert [data(event).get("delta", event.type) for event in events[1:-1]] == ["ab", "c", "d", "node.started", "e"]


async def test_text_that_postgresql_does_not_take_is_cleaned(house: House):
    async def dirty(ctx: RunContext) -> Finished:
        async def call(_attempt: int) -> StepResult:
            ctx.append_text("message.delta", {}, "delta", "a\0b\ud800c")
            return StepResult({"text": "\0\ud800"}, [Event("message.completed", {"text": "\0"})])

        return Finished(await ctx.step("model", call, started=Event("message.started", {})))

    row = await house.result(await house.accept(dirty))
    assert row.status == "succeeded"


async def test_what_a_step_and_the_end_write_commits_with_their_events(house: House):
    written: list[str] = []

    async def write(session: Session) -> None:
        written.append(await session.value("SELECT current_setting('athena.workspace_uuid')"))

    async def work(ctx: RunContext) -> Finished:
        async def call(_attempt: int) -> StepResult:
            return StepResult(1, [Event("tool_call.completed", {})], apply=write)

        await ctx.step("tool", call)
        return Finished(apply=write)

    await house.result(await house.accept(work))
    assert written == [str(house.workspace)] * 2


@pytest.mark.parametrize("begin_here", [True, False])
async def test_a_first_step_that_is_known_is_logged_with_the_acceptance(house: House, begin_here: bool):
    first = ("model", Event("message.started", {"message_uuid": "m"}))
    run = await house.accept(speak, begin_here=begin_here, first_step=first)
    types = await house.types(run)
    assert [name for name in types if name != "message.delta"] == [
        "run.started",
        "message.started",
        "message.completed",
        "run.completed",
    ]


async def test_runs_with_the_same_key_follow_each_other(house: House):
    running: list[int] = []
    order: list[int] = []

    async def work(ctx: RunContext) -> Finished:
        running.append(1)
        assert len(running) == 1
        order.append(ctx.input["number"])
        await asyncio.sleep(0.02)
        running.pop()
        if ctx.input["number"] % 3 == 1:
            raise RunFailed("no", "This one fails.")
        return Finished()

    house.engine.register("queued", work)
    runs = [await house.accept_kind("queued", input={"number": n}, queue_key="thread") for n in range(6)]
    await house.cancel(runs[3])
    statuses = [(await house.result(run)).status for run in runs]
    assert statuses == ["succeeded", "failed", "succeeded", "cancelled", "failed", "succeeded"]
    assert order == [0, 1, 2, 4, 5]


async def test_runs_accepted_and_ended_at_once_are_never_left_in_the_queue(house: House):
    running = 0

    async def work(_ctx: RunContext) -> Finished:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0)
        running -= 1
        return Finished()

    house.engine.register("raced", work)
    runs = await asyncio.gather(*(house.accept_kind("raced", queue_key="k") for _ in range(30)))
    assert {(await house.result(run)).status for run in runs} == {"succeeded"}


async def test_a_running_run_is_cancelled_within_a_second(house: House):
    seen: list[str] = []

    async def work(ctx: RunContext) -> Finished:
        ctx.append_text("message.delta", {}, "delta", "part")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("interrupted")
            raise
        return Finished()

    async def on_end(session: Session, ended: EndedRun) -> None:
        assert await session.value("SELECT count(*) FROM run_events WHERE run_uuid = $1", ended.uuid) == 2
        seen.append(ended.status)

    run = await house.accept(work, on_end=on_end)
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    assert await house.cancel(run)
    assert await house.types(run) == ["run.started", "message.delta", "run.cancelled"]
    assert asyncio.get_running_loop().time() - began < 1
    assert seen == ["interrupted", "cancelled"]
    assert not await house.cancel(run)


async def test_a_run_held_by_another_process_is_cancelled_there(house: House, database: Database):
    other = Engine(database, lease_seconds=3)
    await other.start(worker=False)

    async def work(_ctx: RunContext) -> Finished:
        await asyncio.sleep(60)
        return Finished()

    run = await house.accept(work)
    other.register("x", work)
    async with house.session() as session:
        await other.cancel(session, house.workspace, run)
    async with asyncio.timeout(1):
        seen = [event.type async for event in other.subscribe(house.workspace, run)]
    assert seen == ["run.started", "run.cancelled"]
    await other.stop()


async def test_a_run_that_begins_to_wait_while_it_is_cancelled_does_not_wait(house: House):
    """The holder hears of it too late: the row says so by then, and nobody holds it any more."""

    async def waits(run: RunContext) -> Finished:
        async with run.transaction() as session:
            await session.execute("UPDATE runs SET cancel_requested_at = now() WHERE uuid = $1", run.run_uuid)
        await run.wait_for_signal("never")
        return Finished({})

    assert (await house.result(await house.accept(waits))).status == "cancelled"


async def test_what_does_not_run_is_cancelled_at_once_and_frees_its_queue(house: House):
    async def wait(ctx: RunContext) -> Finished:
        return Finished(await ctx.wait_for_signal("go"))

    house.engine.register("waiting", wait)
    waiting = await house.accept_kind("waiting", queue_key="k")
    queued = await house.accept_kind("waiting", queue_key="k")
    last = await house.accept_kind("waiting", queue_key="k")
    await house.until(waiting, "waiting")
    for run in (queued, waiting):
        assert await house.cancel(run)
        assert await house.status(run) == "cancelled"
    await house.until(last, "waiting")
    await house.signal(last, "go", 1)
    assert (await house.result(last)).output == 1
    assert await house.types(queued) == ["run.cancelled"]


async def test_sleeping_costs_nothing_and_goes_on_in_time(house: House):
    calls: list[int] = []

    async def work(ctx: RunContext) -> Finished:
        async def call(attempt: int) -> StepResult:
            calls.append(attempt)
            return StepResult("before", [Event("tool_call.completed", {})])

        record = await ctx.step("first", call)
        await ctx.sleep_until("nap", now() + timedelta(seconds=0.3))
        return Finished(record)

    began = now()
    run = await house.accept(work)
    await house.until(run, "waiting")
    assert (await house.result(run)).output == "before"
    assert timedelta(seconds=0.3) <= now() - began < timedelta(seconds=2)
    assert calls == [1]


@pytest.mark.parametrize("early", [True, False])
async def test_a_signal_is_taken_before_and_after_it_is_waited_for(house: House, early: bool):
    go = asyncio.Event()

    async def work(ctx: RunContext) -> Finished:
        await go.wait()
        return Finished(await ctx.wait_for_signal("approve", timedelta(seconds=30)))

    run = await house.accept(work)
    if not early:
        go.set()
        await house.until(run, "waiting")
    assert await house.signal(run, "approve", {"by": "me"})
    assert not await house.signal(run, "approve", {"by": "you"})
    go.set()
    assert (await house.result(run)).output == {"by": "me"}


async def test_a_signal_that_does_not_come_is_a_timeout(house: House):
    async def work(ctx: RunContext) -> Finished:
        try:
            await ctx.wait_for_signal("approve", timedelta(seconds=0.2))
        except TimeoutError:
            return Finished("late")
        return Finished("in time")

    assert (await house.result(await house.accept(work))).output == "late"


async def test_failures_have_a_code_and_keep_their_secrets(house: House):
    async def known(_ctx: RunContext) -> Finished:
        raise RunFailed("rate_limited", "The model asks to wait.", retry_after=3)

    async def unknown(_ctx: RunContext) -> Finished:
        raise KeyError("a secret")

    async def late(_ctx: RunContext) -> Finished:
        await asyncio.sleep(60)
        return Finished()

    async def refused(_ctx: RunContext) -> Finished:
        async def write(_session: Session) -> None:
            raise Conflict

        return Finished(apply=write)

    runs = [
        await house.accept(known),
        await house.accept(unknown),
        await house.accept(late, deadline_seconds=0.2),
        await house.accept(refused),
    ]
    errors: list[Any] = []
    for run in runs:
        event = (await house.events(run))[-1]
        assert event.type == "run.failed"
        row = await house.result(run)
        assert (row.status, row.error) == ("failed", data(event)["error"])
        errors.append(row.error)
    assert errors[0] == {"code": "rate_limited", "message": "The model asks to wait.", "retry_after": 3}
    assert [error["code"] for error in errors[1:]] == ["internal_error", "deadline_exceeded", "internal_error"]
    assert "secret" not in orjson.dumps(errors).decode()


async def test_a_stop_hands_over_and_the_next_start_goes_on(house: House, database: Database):
    attempts: list[int] = []

    async def work(ctx: RunContext) -> Finished:
        async def call(attempt: int) -> StepResult:
            attempts.append(attempt)
            await asyncio.sleep(60 if attempt == 1 else 0)
            return StepResult("done", [Event("message.completed", {})], final=True)

        return Finished(await ctx.step("model", call, started=Event("message.started", {})))

    first = Engine(database, lease_seconds=3, grace_seconds=0.1)
    house.engine.register("long", work)
    first.register("long", work)
    await first.start()
    async with house.session() as session:
        run = await first.accept(session, kind="long", workspace_uuid=house.workspace, input={}, labels={})
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await first.stop()
    assert asyncio.get_running_loop().time() - began < 3
    assert (await house.result(run)).output == "done"
    assert attempts == [1, 2]
    assert await house.types(run) == ["run.started", "message.started", "message.completed", "run.completed"]


async def test_parallel_steps_each_keep_their_result(house: House):
    async def work(ctx: RunContext) -> Finished:
        async def call(number: int) -> StepResult:
            await asyncio.sleep(0.01)
            return StepResult(number, [Event("tool_call.completed", {"number": number})])

        numbers = await asyncio.gather(
            *(ctx.step(f"tool:{n}", lambda _a, n=n: call(n), started=Event("tool_call.started", {})) for n in range(8))
        )
        return Finished(numbers)

    run = await house.accept(work)
    assert (await house.result(run)).output == list(range(8))
    assert len(await house.types(run)) == 18

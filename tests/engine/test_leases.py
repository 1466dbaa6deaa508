"""What a former holder tries to write, in its own process or another."""

from __future__ import annotations

import asyncio

from athena.engine import Event, Finished, RunContext, StepResult, reads, store
from athena.engine.claims import BATCH
from athena.engine.events import log_row
from athena.kit.clock import now
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from tests.engine.conftest import House


async def hang(_ctx: RunContext) -> Finished:
    await asyncio.sleep(60)
    return Finished()


async def test_rows_of_a_former_lease_are_not_written_under_the_present_one(house: House, database: Database):
    run = await house.accept(hang)
    async with house.session() as session:
        found = await store.lock_unfinished(session, house.workspace, run, house.engine.entrypoints)
    assert found is not None
    present = found[0]
    former = present._replace(lease_number=present.lease_number - 1)
    stale = log_row(run, 2, now(), Event("message.delta", {"delta": "former"}))
    fresh = log_row(run, 2, now(), Event("message.delta", {"delta": "present"}))
    async with database.system() as session:
        written = await store.flush(session, [(former, [stale]), (present, [fresh])], new_uuid())
        assert written == {present.lease}
        assert await reads.still_held(session, [former, present]) == {present.lease}
        assert await reads.last_ids(session, [former, present]) == {present.lease: 2}
    assert await house.cancel(run)


async def test_a_process_that_loses_its_leases_takes_its_runs_up_again_without_a_trace_of_the_former(house: House):
    go = asyncio.Event()

    async def work(ctx: RunContext) -> Finished:
        async def call(attempt: int) -> StepResult:
            if attempt > 1:
                ctx.emit("message.restarted", {})
            ctx.append_text("message.delta", {}, "delta", f"attempt {attempt}")
            if attempt == 1:
                go.set()
                await asyncio.sleep(60)
            return StepResult(None, [Event("message.completed", {})])

        await ctx.step("model", call, started=Event("message.started", {}))
        return Finished()

    run = await house.accept(work)
    await go.wait()
    house.engine.lost_everything()
    async with house.session() as session:
        await session.execute(
            "UPDATE runs SET lease_number = lease_number + 1, process_uuid = NULL WHERE uuid = $1", run
        )
        await session.execute("SELECT engine_job($1, $2, '0', false)", house.workspace, run)
    types = await house.types(run)
    assert types[-4:] == ["message.restarted", "message.delta", "message.completed", "run.completed"]
    assert len([name for name in types if name == "message.delta"]) <= 2


async def test_a_locked_row_holds_up_no_other_run(house: House):
    async def work(ctx: RunContext) -> Finished:
        for number in range(20):
            ctx.append_text("message.delta", {}, "delta", str(number))
            await asyncio.sleep(0.01)
        return Finished()

    locked, free = await house.accept(work), await house.accept(work)
    async with house.session() as session:
        await session.execute("SELECT FROM runs WHERE uuid = $1 FOR UPDATE", locked)
        async with asyncio.timeout(5):
            await house.result(free)
        await session.rollback()
    assert (await house.result(locked)).status == "succeeded"


async def test_jobs_that_were_claimed_over_a_connection_that_broke_are_claimed_again(house: House, database: Database):
    """As many as a process may have at a time: they would leave it no room for any other."""

    async def work(_ctx: RunContext) -> Finished:
        return Finished("done")

    async with database.system() as session:
        await session.execute(
            "INSERT INTO pgqueuer (priority, status, entrypoint, payload, queue_manager_id, heartbeat, execute_after) "
            "SELECT 0, 'picked', 'engine.run', $1, $2, now() + interval '1 hour', now() FROM generate_series(1, $3)",
            f"{house.workspace} {new_uuid()}".encode(),
            house.engine.process_uuid,
            2 * BATCH,
        )
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pgqueuer%' "
            "AND pid <> pg_backend_pid()"
        )
    run = await house.accept(work, begin_here=False)
    assert (await house.engine.result(house.workspace, run, timeout=20)).output == "done"


async def test_a_transaction_that_its_process_has_left_keeps_a_run_no_longer_than_seconds(house: House):
    """Else a host that is cut off between a statement and its commit keeps others from taking the run over."""
    run = await house.accept(hang)
    setting = "SELECT current_setting('idle_in_transaction_session_timeout')"
    async with house.session() as session:
        found = await store.lock_unfinished(session, house.workspace, run, house.engine.entrypoints)
        assert await session.value(setting) == "5s"
        await session.rollback()
    assert found is not None
    async with house.session() as session:
        assert await session.value(setting) == "1min"
        assert await store.commit_run(session, found[0], house.engine.process_uuid, [], store.Transition())
        assert await session.value(setting) == "5s"
    assert await house.cancel(run)

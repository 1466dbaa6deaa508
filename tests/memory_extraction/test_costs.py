"""What extraction may cost, and who it never reads."""

from __future__ import annotations

import asyncpg

from tests.memory_extraction.conftest import Reading, note, noting

Superuser = asyncpg.Connection


async def spend(reading: Reading, superuser: Superuser[asyncpg.Record], cost: float) -> None:
    """Has the last run have cost so much."""
    await superuser.execute(
        "UPDATE runs SET labels = labels || jsonb_build_object('cost', $2::float8) "
        "WHERE workspace_uuid = $1 AND kind = 'memory_extraction'",
        reading.tenant.workspace_uuid,
        cost,
    )


async def test_a_thread_that_has_cost_its_share_waits_for_another_day(
    reading: Reading, superuser: Superuser[asyncpg.Record]
) -> None:
    thread = await reading.thread("I live in Bonn.")
    await reading.read(noting(note("The user lives in Bonn.")))
    await spend(reading, superuser, 0.06)
    await reading.say(thread, "I work in Cologne.")
    asked = len(reading.scene.model.requests)
    [run] = await reading.read()
    assert run["output"]["stopped"] == "cost"
    assert len(reading.scene.model.requests) == asked
    # Another thread has a share of its own; and what was not read is read when there is something to spend again.
    await reading.thread("I like tea.")
    [other] = await reading.read(noting())
    assert other["output"]["stopped"] is None
    await spend(reading, superuser, 0.0)
    await reading.say(thread, "I have a dog.")
    await reading.read(noting())
    assert "[1] user: I work in Cologne." in reading.asked().splitlines()


async def test_a_workspace_that_has_spent_its_share_is_looked_at_the_next_day(
    reading: Reading, superuser: Superuser[asyncpg.Record]
) -> None:
    await reading.thread("I live in Bonn.")
    await reading.read(noting())
    await spend(reading, superuser, 1.0)
    await reading.thread("I like tea.")
    assert await reading.read() == []
    await spend(reading, superuser, 0.0)
    assert len(await reading.read(noting())) == 1


async def test_what_a_reading_costs_stands_in_its_run(reading: Reading) -> None:
    await reading.thread("I live in Bonn.")
    [run] = await reading.read(noting())
    assert run["usage"]["input_tokens"] > 0
    assert run["usage"]["output_tokens"] > 0


async def test_who_speaks_through_a_share_is_not_read(reading: Reading, superuser: Superuser[asyncpg.Record]) -> None:
    thread = await reading.thread("I live in Bonn.")
    await superuser.execute(
        "UPDATE runs SET labels = labels || jsonb_build_object('share_uuid', gen_random_uuid()) "
        "WHERE workspace_uuid = $1 AND thread_uuid = $2",
        reading.tenant.workspace_uuid,
        thread,
    )
    assert await reading.read() == []
    assert await reading.memories() == []

"""A server that is told to end: what is under way comes to its end, and nothing new begins there."""

from __future__ import annotations

import asyncio
import contextlib
import signal

import pytest

from athena.postgres import EmbeddedPostgres
from tests.e2e.conftest import MODEL, MakeAthena
from tests.e2e.program import LOST, ModelServer, check_stored
from tests.e2e.test_durability import begun, sharing

pytestmark = pytest.mark.durability


async def test_an_answer_that_is_under_way_is_finished_within_the_grace(
    make_athena: MakeAthena, shared_database: EmbeddedPostgres, mockllm: str, model: ModelServer, text: str
) -> None:
    athena, other, agent = await sharing(
        make_athena, shared_database, mockllm, MODEL, ATHENA_SHUTDOWN_GRACE_SECONDS="60", ATHENA_LEASE_SECONDS="600"
    )
    await other.start()
    before = await model.calls()
    follower, following = await begun(athena, agent)
    ending = asyncio.create_task(asyncio.to_thread(athena.end, signal.SIGTERM))
    seen: list[int] = []
    while not ending.done():
        with contextlib.suppress(*LOST):
            seen.append((await athena.client.get("/health/ready")).status_code)
        await asyncio.sleep(0.02)
    await ending
    await following
    await follower.persist(other)
    follower.check(text)
    await check_stored(other, follower, text)
    assert await model.calls() - before == 1, "the model is asked once"
    assert 200 not in seen[1:], "whoever distributes requests sees that it ends"

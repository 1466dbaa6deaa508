"""Power cuts, frozen machines and lost databases, as a client over HTTP sees them: every answer stays whole."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from tests.e2e.conftest import MODEL, MakeAthena
from tests.e2e.program import Athena, Follower, ModelServer, check_stored

pytestmark = pytest.mark.durability

KILLS = 20
RECOVERY_SECONDS = 10.0
"""From the start to the run's end. Less than a lease of 15 s: a dead process is noticed, not waited for."""


async def prepared(athena: Athena, mockllm: str, model: str = MODEL) -> str:
    """A started Athena with an agent; the agent's uuid."""
    await athena.start()
    athena.sign_in_as_first_owner()
    return await athena.connect(mockllm, model)


async def test_twenty_power_cuts_in_the_middle_of_a_stream(
    make_athena: MakeAthena, mockllm: str, model: ModelServer, text: str, seed: int
) -> None:
    print(f"ATHENA_TEST_SEED={seed}")
    moments = random.Random(seed)
    athena = make_athena()
    agent = await prepared(athena, mockllm)
    begun = time.monotonic()
    starts: list[float] = []
    recoveries: list[float] = []
    for number in range(KILLS):
        thread = await athena.thread(agent)
        before = await model.calls()
        follower = Follower()
        following = asyncio.create_task(follower.begin(athena, thread))
        while not follower.events:
            await asyncio.sleep(0.005)
        athena.load()
        await asyncio.sleep(moments.uniform(0.0, 0.58))
        athena.kill_everything()
        await following
        starts.append(await athena.start())
        ready = time.monotonic()
        await follower.persist(athena, RECOVERY_SECONDS)
        recoveries.append(time.monotonic() - ready)
        follower.check(text)
        await check_stored(athena, follower, text)
        assert await model.calls() - before <= 2, f"kill {number}: the model is called again at most once"
    print(f"{KILLS} kills in {time.monotonic() - begun:.1f} s")
    print(f"starts {min(starts):.2f} to {max(starts):.2f} s, recoveries {min(recoveries):.2f} to {max(recoveries):.2f} s")

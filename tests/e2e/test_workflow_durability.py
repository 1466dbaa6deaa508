"""Everything is killed while workflows run: what was accepted is finished, and no effect happens twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from tests.e2e.conftest import MakeAthena
from tests.e2e.workflow_load import Ledger, Load, check, settle, workflow

pytestmark = pytest.mark.durability

KILLS = 4
SECONDS = 60.0


@pytest.fixture
async def ledger() -> AsyncIterator[Ledger]:
    server = Ledger()
    await server.start()
    yield server
    await server.stop()


async def test_executions_outlive_kills_and_no_effect_is_repeated(make_athena: MakeAthena, ledger: Ledger) -> None:
    moments = random.Random(7)
    athena = make_athena("workflows")
    await athena.start()
    athena.sign_in_as_first_owner()
    made = await athena.call("POST", "/workflows", workflow(ledger.url))
    assert made["problems"] == []
    load = Load(athena, made["uuid"])
    load.start(callers=3)
    athena.load()
    for _ in range(KILLS):
        await asyncio.sleep(moments.uniform(0.3, 0.8))
        athena.kill_everything()
        await athena.start()
        athena.load()
    await load.stop()
    await settle(athena, made["uuid"], SECONDS)
    assert len(load.accepted) > KILLS
    await check(athena, load, ledger)

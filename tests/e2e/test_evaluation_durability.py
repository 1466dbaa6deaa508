"""Everything is killed while an evaluation is at work: it goes on, and what was judged stays."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.conftest import MakeAthena
from tests.e2e.program import Athena

pytestmark = pytest.mark.durability

ITEMS = 12
DELAY = "[[tokens:10]] [[delay:20]]"


async def ended(athena: Athena, uuid: str, done: int) -> dict[str, Any]:
    """The evaluation once it is at its end, or has gone as far as ``done`` items."""
    async with asyncio.timeout(60):
        while True:
            found = await athena.call("GET", f"/evaluations/{uuid}")
            if found["finished_at"] or found["summary"]["items"] - found["summary"]["pending"] >= done:
                return found
            await asyncio.sleep(0.05)


async def test_an_evaluation_outlives_a_kill(make_athena: MakeAthena, mockllm: str) -> None:
    athena = make_athena("evaluations", ATHENA_LEASE_SECONDS="2")
    await athena.start()
    athena.sign_in_as_first_owner()
    agent = await athena.connect(mockllm, "mock")
    expectations = [{"type": "regex", "pattern": "."}]
    items = [{"input": f"{number} {DELAY}", "expectations": expectations} for number in range(ITEMS)]
    dataset = await athena.call("POST", "/datasets", {"name": "Questions", "items": items})
    body = {"dataset_uuid": dataset["uuid"], "agent_uuid": agent, "concurrency": 2}
    uuid = (await athena.call("POST", "/evaluations", body, status=202))["uuid"]
    athena.load()
    before = await ended(athena, uuid, 3)
    assert before["status"] == "running"
    kept = {each["uuid"]: each for each in await athena.call("GET", f"/evaluations/{uuid}/results?status=passed")}
    athena.kill_everything()
    await athena.start()
    done = await ended(athena, uuid, ITEMS + 1)
    assert (done["status"], done["summary"]["passed"], done["summary"]["pending"]) == ("succeeded", ITEMS, 0)
    results = await athena.call("GET", f"/evaluations/{uuid}/results?per_page=100")
    assert {each["uuid"]: each for each in results if each["uuid"] in kept} == kept
    runs = await athena.call("GET", "/runs?kind=agent&per_page=100")
    assert sorted(each["uuid"] for each in runs) == sorted(each["run_uuid"] for each in results)

"""What workflows are for: a delivery is answered, whatever dies meanwhile; a failure is found, mended and undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.conftest import MakeAthena
from tests.e2e.program import Athena
from tests.e2e.workflow_story import (
    SECRET,
    UNUSABLE,
    Office,
    approve,
    deliver,
    executions,
    is_at,
    states,
    until,
    workflow,
)

pytestmark = pytest.mark.durability


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    server = Office()
    await server.start()
    yield server
    await server.stop()


async def test_a_delivery_is_answered_whatever_dies_and_a_failure_is_mended(
    make_athena: MakeAthena, office: Office, mockllm: str
) -> None:
    athena = make_athena("story")
    await athena.start()
    athena.sign_in_as_first_owner()
    agent = await athena.call("GET", f"/agents/{await athena.connect(mockllm, 'mock')}")
    await athena.call("POST", "/variables", {"name": "GITHUB", "kind": "secret", "value": SECRET})
    made = await athena.call("POST", "/workflows", workflow(office, agent["account_uuid"]))
    await outlives_a_power_cut_at_each_stage(athena, office, made)
    await is_found_and_mended_after_a_failure(athena, office, made)
    await is_rolled_back(athena, made)


async def power_cut(athena: Athena, *, last: bool = False) -> None:
    """Kills everything and starts it again, and has the next start do its imports beside it."""
    athena.kill_everything()
    await athena.start()
    if not last:
        athena.load()


async def outlives_a_power_cut_at_each_stage(athena: Athena, office: Office, made: dict[str, Any]) -> None:
    athena.load()
    office.busy = 1
    delivery = asyncio.create_task(deliver(athena, made, "It does not start", "1"))
    await until(athena, made, is_at("sort", "running"))
    await power_cut(athena)
    assert await delivery is None
    await until(athena, made, lambda each: is_at("open", "running")(each) and office.asked == 1)
    await power_cut(athena)
    await until(athena, made, is_at("approve", "waiting"))
    await power_cut(athena)
    assert (await until(athena, made, is_at("approve", "waiting")))["status"] == "waiting"
    await approve(athena, office)
    await power_cut(athena, last=True)
    # GitHub delivers again what was not answered; it is the same execution.
    answer = await deliver(athena, made, "It does not start", "1")
    assert answer is not None
    assert (answer.status_code, answer.json()) == (201, {"ticket": "T-1", "decision": "approved"})
    await until(athena, made, lambda each: each["status"] == "succeeded")
    [execution] = await executions(athena, made)
    assert states(execution) == {"succeeded": 7, "skipped": 1}
    assert list(office.tickets.values()) == ["It does not start"]


async def is_found_and_mended_after_a_failure(athena: Athena, office: Office, made: dict[str, Any]) -> None:
    answer = await deliver(athena, made, UNUSABLE, "2")
    assert answer is not None
    assert (answer.status_code, answer.json()["code"]) == (502, "http_status")
    [error] = await athena.call("GET", f"/workflow-executions/errors?workflow_uuid={made['uuid']}")
    assert (error["code"], error["node_id"], error["count"]) == ("http_status", "open", 1)
    [failed] = await executions(athena, made, f"error_fingerprint={error['error_fingerprint']}")
    assert failed["data"]["nodes"]["open"]["input"] == {"title": UNUSABLE}
    assert states(failed) == {"succeeded": 4, "failed": 1, "skipped": 3}
    edited = {"from_node_id": "open", "input": {"title": "It does not stop"}, "background": True}
    again = await athena.call("POST", f"/workflow-executions/{failed['uuid']}/retry", edited, 202)
    known = len(office.links)
    await until(
        athena, made, lambda each: is_at("approve", "waiting")(each) and len(office.links) > known - 1, again["uuid"]
    )
    await approve(athena, office)
    mended = await until(athena, made, lambda each: each["status"] == "succeeded", again["uuid"])
    assert mended["output"]["body"] == {"ticket": "T-2", "decision": "approved"}
    assert mended["data"]["nodes"]["sort"]["status"] == "reused"
    assert list(office.tickets.values()) == ["It does not start", "It does not stop"]


async def is_rolled_back(athena: Athena, made: dict[str, Any]) -> None:
    path = f"/workflows/{made['uuid']}"
    nodes = [each | {"disabled": True} if each["id"] == "approve" else each for each in made["nodes"]]
    changed = await athena.call("PUT", path, {"nodes": nodes})
    restored = await athena.call("POST", f"{path}/versions/1/restore", status=200)
    assert (changed["version"], restored["version"], restored["nodes"]) == (2, 3, made["nodes"])
    assert restored["status"] == "active"
    told = await athena.call("GET", f"{path}/versions/3/changes?since=2")
    assert told["summary"] == ["node approve: disabled from True to False"]

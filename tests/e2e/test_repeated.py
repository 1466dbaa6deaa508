"""A client that lost its server asks again, with the same `Idempotency-Key`, and gets the same run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.conftest import MODEL, MakeAthena
from tests.e2e.program import LOST, Athena, ModelServer

pytestmark = pytest.mark.durability


async def ask(athena: Athena, thread: str) -> Any:
    body = {"message": "Tell me."}
    return await athena.client.post(f"/api/v1/threads/{thread}/run", json=body, headers={"Idempotency-Key": "one"})


async def test_a_power_cut_while_a_run_is_waited_for(
    make_athena: MakeAthena, mockllm: str, model: ModelServer, text: str
) -> None:
    athena = make_athena("repeated")
    await athena.start()
    athena.sign_in_as_first_owner()
    thread = await athena.thread(await athena.connect(mockllm, MODEL))
    athena.load()
    calls = await model.calls()
    waiting = asyncio.create_task(ask(athena, thread))
    async with asyncio.timeout(10):
        while await model.calls() == calls:  # noqa: ASYNC110 - the model is a program of its own
            await asyncio.sleep(0.01)
    athena.kill_everything()
    with pytest.raises(LOST):
        await waiting
    await athena.start()
    early = await ask(athena, thread)
    async with asyncio.timeout(20):
        while (answer := await ask(athena, thread)).status_code == 409:
            assert answer.json()["code"] == "idempotency_in_flight"
            await asyncio.sleep(0.1)
    assert early.status_code in {200, 409}
    assert answer.status_code == 200
    assert answer.headers["idempotency-replayed"] == "true"
    assert answer.json()["data"]["output"]["message"]["content"] == text
    runs = await athena.client.get(f"/api/v1/runs?thread_uuid={thread}")
    assert [each["uuid"] for each in runs.json()["data"]] == [answer.json()["data"]["uuid"]]

"""Whether requests are to be sent to a process, as those who distribute them ask."""

from __future__ import annotations

import httpx2

from athena.process import Process


async def test_a_process_is_ready_until_it_is_about_to_end(client: httpx2.AsyncClient, process: Process) -> None:
    assert (await client.get("/health/ready")).status_code == 200
    process.engine.draining = True
    try:
        answer = await client.get("/health/ready")
    finally:
        process.engine.draining = False
    assert answer.status_code == 503
    assert answer.json()["detail"] == "Runs do not get on: the process is about to end."
    assert (await client.get("/health/live")).status_code == 200

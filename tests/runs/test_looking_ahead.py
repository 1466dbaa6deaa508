"""What is looked for while tools are at work is used for the next turn of its run alone, and not when it is old."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from athena.large_language_models.service import ResolvedModel
from athena.runs import looking_ahead
from athena.runs.looking_ahead import LookingAhead

FOUND = cast("ResolvedModel", object())


async def finds() -> ResolvedModel:
    return FOUND


async def fails() -> ResolvedModel:
    raise LookupError


@pytest.fixture
def run() -> UUID:
    return uuid4()


async def test_it_is_taken_once_and_for_the_model_that_it_was_meant_for(run: UUID) -> None:
    ahead = LookingAhead()
    ahead.begin(run, "small", finds())
    assert ahead.take(uuid4(), "small") is None
    search = ahead.take(run, "small")
    assert search is not None
    assert await search is FOUND
    assert ahead.take(run, "small") is None
    ahead.begin(run, "small", finds())
    assert ahead.take(run, "large") is None
    assert ahead.take(run, "small") is None


async def test_what_is_old_is_looked_for_anew(run: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_ahead, "SECONDS", 0.0)
    ahead = LookingAhead()
    ahead.begin(run, "small", finds())
    assert ahead.take(run, "small") is None


async def test_a_failure_is_told_to_who_takes_it_and_to_nobody_else(run: UUID) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    ahead = LookingAhead()
    ahead.begin(run, "small", fails())
    search = ahead.take(run, "small")
    assert search is not None
    with pytest.raises(LookupError):
        await search
    ahead.begin(run, "small", fails())
    await asyncio.sleep(0)
    ahead.drop(run)
    ahead.drop(run)
    ahead.begin(run, "small", fails())
    ahead.drop(run)
    await asyncio.sleep(0)
    asyncio.get_running_loop().set_exception_handler(None)
    assert told == []

"""Work that is done to its end, whatever becomes of who waits for it."""

from __future__ import annotations

import asyncio

import pytest

from athena.kit.finishing import to_the_end


async def test_it_gives_what_the_work_gives() -> None:
    async def work() -> int:
        return 7

    assert await to_the_end(work()) == 7


async def test_its_error_is_the_works() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await to_the_end(work())


@pytest.mark.parametrize("fails", [False, True])
async def test_who_is_cancelled_is_so_when_the_work_is_done(*, fails: bool) -> None:
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await may_end.wait()
        ended.set()
        if fails:
            raise ValueError("no")

    waiting = asyncio.create_task(to_the_end(work()))
    await begun.wait()
    for _ in range(2):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()

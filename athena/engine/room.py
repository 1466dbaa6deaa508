"""How many runs a process may be at work on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sized
from typing import Final


class Room:
    """The places of a process: those of the runs that it holds, and of the jobs that it has claimed to lease theirs."""

    def __init__(self, most: int, held: Sized) -> None:
        self.most: Final = most
        self._held = held
        self._claimed: set[Hashable] = set()
        self._changed = asyncio.Event()

    @property
    def free(self) -> int:
        """How many more runs there may be."""
        return max(0, self.most - len(self._held) - len(self._claimed))

    def claim(self, job: Hashable) -> None:
        """Keeps a place for the run of a job."""
        self._claimed.add(job)

    def leave(self, job: Hashable | None = None) -> None:
        """Tells that a job has been dealt with, or that a run is held no more."""
        self._claimed.discard(job)
        self._changed.set()

    def forget_claims(self) -> None:
        """Tells that no claimed job is being dealt with any more."""
        self._claimed.clear()
        self._changed.set()

    async def until_free(self, unless: Callable[[], bool]) -> int:
        """Waits for room, ``unless`` that need not be any more; how much there is. :meth:`leave` wakes it."""
        while not self.free and not unless():
            self._changed.clear()
            await self._changed.wait()
        return self.free

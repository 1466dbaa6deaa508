"""Counts what of an execution is at work, so that it is known when all of it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

Future = asyncio.Future[Any]


class Activity:
    """Every task of an execution counts as busy from its making to its end, but for the time in which it is parked.

    Who wakes a parked task counts it as busy at that moment, so that the count is never zero in between.
    """

    def __init__(self, changed: asyncio.Event) -> None:
        self.busy = 0
        self._changed = changed
        self._waiting: dict[str, tuple[datetime | None, Future]] = {}

    def begin(self) -> None:
        """One more is busy."""
        self.busy += 1

    def end(self) -> None:
        """One is not busy any more."""
        self.busy -= 1
        if self.busy == 0:
            self._changed.set()

    def future(self) -> Future:
        """What a task parks on."""
        return asyncio.get_running_loop().create_future()

    async def park(self, future: Future) -> Any:
        """What :meth:`release` gives; until then the task is not busy."""
        if future.done():
            self.end()
            return future.result()
        self.end()
        try:
            return await future
        except asyncio.CancelledError:
            if future.cancelled() or not future.done():
                self.begin()
            raise

    def release(self, future: Future, value: Any) -> None:
        """Wakes the task that is, or will be, parked on ``future``."""
        if not future.done():
            self.begin()
            future.set_result(value)

    async def wait(self, name: str, until: datetime | None) -> Any:
        """What the execution's wait of this name comes to."""
        future = self.future()
        self._waiting[name] = (until, future)
        self._changed.set()
        try:
            return await self.park(future)
        finally:
            self._waiting.pop(name, None)

    @property
    def waits(self) -> Mapping[str, datetime | None]:
        """All that is waited for, by name, with the moments up to which it is."""
        return {name: until for name, (until, future) in self._waiting.items() if not future.done()}

    def arrive(self, answers: Mapping[str, Any]) -> None:
        """Wakes those whose waits have come to an end."""
        for name, answer in answers.items():
            if name in self._waiting:
                self.release(self._waiting[name][1], answer)

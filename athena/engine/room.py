"""How many runs a process may be at work on, in all and of each queue."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final

from athena.engine.queues import Queue


class Room:
    """The places of a process: those of the runs that it holds, and of the jobs that it has claimed to lease theirs.

    ``changed`` is set when a place is free that was wanting, and by whoever has another reason to look for jobs.
    """

    def __init__(self, most: int, queues: Sequence[Queue]) -> None:
        self.queues: Final = {queue.name: queue for queue in queues}
        self.changed: Final = asyncio.Event()
        self.awaited: frozenset[str] = frozenset()
        self.is_full = False
        self._most = most
        self._held: Counter[str] = Counter()
        self._claimed: dict[Hashable, str] = {}

    @property
    def free(self) -> int:
        """How many more runs there may be."""
        return max(0, self._most - self._held.total() - len(self._claimed))

    def free_in(self, name: str) -> int:
        """How many more of a queue there may be."""
        queue = self.queues.get(name)
        if queue is None:
            return 0
        if queue.most is None:
            return self.free
        claimed = sum(1 for each in self._claimed.values() if each == name)
        return max(0, min(self.free, queue.most - self._held[name] - claimed))

    def enter(self, queue: str) -> None:
        """Gives a run a place."""
        self._held[queue] += 1

    def leave(self, queue: str) -> None:
        """Tells that a run is held no more."""
        self._held[queue] -= 1
        self._freed(queue)

    def claim(self, job: Hashable, queue: str) -> None:
        """Keeps a place for the run of a job."""
        self._claimed[job] = queue

    def dealt_with(self, job: Hashable) -> None:
        """Tells that a job's run has its place, or needs none."""
        queue = self._claimed.pop(job, None)
        if queue is not None:
            self._freed(queue)

    def _freed(self, queue: str) -> None:
        if self.is_full or queue in self.awaited:
            self.changed.set()

    def forget_claims(self) -> None:
        """Tells that no claimed job is being dealt with any more."""
        self._claimed.clear()
        self.changed.set()

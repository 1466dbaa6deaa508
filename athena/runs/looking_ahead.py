"""The way to the model of a run's next turn, looked for while this turn's tools are at work."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Hashable
from typing import Any, Final, NamedTuple
from uuid import UUID

from athena.large_language_models.service import ResolvedModel

SECONDS: Final = 10.0
"""How long what was found is good for: after that, credentials may have changed."""


class _Search(NamedTuple):
    candidate: Hashable
    begun: float
    task: asyncio.Task[ResolvedModel]


class LookingAhead:
    """The searches of a process, one at a time for each run."""

    def __init__(self) -> None:
        self._searches: dict[UUID, _Search] = {}

    def begin(self, run_uuid: UUID, candidate: Hashable, search: Coroutine[Any, Any, ResolvedModel]) -> None:
        """Looks for the model of ``candidate``. Who begins it sees to it that it is taken or dropped."""
        self.drop(run_uuid)
        begun = asyncio.get_running_loop().time()
        self._searches[run_uuid] = _Search(candidate, begun, asyncio.create_task(search))

    def take(self, run_uuid: UUID, candidate: Hashable) -> asyncio.Task[ResolvedModel] | None:
        """The search, once, where it is for this candidate and not old."""
        search = self._searches.get(run_uuid)
        if search is None:
            return None
        if search.candidate == candidate and asyncio.get_running_loop().time() - search.begun < SECONDS:
            del self._searches[run_uuid]
            return search.task
        self.drop(run_uuid)
        return None

    def drop(self, run_uuid: UUID) -> None:
        """Gives the run's search up, if there is one."""
        search = self._searches.pop(run_uuid, None)
        if search is None:
            return
        if search.task.done() and not search.task.cancelled():
            # Nobody asks for it any more, nor is its failure to be logged as unseen.
            search.task.exception()
        search.task.cancel()

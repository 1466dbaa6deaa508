"""The loops of an engine: each goes on whatever it raises, and tells when it does not do its work."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

PAUSES: Final = (0.05, 0.2, 1.0)
SETTLED_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


class Kept:
    """A loop that is begun again when it fails, and is over only when it returns.

    ``failures`` counts how often that was.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        self.name: Final = name
        self.failures = 0
        self._work = work
        self._failed: str | None = None
        self._again_at = 0.0
        self.task: Final = asyncio.create_task(self._run())

    @property
    def problem(self) -> str | None:
        """What it failed with, until it has been at work for a while again."""
        if self._failed is not None and self._clock() - self._again_at > SETTLED_SECONDS:
            self._failed = None
        return self._failed

    async def _run(self) -> None:
        in_a_row = 0
        while True:
            begun_at = self._again_at = self._clock()
            try:
                await self._work()
            except Exception as error:  # noqa: BLE001 - without this loop no run of the process gets on
                in_a_row = 0 if self._clock() - begun_at > SETTLED_SECONDS else in_a_row
                self.failures += 1
                self._failed = type(error).__name__
                # Not its text, which may be a user's.
                places = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
                log.error(  # noqa: TRY400
                    "engine.loop_failed", loop=self.name, error=self._failed, failures=self.failures, trace=places
                )
            else:
                return
            self._again_at = float("inf")
            await asyncio.sleep(PAUSES[min(in_a_row, len(PAUSES) - 1)])
            in_a_row += 1

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()

"""The queues that runs wait in, each with kinds of work of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that a process serves. Of several, those that are named first come first."""

    name: str
    most: int | None = None
    """How many of its runs the process is at work on at a time, at most."""

    @property
    def entrypoint(self) -> str:
        """What PgQueuer knows it by."""
        return entrypoint(self.name)


def entrypoint(queue: str) -> str:
    """What PgQueuer knows a queue by; jobs that are not due yet have ``.later`` behind it."""
    return "engine.run" if queue == DEFAULT else f"engine.{queue}"

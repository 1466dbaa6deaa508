"""Which memories agents were given, counted in this process until the next look: recalling one writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

MOST_KEPT = 100_000
"""Different memories that are counted between two looks; more are not counted."""


class Uses:
    """The uses since the last :meth:`take`. A process that is killed loses those of a few seconds."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[UUID, UUID]] = Counter()

    def note(self, workspace_uuid: UUID, uuids: Iterable[UUID]) -> None:
        """Counts a use of each."""
        for uuid in uuids:
            if len(self._counts) < MOST_KEPT or (workspace_uuid, uuid) in self._counts:
                self._counts[workspace_uuid, uuid] += 1

    def take(self) -> Counter[tuple[UUID, UUID]]:
        """The number of uses by workspace and memory; they count from zero again."""
        taken, self._counts = self._counts, Counter()
        return taken

    def give_back(self, counts: Counter[tuple[UUID, UUID]]) -> None:
        """What was taken and could not be stored."""
        self._counts.update(counts)

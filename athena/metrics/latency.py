"""Durations on a scale of logarithms: how many took about how long, from which percentiles come.

A duration is kept as one of 256 places, each 8 % longer than the one before, from a millisecond to four days. What is
told of a place is its middle, so that a percentile is at most 4 % off; anything longer counts as four days.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

GROWTH = 1.08
PLACES = 256


def place(milliseconds: float) -> int:
    """A duration's place, from 1; the database's ``athena_latency`` does the same."""
    return min(PLACES, 1 + math.floor(math.log(max(1.0, milliseconds)) / math.log(GROWTH)))


def middle(number: int) -> float:
    """The duration that a place stands for, in milliseconds."""
    return GROWTH ** (number - 0.5)


@dataclass(slots=True)
class Durations:
    """How many durations lie at each place."""

    counts: dict[int, float] = field(default_factory=dict[int, float])

    def add(self, text: str | None) -> None:
        """Adds what the database has, written as a sparse vector: ``{place:count,…}/256``."""
        if not text or text.startswith("{}"):
            return
        numbers = text[1 : text.rindex("}")].replace(":", ",").split(",")
        added = zip(map(int, numbers[::2]), map(float, numbers[1::2]), strict=True)
        if not self.counts:
            self.counts = dict(added)
            return
        for at, count in added:
            self.counts[at] = self.counts.get(at, 0.0) + count

    def include(self, other: Durations) -> None:
        """Adds what ``other`` has."""
        for at, count in other.counts.items():
            self.counts[at] = self.counts.get(at, 0.0) + count

    def percentiles(self, shares: Sequence[float]) -> list[int | None]:
        """The duration that each share of all is not longer than, to the millisecond; ``None`` when there are none."""
        if not self.counts:
            return [None] * len(shares)
        places = sorted(self.counts)
        seen = list(accumulate(self.counts[at] for at in places))
        wanted = (max(1.0, math.ceil(share * seen[-1])) for share in shares)
        return [round(middle(places[min(bisect_left(seen, count), len(places) - 1)])) for count in wanted]

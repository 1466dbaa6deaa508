"""Durations on a scale of logarithms: how many took about how long, from which percentiles come.

A duration is kept as one of 256 places, each 8 % longer than the one before, from a millisecond to four days. What is
told of a place is its middle, so that a percentile is at most 4 % off; anything longer counts as four days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

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
        if not text:
            return
        for part in text[1 : text.rindex("}")].split(","):
            number, _, count = part.partition(":")
            if count:
                at = int(number)
                self.counts[at] = self.counts.get(at, 0.0) + float(count)

    def percentiles(self, shares: Sequence[float]) -> list[int | None]:
        """The duration that each share of all is not longer than, to the millisecond; ``None`` when there are none."""
        ordered = sorted(self.counts.items())
        total = sum(self.counts.values())
        found: list[int | None] = []
        for share in shares:
            wanted, seen, answer = max(1.0, math.ceil(share * total)), 0.0, None
            for number, count in ordered:
                seen += count
                answer = round(middle(number))
                if seen >= wanted:
                    break
            found.append(answer)
        return found

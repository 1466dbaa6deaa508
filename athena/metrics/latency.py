"""Durations on a scale of logarithms: how many took about how long, from which percentiles come.

A duration is kept as one of 256 places, each 8 % longer than the one before, from a millisecond to four days. What is
told of a place is its middle, so that a percentile is at most 4 % off; anything longer counts as four days.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

GROWTH = 1.08
PLACES = 256
NONE: Sequence[float] = (0.0,) * PLACES
"""No durations at all."""

# What pgvector sends of a vector: how many numbers it has, two bytes for later, and the numbers.
_SENT = struct.Struct(f">4x{PLACES}f")


def place(milliseconds: float) -> int:
    """A duration's place, from 1; the database's ``athena_latency`` does the same."""
    return min(PLACES, 1 + math.floor(math.log(max(1.0, milliseconds)) / math.log(GROWTH)))


def middle(number: int) -> float:
    """The duration that a place stands for, in milliseconds."""
    return GROWTH ** (number - 0.5)


_MIDDLES = [round(middle(number)) for number in range(1, PLACES + 1)]


def counts(sent: bytes | None) -> Sequence[float]:
    """How many durations lie at each place, from what the database's ``vector_send`` gives."""
    return NONE if sent is None else _SENT.unpack(sent)


def percentiles(found: Sequence[float], shares: Sequence[float]) -> list[int | None]:
    """The duration that each share of all is not longer than, to the millisecond; ``None`` when there are none."""
    seen = list(accumulate(found))
    total = seen[-1]
    if not total:
        return [None] * len(shares)
    return [_MIDDLES[bisect_left(seen, min(total, max(1.0, math.ceil(share * total))))] for share in shares]

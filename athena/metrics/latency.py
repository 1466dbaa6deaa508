"""Durations on a scale of logarithms: how many took about how long, from which percentiles come.

A duration is kept as one of 256 places, each 8 % longer than the one before, from a millisecond to four days. What is
told of a place is its middle, so that a percentile is at most 4 % off; anything longer counts as four days.
"""

from __future__ import annotations

import math
import struct
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

GROWTH = 1.08
PLACES = 256

# What pgvector sends of a sparse vector: its length, how many of its numbers are not 0, four bytes for later; then the
# places of these, from 0, and the numbers themselves.
_HEAD = struct.Struct(">4xi4x")


def place(milliseconds: float) -> int:
    """A duration's place, from 1; the database's ``athena_latency`` does the same."""
    return min(PLACES, 1 + math.floor(math.log(max(1.0, milliseconds)) / math.log(GROWTH)))


def middle(number: int) -> float:
    """The duration that a place stands for, in milliseconds."""
    return GROWTH ** (number - 0.5)


_MIDDLES = [round(middle(number)) for number in range(1, PLACES + 1)]


def counts(sent: bytes | None) -> Mapping[int, float]:
    """How many durations lie at each place that has any, in order, from what ``sparsevec_send`` gives.

    Several of them, one after the other, are added up.
    """
    found: dict[int, float] = {}
    at, several = 0, False
    while sent is not None and at < len(sent):
        several = at > 0
        (length,) = _HEAD.unpack_from(sent, at)
        numbers = struct.unpack_from(f">{length}i{length}f", sent, at + _HEAD.size)
        at += _HEAD.size + 8 * length
        for place, count in zip(numbers[:length], numbers[length:], strict=True):
            found[place + 1] = found.get(place + 1, 0.0) + count
    return dict(sorted(found.items())) if several else found


def percentiles(found: Mapping[int, float], shares: Sequence[float]) -> tuple[int | None, ...]:
    """The duration that each share of all is not longer than, to the millisecond; ``None`` when there are none."""
    if not found:
        return (None,) * len(shares)
    places, seen = list(found), list(accumulate(found.values()))
    total = seen[-1]
    ranks = (min(total, max(1.0, math.ceil(share * total))) for share in shares)
    return tuple(_MIDDLES[places[bisect_left(seen, rank)] - 1] for rank in ranks)

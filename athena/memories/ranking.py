"""Two orders of the same things made into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

CONSTANT = 60
"""How little the first places of an order count over the next ones; what reciprocal ranks are fused with everywhere."""


def fuse(orders: Iterable[Sequence[T]]) -> list[tuple[T, float]]:
    """By reciprocal rank: what stands high in several ``orders`` comes first; 1 is the first in each of them."""
    given = list(orders)
    scores: dict[T, float] = {}
    for order in given:
        for rank, item in enumerate(order, start=1):
            scores[item] = scores.get(item, 0.0) + (CONSTANT + 1) / (CONSTANT + rank) / len(given)
    # What is equal keeps the first order's order.
    return sorted(scores.items(), key=lambda pair: -pair[1])

"""How far a figure that was found in some cases can be trusted for all of them: intervals at 95 %. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple

Z: Final = 1.959964


class Interval(NamedTuple):
    """Where the true figure lies with 95 % certainty."""

    low: float
    high: float


def wilson(positive: float, total: float) -> Interval:
    """The interval of a share between 0 and 1, when ``positive`` of ``total`` were seen.

    Also of the mean of figures between 0 and 1 whose sum is ``positive``: no such figures are spread wider.
    """
    if total <= 0:
        return Interval(0.0, 1.0)
    share, z2 = positive / total, Z * Z
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    spread = Z / (1 + z2 / total) * math.sqrt(max(0.0, share * (1 - share) / total + z2 / (4 * total * total)))
    return Interval(max(0.0, centre - spread), min(1.0, centre + spread))


def of_mean(figures: Sequence[float]) -> Interval | None:
    """The interval of the mean of ``figures``; ``None`` where they are too few to tell."""
    if len(figures) < 2:  # noqa: PLR2004 - one figure has no spread
        return None
    mean = statistics.fmean(figures)
    spread = Z * statistics.stdev(figures) / math.sqrt(len(figures))
    return Interval(mean - spread, mean + spread)

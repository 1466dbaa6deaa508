"""An agent's score: how good it is at least, as far as the runs and ratings so far let one say.

The share of runs that succeed and the share of ratings that are positive each have a Wilson interval at 95 %. The
score is a weighted mean of the lower ends: 70 % success, 30 % rating. Few runs leave the interval wide and its lower
end low, so that three lucky runs do not beat three thousand good ones. Ratings are added to four that cancel each
other out, so that an agent without any stands below a liked one and above a disliked one. Runs that were cancelled
say nothing about the agent, and do not count.
"""

from __future__ import annotations

import math
from typing import NamedTuple

Z = 1.959964
SUCCESS_WEIGHT = 0.7
RATING_WEIGHT = 0.3
NEUTRAL_RATINGS = 4


class Score(NamedTuple):
    """Between 0 and 1. ``low`` is what agents are ranked by."""

    low: float
    high: float


def wilson(positive: float, total: float) -> Score:
    """The interval that holds the true share with 95 % certainty, when ``positive`` of ``total`` were seen."""
    if total <= 0:
        return Score(0.0, 1.0)
    share, z2 = positive / total, Z * Z
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    spread = Z / (1 + z2 / total) * math.sqrt(max(0.0, share * (1 - share) / total + z2 / (4 * total * total)))
    return Score(max(0.0, centre - spread), min(1.0, centre + spread))


def score(*, succeeded: int, failed: int, likes: int, dislikes: int) -> Score:
    """An agent's score with its interval."""
    success = wilson(succeeded, succeeded + failed)
    rating = wilson(likes + NEUTRAL_RATINGS / 2, likes + dislikes + NEUTRAL_RATINGS)
    return Score(
        SUCCESS_WEIGHT * success.low + RATING_WEIGHT * rating.low,
        SUCCESS_WEIGHT * success.high + RATING_WEIGHT * rating.high,
    )

"""An agent's score: how good it is at least, as far as the runs and ratings so far let one say.

The share of runs that succeed and the share of ratings that are positive each have a Wilson interval at 95 %. The
score is a weighted mean of the lower ends: 70 % success, 30 % rating. Few runs leave the interval wide and its lower
end low, so that three lucky runs do not beat three thousand good ones. Ratings are added to four that cancel each
other out, so that an agent without any stands below a liked one and above a disliked one. Runs that were cancelled
say nothing about the agent, and do not count.
"""

from __future__ import annotations

from athena.kit.intervals import Interval, wilson

SUCCESS_WEIGHT = 0.7
RATING_WEIGHT = 0.3
NEUTRAL_RATINGS = 4


def score(*, succeeded: int, failed: int, likes: int, dislikes: int) -> Interval:
    """An agent's score, between 0 and 1; ``low`` is what agents are ranked by."""
    success = wilson(succeeded, succeeded + failed)
    rating = wilson(likes + NEUTRAL_RATINGS / 2, likes + dislikes + NEUTRAL_RATINGS)
    return Interval(
        SUCCESS_WEIGHT * success.low + RATING_WEIGHT * rating.low,
        SUCCESS_WEIGHT * success.high + RATING_WEIGHT * rating.high,
    )

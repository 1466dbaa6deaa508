"""An agent's score, and durations on a scale of logarithms."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.kit.db import Database
from athena.kit.intervals import wilson
from athena.metrics.latency import counts, middle, percentiles, place
from athena.metrics.score import score

COUNTS = st.integers(0, 100_000)


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_score_is_an_interval_between_0_and_1(succeeded: int, failed: int, likes: int, dislikes: int) -> None:
    found = score(succeeded=succeeded, failed=failed, likes=likes, dislikes=dislikes)
    assert 0 <= found.low < found.high <= 1


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_what_goes_well_raises_it_and_what_goes_wrong_lowers_it(
    succeeded: int, failed: int, likes: int, dislikes: int
) -> None:
    def low(s: int = 0, f: int = 0, up: int = 0, down: int = 0) -> float:
        return score(succeeded=succeeded + s, failed=failed + f, likes=likes + up, dislikes=dislikes + down).low

    assert low(s=1) >= low() - 1e-12
    assert low(up=1) >= low() - 1e-12
    assert low(f=1) <= low() + 1e-12
    assert low(down=1) <= low() + 1e-12


@given(st.integers(0, 50), st.integers(0, 50), st.integers(2, 100))
def test_the_interval_shrinks_with_experience(positive: int, negative: int, times: int) -> None:
    if positive + negative == 0:
        return
    little, much = wilson(positive, positive + negative), wilson(positive * times, (positive + negative) * times)
    assert much.high - much.low < little.high - little.low
    assert little.low - 1e-12 <= positive / (positive + negative) <= little.high + 1e-12


def test_three_lucky_runs_do_not_beat_three_thousand_good_ones() -> None:
    lucky = score(succeeded=3, failed=0, likes=3, dislikes=0)
    proven = score(succeeded=2_900, failed=100, likes=40, dislikes=10)
    assert proven.low > lucky.low


def test_who_has_no_ratings_stands_between_the_liked_and_the_disliked() -> None:
    unrated, liked, disliked = (
        score(succeeded=100, failed=0, likes=likes, dislikes=dislikes).low
        for likes, dislikes in ((0, 0), (5, 0), (0, 5))
    )
    assert disliked < unrated < liked


@given(st.floats(1, 3e8))
def test_a_duration_is_kept_to_4_percent(milliseconds: float) -> None:
    assert abs(middle(place(milliseconds)) / milliseconds - 1) < 0.04


@given(st.lists(st.integers(1, 1_000_000), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_at_most_4_percent_off(durations: list[int], share: float) -> None:
    kept = Counter(sorted(place(each) for each in durations))
    exact = sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]
    (found,) = percentiles(kept, [share])
    assert found is not None
    assert abs(found - exact) <= 0.04 * exact + 0.5


def test_without_durations_there_is_no_percentile() -> None:
    assert percentiles(counts(None), [0.5, 0.99]) == (None, None)


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 10, 999, 1000, 60_000, 3_600_000, 400_000_000, 10**15])
async def test_the_database_keeps_durations_at_the_same_places(database: Database, milliseconds: int) -> None:
    async with database.system() as session:
        sent = await session.value("SELECT sparsevec_send(athena_latency($1))", milliseconds)
    assert counts(sent) == {place(milliseconds): 1}

"""Which moment a wall clock's time stands for, where clocks are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.triggers.wall_clock import latest_local, moment_of

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]
# The minutes around a change of clocks in each of them, and some that are not.
CHANGES = [
    *("2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T07:00", "2026-11-01T06:00", "2026-04-04T15:00"),
    *("2026-10-03T15:30", "2026-02-15T02:00", "2026-03-22T02:00", "2011-12-30T10:00", "2026-07-01T12:00"),
]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


def near(change: str, seconds: int) -> datetime:
    return local(change).replace(tzinfo=UTC) + timedelta(seconds=seconds)


MOMENTS = st.builds(near, st.sampled_from(CHANGES), st.integers(-100_000, 100_000))


@pytest.mark.parametrize(
    ("zone", "shown", "moment"),
    [
        ("Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z"),
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-03-29T02:59:59", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00Z"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00:00Z"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z"),
        ("Africa/Casablanca", "2026-03-22T02:30", "2026-03-22T02:00:00Z"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z"),
    ],
)
def test_a_time_that_is_left_out_comes_after_the_gap_and_one_shown_twice_is_the_first(
    zone: str, shown: str, moment: str
) -> None:
    assert moment_of(local(shown), ZoneInfo(zone)) == datetime.fromisoformat(moment)


@given(MOMENTS, st.sampled_from(ZONES), st.integers(0, 100_000))
def test_later_times_never_stand_for_earlier_moments(moment: datetime, zone_name: str, seconds: int) -> None:
    zone = ZoneInfo(zone_name)
    shown = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    assert moment_of(shown, zone) <= moment
    assert moment_of(shown, zone) <= moment_of(shown + timedelta(seconds=seconds), zone)


@given(MOMENTS, st.sampled_from(ZONES), st.integers(0, 999_999))
def test_the_latest_time_that_stands_for_a_moment(moment: datetime, zone_name: str, micro: int) -> None:
    zone, moment = ZoneInfo(zone_name), moment.replace(microsecond=micro)
    latest = latest_local(moment, zone)
    following = latest.replace(microsecond=0) + timedelta(seconds=1)
    assert moment_of(latest, zone) <= moment < moment_of(following, zone)

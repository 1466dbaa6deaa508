"""A budget's periods: days and months as the clocks of a place show them, without a gap and without an overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.budgets.periods import PeriodKind, period_at, periods_between
from athena.kit import clock

KINDS: list[PeriodKind] = ["day", "month"]
moments = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(sorted(clock.known_zones()))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@given(st.sampled_from(KINDS), zones, moments)
def test_every_moment_lies_in_one_period(kind: PeriodKind, zone: str, moment: datetime) -> None:
    found = period_at(kind, zone, moment)
    assert found.ends_at is not None
    assert found.starts_at <= moment < found.ends_at
    before = period_at(kind, zone, found.starts_at - timedelta(microseconds=1))
    after = period_at(kind, zone, found.ends_at)
    assert before.ends_at == found.starts_at
    assert after.starts_at == found.ends_at
    assert period_at(kind, zone, found.starts_at) == period_at(kind, zone, found.ends_at - timedelta(microseconds=1))


@given(st.sampled_from(KINDS), zones, moments)
def test_a_period_begins_at_the_first_moment_of_its_day(kind: PeriodKind, zone: str, moment: datetime) -> None:
    start = period_at(kind, zone, moment).starts_at
    local, before = (at.astimezone(ZoneInfo(zone)) for at in (start, start - timedelta(microseconds=1)))
    assert before.date() < local.date() or before.utcoffset() != local.utcoffset()
    if kind == "month" and before.utcoffset() == local.utcoffset():
        assert (local.day, local.hour, local.minute, local.second) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "zone", "moment", "starts_at", "ends_at"),
    [
        ("day", "UTC", "2026-01-31T23:59:59.999+00:00", "2026-01-31T00:00+00:00", "2026-02-01T00:00+00:00"),
        ("month", "UTC", "2024-02-29T12:00+00:00", "2024-02-01T00:00+00:00", "2024-03-01T00:00+00:00"),
        ("month", "Asia/Tokyo", "2025-12-31T15:00+00:00", "2026-01-01T00:00+09:00", "2026-02-01T00:00+09:00"),
        ("day", "Europe/Berlin", "2026-03-29T12:00+02:00", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("day", "Europe/Berlin", "2026-10-25T12:00+01:00", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"),
        ("day", "Africa/Cairo", "2026-04-24T12:00+03:00", "2026-04-24T01:00+03:00", "2026-04-25T00:00+03:00"),
        ("day", "America/St_Johns", "2010-11-06T23:30-03:30", "2010-11-07T00:00-02:30", "2010-11-08T00:00-03:30"),
        ("day", "Pacific/Apia", "2011-12-30T00:00+14:00", "2011-12-29T00:00-10:00", "2011-12-31T00:00+14:00"),
    ],
    ids=["day", "leap year", "year's end", "23 hours", "25 hours", "no midnight", "midnight twice", "no such day"],
)
def test_when_periods_begin_and_end(kind: PeriodKind, zone: str, moment: str, starts_at: str, ends_at: str) -> None:
    assert period_at(kind, zone, utc(moment)) == (utc(starts_at), utc(ends_at))


def test_a_total_never_ends() -> None:
    found = period_at("total", "Europe/Berlin", utc("2026-01-01T00:00+00:00"))
    assert found.ends_at is None
    assert list(periods_between("total", "UTC", utc("2026-01-01T00:00Z"), utc("2027-01-01T00:00Z"))) == [found]


def test_the_periods_of_a_time_follow_each_other() -> None:
    found = list(periods_between("day", "Europe/Berlin", utc("2026-03-28T12:00Z"), utc("2026-03-31T00:00Z")))
    assert [period.starts_at for period in found] == [
        utc("2026-03-28T00:00+01:00"),
        utc("2026-03-29T00:00+01:00"),
        utc("2026-03-30T00:00+02:00"),
        utc("2026-03-31T00:00+02:00"),
    ]
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))

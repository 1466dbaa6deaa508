"""Schedules by cron: the times, the reasons against an expression, and the days on which clocks change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from athena.triggers.schedule import MAXIMUM_MISSED, due, upcoming
from tests.triggers.schedules import CHANGES, KEY, ZONES, at, cron, rule, shown

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/20 * * * *", ["2026-01-05T10:20:00Z", "2026-01-05T10:40:00Z", "2026-01-05T11:00:00Z"]),
        ("0 9 * * MON-FRI", ["2026-01-06T09:00:00Z", "2026-01-07T09:00:00Z"]),
        ("30 59 23 31 12 ?", ["2026-12-31T23:59:30Z", "2027-12-31T23:59:30Z"]),
        ("0 0 L * *", ["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"]),
        ("0 0 * * 1#2", ["2026-01-12T00:00:00Z", "2026-02-09T00:00:00Z"]),
        (
            "0 0 1 * SUN",
            ["2026-01-11T00:00:00Z", "2026-01-18T00:00:00Z", "2026-01-25T00:00:00Z", "2026-02-01T00:00:00Z"],
        ),
        ("0 0 29 2 *", ["2028-02-29T00:00:00Z"]),
        ("0 0 * 2 1#5", ["2044-02-29T00:00:00Z"]),
    ],
)
def test_the_times_of_cron(expression: str, expected: list[str]) -> None:
    assert shown(cron(expression), "2026-01-05T10:00:00", len(expected)) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("0 0 31 2 *", "never comes"),
        ("0 0 31 4,6 *", "never comes"),
        ("0 0 30 2 1#1", "never comes"),
        ("60 * * * *", "The minute cannot be '60'"),
        ("0 24 * * *", "The hour cannot be '24'"),
        ("61 0 0 * * *", "The second cannot be '61'"),
        ("0 0 0 * *", "The day of month cannot be '0'"),
        ("0 0 * FOO *", "The month cannot be 'FOO'"),
        ("0 0 * * 8", "The day of week cannot be '8'"),
        ("0 9-9 * * *", "The hour cannot be '9-9'"),
        ("R * * * *", "The minute cannot be 'R'"),
        ("H(0-9) * * * *", "The minute cannot be"),
        ("*/0 * * * *", "The minute cannot be"),
        ("٣ * * * *", "The minute cannot be"),
        ("0 0 * * 1,2#1", "The day of week cannot be"),
        ("* * *", "Cron has 5 fields"),
        ("0 0 * * * * 2027", "Cron has 5 fields"),
        ("@daily", "Cron has 5 fields"),
    ],
)
def test_a_cron_expression_that_cannot_work_is_refused_with_the_reason(expression: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason) as refused:
        cron(expression)
    assert refused.value.errors()[0]["loc"] == ("cron", "expression")


@settings(deadline=None)
@given(
    st.text(max_size=20)
    | st.lists(st.text("0123456789*/,-LW#?hrMON", min_size=1, max_size=6), min_size=5, max_size=6).map(" ".join)
)
def test_any_text_is_cron_or_refused(text: str) -> None:
    try:
        it = cron(text)
    except ValidationError:
        return
    assert shown(it, "2026-01-05T10:00:00", 1)


FIELDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]


def part(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    return st.one_of(
        number.map(str),
        st.tuples(st.integers(low, high - 1), st.integers(1, 9)).map(
            lambda pair: f"{pair[0]}-{min(high, pair[0] + pair[1])}"
        ),
        st.integers(2, 30).map(lambda step: f"*/{min(step, high)}"),
    )


def field(low: int, high: int) -> st.SearchStrategy[str]:
    return st.just("*") | st.lists(part(low, high), min_size=1, max_size=2).map(",".join)


EXPRESSIONS = st.tuples(*(field(low, high) for low, high in FIELDS)).map(" ".join)


def values(text: str, low: int, high: int) -> set[int]:
    """The numbers that a field stands for, read as simply as can be."""
    found: set[int] = set()
    for each in text.split(","):
        span, _, step = each.partition("/")
        first, _, last = (f"{low}-{high}" if span == "*" else span).partition("-")
        found |= set(range(int(first), int(last or first) + 1, int(step or 1)))
    return found


def restricted(expression: str) -> Sequence[tuple[int, str, int]]:
    """The places of the fields for days, what they say, and how many days there are for each."""
    texts = expression.split()
    return [(2, texts[2], 31), (4, texts[4], 7)]


def watched(expression: str, zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """The moments at which somebody who watches the clock minute by minute sees a time for the first time, or past."""
    texts = expression.split()
    minutes, hours, days, months, weekdays = (
        values(text, low, high) for text, (low, high) in zip(texts, FIELDS, strict=True)
    )
    either = texts[2] != "*" and texts[4] != "*"

    def fits(local: datetime) -> bool:
        by_day, by_weekday = local.day in days, local.isoweekday() % 7 in weekdays
        of_day = (by_day or by_weekday) if either else (by_day and by_weekday)
        return of_day and local.month in months and local.hour in hours and local.minute in minutes

    found: list[datetime] = []
    latest = begin.astimezone(zone).replace(tzinfo=None)
    moment = begin
    while (moment := moment + MINUTE) <= end:
        local = moment.astimezone(zone).replace(tzinfo=None)
        passed = [latest + MINUTE * number for number in range(1, (local - latest) // MINUTE + 1)]
        latest = max(latest, local)
        if any(map(fits, passed)):
            found.append(moment)
    return found


@settings(max_examples=40, deadline=None)
@given(EXPRESSIONS, st.sampled_from(ZONES), st.sampled_from(CHANGES))
def test_cron_comes_when_a_watched_clock_shows_it(expression: str, zone: str, day: str) -> None:
    begin = at(day) - timedelta(hours=20)
    end = begin + timedelta(days=2)
    # Whether a list of all days counts as *, is by what the other field is.
    assume(all(each == "*" or len(values(each, *FIELDS[place])) < most for place, each, most in restricted(expression)))
    try:
        it = cron(expression, zone, missed="all")
    except ValidationError:
        return
    expected = watched(expression, ZoneInfo(zone), begin, end)
    assert [each for each in upcoming(it, begin, begin, 50) if each <= end] == expected[:50]
    assert due(it, begin, end, begin, KEY) == expected[-MAXIMUM_MISSED:]


@pytest.mark.parametrize(
    ("zone", "expression", "after", "expected"),
    [
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00", ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]),
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00", ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]),
        ("Europe/Berlin", "*/30 * * * *", "2026-03-29T00:30:00", ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]),
        ("Europe/Berlin", "*/30 * * * *", "2026-10-25T00:00:00", ["2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z"]),
        ("Europe/Berlin", "*/30 * * * *", "2026-10-25T01:15:00", ["2026-10-25T02:00:00Z"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00", ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]),
        ("Africa/Casablanca", "30 2 * * *", "2026-03-21T12:00:00", ["2026-03-22T02:00:00Z", "2026-03-23T01:30:00Z"]),
    ],
)
def test_a_time_that_clocks_leave_out_comes_after_the_gap_and_one_shown_twice_comes_once(
    zone: str, expression: str, after: str, expected: list[str]
) -> None:
    assert shown(cron(expression, zone), after, len(expected)) == expected
    minute, hour, *_ = expression.replace("*/30", "0,30").split()
    by_rule = f"FREQ=DAILY;BYMINUTE={minute};BYSECOND=0;BYHOUR={hour if hour != '*' else ','.join(map(str, range(24)))}"
    assert shown(rule(by_rule, zone), after, len(expected)) == expected

"""Recurrence rules: the times that the standard gives them, found from anywhere, without a search that has no end."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from athena.triggers.recurrence import Recurrence, can_happen, parse

at = datetime.fromisoformat
START = at("2026-01-15T09:30:05")


def times(text: str, count: int = 4, start: datetime = START, after: datetime | None = None) -> list[str]:
    found = Recurrence(parse(text), start).ascending(after or start - timedelta(seconds=1))
    return [each.isoformat(timespec="seconds") for each in islice(found, count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FREQ=DAILY", ["2026-01-15T09:30:05", "2026-01-16T09:30:05"]),
        (
            "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;BYHOUR=8;BYMINUTE=0;BYSECOND=0",
            ["2026-01-26T08:00:00", "2026-01-29T08:00:00", "2026-02-09T08:00:00"],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-01-31T09:30:05", "2026-03-31T09:30:05"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-01-31T09:30:05", "2026-02-28T09:30:05"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2026-01-30T09:30:05", "2026-02-27T09:30:05"]),
        ("freq=monthly;byday=1MO,-1FR", ["2026-01-30T09:30:05", "2026-02-02T09:30:05"]),
        ("FREQ=YEARLY", ["2026-01-15T09:30:05", "2027-01-15T09:30:05"]),
        ("FREQ=YEARLY;BYDAY=20MO", ["2026-05-18T09:30:05", "2027-05-17T09:30:05"]),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", ["2026-05-11T09:30:05", "2027-05-17T09:30:05"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29T09:30:05", "2032-02-29T09:30:05"]),
        ("FREQ=DAILY;COUNT=2", ["2026-01-15T09:30:05", "2026-01-16T09:30:05"]),
        ("FREQ=HOURLY;INTERVAL=10", ["2026-01-15T09:30:05", "2026-01-15T19:30:05", "2026-01-16T05:30:05"]),
        ("FREQ=MINUTELY;INTERVAL=90;BYSECOND=0,30", ["2026-01-15T09:30:30", "2026-01-15T11:00:00"]),
    ],
)
def test_the_times_of_a_rule(text: str, expected: list[str]) -> None:
    assert times(text, len(expected)) == expected


def test_a_counted_rule_ends() -> None:
    assert times("FREQ=DAILY;COUNT=2", 9) == ["2026-01-15T09:30:05", "2026-01-16T09:30:05"]
    assert times("FREQ=DAILY;COUNT=2", 9, after=START) == ["2026-01-16T09:30:05"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "FREQ=DAILY"),
        ("FREQ", "FREQ=DAILY"),
        ("FREQ=DAILY;", "FREQ=DAILY"),
        ("INTERVAL=2", "FREQ must be"),
        ("FREQ=HOURLY;FREQ=DAILY", "FREQ is given twice"),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "SECONDLY"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL takes 1 to 10000"),
        ("FREQ=DAILY;INTERVAL=1,2", "INTERVAL is one number"),
        ("FREQ=DAILY;COUNT=1001", "COUNT takes 1 to 1000"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20270101", "COUNT and UNTIL"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR takes 0 to 23"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR takes 0 to 23"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY takes 1 to 31, or -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=a", "BYMONTHDAY takes"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY takes"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY takes"),
        ("FREQ=WEEKLY;BYDAY=1MO", "FREQ=MONTHLY or YEARLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY"),
        ("FREQ=YEARLY;BYWEEKNO=1", "BYWEEKNO needs"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs"),
        ("FREQ=HOURLY;BYMINUTE=1;BYSETPOS=1", "BYSETPOS needs"),
        ("FREQ=WEEKLY;WKST=XX", "WKST must be"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL is a time"),
        ("FREQ=DAILY;UNTIL=20260231", "UNTIL is a time"),
        ("FREQ=DAILY;UNTIL=99990101", "UNTIL lies between"),
        (
            "FREQ=DAILY;"
            + ";".join(f"BY{unit}=" + ",".join(map(str, range(24))) for unit in ("HOUR", "MINUTE", "SECOND")),
            "times a day",
        ),
    ],
)
def test_a_wrong_rule_is_refused_with_its_part(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(text)


@given(
    st.text(max_size=30)
    | st.text("FREQ=DAILY;BYMONTH,0123456789-+TZ", max_size=40).map(lambda text: f"FREQ=DAILY;{text}")
)
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    try:
        rule = parse(text)
    except ValueError:
        return
    assert rule.frequency in text.upper()


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=23",
        "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1",
        "FREQ=DAILY;BYHOUR=1;BYSETPOS=2",
    ],
)
def test_a_rule_whose_parts_exclude_each_other_never_happens_and_is_soon_known_to(text: str) -> None:
    assert not can_happen(parse(text))
    assert times(text) == []
    assert not [*Recurrence(parse(text), START).descending(at("2050-01-01"))]


def test_a_rule_may_happen_from_some_starts_alone() -> None:
    rule = "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=9;BYMINUTE=30"
    assert can_happen(parse(rule))
    assert times(rule, 1) == ["2026-01-15T09:30:05"]
    assert times(rule, 1, START + timedelta(minutes=1)) == []


def test_the_rarest_days_are_found() -> None:
    assert times("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", 1, at("2072-03-01")) == ["2112-02-29T00:00:00"]


def test_a_rule_ends_with_the_calendar() -> None:
    assert times("FREQ=YEARLY;INTERVAL=10000", 9) == ["2026-01-15T09:30:05"]
    assert times("FREQ=YEARLY;INTERVAL=5000", 9) == ["2026-01-15T09:30:05", "7026-01-15T09:30:05"]


def test_a_distant_time_costs_no_more_than_a_near_one() -> None:
    after = at("8999-12-31T23:00")
    assert times("FREQ=MINUTELY;INTERVAL=7", 2, after=after) == ["8999-12-31T23:05:05", "8999-12-31T23:12:05"]
    assert len(times("FREQ=MINUTELY", 100, after=after)) == 60


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    return st.lists(st.integers(low, high).filter(bool), min_size=1, max_size=3).map(
        lambda each: ",".join(map(str, each))
    )


def days(*places: str) -> st.SearchStrategy[str]:
    each = st.builds("".join, st.tuples(st.sampled_from(places), st.sampled_from(["MO", "WE", "SU"])))
    return st.lists(each, min_size=1, max_size=3).map(",".join)


PARTS: dict[str, st.SearchStrategy[str]] = {
    "INTERVAL": st.integers(1, 5).map(str),
    "BYMONTH": numbers(1, 12),
    "BYMONTHDAY": numbers(-31, 31),
    "BYYEARDAY": numbers(-366, 366),
    # Where the first week is counted from the end, the other implementation forgets its days in the year before.
    "BYWEEKNO": numbers(-51, 53),
    # Of days with and without a number in one list, the other implementation takes those that are both.
    "BYDAY": days("") | days("1", "2", "-1", "-3"),
    "BYHOUR": numbers(0, 23),
    "BYMINUTE": numbers(0, 59),
    "BYSECOND": numbers(0, 59),
    "BYSETPOS": numbers(-3, 3),
    "WKST": st.sampled_from(["MO", "SU", "TH"]),
}


@st.composite
def rules(draw: Any) -> str:
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]))
    names = draw(st.lists(st.sampled_from(sorted(PARTS)), max_size=4, unique=True))
    return ";".join([f"FREQ={frequency}", *(f"{name}={draw(PARTS[name])}" for name in names)])


# The calendar repeats after 400 years. What never happens, the other implementation looks for up to the year 9999.
NEAR_THE_END = 7_600
STARTS = st.datetimes(at("2390-01-01"), at("2394-01-01")).map(lambda each: each.replace(microsecond=0))


def parsed_or_skipped(text: str) -> None:
    try:
        parse(text)
    except ValueError:
        assume(False)


@settings(deadline=None)
@given(rules(), STARTS)
def test_the_times_are_those_of_another_implementation(text: str, start: datetime) -> None:
    parsed_or_skipped(text)
    # Of the first week it takes the days from the start on alone.
    assume(not ("FREQ=WEEKLY" in text and "BYSETPOS" in text))
    own = Recurrence(parse(text), start).ascending(start - timedelta(seconds=1))
    end = at(f"{start.year + 3}-01-01")
    later = start.replace(year=start.year + NEAR_THE_END)
    other = f"{text}{'' if 'WKST' in text else ';WKST=MO'};UNTIL={later.year + 3}0101T000000"
    try:
        expected = [each.replace(year=each.year - NEAR_THE_END) for each in islice(rrulestr(other, dtstart=later), 60)]
    except ValueError:
        # It says so where an interval leads past all times of a day.
        expected = []
    assert [each for each in islice(own, 60) if each <= end] == expected


@settings(deadline=None)
@given(rules(), STARTS, st.integers(0, 40_000_000))
def test_every_walk_goes_the_same_way(text: str, start: datetime, seconds: int) -> None:
    parsed_or_skipped(text)
    walk, middle = Recurrence(parse(text), start), start + timedelta(seconds=seconds)
    back = list(islice(walk.descending(middle), 20))
    on = list(islice(walk.ascending(middle), 20))
    assert back == sorted(set(back), reverse=True)
    assert on == sorted(set(on))
    assert all(start <= each <= middle for each in back)
    assert all(each > middle for each in on)
    if back:
        again = list(islice(walk.ascending(back[-1] - timedelta(seconds=1)), len(back) + len(on)))
        assert again == [*reversed(back), *on]

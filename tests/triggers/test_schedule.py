"""When a workflow runs by itself, in its time zone, through changes of clocks and times at which no server ran."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from athena.triggers.schedule import MAXIMUM_MISSED, Schedule, due, fires_at, next_after, upcoming
from tests.triggers.schedules import ADAPTER, ANCHOR, CHANGES, KEY, ZONES, at, config, cron, every, rule, shown


def test_an_interval_counts_the_time_that_passes() -> None:
    it = every(1, "days", timezone="Europe/Berlin", starts_at="2026-03-28T11:00:00Z")
    assert shown(it, "2026-03-01T00:00:00", 3) == [f"2026-03-{day}T11:00:00Z" for day in (28, 29, 30)]


def test_an_interval_begins_when_it_was_switched_on_and_runs_after_one_interval() -> None:
    it = every(15, "minutes")
    assert shown(it, "2026-01-01T00:00:00", 2) == ["2026-01-05T10:15:30Z", "2026-01-05T10:30:30Z"]
    assert shown(it, "2026-01-05T10:15:30", 1) == ["2026-01-05T10:30:30Z"]


def test_a_rule_takes_what_it_does_not_say_from_when_it_was_switched_on() -> None:
    it = rule("FREQ=WEEKLY", "America/New_York")
    assert shown(it, "2026-01-05T10:00:31", 2) == ["2026-01-12T10:00:30Z", "2026-01-19T10:00:30Z"]


def test_nothing_comes_before_the_start_or_after_the_end() -> None:
    limits = {"starts_at": "2026-02-01T12:00:00.900+01:00", "ends_at": "2026-02-03T11:00:00Z"}
    expected = [f"2026-02-0{day}T11:00:00Z" for day in (1, 2, 3)]
    for it in (cron("0 11 * * *", **limits), every(24, "hours", **limits), rule("FREQ=DAILY", **limits)):
        assert shown(it, "2026-01-01T00:00:00", 9) == expected
        assert next_after(it, at("2026-02-03T11:00:00"), ANCHOR) is None
        assert [
            f"{each:%Y-%m-%dT%H:%M:%SZ}"
            for each in due(
                it.model_copy(update={"missed": "all"}),
                at("2026-01-01T00:00:00"),
                at("2027-01-01T00:00:00"),
                ANCHOR,
                KEY,
            )
        ] == expected


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260107", "2026-01-06T23:00:00Z"),
        ("20260107T000000", "2026-01-06T23:00:00Z"),
        ("20260107T225959Z", "2026-01-06T23:00:00Z"),
        ("20260107T230000Z", "2026-01-07T23:00:00Z"),
    ],
)
def test_a_rule_ends_at_its_own_until(until: str, last: str) -> None:
    # Midnight in Berlin is 23:00 in UTC.
    it = rule(f"FREQ=DAILY;BYHOUR=0;BYMINUTE=0;BYSECOND=0;UNTIL={until}", "Europe/Berlin")
    assert shown(it, "2026-01-05T10:00:00", 9)[-1] == last


def test_a_schedule_is_the_same_after_it_was_stored() -> None:
    limits = {"starts_at": "2026-02-01T12:00:00.900+01:00", "ends_at": "2026-02-03T11:00:00Z"}
    for it in (cron("0 11 * * *", **limits), every(24, "hours", **limits), rule("FREQ=DAILY", **limits)):
        assert ADAPTER.validate_python(it.model_dump(mode="json")) == it


def test_a_counted_rule_counts_from_its_start() -> None:
    it = rule("FREQ=DAILY;COUNT=3", starts_at="2026-01-04T09:00:00Z", missed="all")
    assert shown(it, "2026-01-05T10:00:00", 9) == ["2026-01-06T09:00:00Z"]
    for now, days in (("2026-01-05T10:00:00", [4, 5]), ("2027-01-01T00:00:00", [4, 5, 6])):
        assert [each.day for each in due(it, at("2026-01-01T00:00:00"), at(now), ANCHOR, KEY)] == days


def missed(policy: str, last: str, now: str, **fields: Any) -> list[str]:
    it = cron("0 * * * *", missed=policy, **fields)
    return [f"{each:%H:%M}" for each in due(it, at(last), at(now), ANCHOR, KEY)]


def test_what_was_missed_is_skipped_or_runs_once_or_each_time() -> None:
    last, now = "2026-01-05T10:00:00", "2026-01-05T13:20:00"
    assert missed("skip", last, now) == []
    assert missed("once", last, now) == ["13:00"]
    assert missed("all", last, now) == ["11:00", "12:00", "13:00"]


@pytest.mark.parametrize("policy", ["skip", "once", "all"])
def test_what_is_due_runs_at_once_and_once_only(policy: str) -> None:
    assert missed(policy, "2026-01-05T10:00:00", "2026-01-05T10:59:59") == []
    assert missed(policy, "2026-01-05T10:00:00", "2026-01-05T11:00:00") == ["11:00"]
    assert missed(policy, "2026-01-05T10:00:00", "2026-01-05T11:01:00") == ["11:00"]
    assert missed(policy, "2026-01-05T11:00:00", "2026-01-05T11:01:00") == []


@pytest.mark.parametrize(
    "it", [cron("* * * * * *", missed="all"), every(10, "seconds", missed="all"), rule("FREQ=MINUTELY", missed="all")]
)
def test_of_a_long_absence_the_last_hundred_times_remain(it: Schedule) -> None:
    now = at("2027-03-01T00:00:00")
    found = due(it, ANCHOR, now, ANCHOR, KEY)
    assert len(found) == MAXIMUM_MISSED
    assert upcoming(it, found[0], ANCHOR, MAXIMUM_MISSED - 1) == found[1:]
    following = next_after(it, found[-1], ANCHOR)
    assert following is not None
    assert following > now


def test_jitter_is_the_same_everywhere_differs_by_workflow_and_keeps_the_order() -> None:
    it = cron("*/5 * * * *", jitter_seconds=3_600)
    occurrences = upcoming(it, ANCHOR, ANCHOR, 100)
    moments = [fires_at(it, each, ANCHOR, KEY) for each in occurrences]
    assert moments == [fires_at(it, each, ANCHOR, KEY) for each in occurrences]
    assert moments != [fires_at(it, each, ANCHOR, "another") for each in occurrences]
    assert len({moment - each for moment, each in zip(moments, occurrences, strict=True)}) > 50
    for (occurrence, moment), (following, _) in pairwise(zip(occurrences, moments, strict=True)):
        assert occurrence <= moment < following


def test_a_time_with_jitter_is_due_when_its_run_begins() -> None:
    it = cron("0 * * * *", jitter_seconds=1_800, missed="skip")
    occurrence = at("2026-01-05T11:00:00")
    moment = fires_at(it, occurrence, ANCHOR, KEY)
    assert timedelta() < moment - occurrence < timedelta(minutes=30)
    before = due(it, at("2026-01-05T10:00:00"), moment - timedelta(milliseconds=1), ANCHOR, KEY)
    assert (before, due(it, at("2026-01-05T10:00:00"), moment, ANCHOR, KEY)) == ([], [occurrence])


SCHEDULES = st.one_of(
    st.builds(
        cron, st.sampled_from(["*/7 * * * *", "0 2 * * *", "30 1,2,3 * * SUN", "15 */2 L * *"]), st.sampled_from(ZONES)
    ),
    st.builds(every, st.integers(10, 5_000), st.sampled_from(["seconds", "minutes"])),
    st.builds(
        rule, st.sampled_from(["FREQ=HOURLY;INTERVAL=5", "FREQ=MONTHLY;BYDAY=-1SU;BYHOUR=2"]), st.sampled_from(ZONES)
    ),
)


@settings(deadline=None)
@given(SCHEDULES, st.sampled_from(CHANGES), st.integers(-200_000, 200_000), st.integers(0, 999_999))
def test_times_follow_each_other_and_never_lie_before(it: Schedule, day: str, seconds: int, micro: int) -> None:
    after = at(day) + timedelta(seconds=seconds, microseconds=micro)
    found = upcoming(it, after, ANCHOR, 20)
    assert found == sorted(set(found))
    assert found[0] > after
    assert [next_after(it, each, ANCHOR) for each in [after, *found[:-1]]] == found
    everything = it.model_copy(update={"missed": "all"})
    assert due(everything, after, found[-1], ANCHOR, KEY) == found
    assert due(everything, after, found[0] - timedelta(microseconds=1), ANCHOR, KEY) == []


def test_the_ends_of_time_are_no_trouble() -> None:
    for zone in ZONES:
        for start in ("1970-01-01T00:00:00Z", "8999-12-30T00:00:00Z"):
            by_interval = every(1, "hours", timezone=zone, starts_at=start)
            for it in (
                by_interval,
                cron("0 * * * *", zone, starts_at=start),
                rule("FREQ=HOURLY", zone, starts_at=start),
            ):
                for now in ("0001-01-01", "9999-12-31T23:59:59"):
                    assert len(upcoming(it, at(now), ANCHOR, 3)) == (0 if now > start else 3)
                    assert len(due(it, at("0001-01-01"), at(now), ANCHOR, KEY)) == (1 if now > start else 0)


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        ("cron", {"expression": "* * * * *", "timezone": "Mars/Base"}, "timezone"),
        ("cron", {"expression": "* * * * *", "timezone": "../etc/passwd"}, "timezone"),
        ("cron", {"expression": "* * * * *", "timezone": "Europe"}, "timezone"),
        ("cron", {"expression": "* * * * *", "timezone": "localtime"}, "timezone"),
        (
            "cron",
            {"expression": "* * * * *", "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"},
            "ends_at",
        ),
        ("cron", {"expression": "* * * * *", "starts_at": "tomorrow"}, "starts_at"),
        ("cron", {"expression": "* * * * *", "starts_at": "1969-12-31T23:59:59Z"}, "starts_at"),
        ("cron", {"expression": "* * * * *", "starts_at": "9000-01-01T00:00:00Z"}, "starts_at"),
        ("cron", {"expression": "* * * * *", "jitter_seconds": 86_401}, "jitter_seconds"),
        ("cron", {"expression": "* * * * *", "missed": "some"}, "missed"),
        ("cron", {"expression": "* * * * *", "overlap": "kill"}, "overlap"),
        ("interval", {"every": 9, "unit": "seconds"}, "every"),
        ("interval", {"every": 0, "unit": "days"}, "every"),
        ("interval", {"every": 367, "unit": "days"}, "every"),
        ("interval", {"every": 1, "unit": "weeks"}, "unit"),
        ("rrule", {"rule": "FREQ=DAILY;BYHOUR=25"}, "rule"),
        ("rrule", {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rule"),
        ("rrule", {"rule": "FREQ=DAILY;COUNT=3"}, "rule"),
        ("rrule", {"rule": "FREQ=HOURLY;INTERVAL=24;BYHOUR=9", "starts_at": "2026-01-01T08:00:00Z"}, "rule"),
        ("rrule", {"rule": "FREQ=DAILY;UNTIL=20251231", "starts_at": "2026-01-01T08:00:00Z"}, "rule"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused_by_its_field(kind: str, fields: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        config(kind, **fields)
    assert [each["loc"] for each in refused.value.errors()] == [(kind, place)]

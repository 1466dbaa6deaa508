"""Buckets of the calendar, and the stored spans that they are made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.kit.errors import ValidationFailed
from athena.metrics.buckets import DETAILS, TOTALS, Interval, Piece, Span, down, period, pieces, up

NOW = datetime(2026, 11, 23, 18, 7, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def starts(begin: str, end: str, interval: Interval, zone: str = "UTC") -> list[str]:
    found = period(at(begin), at(end), interval, zone, NOW).starts
    return [start.isoformat()[:16] for start in found]


def test_left_out_it_is_the_last_thirty_days_of_the_calendar() -> None:
    found = period(None, None, "day", "UTC", NOW)
    assert (found.begin, found.end, len(found.starts)) == (at("2026-10-25"), at("2026-11-23T18:15"), 30)
    assert found.before == found.begin - (found.end - found.begin)
    tokyo = period(None, None, "day", "Asia/Tokyo", NOW)
    assert (tokyo.begin, len(tokyo.starts)) == (at("2026-10-25T15:00"), 30)


def test_begin_and_end_are_taken_to_the_quarter_of_an_hour() -> None:
    found = period(at("2026-01-01T10:07"), at("2026-01-01T10:16"), "hour", "UTC", NOW)
    assert (found.begin, found.end) == (at("2026-01-01T10:00"), at("2026-01-01T10:30"))


def test_a_day_has_23_hours_when_clocks_go_forward_and_25_when_they_go_back() -> None:
    forward = starts("2026-03-28T23:00", "2026-03-29T22:00", "hour", "Europe/Berlin")
    assert len(forward) == 23
    back = starts("2026-10-24T22:00", "2026-10-25T23:00", "hour", "Europe/Berlin")
    assert len(back) == 25
    days = starts("2026-03-27T23:00", "2026-03-30T22:00", "day", "Europe/Berlin")
    assert days == ["2026-03-27T23:00", "2026-03-28T23:00", "2026-03-29T22:00"]


def test_hours_of_zones_that_are_half_an_hour_off_begin_there() -> None:
    assert starts("2026-05-01T00:00", "2026-05-01T02:00", "hour", "Asia/Kolkata")[:2] == [
        "2026-04-30T23:30",
        "2026-05-01T00:30",
    ]
    assert starts("2026-05-01T00:00", "2026-05-01T01:00", "hour", "Asia/Kathmandu")[0] == "2026-04-30T23:15"


def test_half_an_hour_of_daylight_saving_makes_one_bucket_of_half_an_hour() -> None:
    found = starts("2026-10-03T14:00", "2026-10-03T18:00", "hour", "Australia/Lord_Howe")
    assert found == ["2026-10-03T13:30", "2026-10-03T14:30", "2026-10-03T15:30", "2026-10-03T16:00", "2026-10-03T17:00"]


def test_a_day_without_midnight_begins_when_it_begins() -> None:
    found = starts("2018-11-03T03:00", "2018-11-05T02:00", "day", "America/Sao_Paulo")
    assert found == ["2018-11-03T03:00", "2018-11-04T03:00"]


def test_a_day_that_a_zone_left_out_is_no_bucket() -> None:
    found = starts("2011-12-29T10:00", "2012-01-01T10:00", "day", "Pacific/Apia")
    assert found == ["2011-12-29T10:00", "2011-12-30T10:00", "2011-12-31T10:00"]


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    assert starts("2026-01-01", "2026-01-13", "week") == ["2025-12-29T00:00", "2026-01-05T00:00", "2026-01-12T00:00"]
    assert starts("2026-01-31", "2026-03-01", "month") == ["2026-01-01T00:00", "2026-02-01T00:00"]
    assert starts("2026-03-31", "2026-05-01", "month", "Europe/Berlin")[:2] == ["2026-02-28T23:00", "2026-03-31T22:00"]


@pytest.mark.parametrize(
    ("begin", "end", "zone", "field"),
    [
        ("2026-01-01", "2026-01-01", "UTC", "to"),
        ("2026-01-02", "2026-01-01", "UTC", "to"),
        ("2020-01-01", "2026-01-01", "UTC", "interval"),
        ("1969-12-31", "2026-01-01", "UTC", "from"),
        ("2026-01-01", "2300-01-01", "UTC", "to"),
        ("2026-01-01", "2026-01-02", "Mars/Olympus", "timezone"),
        ("2026-01-01", "2026-01-02", "../../etc/passwd", "timezone"),
    ],
)
def test_what_makes_no_period_is_refused(begin: str, end: str, zone: str, field: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        period(at(begin), at(end), "day", zone, NOW)
    assert list(refused.value.errors or {}) == [field]


def test_a_thousand_buckets_are_the_most() -> None:
    assert len(starts("2026-01-01", "2026-02-11T16:00", "hour")) == 1000
    with pytest.raises(ValidationFailed):
        starts("2026-01-01", "2026-02-11T17:00", "hour")


def test_whole_days_are_read_as_days() -> None:
    days = [at("2026-01-01") + timedelta(days=n) for n in range(31)]
    assert pieces(days, TOTALS, NOW) == [Piece("day", days[0], days[-1])]
    india = [day - timedelta(hours=5, minutes=30) for day in days]
    assert {piece.span for piece in pieces(india, TOTALS, NOW)} == {"six_hours", "hour", "quarter"}
    year = [at("2025-01-01"), at("2026-01-01")]
    assert pieces(year, DETAILS, NOW) == [Piece("month", *year)]
    mondays = [at("2026-01-05") + timedelta(weeks=n) for n in range(10)]
    assert pieces(mondays, TOTALS, NOW) == [Piece("week", mondays[0], mondays[-1])]


def test_the_present_month_is_read_whole() -> None:
    begin = at("2026-11-01")
    assert pieces([begin, up(NOW, "quarter")], TOTALS, NOW) == [Piece("month", begin, at("2026-12-01"))]


MOMENTS = st.integers(0, 235_000 * 4).map(lambda quarters: at("2000-01-01") + quarters * timedelta(minutes=15))


@given(st.lists(MOMENTS, min_size=2, max_size=6, unique=True), st.sampled_from([TOTALS, DETAILS]))
def test_pieces_cover_everything_between_borders_once(moments: list[datetime], spans: list[Span]) -> None:
    borders = sorted({down(moment, "quarter") for moment in moments})
    if len(borders) < 2:
        return
    found = pieces(borders, spans, NOW)
    assert found[0].begin == borders[0]
    assert found[-1].end == borders[-1]
    assert all(one.end == two.begin for one, two in pairwise(found))
    for piece in found:
        assert piece.begin < piece.end
        assert down(piece.begin, piece.span) == piece.begin
        assert down(piece.end, piece.span) == piece.end
    # No stored span lies on both sides of a border.
    for border in borders:
        inside = [piece for piece in found if piece.begin < border < piece.end]
        assert all(down(border, piece.span) == border for piece in inside)

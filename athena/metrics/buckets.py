"""Time as a dashboard cuts it: buckets of a calendar, and the stored spans that they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from athena.kit import clock
from athena.kit.errors import ValidationFailed

Interval = Literal["hour", "day", "week", "month"]
Span = Literal["quarter", "hour", "six_hours", "day", "week", "month"]

MAXIMUM_BUCKETS = 1_000
REMEMBERED = 64
"""Of how many periods a process keeps the calendar, so that a dashboard's next look need not make it anew."""
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
DEFAULT_DAYS = 30
QUARTER = timedelta(minutes=15)
TOTALS: Sequence[Span] = ("month", "week", "day", "six_hours", "hour", "quarter")
"""The spans of totals, the longest first."""
DETAILS: Sequence[Span] = ("month", "week", "day", "quarter")
"""The spans of details, the longest first."""


class Piece(NamedTuple):
    """Stored spans of one length that follow each other."""

    span: Span
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """What is asked for. ``begin`` and ``end`` lie on quarters of an hour; ``starts`` are the buckets' begins."""

    begin: datetime
    end: datetime
    interval: Interval
    timezone: str
    starts: Sequence[datetime]

    @property
    def before(self) -> datetime:
        """Where the equally long period before this one begins."""
        return self.begin - (self.end - self.begin)

    @property
    def borders(self) -> Sequence[datetime]:
        """The begin of the period before, of each bucket as far as it is asked for, and the end."""
        return (self.before, self.begin, *self.starts[1:], self.end)

    @property
    def shown(self) -> Sequence[str]:
        """The buckets' begins as text."""
        return _shown(self.starts)

    @property
    def seconds(self) -> Mapping[int, int]:
        """The buckets' numbers from 1, by their begins in seconds since 1970."""
        return _seconds(self.starts)


def period(
    begin: datetime | None,
    end: datetime | None,
    interval: Interval,
    timezone: str,
    now: datetime,
    maximum: int = MAXIMUM_BUCKETS,
) -> Period:
    """The buckets from ``begin`` (inclusive) to ``end``; left out, the last 30 days of the calendar up to ``now``.

    :class:`ValidationFailed` where they make no period, or more than ``maximum`` buckets.
    """
    if timezone not in clock.known_zones():
        raise ValidationFailed.of("timezone", "There is no such time zone; give a name such as Europe/Berlin.")
    zone = ZoneInfo(timezone)
    for name, moment in (("from", begin), ("to", end)):
        if moment is not None and not EARLIEST <= moment <= LATEST:
            raise ValidationFailed.of(name, "Give a time between the years 1970 and 2200.")
    end = up(end or now, "quarter")
    if begin is None:
        last = (end - QUARTER).astimezone(zone).date()
        begin = max(EARLIEST, _midnight(last - timedelta(days=DEFAULT_DAYS - 1), zone))
    begin = down(begin.astimezone(UTC), "quarter")
    if begin >= end:
        raise ValidationFailed.of("to", "The end must come after the begin.")
    starts = _starts(begin, end, interval, zone, maximum)
    return Period(begin, end, interval, timezone, starts)


@lru_cache(REMEMBERED)
def _starts(begin: datetime, end: datetime, interval: Interval, zone: ZoneInfo, maximum: int) -> Sequence[datetime]:
    current = _first(begin, interval, zone)
    starts: list[datetime] = []
    while current < end:
        if len(starts) == maximum:
            raise ValidationFailed.of("interval", f"These are more than {maximum:,} buckets; take a longer interval.")
        starts.append(current)
        current = _next(current, interval, zone)
    return tuple(starts)


@lru_cache(REMEMBERED)
def _shown(starts: Sequence[datetime]) -> Sequence[str]:
    return [clock.rfc3339(at) for at in starts]


@lru_cache(REMEMBERED)
def _seconds(starts: Sequence[datetime]) -> Mapping[int, int]:
    return {int(at.timestamp()): number for number, at in enumerate(starts, 1)}


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins; where a clock that is put forward leaves midnight out, the first moment after it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _first(moment: datetime, interval: Interval, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    if interval == "hour":
        return moment - timedelta(minutes=local.minute, seconds=local.second)
    day = local.date()
    if interval == "week":
        day -= timedelta(days=day.weekday())
    elif interval == "month":
        day = day.replace(day=1)
    return _midnight(day, zone)


def _next(start: datetime, interval: Interval, zone: ZoneInfo) -> datetime:
    """The bucket after the one that begins at ``start``."""
    local = start.astimezone(zone)
    if interval == "hour":
        # Hours are counted as they pass: a day on which clocks change has 23 or 25.
        return start + timedelta(hours=1) - timedelta(minutes=local.minute, seconds=local.second)
    day = local.date()
    while True:
        day = _later(day, interval)
        moment = _midnight(day, zone)
        # A zone that moves across the date line leaves a whole day out.
        if moment > start:
            return moment


def _later(day: date, interval: Interval) -> date:
    if interval == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)


_BEGINS: Mapping[Span, Callable[[datetime], datetime]] = {
    "quarter": lambda at: at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0),
    "hour": lambda at: at.replace(minute=0, second=0, microsecond=0),
    "six_hours": lambda at: at.replace(hour=at.hour // 6 * 6, minute=0, second=0, microsecond=0),
    "day": lambda at: at.replace(hour=0, minute=0, second=0, microsecond=0),
    "week": lambda at: (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0),
    "month": lambda at: at.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
}
_LONGEST: Mapping[Span, timedelta] = {
    "quarter": QUARTER,
    "hour": timedelta(hours=1),
    "six_hours": timedelta(hours=6),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=31),
}
_SHORTEST: Mapping[Span, timedelta] = {**_LONGEST, "month": timedelta(days=28)}


def down(moment: datetime, span: Span) -> datetime:
    """The begin of the span of UTC that ``moment`` lies in."""
    return _BEGINS[span](moment.astimezone(UTC))


def up(moment: datetime, span: Span) -> datetime:
    """The first begin of a span that is not before ``moment``."""
    start = down(moment, span)
    return start if start == moment else down(start + _LONGEST[span], span)


def pieces(borders: Sequence[datetime], spans: Sequence[Span], now: datetime) -> Sequence[Piece]:
    """The fewest stored spans that cover what lies between ``borders``, none of them across a border.

    Nothing was counted after ``now`` yet, so that a last border beyond it does not divide the span that it lies in.
    """
    last = down(borders[-1], "quarter")
    return _pieces(tuple(borders[:-1]), up(last, spans[0]) if last >= now else last, tuple(spans))


@lru_cache(REMEMBERED)
def _pieces(borders: Sequence[datetime], last: datetime, spans: Sequence[Span]) -> Sequence[Piece]:
    edges = [*(down(border, "quarter") for border in borders), last]
    found: list[Piece] = []
    for begin, end in pairwise(edges):
        for piece in _cover(begin, end, spans):
            before = found[-1] if found else None
            if before is not None and before.span == piece.span and before.end == piece.begin:
                found[-1] = before._replace(end=piece.end)
            else:
                found.append(piece)
    return found


def _cover(begin: datetime, end: datetime, spans: Sequence[Span]) -> list[Piece]:
    if begin >= end:
        return []
    span, *shorter = spans
    if end - begin < _SHORTEST[span]:
        return _cover(begin, end, shorter)
    first, last = up(begin, span), down(end, span)
    if first >= last:
        return _cover(begin, end, shorter) if shorter else []
    if not shorter:
        return [Piece(span, begin, end)]
    return [*_cover(begin, first, shorter), Piece(span, first, last), *_cover(last, end, shorter)]

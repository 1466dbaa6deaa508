"""When a budget's periods begin and end, on the calendar of its time zone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

PeriodKind = Literal["day", "month", "total"]

BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When the one period of a budget in total began."""


class Period(NamedTuple):
    """From ``starts_at``, inclusive, to ``ends_at``; ``None``: it has no end."""

    starts_at: datetime
    ends_at: datetime | None


def period_at(kind: PeriodKind, timezone: str, moment: datetime) -> Period:
    """The period in which ``moment`` lies; times are UTC.

    A period ends when the next one begins, however often a clock that is put back shows midnight.
    """
    if kind == "total":
        return Period(BEGIN, None)
    zone = ZoneInfo(timezone)
    around = [_midnight(day, zone) for day in _first_days(kind, moment.astimezone(zone).date())]
    return Period(max(at for at in around if at <= moment), min(at for at in around if at > moment))


def periods_between(kind: PeriodKind, timezone: str, begin: datetime, end: datetime) -> Iterator[Period]:
    """The periods that have a part of the time from ``begin`` to ``end``, the oldest first."""
    found = period_at(kind, timezone, begin)
    while found.starts_at < end:
        yield found
        if found.ends_at is None:
            return
        found = period_at(kind, timezone, found.ends_at)


def _first_days(kind: PeriodKind, day: date) -> Iterator[date]:
    """The first day of the period with ``day`` in it, of the one before, and of the two after it."""
    if kind == "day":
        return (day + timedelta(days=number) for number in range(-1, 3))
    months = day.year * 12 + day.month - 1
    return (date((months + number) // 12, (months + number) % 12 + 1, 1) for number in range(-1, 3))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins; where a clock that is put forward leaves midnight out, the first moment after it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)

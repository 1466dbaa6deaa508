"""Recurrence rules (RFC 5545, ``RRULE``) on the wall clock: read, checked, and walked both ways from any time. Pure.

A rule is computed period by period, so that the way to a distant time costs nothing. A walk gives up after
:data:`SEARCH` days and times at which nothing was, to which each time that it finds adds :data:`SEARCH_PER_TIME`: no
rule keeps a process busy. What ``COUNT`` counts lies within :data:`COUNTED_YEARS`.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, product, takewhile
from zoneinfo import ZoneInfo

from athena.triggers.wall_clock import moment_of

SEARCH = 20_000
SEARCH_PER_TIME = 2_000
MAXIMUM_COUNT = 1_000
COUNTED_YEARS = 100
MAXIMUM_TIMES = 1_440
LAST_YEAR = 9_000

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SECONDS = {"HOURLY": 3_600, "MINUTELY": 60}
_BOUNDS: Mapping[str, tuple[int, int, bool]] = {
    "INTERVAL": (1, 10_000, False),
    "COUNT": (1, MAXIMUM_COUNT, False),
    "BYMONTH": (1, 12, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 59, False),
    "BYSETPOS": (1, 366, True),
}
"""The least and greatest number of each part, and whether it may count from the end."""
_DAY_PARTS = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY")
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}")
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it is written; ``by`` has the numbers of each ``BY…`` part, ``days`` weekdays from Monday (0) with n.

    Of a weekday with n it is the nth, or from the end for a negative n, in the month or year; 0 stands for each.
    """

    frequency: str
    interval: int
    count: int | None
    until: tuple[datetime, bool] | None
    week_start: int
    by: Mapping[str, frozenset[int]]
    days: frozenset[tuple[int, int]]

    def ends_at(self, zone: ZoneInfo) -> datetime | None:
        """The last moment of all, when the rule names one."""
        if self.until is None:
            return None
        time_, in_utc = self.until
        return time_.replace(tzinfo=UTC) if in_utc else moment_of(time_, zone)


def parse(text: str) -> Rule:
    """The rule that ``text`` holds, with or without ``RRULE:`` before it; :class:`ValueError` says what is wrong."""
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, sign, value = part.partition("=")
        if not sign or not value:
            raise ValueError(f"A rule has parts such as FREQ=DAILY with ; between them, and {part[:40]!r} is none")
        if name in parts:
            raise ValueError(f"{name} is given twice")
        parts[name] = value
    frequency = parts.pop("FREQ", None)
    if frequency == "SECONDLY":
        raise ValueError("FREQ=SECONDLY is not taken; use an interval, or cron with seconds")
    if frequency not in FREQUENCIES:
        raise ValueError(f"FREQ must be one of {', '.join(FREQUENCIES)}")
    start = parts.pop("WKST", "MO")
    if start not in WEEKDAYS:
        raise ValueError(f"WKST must be one of {', '.join(WEEKDAYS)}")
    days = _days(parts.pop("BYDAY", ""))
    until = _until(parts.pop("UNTIL")) if "UNTIL" in parts else None
    numbers = {name: _numbers(name, value) for name, value in parts.items()}
    interval, count = (numbers.pop(name, None) for name in ("INTERVAL", "COUNT"))
    rule = Rule(
        frequency,
        _single("INTERVAL", interval) or 1,
        _single("COUNT", count),
        until,
        WEEKDAYS.index(start),
        numbers,
        days,
    )
    _check(rule)
    return rule


def _numbers(name: str, value: str) -> frozenset[int]:
    if name not in _BOUNDS:
        raise ValueError(f"There is no part {name[:40]!r}")
    low, high, signed = _BOUNDS[name]
    numbers: set[int] = set()
    for text in value.split(","):
        number = int(text) if _NUMBER.fullmatch(text) else high + 1
        if not (low <= number <= high or (signed and low <= -number <= high)):
            span = f"{low} to {high}" + (f", or -{high} to -{low}" if signed else "")
            raise ValueError(f"{name} takes {span}, and not {text[:40]!r}")
        numbers.add(number)
    return frozenset(numbers)


def _single(name: str, numbers: frozenset[int] | None) -> int | None:
    if numbers is not None and len(numbers) > 1:
        raise ValueError(f"{name} is one number")
    return next(iter(numbers), None) if numbers else None


def _days(value: str) -> frozenset[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for text in value.split(",") if value else ():
        match = _DAY.fullmatch(text)
        number = int(match[1] or 0) if match else 0
        if match is None or abs(number) > 53 or (match[1] is not None and number == 0):  # noqa: PLR2004 - weeks
            raise ValueError(f"BYDAY takes days such as MO, 1MO or -1FR, and not {text[:40]!r}")
        found.add((WEEKDAYS.index(match[2]), number))
    return frozenset(found)


def _until(value: str) -> tuple[datetime, bool]:
    match = _UNTIL.fullmatch(value)
    try:
        if match is None:
            raise ValueError  # noqa: TRY301 - the same answer for what has no form and for what is no day
        # A day without a time is meant to be over.
        moment = datetime.strptime(match[1] + (match[2] or "235959"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - wall clock
    except ValueError:
        raise ValueError("UNTIL is a time such as 20270131T080000Z, or a day such as 20270131") from None
    if not 1970 <= moment.year < LAST_YEAR:  # noqa: PLR2004
        raise ValueError(f"UNTIL lies between the years 1970 and {LAST_YEAR}")
    return moment, bool(match[3])


def _check(rule: Rule) -> None:
    """What the standard does not allow together."""
    frequency, by = rule.frequency, rule.by
    counted = any(number for _, number in rule.days)
    times = [len(by.get(name, "1")) for name in ("BYHOUR", "BYMINUTE", "BYSECOND")]
    reasons = {
        "COUNT and UNTIL exclude each other": rule.count is not None and rule.until is not None,
        "BYWEEKNO needs FREQ=YEARLY and a BYDAY": "BYWEEKNO" in by and (frequency != "YEARLY" or not rule.days),
        "BYYEARDAY does not go with this FREQ": "BYYEARDAY" in by and frequency in {"MONTHLY", "WEEKLY", "DAILY"},
        "BYMONTHDAY does not go with FREQ=WEEKLY": "BYMONTHDAY" in by and frequency == "WEEKLY",
        "A number in BYDAY needs FREQ=MONTHLY or YEARLY, and no BYWEEKNO": counted
        and (frequency not in {"MONTHLY", "YEARLY"} or "BYWEEKNO" in by),
        "BYSETPOS needs another BY part, and FREQ=DAILY or longer": "BYSETPOS" in by
        and (frequency in SECONDS or (len(by) == 1 and not rule.days)),
        f"These are more than {MAXIMUM_TIMES:,} times a day": times[0] * times[1] * times[2] > MAXIMUM_TIMES,
    }
    for reason, applies in reasons.items():
        if applies:
            raise ValueError(reason)


def can_happen(rule: Rule) -> bool:
    """Whether there is any time at which a rule's parts agree, wherever it begins."""
    nominal = Recurrence(replace(rule, interval=1, count=None), datetime(2000, 1, 1))  # noqa: DTZ001 - wall clock
    return next(nominal.ascending(datetime(1999, 1, 1)), None) is not None  # noqa: DTZ001


class Recurrence:
    """A rule that begins at ``start``, from which comes what it does not say itself: its day, its time."""

    def __init__(self, rule: Rule, start: datetime) -> None:
        self._rule = rule
        self._start = start.replace(microsecond=0)
        by = dict(rule.by)
        self._days = rule.days
        if not any(name in by for name in _DAY_PARTS) and not rule.days:
            if rule.frequency == "WEEKLY":
                self._days = frozenset({(start.weekday(), 0)})
            elif rule.frequency in {"YEARLY", "MONTHLY"}:
                by["BYMONTHDAY"] = frozenset({start.day})
                if rule.frequency == "YEARLY":
                    by.setdefault("BYMONTH", frozenset({start.month}))
        self._by: Mapping[str, frozenset[int]] = by
        self._hours = sorted(by.get("BYHOUR", {start.hour}))
        self._minutes = sorted(by.get("BYMINUTE", {start.minute}))
        self._seconds = sorted(by.get("BYSECOND", {start.second}))
        self._times = [time(*parts) for parts in product(self._hours, self._minutes, self._seconds)]

    def ascending(self, after: datetime) -> Iterator[datetime]:
        """The times after ``after``, the earliest first."""
        if self._rule.count is not None:
            return (each for each in self._counted() if each > after)
        return self._walk(max(after, self._start - timedelta(seconds=1)), 1)

    def descending(self, until: datetime) -> Iterator[datetime]:
        """The times up to ``until``, the latest first."""
        if self._rule.count is not None:
            return (each for each in reversed(self._counted()) if each <= until)
        return self._walk(until, -1)

    def _counted(self) -> Sequence[datetime]:
        end = self._start.year + COUNTED_YEARS
        found = takewhile(lambda each: each.year < end, self._walk(self._start - timedelta(seconds=1), 1))
        return list(islice(found, self._rule.count))

    def _walk(self, edge: datetime, step: int) -> Iterator[datetime]:
        """Period by period: later than ``edge``, or for a ``step`` of -1 back from it."""
        index, spent = self._index(edge.date()), 0
        if step > 0:
            index = max(index, 0)
        while index >= 0 and spent < SEARCH:
            days = self._period(index)
            if not days or (step > 0 and days[0].year >= LAST_YEAR):
                return
            spent += len(days)
            fitting = [day for day in days if self._fits(day)]
            index = self._following(index, days, step)
            if not fitting:
                continue
            if self._rule.frequency in SECONDS:
                spent += 86_400 // SECONDS[self._rule.frequency] // self._rule.interval
            for found in self._moments(fitting, edge, step):
                if step > 0 and found > edge:
                    yield found
                elif step < 0 and found <= edge:
                    if found < self._start:
                        return
                    yield found
                else:
                    continue
                spent = max(0, spent - SEARCH_PER_TIME)

    def _following(self, index: int, days: Sequence[date], step: int) -> int:
        """The period to look at after ``index``; days are left out by the month where all of it does not fit."""
        if len(days) > 1 or days[0].month in self._by.get("BYMONTH", {days[0].month}):
            return index + step
        first = days[0].replace(day=1)
        if step > 0:
            return max(index + 1, self._index(first + timedelta(days=_length(first.year, first.month))))
        return min(index - 1, self._index(first - timedelta(days=1)))

    def _moments(self, days: Sequence[date], edge: datetime, step: int) -> Iterator[datetime]:
        """The times on the days of one period that fit; days on the far side of ``edge`` can be left out."""
        positions = self._by.get("BYSETPOS")
        if positions:
            total = len(days) * len(self._times)
            places = {place - 1 if place > 0 else total + place for place in positions}
            for place in sorted((each for each in places if 0 <= each < total), reverse=step < 0):
                day, at = divmod(place, len(self._times))
                yield datetime.combine(days[day], self._times[at])
            return
        for day in days[::step]:
            if (day >= edge.date()) if step > 0 else (day <= edge.date()):
                for at in self._times_of(day)[::step]:
                    yield datetime.combine(day, at)

    def _times_of(self, day: date) -> Sequence[time]:
        unit = SECONDS.get(self._rule.frequency)
        if unit is None:
            return self._times
        hourly = unit == SECONDS["HOURLY"]
        base = self._start.replace(second=0, minute=0 if hourly else self._start.minute)
        length = unit * self._rule.interval
        first = (datetime.combine(day, time()) - base) // timedelta(seconds=1)
        offset = -first % length if first >= 0 else -first
        found: list[time] = []
        for second in range(offset, 86_400, length):
            hour, minute = second // 3_600, second // 60 % 60
            if hour in self._by.get("BYHOUR", {hour}) and (hourly or minute in self._by.get("BYMINUTE", {minute})):
                minutes = self._minutes if hourly else [minute]
                found += [time(hour, *parts) for parts in product(minutes, self._seconds)]
        return found

    def _index(self, day: date) -> int:
        """The period in which ``day`` lies, or the last one before it."""
        start, interval = self._start.date(), self._rule.interval
        match self._rule.frequency:
            case "YEARLY":
                return (day.year - start.year) // interval
            case "MONTHLY":
                return ((day.year - start.year) * 12 + day.month - start.month) // interval
            case "WEEKLY":
                return (self._week(day) - self._week(start)).days // 7 // interval
            case "DAILY":
                return (day - start).days // interval
            case _:
                return (day - start).days

    def _period(self, index: int) -> Sequence[date]:
        """The days of a period; none beyond the calendar."""
        start, interval = self._start.date(), self._rule.interval
        try:
            match self._rule.frequency:
                case "YEARLY":
                    year = start.year + index * interval
                    months = sorted(self._by.get("BYMONTH", range(1, 13)))
                    return [date(year, month, day) for month in months for day in range(1, _length(year, month) + 1)]
                case "MONTHLY":
                    years, month = divmod(start.month - 1 + index * interval, 12)
                    year, month = start.year + years, month + 1
                    return [date(year, month, day) for day in range(1, _length(year, month) + 1)]
                case "WEEKLY":
                    first = self._week(start) + timedelta(weeks=index * interval)
                    return [first + timedelta(days=day) for day in range(7)]
                case "DAILY":
                    return [start + timedelta(days=index * interval)]
                case _:
                    return [start + timedelta(days=index)]
        except (OverflowError, ValueError):
            return []

    def _week(self, day: date) -> date:
        return day - timedelta(days=(day.weekday() - self._rule.week_start) % 7)

    def _fits(self, day: date) -> bool:
        by = self._by
        if "BYMONTH" in by and day.month not in by["BYMONTH"]:
            return False
        if "BYMONTHDAY" in by and not _counted_in(by["BYMONTHDAY"], day.day, _length(day.year, day.month)):
            return False
        if "BYYEARDAY" in by and not _counted_in(by["BYYEARDAY"], _day_of_year(day), 365 + isleap(day.year)):
            return False
        if "BYWEEKNO" in by and not _counted_in(by["BYWEEKNO"], *self._week_number(day)):
            return False
        return not self._days or self._fits_weekday(day)

    def _fits_weekday(self, day: date) -> bool:
        weekday = day.weekday()
        if (weekday, 0) in self._days:
            return True
        numbers = frozenset(number for other, number in self._days if other == weekday)
        if not numbers:
            return False
        in_month = self._rule.frequency == "MONTHLY" or "BYMONTH" in self._by
        place, length = (
            (day.day, _length(day.year, day.month)) if in_month else (_day_of_year(day), 365 + isleap(day.year))
        )
        return bool(numbers & {(place - 1) // 7 + 1, -((length - place) // 7 + 1)})

    def _week_number(self, day: date) -> tuple[int, int]:
        """The number of the day's week, and of the last week of the year that it is counted in.

        A week belongs to the year in which most of its days lie, so its fourth does.
        """
        fourth = self._week(day) + timedelta(days=3)
        number = (_day_of_year(fourth) - 1) // 7 + 1
        left = 365 + isleap(fourth.year) - _day_of_year(fourth)
        return number, number + left // 7


def _counted_in(numbers: frozenset[int], place: int, length: int) -> bool:
    return place in numbers or place - length - 1 in numbers


def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _day_of_year(day: date) -> int:
    return day.timetuple().tm_yday

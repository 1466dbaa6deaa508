"""Timestamps and durations. There is no ``now()``: an expression gives the same whenever it is evaluated again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from athena.expressions.budget import Budget
from athena.expressions.errors import Fault
from athena.expressions.functions.signatures import DURATION, TEXT, TIME, Declarations
from athena.expressions.operators import EPOCH, moment

_declare = Declarations()

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", flags=re.ASCII
)
_OFFSET = re.compile(r"([+-]?)(\d\d):(\d\d)", flags=re.ASCII)
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:h|ms|us|µs|ns|m|s))+)", flags=re.ASCII)
_DURATION_PART = re.compile(r"([\d.]+)(h|ms|us|µs|ns|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_A_ZONE = 10
"""Steps for finding a time zone and its offset."""
_LONGEST = 64
"""Characters of a time, a duration, or a time zone's name."""


@_declare("timestamp", (str, int, datetime))
def _timestamp(_: Budget, value: str | int | datetime) -> datetime:
    """From RFC 3339, or from seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, int):
        try:
            return EPOCH + timedelta(seconds=value)
        except OverflowError:
            moment(None)
    elif len(value) <= _LONGEST and (found := _RFC_3339.fullmatch(value)) is not None:
        try:
            return _read(found)
        except (ValueError, OverflowError):
            pass
    raise Fault("A timestamp is written as in 2026-03-31T08:30:00Z or 2026-03-31T10:30:00.5+02:00.")


@_declare("duration", (str, timedelta))
def _duration(_: Budget, value: str | timedelta) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if len(value) <= _LONGEST and _DURATION.fullmatch(value):
        seconds = sum(float(count) * _SECONDS[unit] for count, unit in _DURATION_PART.findall(value))
        try:
            return timedelta(seconds=-seconds if value.startswith("-") else seconds)
        except OverflowError:
            pass
    raise Fault("A duration is written as in 1h30m, 45s or 250ms.")


def _read(found: re.Match[str]) -> datetime:
    read = datetime.fromisoformat(found[1].upper()).replace(tzinfo=UTC)
    if found[2]:
        read += timedelta(microseconds=int(found[2][:6].ljust(6, "0")))
    if found[3]:
        offset = timedelta(hours=int(found[4]), minutes=int(found[5]))
        read += offset if found[3] == "-" else -offset
    return read


def _zone(name: str) -> tzinfo:
    if (found := _OFFSET.fullmatch(name)) is not None:
        offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
        try:
            return timezone(-offset if found[1] == "-" else offset)
        except ValueError:
            pass
    elif len(name) <= _LONGEST:
        try:
            return ZoneInfo(name)
        # An unknown name is a KeyError, a path a ValueError, a part of a name such as "Europe" an OSError.
        except (KeyError, ValueError, OSError):
            pass
    raise Fault("A time zone is a name such as Europe/Berlin, or an offset such as +02:00.")


def _local(budget: Budget, value: datetime, zone: str) -> datetime:
    if zone == "UTC":
        return value
    budget.spend(_A_ZONE)
    try:
        return value.astimezone(_zone(zone))
    except OverflowError:
        raise Fault("The time is outside of the years 1 to 9999 there.") from None


def _part_of_time(name: str, part: Callable[[datetime], int]) -> None:
    @_declare(f".{name}", TIME, TEXT, required=1)
    def _get(budget: Budget, value: datetime, zone: str = "UTC") -> int:
        return part(_local(budget, value, zone))


def _part_of_either(name: str, of_time: Callable[[datetime], int], of_duration: Callable[[timedelta], int]) -> None:
    @_declare(f".{name}", TIME + DURATION, TEXT, required=1)
    def _get(budget: Budget, value: datetime | timedelta, zone: str = "UTC") -> int:
        if isinstance(value, timedelta):
            return of_duration(value)
        return of_time(_local(budget, value, zone))


def _whole(value: timedelta, unit: timedelta) -> int:
    """How many whole units, towards zero."""
    return -(-value // unit) if value < timedelta() else value // unit


_part_of_time("getFullYear", lambda time: time.year)
_part_of_time("getMonth", lambda time: time.month - 1)
_part_of_time("getDate", lambda time: time.day)
_part_of_time("getDayOfMonth", lambda time: time.day - 1)
_part_of_time("getDayOfWeek", lambda time: time.isoweekday() % 7)
_part_of_time("getDayOfYear", lambda time: time.timetuple().tm_yday - 1)
_part_of_either("getHours", lambda time: time.hour, lambda value: _whole(value, timedelta(hours=1)))
_part_of_either("getMinutes", lambda time: time.minute, lambda value: _whole(value, timedelta(minutes=1)))
_part_of_either("getSeconds", lambda time: time.second, lambda value: _whole(value, timedelta(seconds=1)))
_part_of_either(
    "getMilliseconds",
    lambda time: time.microsecond // 1000,
    # As CEL has it: of a duration, too, only what is beyond its whole seconds.
    lambda value: _whole(value, timedelta(milliseconds=1)) - _whole(value, timedelta(seconds=1)) * 1000,
)

FUNCTIONS = _declare.functions

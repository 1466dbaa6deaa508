"""Cron expressions on the wall clock: five fields, or six with the seconds first. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from croniter import CroniterBadDateError, croniter

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
WITH_SECONDS = ("second", *FIELDS)
# The library also takes fields that stand for a random number, and reads 5-5 as every number.
_RANDOM = re.compile(r"[hr](\W|$)", re.IGNORECASE)
_NO_RANGE = re.compile(r"(?:^|,)(\w+)-\1(?:$|[,/])", re.IGNORECASE)
_ERRORS = (ValueError, KeyError, TypeError, IndexError, AttributeError)


def check(expression: str) -> None:
    """:class:`ValueError` says which field is wrong, or that the time never comes."""
    fields = expression.split()
    names = {len(FIELDS): FIELDS, len(WITH_SECONDS): WITH_SECONDS}.get(len(fields))
    if names is None:
        raise ValueError(f"Cron has 5 fields ({', '.join(FIELDS)}), or 6 with the second before them")
    for place, (name, field) in enumerate(zip(names, fields, strict=True)):
        alone = ["*"] * len(fields)
        alone[place] = field
        if not field.isascii() or _RANDOM.match(field) or _NO_RANGE.search(field) or not _is_known(" ".join(alone)):
            raise ValueError(f"The {name} cannot be {field[:40]!r}")
    if next(ascending(expression, datetime(2000, 1, 1)), None) is None:  # noqa: DTZ001 - wall clock
        raise ValueError("This time never comes: there is no such day in these months")


def ascending(expression: str, after: datetime) -> Iterator[datetime]:
    """The times after ``after``, the earliest first; it ends where none follows for 50 years."""
    return _walk(croniter(expression, after, second_at_beginning=True).get_next)


def descending(expression: str, until: datetime) -> Iterator[datetime]:
    """The times up to ``until``, the latest first; it ends where none precedes for 50 years."""
    edge = until.replace(microsecond=0) + timedelta(seconds=1)
    return _walk(croniter(expression, edge, second_at_beginning=True).get_prev)


def _walk(step: Callable[[type[datetime]], datetime]) -> Iterator[datetime]:
    while True:
        try:
            found = step(datetime)
        except CroniterBadDateError:
            return
        yield found


def _is_known(expression: str) -> bool:
    try:
        croniter.expand(expression, second_at_beginning=True)
    except _ERRORS:
        return False
    return True

"""A schedule in a few words of English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import product
from zoneinfo import ZoneInfo

from athena.triggers import cron, recurrence
from athena.triggers.recurrence import Rule
from athena.triggers.schedule import CronSchedule, IntervalSchedule, Schedule

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
PLACES = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "second to last"}
UNITS = {
    "YEARLY": "years",
    "MONTHLY": "months",
    "WEEKLY": "weeks",
    "DAILY": "days",
    "HOURLY": "hours",
    "MINUTELY": "minutes",
}
MOST_TIMES = 4
_STEP = re.compile(r"\*/\d{1,2}")
_LIST = re.compile(r"\d+(,\d+)*")


def describe(config: Schedule) -> str:
    """Such as ``Every Monday to Friday at 09:00 (Europe/Berlin)``; what has no short words is told as it is written."""
    zone = config.timezone
    match config:
        case IntervalSchedule():
            text = _every(config.every, config.unit)
        case CronSchedule():
            text = f"{_cron(config.expression) or f'by cron {config.expression}'} ({zone})"
        case _:
            rule = recurrence.parse(config.rule)
            text = f"{_rule(rule) or f'by the rule {config.rule}'} ({zone})"
            if rule.count is not None:
                text += ", once" if rule.count == 1 else f", {rule.count} times"
            text += _limit("until", rule.ends_at(ZoneInfo(zone)), zone)
    text += _limit("from", config.starts_at, zone) + _limit("until", config.ends_at, zone)
    return text[0].upper() + text[1:]


def _cron(expression: str) -> str | None:
    fields = expression.upper().replace("?", "*").split()
    if len(fields) == len(cron.WITH_SECONDS) and fields.pop(0) != "0":
        return None
    minute, hour, day, month, weekday = fields
    often, at = _clock(minute, hour)
    on = _day(day, weekday)
    months = "" if month == "*" else _named("in", month, MONTHS, 1)
    if on is None or months is None or not (often or at):
        return None
    return " ".join(filter(None, (often or ("" if on else "every day"), on, months, at)))


def _clock(minute: str, hour: str) -> tuple[str, str]:
    """How often in a day, and at which times; both are empty where there are no short words for it."""
    if hour == "*" and (minute == "*" or _step(minute, 60)):
        return _every(_step(minute, 60), "minutes"), ""
    if not _LIST.fullmatch(minute):
        return "", ""
    if hour == "*" or _step(hour, 24):
        at = "" if minute == "0" else f"at minute {_and(minute.split(','))}"
        return _every(_step(hour, 24), "hours"), at
    times = _times(map(int, hour.split(",")), map(int, minute.split(","))) if _LIST.fullmatch(hour) else None
    return "", f"at {times}" if times else ""


def _step(field: str, whole: int) -> int:
    """The n of ``*/n`` where it is the same distance all day long, 1 for ``*``, and 0 otherwise."""
    step = int(field[2:]) if _STEP.fullmatch(field) else int(field == "*")
    return step if step and whole % step == 0 else 0


def _day(day: str, weekday: str) -> str | None:
    match day, weekday:
        case "*", "*":
            return ""
        case "L", "*":
            return "on the last day of the month"
        case _, "*":
            return f"on day {_and(day.split(','))} of the month" if _LIST.fullmatch(day) else None
        case "*", _:
            return _named("on", weekday, DAYS, 0)
        case _:
            return None


def _named(word: str, field: str, names: Sequence[str], first: int) -> str | None:
    """``word`` and the names for the numbers or short names of a field."""
    short = {name[:3].upper(): name for name in names} | {str(each + first): name for each, name in enumerate(names)}
    short |= {"7": "Sunday"} if names is DAYS else {}
    span = field.split("-")
    parts = span if len(span) == 2 else field.split(",")  # noqa: PLR2004 - from and to
    if not all(part in short for part in parts):
        return None
    known = [short[part] for part in parts]
    return f"{word} {' to '.join(known) if parts is span else _and(known)}"


def _rule(rule: Rule) -> str | None:
    by = rule.by
    told = {"BYHOUR", "BYMINUTE", "BYSECOND", "BYMONTH", "BYMONTHDAY"}
    if by.keys() - told or by.get("BYSECOND", {0}) != {0} or (rule.frequency in recurrence.SECONDS and by):
        return None
    text = _every(rule.interval, UNITS[rule.frequency])
    if "BYMONTHDAY" in by:
        if rule.days or min(by["BYMONTHDAY"]) < 0:
            return None
        text += f" on day {_and(map(str, sorted(by['BYMONTHDAY'])))}"
    if rule.days:
        if any(number and number not in PLACES for _, number in rule.days):
            return None
        text += f" on {_and(_rule_day(day, number) for day, number in sorted(rule.days, key=lambda each: each[::-1]))}"
    if "BYMONTH" in by:
        text += f" in {_and(MONTHS[month - 1] for month in sorted(by['BYMONTH']))}"
    if "BYHOUR" in by or "BYMINUTE" in by:
        times = _times(by.get("BYHOUR", ()), by.get("BYMINUTE", ()))
        return f"{text} at {times}" if times else None
    return text


def _rule_day(day: int, number: int) -> str:
    name = DAYS[(day + 1) % 7]
    return f"the {PLACES[number]} {name}" if number else name


def _times(hours: Iterable[int], minutes: Iterable[int]) -> str | None:
    times = [f"{hour:02}:{minute:02}" for hour, minute in product(sorted(hours), sorted(minutes))]
    return _and(times) if 0 < len(times) <= MOST_TIMES else None


def _every(number: int, unit: str) -> str:
    return f"every {unit.removesuffix('s')}" if number == 1 else f"every {number} {unit}"


def _limit(word: str, moment: datetime | None, zone: str) -> str:
    return "" if moment is None else f", {word} {moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _and(words: Iterable[str]) -> str:
    listed: Sequence[str] = list(words)
    return " and ".join(filter(None, (", ".join(listed[:-1]), listed[-1])))

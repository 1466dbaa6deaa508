"""When a workflow runs by itself: by cron, at an interval, or by a recurrence rule. Pure.

Cron and rules follow the wall clock of their time zone: where a change of clocks leaves a time out, it comes at the
first moment after the gap, and where it shows one twice, at the first of the two. Intervals count the time that passes.
All moments are in UTC and by the second, and each process computes the same ones. ``anchor`` is when the schedule was
switched on: what has no ``starts_at`` is counted from there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from athena.kit.clock import rfc3339
from athena.kit.schemas import Input, Time
from athena.triggers import cron, recurrence
from athena.triggers.recurrence import Recurrence, Rule
from athena.triggers.wall_clock import latest_local, moment_of

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(recurrence.LAST_YEAR, 1, 1, tzinfo=UTC)
LATE = timedelta(seconds=60)
MAXIMUM_MISSED = 100
MAXIMUM_UPCOMING = 100
LEAST_SECONDS = 10
MOST_SECONDS = 366 * 86_400
UNITS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")


def _known_zone(name: str) -> str:
    try:
        if not _ZONE.fullmatch(name) or name == "localtime":
            raise ValueError  # noqa: TRY301 - the same answer for what is no name and for what names nothing
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError("There is no such time zone; give a name such as Europe/Berlin") from None
    return name


def _by_the_second(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC).replace(microsecond=0)
    if not EARLIEST <= moment < LATEST:
        raise ValueError(f"Give a time from the year {EARLIEST.year} on and before {LATEST.year}")
    return moment


Zone = Annotated[str, Field(max_length=64, examples=["Europe/Berlin"]), AfterValidator(_known_zone)]
Moment = Annotated[Time, AfterValidator(_by_the_second)]


class _Schedule(Input):
    """What all kinds of schedules have."""

    timezone: Annotated[Zone, Field(description="An IANA name.")] = "UTC"
    starts_at: Annotated[Moment | None, Field(description="Nothing runs before.")] = None
    ends_at: Annotated[Moment | None, Field(description="Nothing runs after.")] = None
    jitter_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=86_400,
            description="Each run is put off by less than that, to spread the load: always by the same for the same "
            "workflow and time, and never to the next time.",
        ),
    ] = 0
    missed: Annotated[
        Literal["skip", "once", "all"],
        Field(
            description="What happens with the times that passed while no server ran: nothing, one run for the last of "
            f"them, or a run for each of the last {MAXIMUM_MISSED}."
        ),
    ] = "once"
    overlap: Annotated[
        Literal["allow", "skip", "queue"],
        Field(description="What happens while the run before is not finished."),
    ] = "allow"

    @field_validator("ends_at")
    @classmethod
    def _is_later(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("starts_at")
        if value is not None and start is not None and value <= start:
            raise ValueError("The end must come after the start")
        return value


class CronSchedule(_Schedule):
    """At the times of a cron expression."""

    type: Literal["cron"]
    expression: Annotated[
        str,
        Field(
            max_length=200,
            examples=["0 9 * * MON-FRI"],
            description="Minute, hour, day of month, month, day of week; with six fields the second comes first. Where "
            "both days are restricted, either is enough.",
        ),
    ]

    @field_validator("expression")
    @classmethod
    def _can_happen(cls, value: str) -> str:
        cron.check(value)
        return value


class IntervalSchedule(_Schedule):
    """Again and again after the same time: from ``starts_at`` on, or one interval after it was switched on."""

    type: Literal["interval"]
    unit: Literal["seconds", "minutes", "hours", "days"]
    every: Annotated[int, Field(ge=1, examples=[15], description=f"How many, at least {LEAST_SECONDS} seconds.")]

    @field_validator("every")
    @classmethod
    def _is_bounded(cls, value: int, info: ValidationInfo) -> int:
        seconds = value * UNITS.get(info.data.get("unit", ""), LEAST_SECONDS)
        if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
            raise ValueError(f"An interval lasts from {LEAST_SECONDS} seconds to {MOST_SECONDS // 86_400} days")
        return value

    @property
    def length(self) -> timedelta:
        """The interval."""
        return timedelta(seconds=self.every * UNITS[self.unit])


class RuleSchedule(_Schedule):
    """At the times of a recurrence rule."""

    type: Literal["rrule"]
    rule: Annotated[
        str,
        Field(
            max_length=1_000,
            examples=["FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=17;BYMINUTE=0;BYSECOND=0"],
            description="RFC 5545. Days and times that it does not name are those of the start.",
        ),
    ]

    @field_validator("rule")
    @classmethod
    def _can_happen(cls, value: str, info: ValidationInfo) -> str:
        rule = recurrence.parse(value)
        start: datetime | None = info.data.get("starts_at")
        if rule.count is not None and start is None:
            raise ValueError("COUNT needs a starts_at to count from")
        happens = recurrence.can_happen(rule)
        if happens and start is not None and "timezone" in info.data:
            zone = ZoneInfo(info.data["timezone"])
            moments = _rule_ascending(rule, zone, start, start - timedelta(seconds=1))
            end = rule.ends_at(zone)
            first = next(moments, None)
            happens = first is not None and (end is None or first <= end)
        if not happens:
            raise ValueError("This time never comes: the parts of the rule exclude each other")
        return value


Schedule = Annotated[CronSchedule | IntervalSchedule | RuleSchedule, Field(discriminator="type")]


def next_after(config: Schedule, after: datetime, anchor: datetime) -> datetime | None:
    """The first time after ``after``; ``None`` when none follows."""
    return next(_ascending(config, after, anchor), None)


def upcoming(config: Schedule, after: datetime, anchor: datetime, count: int) -> list[datetime]:
    """The next times after ``after``, at most :data:`MAXIMUM_UPCOMING`."""
    return list(islice(_ascending(config, after, anchor), min(count, MAXIMUM_UPCOMING)))


def fires_at(config: Schedule, occurrence: datetime, anchor: datetime, key: str) -> datetime:
    """When the run for ``occurrence`` begins, with jitter; ``key`` is the workflow's own. Runs keep their order."""
    window = config.jitter_seconds * 1000
    if window == 0:
        return occurrence
    following = next_after(config, occurrence, anchor)
    if following is not None:
        window = min(window, (following - occurrence) // timedelta(milliseconds=1))
    drawn = hashlib.sha256(f"{key} {rfc3339(occurrence)}".encode()).digest()[:8]
    return occurrence + timedelta(milliseconds=int.from_bytes(drawn) % window)


def due(config: Schedule, last: datetime, now: datetime, anchor: datetime, key: str) -> list[datetime]:
    """The times after ``last``, the latest that has been dealt with, that are to run now, the earliest first.

    It follows ``missed``; with ``skip`` a time is missed once its run is :data:`LATE`.
    """
    limit = MAXIMUM_MISSED if config.missed == "all" else 1
    found: list[datetime] = []
    for occurrence in _descending(config, now, anchor):
        if occurrence <= last or len(found) == limit:
            break
        # Only the latest can still be put off by its jitter.
        if found or fires_at(config, occurrence, anchor, key) <= now:
            found.append(occurrence)
    if config.missed == "skip" and found and now - fires_at(config, found[0], anchor, key) > LATE:
        return []
    return found[::-1]


def _ascending(config: Schedule, after: datetime, anchor: datetime) -> Iterator[datetime]:
    start = max(after, EARLIEST)
    if config.starts_at is not None:
        start = max(start, config.starts_at - timedelta(microseconds=1))
    if start >= LATEST:
        return
    zone, end = ZoneInfo(config.timezone), _end(config)
    match config:
        case IntervalSchedule():
            moments = _interval_ascending(config, start, anchor)
        case CronSchedule():
            moments = _distinct(cron.ascending(config.expression, latest_local(start, zone)), zone)
        case RuleSchedule():
            rule = recurrence.parse(config.rule)
            moments = _rule_ascending(rule, zone, config.starts_at or anchor, start)
    for moment in moments:
        if moment > end:
            return
        yield moment


def _descending(config: Schedule, until: datetime, anchor: datetime) -> Iterator[datetime]:
    until = min(until, _end(config))
    zone, first = ZoneInfo(config.timezone), config.starts_at or EARLIEST
    if until < first:
        return
    match config:
        case IntervalSchedule():
            moments = _interval_descending(config, until, anchor)
        case CronSchedule():
            moments = _distinct(cron.descending(config.expression, latest_local(until, zone)), zone)
        case RuleSchedule():
            walk = Recurrence(recurrence.parse(config.rule), _local(config.starts_at or anchor, zone))
            moments = _distinct(walk.descending(latest_local(until, zone)), zone)
    for moment in moments:
        if moment < first:
            return
        yield moment


def _end(config: Schedule) -> datetime:
    end = config.ends_at or LATEST
    if isinstance(config, RuleSchedule):
        end = min(end, recurrence.parse(config.rule).ends_at(ZoneInfo(config.timezone)) or end)
    return min(end, LATEST)


def _rule_ascending(rule: Rule, zone: ZoneInfo, start: datetime, after: datetime) -> Iterator[datetime]:
    return _distinct(Recurrence(rule, _local(start, zone)).ascending(latest_local(after, zone)), zone)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _distinct(times: Iterable[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """The moments of a wall clock's times, each once: all that a gap leaves out come to one."""
    last: datetime | None = None
    for local in times:
        moment = moment_of(local, zone)
        if moment != last:
            yield moment
        last = moment


def _interval_ascending(config: IntervalSchedule, after: datetime, anchor: datetime) -> Iterator[datetime]:
    base, least = _base(config, anchor)
    number = max((after - base) // config.length + 1, least)
    while True:
        yield base + number * config.length
        number += 1


def _interval_descending(config: IntervalSchedule, until: datetime, anchor: datetime) -> Iterator[datetime]:
    base, least = _base(config, anchor)
    for number in range((until - base) // config.length, least - 1, -1):
        yield base + number * config.length


def _base(config: IntervalSchedule, anchor: datetime) -> tuple[datetime, int]:
    """From where intervals count, and the number of the first one that runs."""
    return (anchor.astimezone(UTC).replace(microsecond=0), 1) if config.starts_at is None else (config.starts_at, 0)

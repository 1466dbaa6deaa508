"""Between a zone's wall clock and moments, where clocks are put forward and back.

Times without a zone are what the wall clock shows. A time that it leaves out stands for the first moment after the gap,
one that it shows twice for the first of the two; so later times never stand for earlier moments.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def moment_of(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, for which a wall clock's time stands."""
    first = local.replace(tzinfo=zone, fold=0)
    moment = first.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    # In a gap. The change lies between the times that the clock's two settings make of it.
    before, early = first.utcoffset(), local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _first(early, moment, lambda each: each.astimezone(zone).utcoffset() != before)


def latest_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The latest time of the wall clock that stands for ``moment`` or an earlier one."""
    shown = moment.astimezone(zone)
    local = shown.replace(tzinfo=None, fold=0)
    if shown.fold == 0:
        return local
    # Shown for the second time: all that is shown twice stands for moments that have passed.
    second, first = shown.utcoffset(), shown.replace(fold=0).utcoffset()
    repeated = (first or timedelta()) - (second or timedelta())
    local = local.replace(microsecond=0)
    beyond = _first(local, local + repeated, lambda each: moment_of(each, zone) > moment)
    return beyond - timedelta(seconds=1)


def _first(low: datetime, high: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """The first time, by the second, at which ``holds`` does; it does at ``high``, and ``low`` is too early."""
    steps = int((high - low).total_seconds())
    early, late = 0, steps
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if holds(low + timedelta(seconds=middle)) else (middle, late)
    return low + timedelta(seconds=late)

"""Time: UTC, with milliseconds, as the API shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import available_timezones


def now() -> datetime:
    """The present moment in UTC, cut to milliseconds so that what is stored is what is shown."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def rfc3339(moment: datetime) -> str:
    """``2026-01-31T08:00:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def rfc3339_or_none(moment: datetime | None) -> str | None:
    """As :func:`rfc3339`; ``None`` stays ``None``."""
    return None if moment is None else rfc3339(moment)


@cache
def known_zones() -> frozenset[str]:
    """The names of the time zones that there are."""
    return frozenset(available_timezones())

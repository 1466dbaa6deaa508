"""Schedules as the tests write them, and the days on which clocks change in their zones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from athena.triggers.schedule import Schedule, upcoming

ADAPTER: TypeAdapter[Schedule] = TypeAdapter(Schedule)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"]
CHANGES = [
    "2026-03-29",
    "2026-10-25",
    "2026-03-08",
    "2026-11-01",
    "2026-04-05",
    "2026-10-04",
    "2026-02-15",
    "2026-03-22",
]
KEY = "0198f3c0-0000-7000-8000-000000000000"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ANCHOR = at("2026-01-05T10:00:30.250")


def config(kind: str, **fields: Any) -> Schedule:
    return ADAPTER.validate_python({"type": kind, **fields})


def cron(expression: str, zone: str = "UTC", **fields: Any) -> Schedule:
    return config("cron", expression=expression, timezone=zone, **fields)


def every(number: int, unit: str, **fields: Any) -> Schedule:
    return config("interval", every=number, unit=unit, **fields)


def rule(text: str, zone: str = "UTC", **fields: Any) -> Schedule:
    return config("rrule", rule=text, timezone=zone, **fields)


def shown(it: Schedule, after: str, count: int) -> list[str]:
    return [f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in upcoming(it, at(after), ANCHOR, count)]

"""What time it is, here and there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from athena.kit import clock
from athena.kit.schemas import TIME
from athena.tools.base import JsonObject, ToolCall, ToolFailed, ToolResult
from athena.tools.builtins.base import Builtin
from athena.tools.results import json_result


class Clock(Builtin):
    """The present time, or a given one, in a time zone."""

    name = "time"
    title = "Time"
    description = (
        "Tells the present date and time in a time zone, with the day of the week; or what a given moment is there."
    )
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "timezone": {
                "type": "string",
                "maxLength": 64,
                "description": "A name of the IANA database, such as Europe/Lisbon. Left out: UTC.",
            },
            "at": {
                "type": "string",
                "maxLength": 64,
                "description": "A moment with its offset, such as 2026-01-31T08:00:00Z. Left out: now.",
            },
        },
        "additionalProperties": False,
    }

    async def call(self, call: ToolCall, hosts: Sequence[str] | None) -> ToolResult:  # noqa: ARG002 - it asks nobody
        """The moment in the zone."""
        name = call.arguments.get("timezone", "UTC")
        at = call.arguments.get("at")
        moment = clock.now() if at is None else _moment(at)
        try:
            local = moment.astimezone(_zone(name))
        except OverflowError as error:
            raise ToolFailed("invalid_arguments", "The moment lies outside of the years 1 to 9999.") from error
        return json_result(
            {
                "timezone": name,
                "time": local.isoformat(timespec="seconds"),
                "weekday": f"{local:%A}",
                "week": local.isocalendar().week,
                "utc": clock.rfc3339(moment),
            }
        )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.upper()) if TIME.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise ToolFailed("invalid_arguments", "Give `at` as RFC 3339 has it, such as 2026-01-31T08:00:00Z.")
    return moment


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # A part of a zone's name is a folder there, which cannot be opened.
    except (KeyError, ValueError, OSError) as error:
        told = f"There is no time zone {name!r}; give a name of the IANA database, such as Europe/Lisbon."
        raise ToolFailed("invalid_arguments", told) from error

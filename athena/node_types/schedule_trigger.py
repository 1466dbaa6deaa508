"""The trigger of executions that begin by the clock."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from athena.node_types.base import Config, Trigger
from athena.triggers.schedule import Schedule


class ScheduleTriggerConfig(Config):
    """When."""

    schedule: Annotated[
        Schedule,
        Field(
            description="The times at which it starts.",
            examples=[{"type": "cron", "expression": "0 9 * * 1-5", "timezone": "Europe/Berlin"}],
            json_schema_extra={"x-expression": "none"},
        ),
    ]


class ScheduleTrigger(Trigger[ScheduleTriggerConfig]):
    """Started by the clock."""

    type = "schedule_trigger"
    name = "Schedule"
    description = "Starts at the times of a schedule, while the workflow is active."
    config = ScheduleTriggerConfig
    output_schema: ClassVar = {
        "type": "object",
        "properties": {
            "scheduled_at": {"type": "string", "format": "date-time"},
            "description": {"type": "string", "description": "The schedule in words."},
        },
    }

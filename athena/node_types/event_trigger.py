"""The trigger of executions that a change in the workspace starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, cast

from pydantic import Field

from athena.node_types.base import Config, JsonObject, Trigger
from athena.node_types.lists import WRITTEN


class EventTriggerConfig(Config):
    """Which changes start it."""

    event_types: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z_]{1,64}\.(\*|[a-z_]{1,64})$")]],
        Field(
            min_length=1,
            max_length=50,
            description="Names, or families such as `thread.*`; `GET /api/v1/webhooks/event-types` lists them.",
            examples=[["thread.created"], ["run.failed", "memory.*"]],
            json_schema_extra=WRITTEN,
        ),
    ]


class EventTrigger(Trigger[EventTriggerConfig]):
    """Started by what webhooks can be told of."""

    type = "event_trigger"
    name = "Event"
    description = (
        "Starts when something in the workspace was made, changed or deleted, and gives what happened to what."
    )
    config = EventTriggerConfig
    output_schema: ClassVar = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "description": "Such as `thread.created`."},
            "at": {"type": "string", "format": "date-time"},
            "resource_type": {"type": "string", "description": "Such as `thread`."},
            "resource_uuid": {"type": ["string", "null"], "description": "Of what it happened to."},
            "actor_user_uuid": {"type": ["string", "null"], "description": "Of who did it."},
            "event_uuid": {"type": "string", "description": "Of the entry in the log of changes."},
            "details": {"type": "object"},
        },
    }

    def check(self, data: JsonObject) -> Sequence[tuple[str, str]]:
        """Names that stand there twice."""
        names = cast("list[str]", data.get("event_types", []))
        return [
            (f"event_types.{place}", f"{name} stands here twice.")
            for place, name in enumerate(names)
            if name in names[:place]
        ]

"""The trigger of executions that somebody starts: by hand, or by ``POST /api/v1/workflows/{uuid}/run``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from athena.node_types.base import Config, Trigger


class ManualTriggerConfig(Config):
    """What such an execution takes."""

    input_schema: Annotated[
        dict[str, Any] | None,
        Field(
            description="JSON Schema of the input; what does not fit it is refused.",
            json_schema_extra={"x-expression": "none"},
        ),
    ] = None


class ManualTrigger(Trigger[ManualTriggerConfig]):
    """Started with an input."""

    type = "manual_trigger"
    name = "Manual"
    description = "Starts when somebody runs the workflow, and gives the input that it was run with."
    config = ManualTriggerConfig

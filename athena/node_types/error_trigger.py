"""The trigger of executions that the failure of another workflow's execution starts."""

from __future__ import annotations

from typing import ClassVar

from athena.node_types.base import Config, Trigger


class ErrorTriggerConfig(Config):
    """Nothing: the other workflow names this one as its error workflow."""


class ErrorTrigger(Trigger[ErrorTriggerConfig]):
    """Started with what failed, and why."""

    type = "error_trigger"
    name = "Error of another workflow"
    description = "Starts when an execution of a workflow failed that names this one as its error workflow."
    config = ErrorTriggerConfig
    output_schema: ClassVar = {
        "type": "object",
        "properties": {
            "execution_uuid": {"type": "string"},
            "workflow_uuid": {"type": "string"},
            "workflow_name": {"type": "string"},
            "trigger": {"type": "string", "description": "What had started the execution, such as `webhook`."},
            "error": {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "node_id": {"type": ["string", "null"]},
                },
            },
        },
    }

"""What an execution looks like, and what may be said to start one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue, model_validator

from athena.kit.schemas import Input
from athena.runs.schemas import ONE_WAY
from athena.workflows.graph_schemas import NodeId


class WorkflowRun(Input):
    """Runs a workflow."""

    model_config = ConfigDict(json_schema_extra={**ONE_WAY, "examples": [{"input": {"price": 4, "amount": 3}}]})

    input: Annotated[JsonValue, Field(description="What the trigger gives.")] = None
    variables: Annotated[
        dict[str, Any], Field(max_length=100, description="Values of the workflow's variables, in place of defaults.")
    ] = Field(default_factory=dict[str, Any])
    trigger_node_id: Annotated[
        NodeId | None, Field(description="The trigger to begin with. Left out: the first manual one.")
    ] = None
    test: Annotated[bool, Field(description="Nodes with a pinned output give that, without being run.")] = False
    stream: Annotated[bool, Field(description="Answer with server-sent events.")] = False
    background: Annotated[bool, Field(description="Answer 202 with the run at once.")] = False

    @model_validator(mode="after")
    def _one_way(self) -> WorkflowRun:
        if self.stream and self.background:
            raise ValueError("Give either stream or background.")
        return self

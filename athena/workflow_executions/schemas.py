"""What an execution looks like, and what may be said to start one."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from athena.expressions.places import MAXIMUM_TEXT
from athena.kit.schemas import Input, Output, Resource, Timestamp, Uuid
from athena.runs.schemas import ONE_WAY, RunStatus
from athena.workflows.graph_schemas import ID, Edge, Node, NodeId, WorkflowVariable
from athena.workflows.schemas import Workflow

Trigger = Literal["manual", "api", "webhook", "schedule", "event", "error", "agent", "workflow", "retry"]
NodeStatus = Literal["pending", "running", "waiting", "succeeded", "reused", "failed", "skipped", "cancelled"]
PART: Any = {
    "not": {
        "properties": {"stop_after_node_id": {"type": "string"}, "only_node_id": {"type": "string"}},
        "required": ["stop_after_node_id", "only_node_id"],
    }
}


class WorkflowRun(Input):
    """Runs a workflow."""

    model_config = ConfigDict(
        json_schema_extra={"allOf": [ONE_WAY, PART], "examples": [{"input": {"price": 4, "amount": 3}}]}
    )

    input: Annotated[
        JsonValue, Field(description="What the trigger gives; with `only_node_id`, what that node gets.")
    ] = None
    variables: Annotated[
        dict[str, Any], Field(max_length=100, description="Values of the workflow's variables, in place of defaults.")
    ] = Field(default_factory=dict[str, Any])
    trigger_node_id: Annotated[
        NodeId | None, Field(description="The trigger to begin with. Left out: the first manual one.")
    ] = None
    test: Annotated[bool, Field(description="Nodes with a pinned output give that, without being run.")] = False
    pinned: Annotated[
        dict[NodeId, JsonValue],
        Field(
            max_length=1_000,
            description="What these nodes give, by their ids, without being run.",
            json_schema_extra={"propertyNames": {"pattern": ID}},
        ),
    ] = Field(default_factory=dict[str, Any])
    stop_after_node_id: Annotated[NodeId | None, Field(description="Run to this node: it, and what it depends on.")] = (
        None
    )
    only_node_id: Annotated[
        NodeId | None, Field(description="Run this node alone. What it reads of others is what is `pinned`.")
    ] = None
    stream: Annotated[bool, Field(description="Answer with server-sent events.")] = False
    background: Annotated[bool, Field(description="Answer 202 with the run at once.")] = False

    @model_validator(mode="after")
    def _one_way(self) -> WorkflowRun:
        if self.stream and self.background:
            raise ValueError("Give either stream or background.")
        if self.stop_after_node_id is not None and self.only_node_id is not None:
            raise ValueError("Give either stop_after_node_id or only_node_id.")
        return self


class ExecutionRetry(Input):
    """How an execution is run once more."""

    model_config = ConfigDict(
        json_schema_extra={**ONE_WAY, "examples": [{"from_node_id": "total", "input": {"price": 4, "amount": 3}}]}
    )

    from_node_id: Annotated[
        NodeId | None,
        Field(
            description="Begin with this node: it and what depends on it are run. Left out: what was not done is done, "
            "which is the failed node and what follows; of an execution that succeeded, all of it."
        ),
    ] = None
    input: Annotated[
        JsonValue, Field(description="What that node gets as `input`, in place of what came to it before.")
    ] = None
    variables: Annotated[
        dict[str, Any], Field(max_length=100, description="Values of variables, in place of those that it had.")
    ] = Field(default_factory=dict[str, Any])
    use_current_version: Annotated[
        bool, Field(description="Run the workflow as it is now; nodes that were changed since are run, too.")
    ] = False
    stream: Annotated[bool, Field(description="Answer with server-sent events.")] = False
    background: Annotated[bool, Field(description="Answer 202 with the run at once.")] = False

    @model_validator(mode="after")
    def _one_way(self) -> ExecutionRetry:
        if self.stream and self.background:
            raise ValueError("Give either stream or background.")
        return self


class ExecutionsRetry(Input):
    """How many executions are run once more, each from where it failed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"use_current_version": True}]})

    use_current_version: Annotated[
        bool, Field(description="Run the workflows as they are now; nodes that were changed since are run, too.")
    ] = False


class ExpressionPreview(Input):
    """A text of a node's configuration, and the data that its expressions are shown with."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"text": "{{ nodes.total.output * 2 }}", "nodes": {"total": 12}}]}
    )

    text: Annotated[str, Field(max_length=MAXIMUM_TEXT, description="The text, as the node's field would have it.")]
    execution_uuid: Annotated[Uuid | None, Field(description="The execution of this workflow that has the data.")] = (
        None
    )
    node_id: Annotated[NodeId | None, Field(description="The node whose `input` is meant.")] = None
    input_node_id: Annotated[
        NodeId | None, Field(description="The node whose output is the `input`, where the execution has none.")
    ] = None
    path: Annotated[
        list[Annotated[int, Field(ge=0, le=2**31 - 1)]] | None,
        Field(
            max_length=10,
            description="The number of the item in each loop around the node, the outermost first. "
            "Left out: its first pass.",
        ),
    ] = None
    nodes: Annotated[
        dict[NodeId, JsonValue],
        Field(
            max_length=1_000,
            description="What nodes give, by their ids, in place of what they gave.",
            json_schema_extra={"propertyNames": {"pattern": ID}},
        ),
    ] = Field(default_factory=dict[str, Any])
    items: Annotated[
        str | None,
        Field(max_length=MAXIMUM_TEXT, description="An expression that gives a list: the first of it is the `item`."),
    ] = None
    takes_secrets: Annotated[bool, Field(description="Whether the field may name secrets.")] = False


class ExpressionFault(Output):
    """Why a text comes to nothing."""

    code: Annotated[
        Literal["expression_error", "no_data"], Field(description="`no_data`: what it reads is not known yet.")
    ]
    message: str
    position: Annotated[int | None, Field(description="The character in the text, counted from 0.")]


class ExpressionValue(Output):
    """What a text comes to; a value that is too long is an object with `truncated`, its `size` and its `begin`."""

    value: JsonValue
    error: ExpressionFault | None


class ExecutionUsage(Output):
    """What the nodes of an execution used; ``cost`` in US dollars."""

    input_tokens: int
    output_tokens: int
    cost: float


class ExecutionError(Output):
    """Why an execution or a node failed. There may be more fields, as the node that failed has them."""

    model_config = ConfigDict(extra="allow")

    code: Annotated[str, Field(examples=["expression_error"])]
    message: str
    node_id: Annotated[str | None, Field(description="The node that failed for good.")] = None


class WorkflowExecutionDataWorkflowData(Output):
    """The graph as it ran."""

    nodes: list[Node]
    edges: list[Edge]
    variables: list[WorkflowVariable]


class NodeExecution(Output):
    """What became of a node. A value that is too long to be shown here is an object with `truncated`, its `size` in
    bytes, its `begin`, and the `url` of the whole.
    """

    node_id: str
    node_type: str
    status: NodeStatus
    attempts: int
    repeated: Annotated[bool, Field(description="A crash left its outcome unknown, and it was done once more.")]
    input: Annotated[JsonValue, Field(description="What it found as `input`.")]
    output: Annotated[JsonValue, Field(description="What its first port gave.")]
    outputs: Annotated[dict[str, JsonValue], Field(description="What each port gave, by its name.")]
    error: ExecutionError | None
    usage: ExecutionUsage | None
    details: Annotated[dict[str, JsonValue], Field(description="Facts about how it was done, or what it waits for.")]
    started_at: Timestamp | None
    finished_at: Timestamp | None
    duration_ms: int | None


class NodeItemExecution(NodeExecution):
    """What became of a node in one pass of the loops around it."""

    path: Annotated[list[int], Field(description="The number of the item in each loop around it, the outermost first.")]


class NodeTotals(NodeExecution):
    """What became of a node; of one in a loop, of all its items together."""

    items: Annotated[
        int | None,
        Field(description="In a loop: in how many passes it had begun. What became of each, is at `…/nodes/{node}`."),
    ]
    failed_items: int | None


class WorkflowExecutionData(Output):
    """An execution in full."""

    workflow_data: Annotated[
        WorkflowExecutionDataWorkflowData | None, Field(description="Null when the workflow was deleted since.")
    ]
    nodes: Annotated[dict[str, NodeTotals], Field(description="By the nodes' ids.")]


class WorkflowExecution(Resource):
    """One run of a workflow; its uuid is the run's. Relations are null unless ``with`` names them."""

    workflow_uuid: UUID
    workflow: Workflow | None = None
    workflow_version: int
    status: RunStatus
    trigger: Trigger
    input: Annotated[JsonValue, Field(description="What the trigger gave.")]
    output: Annotated[JsonValue, Field(description="What the last node gave.")]
    error: ExecutionError | None
    usage: ExecutionUsage | None
    started_at: Timestamp | None
    finished_at: Timestamp | None
    duration_ms: int | None
    source_execution_uuid: Annotated[UUID | None, Field(description="The execution that this one is a retry of.")]
    parent_execution_uuid: Annotated[UUID | None, Field(description="The execution whose node waits for this one.")]
    data: Annotated[
        WorkflowExecutionData | None, Field(description="On a single execution always; in lists where it is asked for.")
    ] = None


class ExecutionCounts(Output):
    """How many executions there are, by their status."""

    total: int
    queued: int
    running: int
    waiting: int
    succeeded: int
    failed: int
    cancelled: int
    at_least: Annotated[bool, Field(description="Whether there are more: with these filters they are counted so far.")]


class ExecutionErrors(Output):
    """Executions that failed in the same way: at the same node, with the same code and, numbers and names aside, the
    same message.
    """

    error_fingerprint: str
    workflow_uuid: UUID
    node_id: str | None
    code: str
    message: Annotated[str, Field(description="Of the last one.")]
    count: int
    first_seen_at: Timestamp
    last_seen_at: Timestamp
    execution_uuid: Annotated[UUID, Field(description="The last one.")]


class Handled(Output):
    """How many executions were dealt with."""

    count: int
    refused: Annotated[int, Field(description="How many could not be, such as those whose workflow was deleted.")]
    more: Annotated[bool, Field(description="Whether there are more; say it again for the next ones.")]

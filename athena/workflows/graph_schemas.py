"""The parts of a workflow's graph, as they are written and shown."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from athena.kit.schemas import Input, Output, ShortText

MAXIMUM_NODES = 1_000
MAXIMUM_EDGES = 5_000
MAXIMUM_VARIABLES = 100
ID = r"^[A-Za-z0-9_-]{1,64}$"

NodeId = Annotated[str, Field(pattern=ID, examples=["classify"])]
Handle = Annotated[str, Field(min_length=1, max_length=64)]
OnError = Literal["fail", "continue", "branch"]
VariableType = Literal["string", "number", "integer", "boolean", "array", "object"]


class Position(Input):
    """Where a node stands on the canvas, in pixels."""

    model_config = ConfigDict(strict=False, extra="forbid")

    x: float = 0.0
    y: float = 0.0


class Retry(Input):
    """How often a node is tried when it fails, and how long it waits in between."""

    max_attempts: Annotated[int, Field(ge=1, le=20, description="Tries in all.")] = 3
    delay_ms: Annotated[int, Field(ge=0, le=3_600_000, description="Before the second try.")] = 1_000
    backoff: Annotated[
        Literal["fixed", "exponential"], Field(description="Whether each pause is twice as long as the one before.")
    ] = "exponential"
    max_delay_ms: Annotated[int, Field(ge=0, le=86_400_000)] = 300_000
    jitter: Annotated[
        bool, Field(description="Vary each pause by up to a fifth, so that many do not come at once.")
    ] = True
    codes: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]] | None,
        Field(max_length=50, description="Codes of the errors to retry. Left out: those that may pass."),
    ] = None


class Node(Input):
    """A step of a workflow. `GET /api/v1/node-types` says which types there are, and what `data` holds for each."""

    id: NodeId
    type: Annotated[str, Field(min_length=1, max_length=128, examples=["http_request"])]
    name: Annotated[str, Field(max_length=255)] = ""
    position: Position = Field(default_factory=Position)
    data: Annotated[dict[str, Any], Field(description="The configuration; texts may hold `{{ expressions }}`.")] = (
        Field(default_factory=dict[str, Any])
    )
    retry: Retry | None = None
    timeout: Annotated[
        float | None, Field(gt=0, le=86_400, strict=False, description="Seconds for one try. Left out: the type's own.")
    ] = None
    on_error: Annotated[
        OnError,
        Field(
            description="`fail`: the execution fails. `continue`: it goes on with `default_output`. `branch`: it goes "
            "on by the port `error`."
        ),
    ] = "fail"
    default_output: JsonValue = None
    on_unknown_outcome: Annotated[
        Literal["repeat", "fail"],
        Field(
            description="After a crash in the middle: `repeat` under the same idempotency key, or `fail` rather than "
            "risk that something happens twice."
        ),
    ] = "repeat"
    disabled: Annotated[bool, Field(description="Passed over: its input goes on as its output.")] = False
    redact: Annotated[bool, Field(description="Keep its input and output out of what is shown of executions.")] = False
    pinned_output: Annotated[
        JsonValue, Field(description="What it gives in tests, without being run. Null: nothing is pinned.")
    ] = None
    notes: ShortText = ""


class Edge(Input):
    """Carries a value from a node's output port to another node's input port."""

    id: Annotated[str, Field(max_length=200)] = ""
    source: NodeId
    target: NodeId
    source_handle: Annotated[Handle | None, Field(description="The port. Left out: the type's first one.")] = None
    target_handle: Annotated[Handle | None, Field(description="The port. Left out: the type's first one.")] = None
    condition: Annotated[
        str | None,
        Field(max_length=10_000, description="`{{ expression }}` over `input`, the value; false: it does not go on."),
    ] = None


class WorkflowVariable(Input):
    """A value that an execution may be given."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", examples=["threshold"])]
    type: VariableType = "string"
    description: ShortText = ""
    required: bool = False
    default: JsonValue = None


class GraphProblem(Output):
    """Something that keeps a workflow from being active."""

    code: Annotated[str, Field(examples=["expression_error"])]
    message: str
    node_id: str | None = None
    edge_id: str | None = None
    path: Annotated[str | None, Field(description="The field, such as `data.url`.")] = None
    position: Annotated[int | None, Field(description="The character in that field, from 0.")] = None


Nodes = Annotated[list[Node], Field(max_length=MAXIMUM_NODES)]
Edges = Annotated[list[Edge], Field(max_length=MAXIMUM_EDGES)]
WorkflowVariables = Annotated[list[WorkflowVariable], Field(max_length=MAXIMUM_VARIABLES)]

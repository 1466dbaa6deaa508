"""What a workflow looks like, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Timestamp, Uuid, With
from athena.users.schemas import Person
from athena.workflows.graph_schemas import (
    Edge,
    Edges,
    GraphProblem,
    Node,
    Nodes,
    Retry,
    WorkflowVariable,
    WorkflowVariables,
)

Tag = Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]
Tags = Annotated[list[Tag], Field(max_length=32)]
Status = Literal["draft", "active", "inactive"]

EXAMPLE_NODES: list[Any] = [
    {"id": "start", "type": "manual_trigger", "position": {"x": 0, "y": 0}},
    {
        "id": "total",
        "type": "set",
        "position": {"x": 240, "y": 0},
        "data": {"fields": {"total": "{{ trigger.input.price * trigger.input.amount }}"}},
    },
]
EXAMPLE_EDGES: list[Any] = [{"source": "start", "target": "total"}]


class Concurrency(Input):
    """How many executions are unfinished at a time; the others queue in the order in which they were accepted."""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 1
    key: Annotated[
        str | None,
        Field(
            max_length=2_000,
            description="`{{ expression }}` over `trigger` and `variables`: executions are counted apart by its value.",
        ),
    ] = None


class WorkflowSettings(Input):
    """How executions run."""

    timeout_seconds: Annotated[
        float | None,
        Field(gt=0, le=86_400 * 7, strict=False, description="How long one may be at work; waits do not count."),
    ] = None
    retry: Annotated[Retry | None, Field(description="For nodes that have none of their own.")] = None
    concurrency: Concurrency | None = None
    error_workflow_uuid: Annotated[
        Uuid | None, Field(description="Is started by its error trigger when an execution fails.")
    ] = None
    budget: Annotated[
        float | None, Field(gt=0, le=1_000_000, strict=False, description="US dollars that one may cost.")
    ] = None
    output_schema: Annotated[
        dict[str, Any] | None, Field(description="JSON Schema of the output, for who calls it and reads about it.")
    ] = None


class WorkflowCreate(Input):
    """A new workflow."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Total", "nodes": EXAMPLE_NODES, "edges": EXAMPLE_EDGES}]}
    )

    name: Name
    description: ShortText = ""
    status: Annotated[Status, Field(description="Only without problems may a workflow be `active`.")] = "draft"
    nodes: Nodes = Field(default_factory=list[Node])
    edges: Edges = Field(default_factory=list[Edge])
    variables: WorkflowVariables = Field(default_factory=list[WorkflowVariable])
    settings: WorkflowSettings = Field(default_factory=WorkflowSettings)
    tags: Tags = Field(default_factory=list[str])
    with_: With = Field(default=None, alias="with")


class WorkflowUpdate(Input):
    """Changes of a workflow; what is not named stays. A change of its graph, variables or settings is a new version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "active"}]})

    name: Name = ""
    description: ShortText = ""
    status: Status = "draft"
    nodes: Nodes = Field(default_factory=list[Node])
    edges: Edges = Field(default_factory=list[Edge])
    variables: WorkflowVariables = Field(default_factory=list[WorkflowVariable])
    settings: WorkflowSettings = Field(default_factory=WorkflowSettings)
    tags: Tags = Field(default_factory=list[str])
    with_: With = Field(default=None, alias="with")


class WorkflowImport(Input):
    """A document that an export gave."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"document": "format: athena/workflow/1\nname: Hello\nnodes:\n- {id: start, type: manual_trigger}\n"}
            ]
        }
    )

    document: Annotated[str | dict[str, Any], Field(description="JSON or YAML as text, or JSON as an object.")]
    name: Annotated[Name | None, Field(description="In place of the document's.")] = None
    with_: With = Field(default=None, alias="with")


class Requirements(Output):
    """What a workflow needs in its workspace."""

    secrets: list[str]
    variables: list[str]


class WorkflowDocument(Output):
    """A workflow to be kept elsewhere. What is as usual is left out of its nodes, edges, variables and settings."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "format": "athena/workflow/1",
                    "name": "Total",
                    "description": "",
                    "tags": [],
                    "requires": {"secrets": [], "variables": []},
                    "variables": [],
                    "settings": {},
                    "nodes": EXAMPLE_NODES,
                    "edges": EXAMPLE_EDGES,
                }
            ]
        }
    )

    format: Literal["athena/workflow/1"]
    name: str
    description: str
    tags: list[str]
    requires: Requirements
    variables: list[dict[str, Any]]
    settings: dict[str, Any]
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]


class OpenApiDocument(Output):
    """A document of OpenAPI 3.1."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "openapi": "3.1.0",
                    "info": {"title": "Total", "version": "1"},
                    "servers": [{"url": "http://127.0.0.1:8000"}],
                    "security": [{"bearer": []}],
                    "paths": {},
                    "components": {},
                }
            ]
        }
    )

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    security: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


class WorkflowWebhook(Output):
    """How the workflow is called from outside, if a webhook trigger stands in it."""

    url: str
    method: Annotated[str, Field(description="The methods that it takes, separated by commas.")]
    authentication: Annotated[str, Field(examples=["none", "hmac"])]
    response_mode: Annotated[str, Field(examples=["immediately", "last_node", "respond_node", "stream"])]


class WorkflowVersionNumber(Output):
    """That there is a version, and since when."""

    number: int
    created_at: Timestamp


class Workflow(Resource):
    """A graph of nodes that is run durably. Relations are null unless ``with`` names them."""

    name: str
    description: str
    status: Status
    nodes: list[Node]
    edges: list[Edge]
    variables: list[WorkflowVariable]
    settings: WorkflowSettings
    problems: Annotated[list[GraphProblem], Field(description="What keeps it from being active.")]
    webhook: WorkflowWebhook | None
    version: Annotated[int, Field(description="Grows with each change of the graph, the variables or the settings.")]
    tags: list[str]
    creator: Person | None = None
    versions: list[WorkflowVersionNumber] | None = None


class WorkflowVersion(Resource):
    """What a workflow was at one time. It never changes."""

    workflow_uuid: UUID
    number: int
    nodes: list[Node]
    edges: list[Edge]
    variables: list[WorkflowVariable]
    settings: WorkflowSettings
    creator: Person | None = None


class Change(Output):
    """One difference between two versions."""

    kind: Literal["added", "removed", "changed"]
    part: Literal["node", "edge", "variable", "setting"]
    name: Annotated[str, Field(examples=["classify"])]
    path: Annotated[str | None, Field(description="The field, where one was changed.", examples=["data.model"])]
    before: Any
    after: Any


class Comparison(Output):
    """What changed from one version to another."""

    before: int
    after: int
    changes: list[Change]
    summary: Annotated[list[str], Field(description="The same in words, a line each.")]

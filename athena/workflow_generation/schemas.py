"""How a workflow is described, and what a model made of it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from athena.kit.schemas import Input, Output, Timestamp, Uuid
from athena.large_language_models.parameters import ModelName
from athena.messages.schemas import Usage
from athena.workflows.graph_schemas import Edge, Node, WorkflowVariable
from athena.workflows.schemas import Status, WorkflowSettings


class WorkflowGeneration(Input):
    """A description of a workflow, or of a change of one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "description": "When an order comes in, ask a model whether it is urgent, and post urgent ones to "
                    "https://example.com/alerts.",
                    "model": "gpt-4o",
                    "save": True,
                }
            ]
        }
    )

    description: Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]
    workflow_uuid: Annotated[
        Uuid | None, Field(description="The workflow to change, so that what is described holds. Left out: a new one.")
    ] = None
    model: Annotated[ModelName | None, Field(description="Left out: the workspace's newest.")] = None
    account_uuid: Annotated[Uuid | None, Field(description="The account that pays.")] = None
    max_repairs: Annotated[
        int, Field(ge=0, le=10, description="How often the model is shown what is wrong with its draft.")
    ] = 4
    save: Annotated[bool, Field(description="Keep it: as a new draft, or as a new version of the workflow.")] = False


class Generation(Output):
    """How the model got there."""

    model: str
    repairs: int
    usage: Usage
    dry_run_output: Annotated[Any, Field(description="What the workflow gave with examples in place of all effects.")]
    changes: Annotated[list[str] | None, Field(description="Of a changed workflow: what is different, in words.")]


class GeneratedWorkflow(Output):
    """A complete workflow without problems. What is not saved has no uuid."""

    uuid: UUID | None
    created_at: Timestamp | None
    updated_at: Timestamp | None
    name: str
    description: str
    status: Status
    nodes: list[Node]
    edges: list[Edge]
    variables: list[WorkflowVariable]
    settings: WorkflowSettings
    version: int | None
    tags: list[str]
    generation: Generation

"""What the API says of bundles."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from athena.bundles.format import Description, Kind, Slug, Version
from athena.kit.schemas import Input, Output, Resource, Timestamp, Uuid

MAXIMUM_SELECTED = 200
Action = Literal["create", "update", "unchanged", "conflict", "left"]
Selected = Annotated[list[Uuid], Field(max_length=MAXIMUM_SELECTED)]


class Bundle(Resource):
    """An uploaded bundle, kept for a day, so that it can be looked at and applied."""

    name: Annotated[str, Field(examples=["support-desk"])]
    version: Annotated[str, Field(examples=["1.0.0"])]
    description: str
    expires_at: Timestamp


class BundleExport(Input):
    """What a bundle is to hold. What that refers to comes along: an agent's tools, a workflow's agents."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "support-desk", "agent_uuids": ["01980000-0000-7000-8000-000000000000"]}]
        }
    )

    name: Annotated[Slug, Field(description="Resources of a bundle of this name keep the keys that they have in it.")]
    version: Version = "1.0.0"
    description: Description = ""
    agent_uuids: Selected = Field(default_factory=list[UUID])
    prompt_uuids: Selected = Field(default_factory=list[UUID])
    workflow_uuids: Selected = Field(default_factory=list[UUID])
    tool_uuids: Selected = Field(default_factory=list[UUID])
    guardrail_uuids: Selected = Field(default_factory=list[UUID])
    dataset_uuids: Selected = Field(default_factory=list[UUID])
    knowledge: Annotated[bool, Field(description="Whether the texts that the agents were trained with go along.")] = (
        True
    )


class BundleChoice(Input):
    """A bundle, and the accounts that are chosen for it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"bundle_uuid": "01980000-0000-7000-8000-000000000000"}]})

    bundle_uuid: Uuid
    accounts: Annotated[
        dict[Slug, Uuid],
        Field(
            max_length=100,
            description="By the key that the bundle declares: the account to use. Left out: the newest one of the "
            "provider.",
            json_schema_extra={"additionalProperties": False},
        ),
    ] = Field(default_factory=dict[str, UUID])


class BundleApply(BundleChoice):
    """A plan that was looked at, to be carried out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"bundle_uuid": "01980000-0000-7000-8000-000000000000", "plan_hash": "9f86d081884c7d65"}]
        }
    )

    plan_hash: Annotated[
        str, Field(min_length=1, max_length=64, description="The plan's `hash`: a 409 when the plan is another by now.")
    ]
    overwrite: Annotated[bool, Field(description="Whether what was changed by hand becomes as the bundle says.")] = (
        False
    )


class BundleChange(Output):
    """A field that becomes another."""

    path: Annotated[str, Field(examples=["nodes.ask.data.title"])]
    before: Annotated[Any, Field(description="Null: it is as usual.")]
    after: Annotated[Any, Field(description="Null: it is as usual.")]
    lines: Annotated[
        list[str] | None, Field(description="Of longer texts: the lines that change, as a unified difference.")
    ]


class BundleProblem(Output):
    """What stands in the way, or should be known."""

    resource: Annotated[str | None, Field(description="Null: the whole bundle.", examples=["agents/support"])]
    message: str
    blocking: Annotated[bool, Field(description="Whether nothing can be applied because of it.")]


class PlannedResource(Output):
    """What becomes of one resource."""

    kind: Kind
    key: str
    name: str
    action: Annotated[
        Action,
        Field(
            description="`conflict`: it was changed by hand since the bundle was applied. `left`: the bundle has it no "
            "more, and it stays."
        ),
    ]
    uuid: Annotated[UUID | None, Field(description="Null: it is not there yet.")]
    changes: list[BundleChange]


class MissingVariable(Output):
    """A variable or secret that the workspace should have."""

    name: str
    kind: Literal["variable", "secret"]
    description: str


class PlannedAccount(Output):
    """An account that the bundle uses."""

    key: str
    provider: str
    description: str
    account_uuid: Annotated[UUID | None, Field(description="The one that will be used. Null: there is none.")]


class BundlePlan(Output):
    """What applying a bundle would do. Nothing is changed by it."""

    bundle_uuid: UUID
    name: str
    version: str
    description: str
    hash: str
    applicable: Annotated[bool, Field(description="Whether it can be applied; conflicts need `overwrite` besides.")]
    conflicts: int
    resources: list[PlannedResource]
    problems: list[BundleProblem]
    missing_variables: list[MissingVariable]
    accounts: list[PlannedAccount]


class AppliedResource(Output):
    """What became of one resource."""

    kind: Kind
    key: str
    name: str
    action: Action
    uuid: UUID


class AppliedBundle(Output):
    """What was done. New workflows are drafts: nothing starts before somebody activates them."""

    name: str
    version: str
    resources: list[AppliedResource]

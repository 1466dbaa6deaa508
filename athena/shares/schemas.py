"""What a share looks like: to the workspace that shares, and to those with whom is shared."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator
from pydantic.config import JsonDict

from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Text, Time, Timestamp, Uuid, With
from athena.large_language_models.parameters import ModelMetadata, ModelName
from athena.messages.schemas import MessageError, Said
from athena.prompts.schemas import PromptVariable
from athena.runs.schemas import ONE_WAY, RunStatus
from athena.users.schemas import Email, Person

MINIMUM_PASSWORD = 8
MAXIMUM_PASSWORD = 128

ShareableType = Literal["agent", "prompt", "thread", "workflow"]
Grantee = Literal["user", "workspace", "link"]
SharePermission = Literal["view", "run", "edit"]
ShareStatus = Literal["active", "expired", "exhausted"]
SharePassword = Annotated[
    str,
    Field(
        min_length=MINIMUM_PASSWORD,
        max_length=MAXIMUM_PASSWORD,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="For a link. Visible ASCII, since it is sent in a header.",
        examples=["correct horse battery"],
    ),
]
RunLimit = Annotated[
    int, Field(ge=1, le=1_000_000_000, description="How many runs may be started through the share, in all.")
]


# The rule of :meth:`ShareCreate._one_grantee`, for who reads the schema.
ONE_GRANTEE: JsonDict = {
    "oneOf": [
        {"properties": {"grantee": {"const": "user"}}, "required": ["user_email"]},
        {"properties": {"grantee": {"const": "user"}}, "required": ["user_uuid"]},
        {"properties": {"grantee": {"const": "workspace"}}, "required": ["workspace_uuid"]},
        {"properties": {"grantee": {"const": "link"}}, "required": ["grantee"]},
    ]
}


class ShareCreate(Input):
    """With whom something is shared, and how far."""

    model_config = ConfigDict(
        json_schema_extra={
            **ONE_GRANTEE,
            "examples": [{"grantee": "user", "user_email": "ada@example.com", "permission": "run", "run_limit": 100}],
        }
    )

    grantee: Grantee
    user_email: Annotated[
        Email | None, Field(description="Of a user: whoever has it, now or later, once it is verified.")
    ] = None
    user_uuid: Annotated[Uuid | None, Field(description="Of a user, instead of the e-mail address.")] = None
    workspace_uuid: Annotated[Uuid | None, Field(description="Of the workspace whose members are to have it.")] = None
    permission: SharePermission = "view"
    expires_at: Annotated[Time | None, Field(description="When the share ends. Left out: never.")] = None
    password: SharePassword | None = None
    run_limit: RunLimit | None = None
    with_: With = Field(default=None, alias="with")

    @model_validator(mode="after")
    def _one_grantee(self) -> ShareCreate:
        named = {"user_email": self.user_email, "user_uuid": self.user_uuid, "workspace_uuid": self.workspace_uuid}
        given = [name for name, value in named.items() if value is not None]
        wanted = {"user": "user_email or user_uuid", "workspace": "workspace_uuid", "link": ""}[self.grantee]
        if len(given) != bool(wanted) or any(name not in wanted for name in given):
            raise ValueError(f"Name the {self.grantee} by {wanted}." if wanted else "A link is for whoever has it.")
        if self.password is not None and self.grantee != "link":
            raise ValueError("Only a link has a password.")
        return self


class ShareUpdate(Input):
    """Changes of a share; what is not named stays, null takes a limit away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"permission": "view", "run_limit": None}]})

    permission: SharePermission = "view"
    expires_at: Time | None = None
    password: SharePassword | None = None
    run_limit: RunLimit | None = None
    with_: With = Field(default=None, alias="with")


class Share(Resource):
    """What a workspace gives away. Relations are null unless ``with`` names them."""

    shareable_type: ShareableType
    shareable_uuid: UUID
    grantee: Grantee
    user_email: str | None
    user_uuid: UUID | None
    workspace_uuid: Annotated[UUID | None, Field(description="The workspace with which it is shared.")]
    permission: SharePermission
    status: ShareStatus
    url: Annotated[str | None, Field(description="A link's address: whole in the answer that made it, then masked.")]
    has_password: bool
    expires_at: Timestamp | None
    run_limit: int | None
    runs: Annotated[int, Field(description="How many were started through it.")]
    last_used_at: Timestamp | None
    creator: Person | None = None


class SharedItem(Resource):
    """A share, as those see it with whom is shared."""

    shareable_type: ShareableType
    name: Annotated[str | None, Field(description="Of what is shared.")]
    grantee: Grantee
    permission: SharePermission
    expires_at: Timestamp | None
    runs_left: Annotated[int | None, Field(description="Null where there is no limit.")]


class SharedMessage(Output):
    """What was said in a shared thread."""

    uuid: UUID
    parent_uuid: UUID | None
    created_at: Timestamp
    role: Literal["user", "assistant"]
    content: str
    status: str


class SharedResource(Output):
    """What is shared. Fields that its type does not have, or that take the permission to edit, are left out."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    uuid: UUID
    updated_at: Timestamp
    name: str
    description: str | None = None
    tags: list[str] | None = None
    content: Annotated[str | None, Field(description="A prompt's.")] = None
    variables: Annotated[
        list[PromptVariable] | None,
        Field(description="A prompt's; of a workflow, those that have no default."),
    ] = None
    input_schema: Annotated[dict[str, Any] | None, Field(description="JSON Schema of what a workflow takes.")] = None
    output_schema: Annotated[dict[str, Any] | None, Field(description="JSON Schema of what a workflow gives.")] = None
    messages: Annotated[list[SharedMessage] | None, Field(description="The last ones of a thread.")] = None
    version: int | None = None
    model: Annotated[str | None, Field(description="With the permission to edit.")] = None
    system_prompt: Annotated[str | None, Field(description="An agent's, with the permission to edit.")] = None
    metadata: Annotated[dict[str, Any] | None, Field(description="With the permission to edit.")] = None


class Shared(Output):
    """A share with what it gives."""

    share: SharedItem
    resource: SharedResource


class SharedUpdate(Input):
    """Changes of what is shared: those fields that its type has. What is not named stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Support", "description": "Answers briefly."}]})

    name: Name = ""
    description: ShortText = ""
    tags: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64, pattern=r"\S")]],
        Field(max_length=32, description="An agent's, a prompt's or a workflow's."),
    ] = Field(default_factory=list[str])
    model: Annotated[ModelName | None, Field(description="An agent's or a prompt's.")] = None
    system_prompt: Annotated[Text | None, Field(description="An agent's.")] = None
    content: Annotated[Text, Field(min_length=1, pattern=r"\S", description="A prompt's.")] = ""
    variables: Annotated[list[PromptVariable], Field(max_length=64, description="A prompt's.")] = Field(
        default_factory=list[PromptVariable]
    )
    metadata: ModelMetadata = Field(default_factory=ModelMetadata)


class SharedSaid(Input):
    """A message of a conversation that is given with the request."""

    role: Literal["user", "assistant"]
    content: Said


class SharedRun(Input):
    """Runs what is shared: an agent with `input` or `messages`, a prompt with `variables`, a thread with `message`, a
    workflow with `input` and `variables`.
    """

    model_config = ConfigDict(json_schema_extra={**ONE_WAY, "examples": [{"input": "Which tyres for gravel?"}]})

    input: Annotated[JsonValue, Field(description="To an agent, as text; to a workflow, as it takes it.")] = None
    messages: Annotated[
        list[SharedSaid] | None, Field(min_length=1, max_length=500, description="To an agent, instead of `input`.")
    ] = None
    message: Annotated[Said | None, Field(description="In a thread.")] = None
    variables: Annotated[
        dict[str, JsonValue], Field(max_length=100, description="Of a prompt, an agent or a workflow.")
    ] = Field(default_factory=dict[str, JsonValue])
    stream: Annotated[bool, Field(description="Answer with server-sent events.")] = False
    background: Annotated[bool, Field(description="Answer 202 with the run at once.")] = False

    @model_validator(mode="after")
    def _one_way(self) -> SharedRun:
        if self.stream and self.background:
            raise ValueError("Give either stream or background.")
        return self


class SharedAnswer(Output):
    """What was answered."""

    uuid: UUID
    role: Literal["assistant"]
    content: str
    finish_reason: str


class SharedOutput(Output):
    """What a finished run gave."""

    message: SharedAnswer


class SharedRunState(Resource):
    """A run that was started through a share."""

    status: RunStatus
    output: Annotated[SharedOutput | JsonValue, Field(description="Of a workflow, whatever its last node gave.")]
    error: MessageError | None
    started_at: Timestamp | None
    finished_at: Timestamp | None
    duration_ms: int | None

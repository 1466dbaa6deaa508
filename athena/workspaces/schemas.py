"""What the API says and takes of workspaces and their members."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from athena.kit.schemas import Input, Name, Output, Resource, ShortText, Timestamp, Uuid
from athena.permissions import Role
from athena.users.schemas import Profile

Slug = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", examples=["default-workspace"])
]
CONCURRENT_RUNS = "concurrent_runs"
CONCURRENT_RUNS_MOST = 100_000


def _checked(settings: dict[str, Any]) -> dict[str, Any]:
    """What Athena itself reads of a workspace's settings must be as it expects it."""
    given = settings.get(CONCURRENT_RUNS, 1)
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= CONCURRENT_RUNS_MOST:
        raise ValueError(f"{CONCURRENT_RUNS} must be a whole number from 1 to {CONCURRENT_RUNS_MOST}")
    return settings


Settings = Annotated[dict[str, Any], Field(max_length=100), AfterValidator(_checked)]
RoleName = Annotated[Role, Field(strict=False)]


Days = Annotated[int, Field(ge=1, le=36_500)]


class Retention(Output):
    """After how many days a workspace forgets what; `null`: it keeps it for ever."""

    executions_days: Annotated[int | None, Field(description="Runs and their logs, from their end.")]
    messages_days: Annotated[int | None, Field(description="Messages, and threads in which nothing was said since.")]
    audit_events_days: Annotated[int | None, Field(description="The log of changes.")]
    unused_media_days: Annotated[int | None, Field(description="Files that no message or other resource uses.")]


class RetentionUpdate(Input):
    """Changes of what is forgotten when; what is not named stays, and `null` keeps for ever."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"messages_days": 90, "executions_days": None}]})

    executions_days: Days | None = None
    messages_days: Days | None = None
    audit_events_days: Days | None = None
    unused_media_days: Days | None = None


class Workspace(Resource):
    """A tenant: what its members share, and nobody else sees."""

    name: str
    slug: str
    description: str
    settings: dict[str, Any]
    retention: Retention
    members_count: int


class WorkspaceCreate(Input):
    """A new workspace; who makes it owns it."""

    name: Name
    slug: Slug = ""
    description: ShortText = ""
    settings: Settings = Field(default_factory=dict[str, Any])
    retention: RetentionUpdate = RetentionUpdate()


class WorkspaceUpdate(Input):
    """Changes of a workspace; what is not named stays."""

    name: Name = ""
    slug: Slug = ""
    description: ShortText = ""
    settings: Settings = Field(default_factory=dict[str, Any])
    retention: RetentionUpdate = RetentionUpdate()


class WorkspaceMember(Resource):
    """A user in a workspace; `uuid` is the user's."""

    name: str
    email: str
    profile: Profile
    role: Role
    source: Annotated[str, Field(description="`local`, or `oidc`: given by the identity provider.")]
    invited_at: Timestamp | None


class MemberUpdate(Input):
    """Changes of a membership."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "builder"}]})

    role: RoleName


class OwnershipTransfer(Input):
    """Who is to own the workspace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user_uuid": "0198c0de-0000-7000-8000-000000000001"}]})

    user_uuid: Uuid

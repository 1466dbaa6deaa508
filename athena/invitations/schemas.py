"""What the API says and takes of invitations."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from athena.kit.schemas import Input, Name, Output, Resource, Timestamp
from athena.permissions import Role
from athena.users.schemas import Email, Password
from athena.workspaces.schemas import RoleName

LinkToken = Annotated[str, Field(min_length=1, max_length=100)]


class Invitation(Resource):
    """An invitation, as those see it who may invite. Of whose address it is, it tells nothing."""

    email: str
    role: Role
    status: Annotated[
        Literal["pending", "declined", "expired"], Field(description="One that was accepted is a member instead.")
    ]
    inviter_uuid: UUID
    expires_at: Timestamp


class CreatedInvitation(Invitation):
    """An invitation just made."""

    token: Annotated[str, Field(description="Opens the workspace once. It is shown here and never again.")]
    url: Annotated[str, Field(description="The link to pass on to whom it is for; it holds the token.")]


class InvitingWorkspace(Output):
    """What an invitee is told of the workspace."""

    uuid: UUID
    name: str


class Inviter(Output):
    """What an invitee is told of who invites."""

    uuid: UUID
    name: str


class OwnInvitation(Resource):
    """An invitation, as the invited sees it."""

    workspace: InvitingWorkspace
    inviter: Inviter
    role: Role
    expires_at: Timestamp


class Membership(Output):
    """What accepting an invitation leads to."""

    workspace: InvitingWorkspace
    user_uuid: UUID
    role: Role


class InvitationCreate(Input):
    """Whom to invite, and as what."""

    email: Email
    role: RoleName = Role.VIEWER


class InvitationAccept(Input):
    """A link's token; with name and password it makes a new user, without them it lets the signed-in caller in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"token": "8bqo…", "name": "Ada Lovelace", "password": "correct horse battery"}]
        }
    )

    token: LinkToken
    name: Name | None = None
    password: Password | None = None

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.name is None) != (self.password is None):
            raise ValueError("Give name and password, or neither and sign in.")
        return self

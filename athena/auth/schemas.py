"""What the API says and takes of credentials."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from athena.kit.schemas import Input, Name, Output, Resource, Time, Timestamp, Uuid
from athena.permissions import Role
from athena.users.passwords import MAXIMUM_LENGTH
from athena.users.schemas import Password, User

ScopeName = Annotated[str, Field(min_length=1, max_length=100, examples=["agents.view", "threads.*"])]


class SignIn(Input):
    """E-mail and password; or neither, when they come as `Authorization: Basic`."""

    email: Annotated[str, Field(max_length=254, examples=["ada@example.com"])] = ""
    password: Annotated[str, Field(max_length=MAXIMUM_LENGTH, examples=["correct horse battery"])] = ""
    device_name: Name = "Sign-in"
    session: Annotated[bool, Field(description="Sets the console's session cookie, too.")] = False


class UserSession(Output):
    """Something by which the caller is signed in: a browser with the console, or a program with a token."""

    uuid: UUID
    created_at: Timestamp
    name: Annotated[str, Field(description="What the sign-in gave as `device_name`.")]
    kind: Literal["console", "token"]
    current: Annotated[bool, Field(description="Whether this request was made by it.")]
    last_used_at: Annotated[Timestamp | None, Field(description="Of a token, to the minute.")]
    expires_at: Timestamp


class PasswordReset(Input):
    """A token of the operator's, and the password that it sets."""

    token: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[Password, Field(examples=["correct horse battery"])]


class UserDelete(Input):
    """The confirmation that one's own user is to end."""

    password: Annotated[
        str,
        Field(
            max_length=MAXIMUM_LENGTH,
            examples=["correct horse battery"],
            description="The present password; who has none leaves it empty.",
        ),
    ] = ""


class SignedInToken(Output):
    """What Sign In answers."""

    token: Annotated[str, Field(description="Shown once.")]
    token_type: Literal["Bearer"]
    expires_at: Timestamp
    user: User
    csrf_token: Annotated[
        str | None, Field(description="With `session`: to be sent as `X-CSRF-Token` beside the cookie.")
    ] = None


class TokenCreate(Input):
    """A new token."""

    name: Name
    kind: Annotated[
        Literal["personal", "service"],
        Field(description="A service token is of a workspace, and all who manage its tokens see and end it."),
    ] = "personal"
    workspace_uuid: Annotated[
        Uuid | None,
        Field(description="The one workspace that it opens. Left out, a personal token opens all of yours."),
    ] = None
    scopes: Annotated[
        list[ScopeName] | None,
        Field(min_length=1, max_length=100, description="Permissions, or families of them such as `agents.*`."),
    ] = None
    expires_at: Time | None = None


class RolePermissions(Output):
    """A role, and what it permits."""

    name: Role
    permissions: list[str]


class OperationPermission(Output):
    """An operation of the API, and what it needs."""

    operation_id: str
    method: str
    path: str
    permission: Annotated[str | None, Field(description="`null`: signing in is enough, or nothing is needed.")]


class PermissionTable(Output):
    """Who may do what."""

    roles: list[RolePermissions]
    operations: list[OperationPermission]


class PermissionReason(Output):
    """What one rule says."""

    rule: Literal["membership", "role", "token_scope", "token_workspace", "resource", "builtin", "rank"]
    allowed: bool
    detail: str


class PermissionExplanation(Output):
    """Whether something is permitted: if every rule that has a say allows it."""

    allowed: bool
    permission: str
    workspace_uuid: UUID
    user_uuid: UUID
    role: Role | None
    reasons: list[PermissionReason]


class Token(Resource):
    """A token; its secret is not in it."""

    name: str
    kind: Literal["personal", "service"]
    hint: Annotated[str, Field(description="The secret's first and last characters.")]
    user_uuid: UUID
    workspace_uuid: UUID | None
    scopes: list[str] | None
    expires_at: Timestamp | None
    last_used_at: Timestamp | None


class CreatedToken(Token):
    """A token just made."""

    token: Annotated[str, Field(description="The secret. It is shown here and never again.")]

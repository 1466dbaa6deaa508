"""Who calls, in which workspace, with which permissions: made by authorisation alone, needed by all that it guards."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, NewType, Protocol
from uuid import UUID

from fastapi import Depends, Query, Request

from athena.kit.db import Database, Scope, Session
from athena.kit.errors import PermissionDenied

WorkspaceId = NewType("WorkspaceId", UUID)
"""A workspace that the caller was let into. Only authorisation makes one, and no repository can be built without it."""


@dataclass(frozen=True, slots=True)
class Access:
    """A caller inside a workspace. ``permissions`` are the role's, narrowed by the token's scopes."""

    workspace_uuid: WorkspaceId
    user_uuid: UUID
    role: str
    permissions: frozenset[str]
    token_uuid: UUID | None = None

    def require(self, permission: str) -> None:
        """:class:`PermissionDenied`, naming ``permission``, when it is missing."""
        if permission not in self.permissions:
            raise PermissionDenied(f"The permission {permission} is missing.")

    @property
    def scope(self) -> Scope:
        """The rows that a transaction of this caller may touch."""
        return Scope(self.workspace_uuid, self.user_uuid)


@dataclass(frozen=True, slots=True)
class Caller:
    """A request's authorised caller with the session of its one transaction."""

    access: Access
    session: Session


Authorize = Callable[[Request, str, UUID | None], Awaitable[Access]]
"""From a request, the permission that its route needs and the workspace that it names, to an :class:`Access`."""


class State(Protocol):
    """What the application keeps for every request (``app.state``)."""

    database: Database
    authorize: Authorize


WorkspaceQuery = Annotated[
    UUID | None,
    Query(description="The workspace. Left out, it is the token's or the user's default workspace."),
]


def require(permission: str) -> Any:
    """The dependency that lets in who has ``permission``, and gives the handler a :class:`Caller`.

    The transaction is committed after the handler has returned and before the response is sent.
    """

    async def caller(request: Request, workspace_uuid: WorkspaceQuery = None) -> AsyncGenerator[Caller]:
        state: State = request.app.state
        access = await state.authorize(request, permission, workspace_uuid)
        async with state.database.session(access.scope) as session:
            yield Caller(access, session)

    caller.permission = permission  # type: ignore[attr-defined]
    return Depends(caller, scope="function")

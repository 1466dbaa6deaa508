"""Who calls, in which workspace, with which permissions: made by authorisation alone, needed by all that it guards."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any, NewType, Protocol
from uuid import UUID

from fastapi import Depends, Path, Query, Request

from athena.kit.changes import SYSTEM_ACTOR, Actor
from athena.kit.db import Database, Scope, Session
from athena.kit.errors import PermissionDenied
from athena.kit.idempotency import IdempotencyKey, RepeatRun, idempotency_key
from athena.kit.reach import MANAGERS, Reach

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
    actor: Actor = SYSTEM_ACTOR
    acts_for: UUID | None = None
    """Whose private agents are within reach, by their role at that moment: of a run who started it, through a share
    who shared; ``None``: the caller's own, by ``role``."""
    agent_uuid: UUID | None = None
    """The agent that a run is of, or a share gives: it is within reach, however private."""

    def require(self, permission: str) -> None:
        """:class:`PermissionDenied`, naming ``permission``, when it is missing."""
        if permission not in self.permissions:
            raise PermissionDenied(f"The permission {permission} is missing.")

    @property
    def scope(self) -> Scope:
        """The rows that a transaction of this caller may touch."""
        return Scope(self.workspace_uuid, self.user_uuid)

    @property
    def manages(self) -> bool:
        """Whether it is an owner or admin who calls."""
        return self.role in MANAGERS

    @property
    def reach(self) -> Reach | None:
        """Which agents exist for the caller; ``None``: all of the workspace."""
        if self.acts_for is not None:
            return Reach(self.workspace_uuid, self.acts_for, role_unknown=True, opened=self.agent_uuid)
        return None if self.manages else Reach(self.workspace_uuid, self.user_uuid, opened=self.agent_uuid)


@dataclass(frozen=True, slots=True)
class Caller:
    """A request's authorised caller with the session of its one transaction."""

    access: Access
    session: Session
    key: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller outside of any workspace: who it is, and how it showed that."""

    user_uuid: UUID
    scopes: frozenset[str] | None = None
    """The permissions that the token is narrowed to; ``None``: it is not."""
    bound_to: UUID | None = None
    """The one workspace that the token opens; ``None``: all of the user's."""
    token_uuid: UUID | None = None
    session_uuid: UUID | None = None
    actor: Actor = SYSTEM_ACTOR

    @property
    def scope(self) -> Scope:
        """The rows that a transaction of this caller may touch."""
        return Scope(None, self.user_uuid)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A request's caller, on a route that needs no workspace, with the session of its one transaction."""

    identity: Identity
    session: Session
    key: IdempotencyKey | None = None


class Guesses(Protocol):
    """What slows down the guessing of a password by somebody who is signed in already."""

    async def check(self, email: str) -> None:
        """429 after too many wrong ones."""
        ...

    async def count_failure(self, email: str) -> None:
        """Notes a wrong one."""
        ...


class Authorizer(Protocol):
    """What tells who calls."""

    async def __call__(self, request: Request, permission: str, workspace_uuid: UUID | None) -> Access:
        """The caller's access to the workspace that it names, checked for the route's permission."""
        ...

    async def authenticate(self, request: Request, permission: str = "", *, basic: bool = False) -> Identity:
        """The caller; ``permission``, unless empty, is what a token must not be narrowed from.

        ``basic``: e-mail and password in the request's head are taken, too.
        """
        ...

    def actor(self, request: Request) -> Actor:
        """Where ``request`` comes from, whoever it is."""
        ...

    def count_link(self, request: Request, share_uuid: UUID) -> None:
        """Counts ``request``, whose only credential is a share's link; 429 over the limit."""
        ...

    def guesses(self, request: Request) -> Guesses:
        """Of who makes ``request``."""
        ...


class State(Protocol):
    """What the application keeps for every request (``app.state``)."""

    database: Database
    authorize: Authorizer
    repeat_run: RepeatRun


WorkspaceQuery = Annotated[
    UUID | None,
    Query(description="The workspace. Left out, it is the token's or the user's default workspace."),
]


WorkspacePath = Annotated[UUID, Path(description="The workspace.")]


def require(permission: str) -> Any:
    """The dependency that lets in who has ``permission``, and gives the handler a :class:`Caller`.

    The transaction is committed after the handler has returned and before the response is sent.
    """

    async def caller(request: Request, workspace_uuid: WorkspaceQuery = None) -> AsyncGenerator[Caller]:
        state: State = request.app.state
        access = await state.authorize(request, permission, workspace_uuid)
        async with state.database.session(access.scope) as session:
            session.actor = access.actor
            yield Caller(access, session, idempotency_key(request))

    caller.permission = permission  # type: ignore[attr-defined]
    return Depends(caller, scope="function")


def require_here(permission: str) -> Any:
    """As :func:`require`, on a route whose path names the workspace."""

    async def caller(request: Request, workspace_uuid: WorkspacePath) -> AsyncGenerator[Caller]:
        state: State = request.app.state
        access = await state.authorize(request, permission, workspace_uuid)
        async with state.database.session(access.scope) as session:
            session.actor = access.actor
            yield Caller(access, session, idempotency_key(request))

    caller.permission = permission  # type: ignore[attr-defined]
    return Depends(caller, scope="function")


def signed_in(permission: str = "", *, basic: bool = False) -> Any:
    """The dependency that lets in whoever is known, and gives the handler a :class:`SignedIn`.

    ``permission`` is one that every user has, on their own account; a token may be narrowed from it. With ``basic``,
    e-mail and password in the request's head are taken, too.
    """

    async def caller(request: Request) -> AsyncGenerator[SignedIn]:
        state: State = request.app.state
        identity = await state.authorize.authenticate(request, permission, basic=basic)
        async with state.database.session(identity.scope) as session:
            session.actor = identity.actor
            yield SignedIn(identity, session, idempotency_key(request))

    caller.permission = permission  # type: ignore[attr-defined]
    return Depends(caller, scope="function")


def public() -> Any:
    """The dependency of a route that anybody may call; gives the handler a session for work across workspaces."""

    async def anybody(request: Request) -> AsyncGenerator[Session]:
        state: State = request.app.state
        async with state.database.system() as session:
            session.actor = state.authorize.actor(request)
            yield session

    anybody.permission = ""  # type: ignore[attr-defined]
    return Depends(anybody, scope="function")

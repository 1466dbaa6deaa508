"""``/api/v1/auth`` and ``/api/v1/tokens``."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from athena.auth.authorization import Authorizer, client_address, sign_in_credentials
from athena.auth.departure import depart
from athena.auth.explanation import ExplanationService, operations, roles
from athena.auth.repository import TOKEN_LIST, membership
from athena.auth.resets import finish_reset
from athena.auth.schemas import (
    CreatedToken,
    PasswordReset,
    PermissionExplanation,
    PermissionTable,
    SignedInToken,
    SignIn,
    Token,
    TokenCreate,
    UserDelete,
    UserSession,
)
from athena.auth.service import SESSIONS, SignInService, TokenService, UserSessionService, log_out, show_token
from athena.kit.access import Access, Identity, SignedIn, WorkspaceId, WorkspaceQuery, public, signed_in
from athena.kit.db import Database, Session
from athena.kit.errors import NotFound
from athena.kit.idempotency import IdempotencyKey, idempotency_key
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page
from athena.permissions import Permission, narrowed

router = Router("Authentication")
user_router = Router("User")

PERMISSIONS = "/api/v1/permissions"
TOKENS = "/api/v1/tokens"
PATH = "/api/v1/tokens/{token_uuid}"
SESSIONS_PATH = "/api/v1/user/sessions"


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The caller, with access to a workspace where the request names one."""

    identity: Identity
    access: Access | None
    session: Session
    key: IdempotencyKey | None

    @property
    def service(self) -> TokenService:
        """The rules, for this caller."""
        return TokenService(self.session, self.identity, self.access)


def _holder(permission: Permission) -> Any:
    """Lets in who is signed in, to their own tokens; to a workspace's, who has ``permission`` there."""

    async def holder(request: Request, workspace_uuid: WorkspaceQuery = None) -> AsyncGenerator[TokenHolder]:
        authorizer: Authorizer = request.app.state.authorize
        identity = await authorizer.authenticate(request, permission)
        access = await authorizer(request, permission, workspace_uuid) if workspace_uuid else None
        async with request.app.state.database.session((access or identity).scope) as session:
            yield TokenHolder(identity, access, session, idempotency_key(request))

    holder.permission = permission  # type: ignore[attr-defined]
    return Depends(holder, scope="function")


async def _present(request: Request, workspace_uuid: WorkspaceQuery = None) -> AsyncGenerator[ExplanationService]:
    """Lets in every member of the workspace: who lacks a permission may ask why."""
    authorizer: Authorizer = request.app.state.authorize
    database: Database = request.app.state.database
    identity = await authorizer.authenticate(request)
    place = await membership(database, identity.user_uuid, workspace_uuid or identity.bound_to)
    if place is None or identity.bound_to not in {None, place["workspace_uuid"]}:
        raise NotFound("There is no such workspace." if workspace_uuid else "You are in no workspace yet.")
    workspace, role = WorkspaceId(place["workspace_uuid"]), place["role"]
    access = Access(workspace, identity.user_uuid, role, narrowed(role, identity.scopes), identity.token_uuid)
    async with database.session(access.scope) as session:
        yield ExplanationService(session, access, identity)


_present.permission = ""  # type: ignore[attr-defined]

Present = Annotated[ExplanationService, Depends(_present, scope="function")]
Anybody = Annotated[Session, public()]
Known = Annotated[SignedIn, signed_in()]
Self = Annotated[SignedIn, signed_in(Permission.USER_UPDATE)]
Leaver = Annotated[SignedIn, signed_in(Permission.USER_DELETE)]
Viewer = Annotated[TokenHolder, _holder(Permission.TOKENS_VIEW)]
Creator = Annotated[TokenHolder, _holder(Permission.TOKENS_CREATE)]
Deleter = Annotated[TokenHolder, _holder(Permission.TOKENS_DELETE)]
Query = Annotated[ListQuery, list_query(TOKEN_LIST)]
SessionQuery = Annotated[ListQuery, list_query(SESSIONS)]
Revision = Annotated[int | None, Depends(if_match)]


@router.operation(
    "POST",
    "/api/v1/auth/sign-in",
    summary="Sign In",
    response=Data[SignedInToken],
    errors=[429],
    extra={"security": [{}, {"basic": []}]},
    keyed=False,
)
async def sign_in(request: Request, session: Anybody, body: SignIn | None = None) -> Response:
    """Gives a token for e-mail and password; with `session`, the console's cookie, too."""
    authorizer: Authorizer = request.app.state.authorize
    body = body or SignIn()
    email, password = sign_in_credentials(request, body)
    result = await SignInService(session).sign_in(email, password, client_address(request), body)
    response = JsonResponse({"data": result.content})
    if result.console is not None:
        authorizer.cookies.set(response, result.console.secret, result.console.csrf_token)
    return response


@router.operation("POST", "/api/v1/auth/logout", summary="Logout", status=204, keyed=False)
async def logout(request: Request, caller: Known) -> Response:
    """Ends the token or session that the request shows."""
    authorizer: Authorizer = request.app.state.authorize
    await log_out(caller.session, caller.identity)
    response = no_content()
    authorizer.cookies.clear(response)
    return response


@router.operation(
    "POST",
    "/api/v1/auth/reset-password",
    summary="Reset Password",
    status=204,
    errors=[404, 429],
    public=True,
)
async def reset_password(request: Request, session: Anybody, body: PasswordReset) -> Response:
    """Sets a new password by a token that the operator made (`athena user reset-password`); ends every sign-in."""
    await finish_reset(session, body, client_address(request))
    return no_content()


@router.operation("GET", PERMISSIONS, summary="Get Permissions", response=Data[PermissionTable])
async def get_permissions(request: Request, _caller: Known) -> Response:
    """Every role with its permissions, and every operation with the permission that it needs."""
    table = {"roles": roles(), "operations": list(operations(request.app.routes))}
    return JsonResponse({"data": table})


@router.operation("GET", f"{PERMISSIONS}/explain", summary="Explain a Permission", response=Data[PermissionExplanation])
async def explain_permission(
    service: Present, permission: Permission, uuid: UUID | None = None, user_uuid: UUID | None = None
) -> Response:
    """Whether the caller, by this credential, has a permission, on a resource if one is named; and why.

    Who has `members.view` may ask about another member's role, too.
    """
    return JsonResponse({"data": await service.explain(permission, uuid, user_uuid)})


@user_router.operation(
    "DELETE",
    "/api/v1/user",
    summary="Delete the Authenticated User",
    status=204,
    errors=[400, 409, 413, 415, 422, 429],
)
async def delete_authenticated_user(request: Request, caller: Leaver, body: UserDelete) -> Response:
    """Deletes the caller, with the workspaces that nobody else is in. 409 while others need them as their owner."""
    authorizer: Authorizer = request.app.state.authorize
    await depart(caller.session, caller.identity, body, client_address(request))
    response = no_content()
    authorizer.cookies.clear(response)
    return response


@user_router.operation("GET", SESSIONS_PATH, summary="Get User Sessions", response=Page[UserSession])
async def get_user_sessions(caller: Self, query: SessionQuery) -> Response:
    """What the caller is signed in by, the last first: browsers with the console, and programs with a token."""
    page, items = await UserSessionService(caller.session, caller.identity).page(query)
    return listing(page, items)


@user_router.operation("DELETE", f"{SESSIONS_PATH}/{{session_uuid}}", summary="End a User Session", status=204)
async def delete_user_session(session_uuid: UUID, caller: Self) -> Response:
    """Ends a sign-in, at once: the session, and the token that came with it."""
    await UserSessionService(caller.session, caller.identity).end(session_uuid)
    return no_content()


# Here, because it ends credentials and workspaces, of which `users` knows nothing.
router.routes.extend(user_router.routes)


@router.operation("GET", TOKENS, summary="Get Tokens", response=Page[Token])
async def get_tokens(holder: Viewer, query: Query) -> Response:
    """The caller's tokens; with `workspace_uuid`, those of that workspace, with its service tokens of all members."""
    page = await holder.service.page(query)
    return listing(page, [show_token(row) for row in page.rows])


@router.operation("POST", TOKENS, summary="Create a Token", response=Data[CreatedToken], status=201)
async def create_token(holder: Creator, body: TokenCreate) -> Response:
    """Creates a personal or service token. Its secret is in this answer and nowhere else."""
    row, secret = await holder.service.create(body)
    item = {**show_token(row), "token": secret.text}
    return resource(item, row, status=201, location=f"{TOKENS}/{row['uuid']}")


@router.operation("GET", PATH, summary="Retrieve a Token", response=Data[Token])
async def get_token(token_uuid: UUID, holder: Viewer) -> Response:
    """One token."""
    row = await holder.service.get(token_uuid)
    return resource(show_token(row), row)


@router.operation("DELETE", PATH, summary="Revoke a Token", status=204, errors=[412])
async def delete_token(token_uuid: UUID, holder: Deleter, revision: Revision) -> Response:
    """Ends a token, at once."""
    await holder.service.revoke(token_uuid, revision)
    return no_content()

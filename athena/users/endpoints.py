"""``/api/v1/user``: the caller."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from athena.kit.access import SignedIn, State, signed_in
from athena.kit.routing import Router, if_match, resource
from athena.kit.schemas import Data
from athena.permissions import Permission
from athena.users.schemas import User, UserUpdate
from athena.users.service import UserService

router = Router("User")

PATH = "/api/v1/user"
# Two operations of the documentation are this one: it takes every credential, and e-mail with password besides.
SECURITY: dict[str, Any] = {"security": [{"bearer": []}, {"multiplai": []}, {"session": []}, {"basic": []}]}

Known = Annotated[SignedIn, signed_in(basic=True)]
Updater = Annotated[SignedIn, signed_in(Permission.USER_UPDATE)]
Revision = Annotated[int | None, Depends(if_match)]


@router.operation("GET", PATH, summary="Get Authenticated User", response=Data[User], extra=SECURITY)
async def get_authenticated_user(caller: Known) -> Response:
    """The caller, with all workspaces, and the role and permissions in each.

    Takes a Multiplai App access token (`X-Multiplai-Authorization`), a token of Athena's, the console's session, or
    e-mail and password (`Authorization: Basic`).
    """
    row, item = await UserService(caller.session, caller.identity).get()
    return resource(item, row)


@router.operation("PUT", PATH, summary="Update the Authenticated User", response=Data[User], errors=[412])
async def update_authenticated_user(
    request: Request, caller: Updater, body: UserUpdate, revision: Revision
) -> Response:
    """Changes the caller's name, profile, preferences, default workspace or password."""
    state: State = request.app.state
    guesses = state.authorize.guesses(request)
    row, item = await UserService(caller.session, caller.identity).update(body, revision, guesses)
    return resource(item, row)

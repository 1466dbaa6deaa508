"""``/api/v1/accounts``. Verifying one is with the language models, which it finds."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.accounts import page as callback
from athena.accounts.schemas import Account, AccountCreate, AccountUpdate, Authorization
from athena.accounts.service import LIST, RELATIONS, AccountService
from athena.kit import clock
from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission

router = Router("Account")

Viewer = Annotated[Caller, require(Permission.ACCOUNTS_VIEW)]
Creator = Annotated[Caller, require(Permission.ACCOUNTS_CREATE)]
Updater = Annotated[Caller, require(Permission.ACCOUNTS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.ACCOUNTS_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]


@router.operation("GET", "/api/v1/accounts", summary="Get Accounts", response=Page[Account])
async def get_accounts(caller: Viewer, query: Query) -> Response:
    """The workspace's accounts, newest first."""
    service = AccountService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation(
    "POST", "/api/v1/accounts", summary="Create an Account", response=Data[Account], status=201, errors=[404]
)
async def create_account(caller: Creator, body: AccountCreate) -> Response:
    """Stores credentials for a provider, encrypted. They are unverified until the provider was asked."""
    wanted = relations(body.with_, RELATIONS)
    service = AccountService(caller.session, caller.access)
    row = await service.create(body)
    return resource((await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/accounts/{row['uuid']}")


@router.operation("GET", "/api/v1/accounts/{account_uuid}", summary="Retrieve an Account", response=Data[Account])
async def get_account(account_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One account; its secrets as masked hints."""
    wanted = relations(with_, RELATIONS)
    service = AccountService(caller.session, caller.access)
    row = await service.get(account_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation(
    "PUT", "/api/v1/accounts/{account_uuid}", summary="Update an Account", response=Data[Account], errors=[412]
)
async def update_account(account_uuid: UUID, caller: Updater, body: AccountUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names; credentials are replaced as a whole."""
    wanted = relations(body.with_, RELATIONS)
    service = AccountService(caller.session, caller.access)
    row = await service.update(account_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", "/api/v1/accounts/{account_uuid}", summary="Delete an Account", status=204, errors=[412])
async def delete_account(account_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes an account and its secrets."""
    await AccountService(caller.session, caller.access).delete(account_uuid, revision)
    return no_content()


@router.operation(
    "POST",
    "/api/v1/accounts/{account_uuid}/oauth/authorize",
    summary="Authorize an Account",
    response=Data[Authorization],
    errors=[502],
    keyed=False,
)
async def authorize_account(account_uuid: UUID, caller: Updater) -> Response:
    """Begins to connect an account whose provider is of the type `oauth2`: a user grants access at the address."""
    started = await AccountService(caller.session, caller.access).connect(account_uuid)
    expires_at = clock.rfc3339(started.expires_at)
    return JsonResponse({"data": {"authorization_url": started.authorization_url, "expires_at": expires_at}})


router.routes.extend(callback.router.routes)

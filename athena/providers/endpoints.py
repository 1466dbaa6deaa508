"""``/api/v1/providers``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission
from athena.providers.schemas import Provider, ProviderCreate, ProviderUpdate
from athena.providers.service import LIST, RELATIONS, ProviderService, present

router = Router("Provider")

Viewer = Annotated[Caller, require(Permission.PROVIDERS_VIEW)]
Creator = Annotated[Caller, require(Permission.PROVIDERS_CREATE)]
Updater = Annotated[Caller, require(Permission.PROVIDERS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.PROVIDERS_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]


@router.operation("GET", "/api/v1/providers", summary="Get Providers", response=Page[Provider])
async def get_providers(caller: Viewer, query: Query) -> Response:
    """The built-in providers and the workspace's own, by name."""
    page = await ProviderService(caller.session, caller.access).page(query)
    return listing(page, [present(row) for row in page.rows])


@router.operation(
    "POST", "/api/v1/providers", summary="Create a Provider", response=Data[Provider], status=201, errors=[409]
)
async def create_provider(caller: Creator, body: ProviderCreate) -> Response:
    """Creates a custom provider in the workspace."""
    relations(body.with_, RELATIONS)
    row = await ProviderService(caller.session, caller.access).create(body)
    return resource(present(row), row, status=201, location=f"/api/v1/providers/{row['uuid']}")


@router.operation("GET", "/api/v1/providers/{provider_uuid}", summary="Retrieve a Provider", response=Data[Provider])
async def get_provider(provider_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One provider."""
    relations(with_, RELATIONS)
    row = await ProviderService(caller.session, caller.access).get(provider_uuid)
    return resource(present(row), row)


@router.operation(
    "PUT",
    "/api/v1/providers/{provider_uuid}",
    summary="Update a Provider",
    response=Data[Provider],
    errors=[409, 412],
)
async def update_provider(provider_uuid: UUID, caller: Updater, body: ProviderUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. Where accounts are connected, its addresses cannot change."""
    relations(body.with_, RELATIONS)
    row = await ProviderService(caller.session, caller.access).update(provider_uuid, body, revision)
    return resource(present(row), row)


@router.operation(
    "DELETE", "/api/v1/providers/{provider_uuid}", summary="Delete a Provider", status=204, errors=[409, 412]
)
async def delete_provider(provider_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a custom provider that no account uses."""
    await ProviderService(caller.session, caller.access).delete(provider_uuid, revision)
    return no_content()

"""``/api/v1/variables``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission
from athena.variables.schemas import Variable, VariableCreate, VariableUpdate
from athena.variables.service import LIST, RELATIONS, VariableService

router = Router("Variable")

Viewer = Annotated[Caller, require(Permission.VARIABLES_VIEW)]
Creator = Annotated[Caller, require(Permission.VARIABLES_CREATE)]
Updater = Annotated[Caller, require(Permission.VARIABLES_UPDATE)]
Deleter = Annotated[Caller, require(Permission.VARIABLES_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

PATH = "/api/v1/variables/{variable_uuid}"


@router.operation("GET", "/api/v1/variables", summary="Get Variables", response=Page[Variable])
async def get_variables(caller: Viewer, query: Query) -> Response:
    """The workspace's variables and secrets, newest first; of secrets a hint."""
    service = VariableService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation(
    "POST", "/api/v1/variables", summary="Create a Variable", response=Data[Variable], status=201, errors=[409]
)
async def create_variable(caller: Creator, body: VariableCreate) -> Response:
    """Creates a variable, or a secret, whose value is kept encrypted and never given back."""
    wanted = relations(body.with_, RELATIONS)
    service = VariableService(caller.session, caller.access)
    row = await service.create(body)
    return resource(
        (await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/variables/{row['uuid']}"
    )


@router.operation("GET", PATH, summary="Retrieve a Variable", response=Data[Variable])
async def get_variable(variable_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One variable; of a secret a hint."""
    wanted = relations(with_, RELATIONS)
    service = VariableService(caller.session, caller.access)
    row = await service.get(variable_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Variable", response=Data[Variable], errors=[409, 412])
async def update_variable(variable_uuid: UUID, caller: Updater, body: VariableUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. Workflows that run already may have read the value before."""
    wanted = relations(body.with_, RELATIONS)
    service = VariableService(caller.session, caller.access)
    row = await service.update(variable_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Variable", status=204, errors=[412])
async def delete_variable(variable_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a variable or secret, whoever reads it."""
    await VariableService(caller.session, caller.access).delete(variable_uuid, revision)
    return no_content()

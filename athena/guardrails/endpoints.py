"""``/api/v1/guardrails``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.guardrails.schemas import Guardrail, GuardrailCreate, GuardrailTest, GuardrailUpdate, GuardrailVerdict
from athena.guardrails.service import LIST, RELATIONS, GuardrailService, present_verdict
from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission

router = Router("Guardrail")

Viewer = Annotated[Caller, require(Permission.GUARDRAILS_VIEW)]
Creator = Annotated[Caller, require(Permission.GUARDRAILS_CREATE)]
Updater = Annotated[Caller, require(Permission.GUARDRAILS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.GUARDRAILS_DELETE)]
Tester = Annotated[Caller, require(Permission.GUARDRAILS_TEST)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

PATH = "/api/v1/guardrails/{guardrail_uuid}"


@router.operation("GET", "/api/v1/guardrails", summary="Get Guardrails", response=Page[Guardrail])
async def get_guardrails(caller: Viewer, query: Query) -> Response:
    """The workspace's guardrails, newest first."""
    service = GuardrailService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation(
    "POST", "/api/v1/guardrails", summary="Create a Guardrail", response=Data[Guardrail], status=201, errors=[404]
)
async def create_guardrail(caller: Creator, body: GuardrailCreate) -> Response:
    """Creates a guardrail; agents use it once they name it."""
    wanted = relations(body.with_, RELATIONS)
    service = GuardrailService(caller.session, caller.access)
    row = await service.create(body)
    return resource(
        (await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/guardrails/{row['uuid']}"
    )


@router.operation("GET", PATH, summary="Retrieve a Guardrail", response=Data[Guardrail])
async def get_guardrail(guardrail_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One guardrail."""
    wanted = relations(with_, RELATIONS)
    service = GuardrailService(caller.session, caller.access)
    row = await service.get(guardrail_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Guardrail", response=Data[Guardrail], errors=[412])
async def update_guardrail(
    guardrail_uuid: UUID, caller: Updater, body: GuardrailUpdate, revision: Revision
) -> Response:
    """Changes the fields that the body names. Runs that are under way go on with what they began with."""
    wanted = relations(body.with_, RELATIONS)
    service = GuardrailService(caller.session, caller.access)
    row = await service.update(guardrail_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Guardrail", status=204, errors=[412])
async def delete_guardrail(guardrail_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a guardrail; agents are without it then."""
    await GuardrailService(caller.session, caller.access).delete(guardrail_uuid, revision)
    return no_content()


@router.operation("POST", f"{PATH}/test", summary="Test a Guardrail", response=Data[GuardrailVerdict])
async def test_guardrail(guardrail_uuid: UUID, caller: Tester, body: GuardrailTest) -> Response:
    """What a guardrail makes of a text; nothing is kept of it. Also one that is switched off can be tried."""
    verdict = await GuardrailService(caller.session, caller.access).test(guardrail_uuid, body)
    return JsonResponse({"data": present_verdict(verdict)})

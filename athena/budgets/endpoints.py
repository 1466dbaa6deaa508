"""``/api/v1/budgets``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.budgets.schemas import Budget, BudgetCreate, BudgetUpdate, BudgetUsage, From, To
from athena.budgets.service import LIST, RELATIONS, BudgetService, tag_of
from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission

router = Router("Budget")

Viewer = Annotated[Caller, require(Permission.BUDGETS_VIEW)]
Creator = Annotated[Caller, require(Permission.BUDGETS_CREATE)]
Updater = Annotated[Caller, require(Permission.BUDGETS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.BUDGETS_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
Revision = Annotated[int | None, Depends(if_match)]

PATH = "/api/v1/budgets/{budget_uuid}"


@router.operation("GET", "/api/v1/budgets", summary="Get Budgets", response=Page[Budget])
async def get_budgets(caller: Viewer, query: Query) -> Response:
    """The workspace's budgets and how they stand, newest first."""
    service = BudgetService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation("POST", "/api/v1/budgets", summary="Create a Budget", response=Data[Budget], status=201, errors=[409])
async def create_budget(caller: Creator, body: BudgetCreate) -> Response:
    """Creates a budget. What was spent before does not count."""
    wanted = relations(body.with_, RELATIONS)
    service = BudgetService(caller.session, caller.access)
    row = await service.create(body)
    [item] = await service.show([row], wanted)
    return resource(item, row, status=201, location=f"/api/v1/budgets/{row['uuid']}", state=tag_of(item))


@router.operation("GET", PATH, summary="Retrieve a Budget", response=Data[Budget])
async def get_budget(budget_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One budget: its limits, what is used, set aside and left, and when it begins anew."""
    wanted = relations(with_, RELATIONS)
    service = BudgetService(caller.session, caller.access)
    row = await service.get(budget_uuid)
    [item] = await service.show([row], wanted)
    return resource(item, row, state=tag_of(item))


@router.operation("PUT", PATH, summary="Update a Budget", response=Data[Budget], errors=[412])
async def update_budget(budget_uuid: UUID, caller: Updater, body: BudgetUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. A limit below what is used already refuses the next call."""
    wanted = relations(body.with_, RELATIONS)
    service = BudgetService(caller.session, caller.access)
    row = await service.update(budget_uuid, body, revision)
    [item] = await service.show([row], wanted)
    return resource(item, row, state=tag_of(item))


@router.operation("DELETE", PATH, summary="Delete a Budget", status=204, errors=[412])
async def delete_budget(budget_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a budget with what it knows of former periods."""
    await BudgetService(caller.session, caller.access).delete(budget_uuid, revision)
    return no_content()


@router.operation("GET", f"{PATH}/usage", summary="Get Budget Usage", response=Data[BudgetUsage])
async def get_budget_usage(budget_uuid: UUID, caller: Viewer, from_: From = None, to: To = None) -> Response:
    """What was spent in each of the budget's periods: of a day's budget by day, of a month's by month."""
    usage = await BudgetService(caller.session, caller.access).usage(budget_uuid, from_, to)
    return JsonResponse({"data": usage})

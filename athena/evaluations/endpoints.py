"""``/api/v1/datasets`` and ``/api/v1/evaluations``."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from athena.evaluations import datasets
from athena.evaluations.datasets import DatasetService, present_item
from athena.evaluations.schemas import (
    Dataset,
    DatasetCreate,
    DatasetItem,
    DatasetItemCreate,
    DatasetItemsImport,
    DatasetItemUpdate,
    DatasetUpdate,
    Evaluation,
    EvaluationComparison,
    EvaluationCreate,
    EvaluationResult,
)
from athena.evaluations.service import LIST, RELATIONS, RESULT_LIST, EvaluationService, present_result
from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission

dataset_router = Router("Dataset")
evaluation_router = Router("Evaluation")

DatasetViewer = Annotated[Caller, require(Permission.DATASETS_VIEW)]
DatasetCreator = Annotated[Caller, require(Permission.DATASETS_CREATE)]
DatasetUpdater = Annotated[Caller, require(Permission.DATASETS_UPDATE)]
DatasetDeleter = Annotated[Caller, require(Permission.DATASETS_DELETE)]
Viewer = Annotated[Caller, require(Permission.EVALUATIONS_VIEW)]
Creator = Annotated[Caller, require(Permission.EVALUATIONS_CREATE)]
Canceller = Annotated[Caller, require(Permission.EVALUATIONS_CANCEL)]
Deleter = Annotated[Caller, require(Permission.EVALUATIONS_DELETE)]
DatasetQuery = Annotated[ListQuery, list_query(datasets.LIST)]
ItemQuery = Annotated[ListQuery, list_query(datasets.ITEM_LIST)]
EvaluationQuery = Annotated[ListQuery, list_query(LIST)]
ResultQuery = Annotated[ListQuery, list_query(RESULT_LIST)]
Revision = Annotated[int | None, Depends(if_match)]
One = Annotated[UUID, Query(description="The uuid of an evaluation.")]

DATASET = "/api/v1/datasets/{dataset_uuid}"
ITEM = f"{DATASET}/items/{{item_uuid}}"
PATH = "/api/v1/evaluations/{evaluation_uuid}"


@dataset_router.operation("GET", "/api/v1/datasets", summary="Get Datasets", response=Page[Dataset])
async def get_datasets(caller: DatasetViewer, query: DatasetQuery) -> Response:
    """The workspace's datasets, newest first."""
    service = DatasetService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@dataset_router.operation(
    "POST", "/api/v1/datasets", summary="Create a Dataset", response=Data[Dataset], status=201, errors=[404]
)
async def create_dataset(caller: DatasetCreator, body: DatasetCreate) -> Response:
    """Creates a dataset, with its first items if they are given."""
    wanted = relations(body.with_, datasets.RELATIONS)
    service = DatasetService(caller.session, caller.access)
    row = await service.create(body)
    return resource((await service.show([row], wanted))[0], row, status=201, location=f"/api/v1/datasets/{row['uuid']}")


@dataset_router.operation("GET", DATASET, summary="Retrieve a Dataset", response=Data[Dataset])
async def get_dataset(dataset_uuid: UUID, caller: DatasetViewer, with_: WithQuery = None) -> Response:
    """One dataset."""
    wanted = relations(with_, datasets.RELATIONS)
    service = DatasetService(caller.session, caller.access)
    row = await service.get(dataset_uuid)
    return resource((await service.show([row], wanted))[0], row)


@dataset_router.operation("PUT", DATASET, summary="Update a Dataset", response=Data[Dataset], errors=[412])
async def update_dataset(
    dataset_uuid: UUID, caller: DatasetUpdater, body: DatasetUpdate, revision: Revision
) -> Response:
    """Changes the fields that the body names."""
    wanted = relations(body.with_, datasets.RELATIONS)
    service = DatasetService(caller.session, caller.access)
    row = await service.update(dataset_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@dataset_router.operation("DELETE", DATASET, summary="Delete a Dataset", status=204, errors=[412])
async def delete_dataset(dataset_uuid: UUID, caller: DatasetDeleter, revision: Revision) -> Response:
    """Deletes a dataset with its items and its evaluations."""
    await DatasetService(caller.session, caller.access).delete(dataset_uuid, revision)
    return no_content()


@dataset_router.operation("GET", f"{DATASET}/items", summary="Get Dataset Items", response=Page[DatasetItem])
async def get_dataset_items(dataset_uuid: UUID, caller: DatasetViewer, query: ItemQuery) -> Response:
    """A dataset's items, the oldest first."""
    page = await DatasetService(caller.session, caller.access).items(dataset_uuid, query)
    return listing(page, [present_item(row) for row in page.rows])


@dataset_router.operation(
    "POST", f"{DATASET}/items", summary="Create a Dataset Item", response=Data[DatasetItem], status=201
)
async def create_dataset_item(dataset_uuid: UUID, caller: DatasetUpdater, body: DatasetItemCreate) -> Response:
    """Adds an item to a dataset."""
    row = await DatasetService(caller.session, caller.access).add_item(dataset_uuid, body)
    location = f"/api/v1/datasets/{dataset_uuid}/items/{row['uuid']}"
    return resource(present_item(row), row, status=201, location=location)


@dataset_router.operation(
    "POST", f"{DATASET}/import", summary="Import Dataset Items", response=Data[Dataset], errors=[404]
)
async def import_dataset_items(dataset_uuid: UUID, caller: DatasetUpdater, body: DatasetItemsImport) -> Response:
    """Adds several items to a dataset, all of them or none; the answer is the dataset."""
    service = DatasetService(caller.session, caller.access)
    row = await service.add_items(dataset_uuid, body)
    return resource((await service.show([row], frozenset()))[0], row)


@dataset_router.operation("GET", ITEM, summary="Retrieve a Dataset Item", response=Data[DatasetItem])
async def get_dataset_item(dataset_uuid: UUID, item_uuid: UUID, caller: DatasetViewer) -> Response:
    """One item."""
    row = await DatasetService(caller.session, caller.access).item(dataset_uuid, item_uuid)
    return resource(present_item(row), row)


@dataset_router.operation("PUT", ITEM, summary="Update a Dataset Item", response=Data[DatasetItem], errors=[412])
async def update_dataset_item(
    dataset_uuid: UUID, item_uuid: UUID, caller: DatasetUpdater, body: DatasetItemUpdate, revision: Revision
) -> Response:
    """Changes the fields that the body names. Evaluations that have begun keep what the item said."""
    row = await DatasetService(caller.session, caller.access).update_item(dataset_uuid, item_uuid, body, revision)
    return resource(present_item(row), row)


@dataset_router.operation("DELETE", ITEM, summary="Delete a Dataset Item", status=204, errors=[412])
async def delete_dataset_item(
    dataset_uuid: UUID, item_uuid: UUID, caller: DatasetUpdater, revision: Revision
) -> Response:
    """Deletes an item. What it came to in evaluations stays."""
    await DatasetService(caller.session, caller.access).delete_item(dataset_uuid, item_uuid, revision)
    return no_content()


@evaluation_router.operation("GET", "/api/v1/evaluations", summary="Get Evaluations", response=Page[Evaluation])
async def get_evaluations(caller: Viewer, query: EvaluationQuery) -> Response:
    """The workspace's evaluations, newest first."""
    service = EvaluationService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@evaluation_router.operation(
    "POST",
    "/api/v1/evaluations",
    summary="Create an Evaluation",
    response=Data[Evaluation],
    status=202,
    errors=[404],
)
async def create_evaluation(caller: Creator, body: EvaluationCreate) -> Response:
    """Has one version of an agent answer all items of a dataset, in the background. Needs `agents.run`, too."""
    wanted = relations(body.with_, RELATIONS)
    service = EvaluationService(caller.session, caller.access)
    row = await service.create(body)
    location = f"/api/v1/evaluations/{row['uuid']}"
    return resource((await service.show([row], wanted))[0], row, status=202, location=location)


@evaluation_router.operation(
    "GET",
    "/api/v1/evaluations/comparison",
    summary="Compare Evaluations",
    response=Data[EvaluationComparison],
)
async def compare_evaluations(caller: Viewer, a: One, b: One) -> Response:
    """Two evaluations of the same dataset, side by side by item: what is better in `b`, and what is worse."""
    return JsonResponse({"data": await EvaluationService(caller.session, caller.access).compare(a, b)})


@evaluation_router.operation("GET", PATH, summary="Retrieve an Evaluation", response=Data[Evaluation])
async def get_evaluation(evaluation_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One evaluation, with what its results come to so far."""
    wanted = relations(with_, RELATIONS)
    service = EvaluationService(caller.session, caller.access)
    row = await service.get(evaluation_uuid)
    return resource((await service.show([row], wanted))[0], row)


@evaluation_router.operation(
    "GET", f"{PATH}/results", summary="Get Evaluation Results", response=Page[EvaluationResult]
)
async def get_evaluation_results(evaluation_uuid: UUID, caller: Viewer, query: ResultQuery) -> Response:
    """How each item was answered, and why that was or was not as expected."""
    page = await EvaluationService(caller.session, caller.access).results(evaluation_uuid, query)
    return listing(page, [present_result(row) for row in page.rows])


@evaluation_router.operation("POST", f"{PATH}/cancel", summary="Cancel an Evaluation", response=Data[Evaluation])
async def cancel_evaluation(evaluation_uuid: UUID, caller: Canceller) -> Response:
    """Stops an evaluation; the results so far are kept. One at its end stays as it is."""
    service = EvaluationService(caller.session, caller.access)
    row = await service.cancel(evaluation_uuid)
    return resource((await service.show([row], frozenset()))[0], row)


@evaluation_router.operation("DELETE", PATH, summary="Delete an Evaluation", status=204, errors=[412])
async def delete_evaluation(evaluation_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes an evaluation with its results, and stops it if it is at work."""
    await EvaluationService(caller.session, caller.access).delete(evaluation_uuid, revision)
    return no_content()


routers = (dataset_router, evaluation_router)

"""``/api/v1/webhooks``: where to send events, and what became of them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from athena.kit.access import Caller, require
from athena.kit.pagination import ListQuery, list_query
from athena.kit.routing import JsonResponse, Router, WithQuery, if_match, listing, no_content, resource
from athena.kit.schemas import Data, Page, relations
from athena.permissions import Permission
from athena.webhooks.event_types import catalogue
from athena.webhooks.schemas import (
    CreatedWebhook,
    EventType,
    Webhook,
    WebhookCreate,
    WebhookDelivery,
    WebhookUpdate,
)
from athena.webhooks.service import DELIVERY_LIST, LIST, RELATIONS, WebhookService

router = Router("Webhook")

Viewer = Annotated[Caller, require(Permission.WEBHOOKS_VIEW)]
Creator = Annotated[Caller, require(Permission.WEBHOOKS_CREATE)]
Updater = Annotated[Caller, require(Permission.WEBHOOKS_UPDATE)]
Deleter = Annotated[Caller, require(Permission.WEBHOOKS_DELETE)]
Query = Annotated[ListQuery, list_query(LIST)]
DeliveryQuery = Annotated[ListQuery, list_query(DELIVERY_LIST)]
Revision = Annotated[int | None, Depends(if_match)]

LIST_PATH = "/api/v1/webhooks"
PATH = f"{LIST_PATH}/{{webhook_uuid}}"
DELIVERIES = f"{PATH}/deliveries"
DELIVERY = f"{DELIVERIES}/{{delivery_uuid}}"


@router.operation("GET", LIST_PATH, summary="Get Webhooks", response=Page[Webhook])
async def get_webhooks(caller: Viewer, query: Query) -> Response:
    """The workspace's webhooks, newest first."""
    service = WebhookService(caller.session, caller.access)
    page = await service.page(query)
    return listing(page, await service.show(page.rows, query.relations))


@router.operation(
    "POST", LIST_PATH, summary="Create a Webhook", response=Data[CreatedWebhook], status=201, errors=[409]
)
async def create_webhook(caller: Creator, body: WebhookCreate) -> Response:
    """Has events sent to an address from now on. The secret that signs them is in this answer and nowhere else."""
    wanted = relations(body.with_, RELATIONS)
    service = WebhookService(caller.session, caller.access)
    row, secret = await service.create(body)
    item = (await service.show([row], wanted))[0]
    return resource({**item, "secret": secret}, row, status=201, location=f"{LIST_PATH}/{row['uuid']}")


@router.operation("GET", f"{LIST_PATH}/event-types", summary="Get Webhook Event Types", response=Data[list[EventType]])
async def get_webhook_event_types(caller: Viewer) -> Response:  # noqa: ARG001 - who may see webhooks
    """What webhooks can be told of."""
    return JsonResponse({"data": [{"name": name, "family": family} for name, family in catalogue()]})


@router.operation("GET", PATH, summary="Retrieve a Webhook", response=Data[Webhook])
async def get_webhook(webhook_uuid: UUID, caller: Viewer, with_: WithQuery = None) -> Response:
    """One webhook."""
    wanted = relations(with_, RELATIONS)
    service = WebhookService(caller.session, caller.access)
    row = await service.get(webhook_uuid)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("PUT", PATH, summary="Update a Webhook", response=Data[Webhook], errors=[412])
async def update_webhook(webhook_uuid: UUID, caller: Updater, body: WebhookUpdate, revision: Revision) -> Response:
    """Changes the fields that the body names. One that is enabled again begins anew."""
    wanted = relations(body.with_, RELATIONS)
    service = WebhookService(caller.session, caller.access)
    row = await service.update(webhook_uuid, body, revision)
    return resource((await service.show([row], wanted))[0], row)


@router.operation("DELETE", PATH, summary="Delete a Webhook", status=204, errors=[412])
async def delete_webhook(webhook_uuid: UUID, caller: Deleter, revision: Revision) -> Response:
    """Deletes a webhook with its deliveries."""
    await WebhookService(caller.session, caller.access).delete(webhook_uuid, revision)
    return no_content()


@router.operation("POST", f"{PATH}/rotate-secret", summary="Rotate a Webhook's Secret", response=Data[CreatedWebhook])
async def rotate_webhook_secret(webhook_uuid: UUID, caller: Updater) -> Response:
    """Gives a webhook a new secret, shown this once. For 24 hours the one before signs, too."""
    service = WebhookService(caller.session, caller.access)
    row, secret = await service.rotate_secret(webhook_uuid)
    item = (await service.show([row], frozenset()))[0]
    return resource({**item, "secret": secret}, row)


@router.operation(
    "POST", f"{PATH}/test", summary="Test a Webhook", response=Data[WebhookDelivery], status=202, errors=[409]
)
async def test_webhook(webhook_uuid: UUID, caller: Updater) -> Response:
    """Has the event `webhook.test` sent; the delivery tells what came of it."""
    service = WebhookService(caller.session, caller.access)
    row = await service.test(webhook_uuid)
    location = f"{LIST_PATH}/{webhook_uuid}/deliveries/{row['uuid']}"
    return resource(service.show_delivery(row), row, status=202, location=location)


@router.operation("GET", DELIVERIES, summary="Get Webhook Deliveries", response=Page[WebhookDelivery])
async def get_webhook_deliveries(webhook_uuid: UUID, caller: Viewer, query: DeliveryQuery) -> Response:
    """What is or was sent to a webhook, newest first; what has ended is kept for 30 days."""
    service = WebhookService(caller.session, caller.access)
    page = await service.delivery_page(webhook_uuid, query)
    return listing(page, [service.show_delivery(row) for row in page.rows])


@router.operation("GET", DELIVERY, summary="Retrieve a Webhook Delivery", response=Data[WebhookDelivery])
async def get_webhook_delivery(webhook_uuid: UUID, delivery_uuid: UUID, caller: Viewer) -> Response:
    """One delivery."""
    service = WebhookService(caller.session, caller.access)
    row = await service.delivery(webhook_uuid, delivery_uuid)
    return resource(service.show_delivery(row), row)


@router.operation(
    "POST",
    f"{DELIVERY}/redeliver",
    summary="Redeliver a Webhook Delivery",
    response=Data[WebhookDelivery],
    status=202,
    errors=[409],
)
async def redeliver_webhook_delivery(webhook_uuid: UUID, delivery_uuid: UUID, caller: Updater) -> Response:
    """Sends it once more, under the same `webhook-id`."""
    service = WebhookService(caller.session, caller.access)
    row = await service.redeliver(webhook_uuid, delivery_uuid)
    location = f"{LIST_PATH}/{webhook_uuid}/deliveries/{delivery_uuid}"
    return resource(service.show_delivery(row), row, status=202, location=location)

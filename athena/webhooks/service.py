"""The rules of webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from athena.config import Settings
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.crypto import Keyring
from athena.kit.db import Row, Session
from athena.kit.egress import EgressRefused
from athena.kit.egress.addresses import AllowList, parse_address, parse_url, refused
from athena.kit.errors import Conflict, NotFound, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.users import service as users
from athena.webhooks import notices
from athena.webhooks.event_types import TEST, completed, unknown
from athena.webhooks.repository import DeliveryRepository, RunWebhookRepository, WebhookRepository
from athena.webhooks.schemas import DeliveryStatus, WebhookCreate, WebhookUpdate
from athena.webhooks.signatures import new_secret, seal, unseal

MOST = 50
MOST_OF_RUN = 10
OVERLAP = timedelta(hours=24)
RELATIONS = ("creator",)
WELL: Mapping[str, Any] = {
    "consecutive_failures": 0,
    "consecutive_exhausted": 0,
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
}

LIST = ListOptions(
    sortable={"created_at": "created_at", "updated_at": "updated_at", "url": "url"},
    searchable=("url", "description"),
    filters={"enabled": bool, "creator_uuid": UUID},
    relations=RELATIONS,
)
DELIVERY_LIST = ListOptions(
    sortable={"created_at": "created_at"},
    filters={"status": DeliveryStatus, "event_type": str},
)


class WebhookService:
    """The webhooks of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._webhooks = WebhookRepository(session, access.workspace_uuid)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of webhooks."""
        return await self._webhooks.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One webhook."""
        return await self._webhooks.get(uuid)

    async def create(self, given: WebhookCreate) -> tuple[Row, str]:
        """Stores a webhook; with its secret, which nobody is shown again."""
        self._check(given.url, given.event_types)
        if await self._webhooks.count() >= MOST:
            raise Conflict(f"A workspace has at most {MOST} webhooks.", code="webhook_limit")
        uuid, secret = new_uuid(), new_secret()
        row = await self._webhooks.insert(
            {
                "uuid": uuid,
                "url": given.url,
                "description": given.description,
                "event_types": sorted(set(given.event_types)),
                **_switched(enabled=given.enabled),
                "sealed_secret": self._seal(uuid, secret),
                "creator_uuid": self._access.user_uuid,
            }
        )
        return row, secret

    async def update(self, uuid: UUID, given: WebhookUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names. One that is enabled begins anew, whatever had failed."""
        changes = given.changes()
        self._check(changes.get("url"), changes.get("event_types", ()))
        if "event_types" in changes:
            changes["event_types"] = sorted(set(changes["event_types"]))
        hidden: Mapping[str, Any] = {}
        if "enabled" in changes:
            present_row = await self._webhooks.get(uuid)
            if present_row["enabled"] != changes["enabled"]:
                hidden = _switched(enabled=changes["enabled"])
        row = await self._webhooks.update(uuid, {**changes, **hidden}, revision, verb="")
        self._webhooks.note("updated", uuid, changes)
        return row

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a webhook with its deliveries, those under way too."""
        await self._webhooks.delete(uuid, revision)

    async def rotate_secret(self, uuid: UUID) -> tuple[Row, str]:
        """Gives a webhook a new secret; the one before signs along for a day."""
        keyring, workspace_uuid = self._session.provided(Keyring), self._access.workspace_uuid
        before = unseal(keyring, workspace_uuid, uuid, await self._webhooks.sealed(uuid))
        secret = new_secret()
        changes = {
            "sealed_secret": self._seal(uuid, secret),
            "sealed_previous_secret": self._seal(uuid, before, "previous_secret"),
            "previous_secret_until": clock.now() + OVERLAP,
        }
        return await self._webhooks.update(uuid, changes, verb="secret_rotated"), secret

    def deliveries(self, uuid: UUID) -> DeliveryRepository:
        """What is sent to one webhook."""
        return DeliveryRepository(self._session, self._access.workspace_uuid, uuid)

    async def delivery_page(self, uuid: UUID, query: ListQuery) -> RowPage:
        """One page of what is sent to a webhook."""
        await self._webhooks.get(uuid)
        return await self.deliveries(uuid).page(query)

    async def delivery(self, uuid: UUID, delivery_uuid: UUID) -> Row:
        """One delivery."""
        await self._webhooks.get(uuid)
        return await self.deliveries(uuid).get(delivery_uuid)

    async def test(self, uuid: UUID) -> Row:
        """Has an event sent that tells of nothing."""
        await self._enabled(uuid)
        data: dict[str, Any] = {
            "uuid": str(uuid),
            "resource_type": "webhook",
            "workspace_uuid": str(self._access.workspace_uuid),
            "actor_user_uuid": str(self._access.user_uuid),
            "event_uuid": None,
            "changed": [],
        }
        now = clock.now()
        payload = {"type": TEST, "timestamp": clock.rfc3339(now), "data": data}
        return await self.deliveries(uuid).insert(
            {"uuid": new_uuid(), "event_type": TEST, "payload": payload, "status": "pending", "next_attempt_at": now}
        )

    async def redeliver(self, uuid: UUID, delivery_uuid: UUID) -> Row:
        """Has a delivery sent once more, now, and if need be as often as a new one."""
        await self._enabled(uuid)
        deliveries = self.deliveries(uuid)
        row = await deliveries.locked(delivery_uuid)
        now = clock.now()
        if row["leased_until"] is not None and row["leased_until"] > now:
            raise Conflict("It is being sent at this moment.", code="delivery_under_way")
        changes = {"status": "pending", "next_attempt_at": now, "failures": 0, "finished_at": None}
        return await deliveries.update(delivery_uuid, {**changes, "leased_until": None})

    async def _enabled(self, uuid: UUID) -> None:
        if not (await self._webhooks.get(uuid))["enabled"]:
            raise Conflict("The webhook is disabled; enable it first.", code="webhook_disabled")

    def _check(self, url: str | None, event_types: Sequence[str]) -> None:
        if url is not None:
            check_target(self._session.provided(Settings).egress_allow, url)
        if wrong := unknown(event_types):
            raise ValidationFailed.of(
                "event_types", f"Unknown: {', '.join(wrong)}; known are those of /api/v1/webhooks/event-types."
            )

    def _seal(self, uuid: UUID, secret: str, column: str = "secret") -> bytes:
        return seal(self._session.provided(Keyring), self._access.workspace_uuid, uuid, secret, column)

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [present(row) for row in rows]
        if "creator" in relations:
            creators = await users.by_ids(self._session, [r["creator_uuid"] for r in rows if r["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = creators.get(row["creator_uuid"])
        return items

    def show_delivery(self, row: Row) -> dict[str, Any]:
        """A delivery's row as the API shows it."""
        return present_delivery(row, self._session.provided(Settings).base_url)


class RunWebhookService:
    """Whom to tell of one run of the caller's workspace, by names that the programs choose which are told."""

    def __init__(self, session: Session, access: Access, run_uuid: UUID) -> None:
        self._session = session
        self._access = access
        self._webhooks = RunWebhookRepository(session, access.workspace_uuid, run_uuid)

    async def every(self) -> list[Row]:
        """All of them."""
        return await self._webhooks.every()

    async def get(self, name: str) -> Row:
        """One of them; :class:`athena.kit.errors.NotFound` when there is none."""
        row = await self._webhooks.called(name)
        if row is None:
            raise NotFound("The run has no webhook of this name.")
        return row

    async def put(self, name: str, url: str, headers: Mapping[str, str]) -> Row:
        """Stores one, in place of what has this name. ``headers`` are sent along, and shown to nobody."""
        check_target(self._session.provided(Settings).egress_allow, url)
        known = await self._webhooks.called(name)
        if known is not None:
            await self._webhooks.delete(known["uuid"], verb="")
        elif len(await self._webhooks.every()) >= MOST_OF_RUN:
            raise Conflict(f"A run has at most {MOST_OF_RUN} webhooks.", code="webhook_limit")
        uuid, keyring = new_uuid(), self._session.provided(Keyring)
        return await self._webhooks.insert(
            {
                "uuid": uuid,
                "name": name,
                "url": url,
                "description": "",
                "event_types": sorted(notices.STATES),
                "enabled": True,
                "sealed_headers": seal(
                    keyring, self._access.workspace_uuid, uuid, orjson.dumps(headers).decode(), "headers"
                ),
                "creator_uuid": self._access.user_uuid,
            }
        )

    async def delete(self, name: str) -> None:
        """Deletes one, with what was to be sent to it."""
        await self._webhooks.delete((await self.get(name))["uuid"])


def _switched(*, enabled: bool) -> dict[str, Any]:
    """The columns of a webhook that somebody switches on or off."""
    if enabled:
        return {"enabled": True, **WELL}
    return {"enabled": False, "disabled_at": clock.now(), "disabled_reason": "user"}


def check_target(allow: Sequence[str], url: str) -> None:
    """:class:`ValidationFailed` for an address to which nothing would ever be sent, as far as it tells by itself.

    What its name stands for is checked at each attempt.
    """
    allowed = AllowList(allow)
    try:
        target = parse_url(url)
        host, port = target.raw_host or "", target.port or 0
        address = parse_address(host)
        if address is not None and not allowed.permits(host, address, port):
            raise refused(host, address)
    except EgressRefused as error:
        raise ValidationFailed.of("url", str(error)) from error
    if target.scheme != "https" and not allowed.lists(host, port):
        raise ValidationFailed.of("url", "Only https is taken, but for hosts of ATHENA_EGRESS_ALLOW.")


def present(row: Row) -> dict[str, Any]:
    """A webhook's row as the API shows it, without relations."""
    until = row["previous_secret_until"]
    working = "failing" if row["consecutive_failures"] else "active"
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "url": row["url"],
        "description": row["description"],
        "event_types": row["event_types"],
        "enabled": row["enabled"],
        "status": working if row["enabled"] else "disabled",
        "consecutive_failures": row["consecutive_failures"],
        "failing_since": clock.rfc3339_or_none(row["failing_since"]),
        "disabled_at": clock.rfc3339_or_none(row["disabled_at"]),
        "disabled_reason": row["disabled_reason"],
        "previous_secret_until": clock.rfc3339(until) if until is not None and until > clock.now() else None,
        "creator": None,
    }


def present_delivery(row: Row, base_url: str) -> dict[str, Any]:
    """A delivery's row as the API shows it."""
    times = ("created_at", "updated_at", "next_attempt_at", "last_attempt_at", "finished_at")
    same = ("webhook_uuid", "event_uuid", "event_type", "status", "attempts", "response_status", "response_body")
    return {
        "uuid": str(row["uuid"]),
        **{name: clock.rfc3339_or_none(row[name]) for name in times},
        **{name: row[name] for name in (*same, "duration_ms", "error")},
        "payload": completed(row["payload"], base_url),
    }

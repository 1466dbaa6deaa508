"""All SQL of webhooks and of what is sent to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.errors import NotFound
from athena.kit.repository import Repository, Where
from athena.webhooks.models import webhook_deliveries, webhooks

SECRETS: Final = frozenset({"sealed_secret", "sealed_previous_secret", "sealed_headers", "consecutive_exhausted"})


class WebhookRepository(Repository):
    """The webhooks of one workspace, but those of its runs. Their sealed secrets are read by :meth:`sealed` alone."""

    table = webhooks
    recorded = "webhook"
    hidden = SECRETS | {"run_uuid", "name"}

    def within(self, where: Where) -> None:
        """Those of no run."""
        super().within(where)
        where.add("run_uuid IS NULL")

    async def count(self) -> int:
        """How many there are."""
        sql = "SELECT count(*) FROM webhooks WHERE workspace_uuid = $1 AND run_uuid IS NULL"
        return await self.session.value(sql, self.workspace_uuid)

    async def sealed(self, uuid: UUID) -> bytes:
        """The secret of a webhook that nobody else changes before this transaction ends."""
        row = await self.session.fetch_one(
            "SELECT sealed_secret FROM webhooks WHERE workspace_uuid = $1 AND uuid = $2 AND run_uuid IS NULL "
            "FOR NO KEY UPDATE",
            self.workspace_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row["sealed_secret"]


class RunWebhookRepository(Repository):
    """Whom to tell of one run."""

    table = webhooks
    recorded = "webhook"
    hidden = SECRETS

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, run_uuid: UUID) -> None:
        super().__init__(session, workspace_uuid)
        self.run_uuid = run_uuid

    def within(self, where: Where) -> None:
        """The run's."""
        super().within(where)
        where.add("run_uuid = {}", self.run_uuid)

    @property
    def placed(self) -> Mapping[str, Any]:
        """The workspace and the run."""
        return {**super().placed, "run_uuid": self.run_uuid}

    async def every(self) -> list[Row]:
        """All of them, in the order of their names: there are few."""
        where = Where()
        self.within(where)
        return await self.session.fetch(
            f"SELECT {self.columns} FROM webhooks WHERE {where.sql} ORDER BY name", *where.args
        )

    async def called(self, name: str) -> Row | None:
        """One by its name."""
        return next((row for row in await self.every() if row["name"] == name), None)


class DeliveryRepository(Repository):
    """What is sent to one webhook."""

    table = webhook_deliveries
    hidden = frozenset({"failures"})

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, webhook_uuid: UUID) -> None:
        super().__init__(session, workspace_uuid)
        self.webhook_uuid = webhook_uuid

    def within(self, where: Where) -> None:
        """The webhook's."""
        super().within(where)
        where.add("webhook_uuid = {}", self.webhook_uuid)

    @property
    def placed(self) -> Mapping[str, Any]:
        """The workspace and the webhook."""
        return {**super().placed, "webhook_uuid": self.webhook_uuid}

    def not_found(self) -> NotFound:
        """As for every resource."""
        return NotFound("There is no such delivery of this webhook.")

    async def locked(self, uuid: UUID) -> Row:
        """One of them, which nobody takes before this transaction ends."""
        row = await self.session.fetch_one(
            f"SELECT {self.columns} FROM webhook_deliveries "
            "WHERE workspace_uuid = $1 AND webhook_uuid = $2 AND uuid = $3 FOR UPDATE",
            self.workspace_uuid,
            self.webhook_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row


# Webhooks that something waits for, found by leaps over the index, so that a long queue of one does not hide the
# others; of each as many as it has room for; the webhooks in no order, so that none is always the last.
_CLAIM = """
WITH RECURSIVE waiting AS (
    (SELECT workspace_uuid, webhook_uuid FROM webhook_deliveries WHERE status = 'pending'
        ORDER BY webhook_uuid LIMIT 1)
    UNION ALL
    SELECT following.* FROM waiting CROSS JOIN LATERAL (
        SELECT workspace_uuid, webhook_uuid FROM webhook_deliveries
        WHERE status = 'pending' AND webhook_uuid > waiting.webhook_uuid ORDER BY webhook_uuid LIMIT 1
    ) AS following
), open AS (
    SELECT w.workspace_uuid, w.uuid FROM waiting
    JOIN webhooks AS w ON w.workspace_uuid = waiting.workspace_uuid AND w.uuid = waiting.webhook_uuid
    WHERE w.enabled ORDER BY random()
), due AS (
    SELECT chosen.* FROM open CROSS JOIN LATERAL (
        SELECT d.workspace_uuid, d.uuid FROM webhook_deliveries AS d
        WHERE d.workspace_uuid = open.workspace_uuid AND d.webhook_uuid = open.uuid AND d.status = 'pending'
            AND d.next_attempt_at <= $1 AND (d.leased_until IS NULL OR d.leased_until <= $1)
        ORDER BY d.next_attempt_at
        LIMIT greatest(0, $3 - (
            SELECT count(*) FROM webhook_deliveries AS other
            WHERE other.webhook_uuid = open.uuid AND other.status = 'pending' AND other.leased_until > $1
        ))
        FOR UPDATE SKIP LOCKED
    ) AS chosen LIMIT $4
)
UPDATE webhook_deliveries AS d SET leased_until = $2, attempts = d.attempts + 1, last_attempt_at = $1, updated_at = $1,
    revision = d.revision + 1
FROM due JOIN webhook_deliveries AS same ON same.workspace_uuid = due.workspace_uuid AND same.uuid = due.uuid
JOIN webhooks AS w ON w.workspace_uuid = same.workspace_uuid AND w.uuid = same.webhook_uuid
WHERE d.workspace_uuid = due.workspace_uuid AND d.uuid = due.uuid
RETURNING d.workspace_uuid, d.uuid, d.webhook_uuid, d.payload, d.attempts, d.failures, w.url, w.sealed_secret,
    w.sealed_previous_secret, w.previous_secret_until, w.run_uuid, w.sealed_headers, (
        SELECT r.thread_uuid FROM runs AS r WHERE r.workspace_uuid = w.workspace_uuid AND r.uuid = w.run_uuid
    ) AS thread_uuid
"""


class QueueRepository:
    """What is to be sent, of all workspaces; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def claim(self, lease: timedelta, *, each: int, most: int) -> Sequence[Row]:
        """Takes what is due, at most ``each`` of one webhook at a time; others may after the lease."""
        moment = clock.now()
        return await self.session.fetch(_CLAIM, moment, moment + lease, each, most)

    async def lock(self, claim: Row) -> Row | None:
        """Locks a claim's webhook; ``None`` when it is gone, or somebody else has the delivery by now.

        The webhook first: whoever deletes one takes them in this order, too.
        """
        webhook = await self.session.fetch_one(
            "SELECT enabled, consecutive_failures, consecutive_exhausted, failing_since FROM webhooks "
            "WHERE workspace_uuid = $1 AND uuid = $2 FOR NO KEY UPDATE",
            claim["workspace_uuid"],
            claim["webhook_uuid"],
        )
        held = await self.session.fetch_one(
            "SELECT uuid FROM webhook_deliveries WHERE workspace_uuid = $1 AND uuid = $2 AND attempts = $3 "
            "AND status = 'pending' FOR NO KEY UPDATE",
            claim["workspace_uuid"],
            claim["uuid"],
            claim["attempts"],
        )
        return None if held is None else webhook

    async def note(self, claim: Row, values: Mapping[str, Any]) -> None:
        """What came of an attempt; the delivery is locked."""
        await self._set("webhook_deliveries", claim["workspace_uuid"], claim["uuid"], values, counts=True)

    async def judge(self, claim: Row, values: Mapping[str, Any]) -> None:
        """What it says of the webhook, which is locked; no change that its owner made."""
        await self._set("webhooks", claim["workspace_uuid"], claim["webhook_uuid"], values)

    async def _set(
        self, table: str, workspace_uuid: UUID, uuid: UUID, values: Mapping[str, Any], *, counts: bool = False
    ) -> None:
        where = Where()
        changes = [f"{name} = {where.parameter(value)}" for name, value in values.items()]
        if counts:
            changes += [f"updated_at = {where.parameter(clock.now())}", "revision = revision + 1"]
        where.add("workspace_uuid = {} AND uuid = {}", workspace_uuid, uuid)
        await self.session.execute(f"UPDATE {table} SET {', '.join(changes)} WHERE {where.sql}", *where.args)

    async def sweep(self, before: datetime, most: int) -> int:
        """Removes what ended before a moment, or has waited since then for its webhook to be enabled; how many."""
        return await self.session.execute(
            "DELETE FROM webhook_deliveries WHERE (workspace_uuid, uuid) IN ("
            " SELECT workspace_uuid, uuid FROM webhook_deliveries "
            " WHERE finished_at < $1 OR (status = 'pending' AND next_attempt_at < $1) LIMIT $2"
            " FOR UPDATE SKIP LOCKED)",
            before,
            most,
        )

"""All SQL of what starts workflows from outside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session

SWEPT_AT_ONCE: Final = 5_000
# In whose name a workflow runs that nobody in particular has started: who made it, or else an owner of the workspace.
_STARTER: Final = """
coalesce(w.creator_uuid, (SELECT m.user_uuid FROM workspace_members AS m WHERE m.workspace_uuid = w.workspace_uuid
    AND m.role = 'owner' ORDER BY m.created_at LIMIT 1)) AS starter_uuid
"""


class IncomingRepository:
    """Workflows by their addresses; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def by_token(self, token: str) -> Row | None:
        """The workflow whose webhooks' address has that token."""
        return await self.session.fetch_one(
            f"SELECT workspace_uuid, uuid, name, status, version, variables, settings, listening_until, {_STARTER} "
            "FROM workflows AS w WHERE webhook_token = $1",
            token,
        )


class DeliveryRepository:
    """What has come to the webhooks of one workspace."""

    def __init__(self, session: Session, workspace_uuid: WorkspaceId) -> None:
        self.session = session
        self.workspace_uuid = workspace_uuid

    async def note(self, workflow_uuid: UUID, delivery_id: str, execution_uuid: UUID) -> UUID:
        """Keeps the execution that a delivery starts; that of an earlier one, when it has come before."""
        found: UUID | None = await self.session.value(
            """
            WITH added AS (
                INSERT INTO workflow_deliveries (workspace_uuid, workflow_uuid, delivery_id, execution_uuid, created_at)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING execution_uuid
            )
            SELECT execution_uuid FROM added
            """,
            self.workspace_uuid,
            workflow_uuid,
            delivery_id,
            execution_uuid,
            clock.now(),
        )
        if found is None:
            # A statement of its own: it sees what another transaction has committed meanwhile.
            found = await self.session.value(
                "SELECT execution_uuid FROM workflow_deliveries "
                "WHERE workspace_uuid = $1 AND workflow_uuid = $2 AND delivery_id = $3",
                self.workspace_uuid,
                workflow_uuid,
                delivery_id,
            )
        assert found is not None  # noqa: S101 - one of the two has it
        return found

    async def listen(self, workflow_uuid: UUID, until: datetime | None) -> None:
        """Has the test address take one request, up to a moment."""
        await self.session.execute(
            "UPDATE workflows SET listening_until = $3, test_execution_uuid = NULL "
            "WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            workflow_uuid,
            until,
        )

    async def caught(self, workflow_uuid: UUID, execution_uuid: UUID) -> bool:
        """Ends the listening with what it has caught; whether nobody else was faster."""
        return bool(
            await self.session.execute(
                "UPDATE workflows SET listening_until = NULL, test_execution_uuid = $3 "
                "WHERE workspace_uuid = $1 AND uuid = $2 AND listening_until > now()",
                self.workspace_uuid,
                workflow_uuid,
                execution_uuid,
            )
        )

    async def listener(self, workflow_uuid: UUID) -> Row | None:
        """How far the listening has come."""
        return await self.session.fetch_one(
            "SELECT webhook_token, listening_until, test_execution_uuid FROM workflows "
            "WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            workflow_uuid,
        )


class DueRepository:
    """What is to be started now, of all workspaces; needs the system's scope."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def schedule(self) -> Row | None:
        """A schedule whose time has come, which nobody else looks at before this transaction ends."""
        return await self.session.fetch_one(
            f"""
            SELECT t.*, {_STARTER} FROM workflow_triggers AS t
            JOIN workflows AS w ON w.workspace_uuid = t.workspace_uuid AND w.uuid = t.workflow_uuid
            WHERE t.next_at <= now() ORDER BY t.next_at LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED
            """
        )

    async def looked_at(self, trigger: Row, last_at: datetime, next_at: datetime | None) -> None:
        """Notes how far a schedule has come."""
        await self.session.execute(
            "UPDATE workflow_triggers SET last_at = $3, next_at = $4, updated_at = now(), revision = revision + 1 "
            "WHERE workspace_uuid = $1 AND uuid = $2",
            trigger["workspace_uuid"],
            trigger["uuid"],
            last_at,
            next_at,
        )

    async def unfinished(self, trigger: Row) -> bool:
        """Whether an execution that this schedule has started is not at its end."""
        return await self.session.value(
            """
            SELECT EXISTS (SELECT FROM runs WHERE workspace_uuid = $1 AND workflow_uuid = $2::uuid::text
                AND trigger = 'schedule' AND finished_at IS NULL AND labels ->> 'trigger_node_id' = $3)
            """,
            trigger["workspace_uuid"],
            trigger["workflow_uuid"],
            trigger["node_id"],
        )

    async def event(self) -> Row | None:
        """An event that a workflow awaits, with that workflow; nobody else takes it before this transaction ends."""
        return await self.session.fetch_one(
            f"""
            WITH taken AS (
                DELETE FROM workflow_events WHERE (workspace_uuid, uuid) IN (
                    SELECT workspace_uuid, uuid FROM workflow_events ORDER BY uuid LIMIT 1 FOR UPDATE SKIP LOCKED
                ) RETURNING *
            )
            SELECT t.workspace_uuid, t.workflow_uuid, t.node_id, e.action, e.created_at, e.resource_type,
                e.resource_uuid, e.actor_user_uuid, e.details, e.uuid AS event_uuid, {_STARTER}
            FROM taken
            JOIN workflow_triggers AS t ON t.workspace_uuid = taken.workspace_uuid AND t.uuid = taken.trigger_uuid
            JOIN workflows AS w ON w.workspace_uuid = t.workspace_uuid AND w.uuid = t.workflow_uuid
            JOIN audit_events AS e ON e.uuid = taken.event_uuid
            """
        )

    async def waiting(self) -> bool:
        """Whether events wait."""
        return await self.session.value("SELECT EXISTS (SELECT FROM workflow_events)")

    async def sweep(self, before: datetime) -> None:
        """Forgets deliveries that will not come again."""
        await self.session.execute(
            f"""
            DELETE FROM workflow_deliveries WHERE (workspace_uuid, workflow_uuid, delivery_id) IN (
                SELECT workspace_uuid, workflow_uuid, delivery_id FROM workflow_deliveries
                WHERE created_at < $1 LIMIT {SWEPT_AT_ONCE}
            )
            """,
            before,
        )


def fed(event: Row) -> Mapping[str, Any]:
    """An event as its workflow gets it."""
    details: Mapping[str, Any] = event["details"]
    return {
        "type": event["action"],
        "at": clock.rfc3339(event["created_at"]),
        "resource_type": event["resource_type"],
        "resource_uuid": _text(event["resource_uuid"]),
        "actor_user_uuid": _text(event["actor_user_uuid"]),
        "event_uuid": _text(event["event_uuid"]),
        "details": details,
    }


def _text(uuid: UUID | None) -> str | None:
    return None if uuid is None else str(uuid)

"""All SQL of workflows and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from athena.engine.models import UNFINISHED
from athena.kit.db import Row
from athena.kit.repository import Repository
from athena.kit.versions import VersionRepository
from athena.workflows.models import workflow_triggers, workflow_versions, workflows

MAXIMUM_SHOWN = 100


class WorkflowRepository(Repository):
    """The workflows of one workspace."""

    table = workflows
    recorded = "workflow"
    hidden = frozenset({"slug", "listening_until", "test_execution_uuid"})

    async def to_run(self, uuid: UUID) -> Row:
        """What starting an execution needs to know, without the graph."""
        row = await self.session.fetch_one(
            "SELECT uuid, name, status, version, variables, settings FROM workflows "
            "WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            uuid,
        )
        if row is None:
            raise self.not_found()
        return row

    async def some_versions(self, wanted: Sequence[tuple[UUID, int]]) -> list[Row]:
        """The versions of these workflows and numbers that there are, in one query."""
        return await self.session.fetch(
            "SELECT v.workflow_uuid, v.number, v.nodes, v.edges, v.variables FROM workflow_versions AS v "
            "JOIN unnest($2::uuid[], $3::integer[]) AS w (workflow_uuid, number) USING (workflow_uuid, number) "
            "WHERE v.workspace_uuid = $1",
            self.workspace_uuid,
            [uuid for uuid, _ in wanted],
            [number for _, number in wanted],
        )

    async def lock_unfinished_runs(self, uuid: UUID) -> list[UUID]:
        """A workflow's executions that are not at their end, the last first; none ends before this transaction."""
        rows = await self.session.fetch(
            "SELECT uuid FROM runs WHERE workspace_uuid = $1 AND workflow_uuid = $2::uuid::text AND kind = 'workflow' "
            "AND status = ANY($3::text[]) ORDER BY position DESC FOR NO KEY UPDATE",
            self.workspace_uuid,
            uuid,
            list(UNFINISHED),
        )
        return [row["uuid"] for row in rows]

    async def last_versions(self, uuids: Sequence[UUID]) -> list[Row]:
        """The last versions of each workflow, newest first, in one query: numbers and times."""
        return await self.session.fetch(
            f"""
            SELECT v.workflow_uuid, v.number, v.created_at FROM unnest($2::uuid[]) AS wanted(workflow_uuid)
            CROSS JOIN LATERAL (
                SELECT * FROM workflow_versions w
                WHERE w.workspace_uuid = $1 AND w.workflow_uuid = wanted.workflow_uuid
                ORDER BY w.number DESC LIMIT {MAXIMUM_SHOWN}
            ) AS v ORDER BY v.number DESC
            """,
            self.workspace_uuid,
            list(uuids),
        )


class WorkflowVersionRepository(VersionRepository):
    """The versions of one workflow."""

    table = workflow_versions
    owner = "workflow"


class TriggerRepository(Repository):
    """What starts the workflows of one workspace by itself."""

    table = workflow_triggers

    async def of(self, workflow_uuid: UUID) -> dict[str, Row]:
        """A workflow's, by node."""
        rows = await self.session.fetch(
            f"SELECT {self.columns} FROM workflow_triggers WHERE workspace_uuid = $1 AND workflow_uuid = $2",
            self.workspace_uuid,
            workflow_uuid,
        )
        return {row["node_id"]: row for row in rows}

    async def forget(self, uuids: Sequence[UUID]) -> None:
        """Those that are no more."""
        await self.session.execute(
            "DELETE FROM workflow_triggers WHERE workspace_uuid = $1 AND uuid = ANY($2)",
            self.workspace_uuid,
            list(uuids),
        )

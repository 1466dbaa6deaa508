"""All SQL of datasets and evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from athena.evaluations.models import dataset_items, datasets, evaluation_results, evaluations
from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.reached import ReachedRepository
from athena.kit.repository import Repository, Where


class DatasetRepository(Repository):
    """The datasets of one workspace."""

    table = datasets
    recorded = "dataset"

    async def items_changed(self, uuid: UUID) -> None:
        """Has the dataset be another version, and the log tell of it."""
        await self.update(uuid, {}, verb="")
        self.note("updated", uuid, ["items"])

    async def counts(self, uuids: Sequence[UUID]) -> dict[UUID, int]:
        """How many items each has, in one query."""
        rows = await self.session.fetch(
            "SELECT dataset_uuid, count(*) FROM dataset_items "
            "WHERE workspace_uuid = $1 AND dataset_uuid = ANY($2) GROUP BY dataset_uuid",
            self.workspace_uuid,
            list(uuids),
        )
        return {row[0]: row[1] for row in rows}


class DatasetItemRepository(Repository):
    """The items of one dataset."""

    table = dataset_items

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, dataset_uuid: UUID) -> None:
        super().__init__(session, workspace_uuid)
        self.dataset_uuid = dataset_uuid

    def within(self, where: Where) -> None:
        """The dataset's rows."""
        super().within(where)
        where.add("dataset_uuid = {}", self.dataset_uuid)

    @property
    def placed(self) -> Mapping[str, Any]:
        """The workspace and the dataset."""
        return {**super().placed, "dataset_uuid": self.dataset_uuid}

    async def everything(self) -> list[Row]:
        """Every item, oldest first."""
        return await self.session.fetch(
            f"SELECT {self.columns} FROM dataset_items WHERE workspace_uuid = $1 AND dataset_uuid = $2 ORDER BY uuid",
            self.workspace_uuid,
            self.dataset_uuid,
        )

    async def insert_many(self, items: Sequence[tuple[UUID, Any, Any]]) -> None:
        """Stores items: uuid, messages and expectations of each."""
        now = clock.now()
        await self.session.execute_many(
            "INSERT INTO dataset_items (workspace_uuid, dataset_uuid, created_at, updated_at, uuid, messages,"
            " expectations) VALUES ($1, $2, $3, $3, $4, $5, $6)",
            [(self.workspace_uuid, self.dataset_uuid, now, *item) for item in items],
        )


class EvaluationRepository(ReachedRepository):
    """The evaluations of one workspace, but those of agents that do not exist for the caller."""

    table = evaluations
    recorded = "evaluation"

    async def begin(self, uuid: UUID) -> bool:
        """Notes that it is at work; whether it is still there."""
        return bool(
            await self.session.execute(
                "UPDATE evaluations SET status = 'running', updated_at = $3, revision = revision + 1 "
                "WHERE workspace_uuid = $1 AND uuid = $2 AND status IN ('queued', 'running')",
                self.workspace_uuid,
                uuid,
                clock.now(),
            )
        )

    async def end(self, uuid: UUID, status: str, error: Mapping[str, Any] | None, summary: Mapping[str, Any]) -> None:
        """Notes how it ended, if it is still there."""
        if await self.session.execute(
            "UPDATE evaluations SET status = $3, error = $4, summary = $5, finished_at = $6, updated_at = $6,"
            " revision = revision + 1 WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            uuid,
            status,
            error,
            summary,
            clock.now(),
        ):
            self.note("completed" if status == "succeeded" else status, uuid)

    async def sums(self, uuids: Sequence[UUID]) -> list[Row]:
        """What the results of each come to, in one query."""
        return await self.session.fetch(
            """
            SELECT evaluation_uuid, count(*) AS items, count(*) FILTER (WHERE status = 'pending') AS pending,
                count(*) FILTER (WHERE status = 'passed') AS passed,
                count(*) FILTER (WHERE status = 'failed') AS failed,
                count(*) FILTER (WHERE status = 'error') AS errors,
                count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
                count(score) AS scored, coalesce(sum(score), 0) AS score,
                coalesce(sum(input_tokens), 0)::bigint AS input_tokens,
                coalesce(sum(output_tokens), 0)::bigint AS output_tokens,
                coalesce(sum(cost), 0) AS cost, coalesce(sum(judge_cost), 0) AS judge_cost,
                percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY duration_ms) AS durations
            FROM evaluation_results WHERE workspace_uuid = $1 AND evaluation_uuid = ANY($2) GROUP BY evaluation_uuid
            """,
            self.workspace_uuid,
            list(uuids),
        )

    async def newest_of(self, agent_uuids: Sequence[UUID]) -> list[Row]:
        """Of each agent the newest evaluation that has succeeded, in one query."""
        return await self.session.fetch(
            f"""
            SELECT e.* FROM unnest($2::uuid[]) AS wanted (agent_uuid) CROSS JOIN LATERAL (
                SELECT {self.columns} FROM evaluations WHERE evaluations.workspace_uuid = $1
                AND evaluations.agent_uuid = wanted.agent_uuid AND status = 'succeeded' ORDER BY uuid DESC LIMIT 1
            ) AS e
            """,
            self.workspace_uuid,
            list(agent_uuids),
        )


class ResultRepository(Repository):
    """The results of one evaluation."""

    table = evaluation_results

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, evaluation_uuid: UUID) -> None:
        super().__init__(session, workspace_uuid)
        self.evaluation_uuid = evaluation_uuid

    def within(self, where: Where) -> None:
        """The evaluation's rows."""
        super().within(where)
        where.add("evaluation_uuid = {}", self.evaluation_uuid)

    async def freeze(self, dataset_uuid: UUID) -> int:
        """Takes over what a dataset's items say, each as a result that is pending; how many there are."""
        return await self.session.execute(
            """
            INSERT INTO evaluation_results (workspace_uuid, uuid, created_at, updated_at, evaluation_uuid, item_uuid,
                messages, expectations)
            SELECT i.workspace_uuid, athena_uuid7(), $4, $4, $2, i.uuid, i.messages, i.expectations
            FROM dataset_items AS i WHERE i.workspace_uuid = $1 AND i.dataset_uuid = $3 ORDER BY i.uuid
            """,
            self.workspace_uuid,
            self.evaluation_uuid,
            dataset_uuid,
            clock.now(),
        )

    async def pending(self) -> list[UUID]:
        """Those that are still to come, in the order of the items."""
        rows = await self.session.fetch(
            "SELECT uuid FROM evaluation_results WHERE workspace_uuid = $1 AND evaluation_uuid = $2"
            " AND status = 'pending' ORDER BY item_uuid",
            self.workspace_uuid,
            self.evaluation_uuid,
        )
        return [row["uuid"] for row in rows]

    async def settle(self, uuid: UUID, values: Mapping[str, Any]) -> bool:
        """Notes what came of a pending one; whether it was there."""
        where = Where()
        full = {"updated_at": clock.now(), **values}
        changes = ", ".join(f"{name} = {where.parameter(value)}" for name, value in full.items())
        self.within(where)
        where.add("uuid = {} AND status = 'pending'", uuid)
        return bool(
            await self.session.execute(
                f"UPDATE evaluation_results SET {changes}, revision = revision + 1 WHERE {where.sql}", *where.args
            )
        )

    async def cancel(self) -> None:
        """Notes of all that are pending that nothing will come."""
        await self.session.execute(
            "UPDATE evaluation_results SET status = 'cancelled', updated_at = $3, revision = revision + 1 "
            "WHERE workspace_uuid = $1 AND evaluation_uuid = $2 AND status = 'pending'",
            self.workspace_uuid,
            self.evaluation_uuid,
            clock.now(),
        )

    async def compared(self) -> list[Row]:
        """All of them, with what a comparison needs."""
        return await self.session.fetch(
            "SELECT uuid, item_uuid, status, score, cost, duration_ms, left(messages -> -1 ->> 'content', 200) AS input"
            " FROM evaluation_results WHERE workspace_uuid = $1 AND evaluation_uuid = $2 ORDER BY item_uuid",
            self.workspace_uuid,
            self.evaluation_uuid,
        )

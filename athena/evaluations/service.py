"""The rules of evaluations: what is frozen when one is accepted, and what its results come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from athena.agents.service import AgentService
from athena.engine import Engine
from athena.evaluations import figures
from athena.evaluations.datasets import DatasetService
from athena.evaluations.repository import EvaluationRepository, ResultRepository
from athena.evaluations.schemas import EvaluationCreate, EvaluationStatus, ResultStatus
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.permissions import Permission
from athena.runs.keeping import RUN_PERMISSIONS
from athena.users import service as users

KIND: Final = "evaluation"
RELATIONS = ("agent", "dataset", "creator")

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at"},
    filters={
        "dataset_uuid": UUID,
        "agent_uuid": UUID,
        "agent_version": int,
        "status": EvaluationStatus,
        "creator_uuid": UUID,
    },
    relations=RELATIONS,
)
RESULT_LIST = ListOptions(
    sortable={"item": "item_uuid", "updated_at": "updated_at"},
    searchable=("output", "messages::text"),
    filters={"status": ResultStatus},
    default_sort="item",
)


class EvaluationService:
    """The evaluations of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._evaluations = EvaluationRepository(session, access.workspace_uuid, access.reach)
        self._agents = AgentService(session, access)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of evaluations."""
        return await self._evaluations.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One evaluation; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._evaluations.get(uuid)

    async def create(self, given: EvaluationCreate) -> Row:
        """Accepts an evaluation, and takes over what the dataset says now."""
        self._access.require(Permission.AGENTS_RUN)
        await DatasetService(self._session, self._access).get(given.dataset_uuid)
        uuid, version = new_uuid(), await self._version(given)
        row = await self._evaluations.insert(
            {
                "uuid": uuid,
                "dataset_uuid": given.dataset_uuid,
                "agent_uuid": given.agent_uuid,
                "agent_version": version,
                "concurrency": given.concurrency,
                "status": "queued",
                "creator_uuid": self._access.user_uuid,
            }
        )
        if not await self._results(uuid).freeze(given.dataset_uuid):
            raise ValidationFailed.of("dataset_uuid", "The dataset has no items.")
        facts = {"agent_uuid": str(given.agent_uuid), "agent_version": version}
        await self._session.provided(Engine).accept(
            self._session,
            kind=KIND,
            workspace_uuid=self._access.workspace_uuid,
            run_uuid=uuid,
            labels=facts,
            input={
                **facts,
                "concurrency": given.concurrency,
                "user_uuid": str(self._access.user_uuid),
                # Never more than who starts it may.
                "permissions": sorted(self._access.permissions & RUN_PERMISSIONS),
            },
        )
        return row

    async def _version(self, given: EvaluationCreate) -> int:
        agent = await self._agents.get(given.agent_uuid)
        if given.channel is not None:
            return (await self._agents.channel(given.agent_uuid, given.channel))[0]["version"]
        if given.version is not None:
            await self._agents.version(given.agent_uuid, given.version)
        return given.version or agent["version"]

    async def cancel(self, uuid: UUID) -> Row:
        """Stops an evaluation; the results so far are kept. One at its end stays as it is."""
        await self._evaluations.get(uuid)
        await self._session.provided(Engine).cancel(self._session, self._access.workspace_uuid, uuid)
        return await self._evaluations.get(uuid)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes an evaluation with its results, and stops it if it is at work."""
        self._evaluations.check_revision(await self._evaluations.get(uuid), revision)
        await self._session.provided(Engine).cancel(self._session, self._access.workspace_uuid, uuid)
        await self._evaluations.delete(uuid)

    async def results(self, uuid: UUID, query: ListQuery) -> RowPage:
        """One page of an evaluation's results."""
        await self._evaluations.get(uuid)
        return await self._results(uuid).page(query)

    async def compare(self, a: UUID, b: UUID) -> dict[str, Any]:
        """Two evaluations of one dataset, side by side by item."""
        rows = [await self._evaluations.get(uuid) for uuid in (a, b)]
        if rows[0]["dataset_uuid"] != rows[1]["dataset_uuid"]:
            raise ValidationFailed.of("b", "Compare two evaluations of the same dataset.")
        shown = await self.show(rows, frozenset())
        results = [[dict(row) for row in await self._results(uuid).compared()] for uuid in (a, b)]
        found = figures.side_by_side(*results)
        return {"a": shown[0], "b": shown[1], **found}

    async def newest_of(self, agent_uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """Of each agent the newest evaluation that has succeeded, as the API shows it."""
        rows = await self._evaluations.newest_of(agent_uuids)
        shown = await self.show(rows, frozenset())
        return {row["agent_uuid"]: item for row, item in zip(rows, shown, strict=True)}

    async def summaries(self, uuids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        """What the results of each come to now."""
        found = {row["evaluation_uuid"]: row for row in (await self._evaluations.sums(uuids) if uuids else [])}
        return {uuid: figures.summary(dict(found[uuid]) if uuid in found else figures.NOTHING) for uuid in uuids}

    def _results(self, uuid: UUID) -> ResultRepository:
        return ResultRepository(self._session, self._access.workspace_uuid, uuid)

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for; one query per relation."""
        summaries = await self.summaries([row["uuid"] for row in rows if row["summary"] is None])
        items = [_present(row, row["summary"] or summaries[row["uuid"]]) for row in rows]
        if "agent" in relations:
            _attach(items, rows, "agent", await self._agents.by_ids([row["agent_uuid"] for row in rows]))
        if "dataset" in relations:
            service = DatasetService(self._session, self._access)
            _attach(items, rows, "dataset", await service.by_ids([row["dataset_uuid"] for row in rows]))
        if "creator" in relations:
            creators = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
            _attach(items, rows, "creator", creators)
        return items


def _attach(
    items: Sequence[dict[str, Any]], rows: Sequence[Row], name: str, found: Mapping[UUID, dict[str, Any]]
) -> None:
    for item, row in zip(items, rows, strict=True):
        item[name] = found.get(row[f"{name}_uuid"])


def _present(row: Row, summary: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "dataset_uuid": row["dataset_uuid"],
        "agent_uuid": row["agent_uuid"],
        "agent_version": row["agent_version"],
        "run_uuid": str(row["uuid"]),
        "concurrency": row["concurrency"],
        "status": row["status"],
        "error": row["error"],
        "summary": summary,
        "finished_at": clock.rfc3339_or_none(row["finished_at"]),
        "agent": None,
        "dataset": None,
        "creator": None,
    }


_RESULT: Final = (
    "evaluation_uuid",
    "item_uuid",
    "messages",
    "expectations",
    "status",
    "output",
    "score",
    "reasons",
    "error",
    "run_uuid",
    "input_tokens",
    "output_tokens",
    "cost",
    "judge_cost",
    "duration_ms",
)


def present_result(row: Row) -> dict[str, Any]:
    """A result's row as the API shows it."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        **{name: row[name] for name in _RESULT},
    }

"""The rules of executions: how they are started, followed and shown, and how they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

import orjson
from pydantic import Field

from athena.engine import Engine
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound, PreconditionFailed, TooLarge, ValidationFailed
from athena.kit.pagination import ListOptions, ListQuery, RowPage, by_page, cut
from athena.node_types.registry import node_types
from athena.runs.schemas import RunStatus
from athena.workflow_executions import parts, retrying, starting
from athena.workflow_executions.data import Link, Nodes, Room, gather
from athena.workflow_executions.journal import place
from athena.workflow_executions.plans import Plans
from athena.workflow_executions.repository import WorkflowExecutionRepository
from athena.workflow_executions.schemas import ExecutionRetry, ExecutionsRetry, NodeStatus, Trigger, WorkflowRun
from athena.workflow_executions.starting import Request
from athena.workflows.service import WorkflowService

PATH: Final = "/api/v1/workflow-executions"
RELATIONS: Final = ("workflow", "data")
MOST_WITH_DATA: Final = 15
AT_ONCE: Final = 1_000
"""How many executions one request cancels or retries."""

Milliseconds = Annotated[int, Field(ge=0, le=2**53)]
Dollars = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]

FILTERS: Final[Mapping[str, Any]] = {
    "workflow_uuid": UUID,
    "workflow_version": Version,
    "status": RunStatus,
    "trigger": Trigger,
    "error_code": Annotated[str, Field(max_length=64)],
    "error_fingerprint": Annotated[str, Field(max_length=64)],
    "source_execution_uuid": UUID,
    "min_duration_ms": Milliseconds,
    "max_duration_ms": Milliseconds,
    "min_cost": Dollars,
    "max_cost": Dollars,
}
COLUMNS: Final = {
    "workflow_uuid": "runs.workflow_uuid = {}::uuid::text",
    "source_execution_uuid": "runs.source_execution_uuid = {}::uuid::text",
    "min_duration_ms": "runs.duration_ms >= {}",
    "max_duration_ms": "runs.duration_ms <= {}",
    "min_cost": "runs.cost >= {}",
    "max_cost": "runs.cost <= {}",
}
LIST: Final = ListOptions(
    sortable={"created_at": "uuid", "duration_ms": "duration_ms", "cost": "cost"},
    filters=FILTERS,
    columns=COLUMNS,
    relations=RELATIONS,
)
ERRORS: Final = ListOptions(
    sortable={"last_seen_at": "last_seen_at", "count": "count"},
    filters={name: FILTERS[name] for name in ("workflow_uuid", "workflow_version", "trigger", "error_code")},
    columns=COLUMNS,
    default_sort="-last_seen_at",
)
PASSES: Final = ListOptions(
    sortable={"path": "path"},
    filters={
        "status": NodeStatus,
        "path": Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}){0,9}$", description="As in `3.0`.")],
    },
    default_sort="path",
    without=("search", "with", "created_after", "created_before"),
)


class WorkflowExecutionService:
    """The executions of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._executions = WorkflowExecutionRepository(session, access.workspace_uuid)

    # -- beginning --------------------------------------------------------------------------------------------------

    async def run(self, workflow_uuid: UUID, given: WorkflowRun, *, request: Mapping[str, Any] | None = None) -> UUID:
        """Accepts an execution of a workflow, whatever its status, or of a part of it; its uuid.

        ``request`` is kept with the execution, for who shows it in the form in which it was asked for.
        """
        workflow = await WorkflowService(self._session, self._access).to_run(workflow_uuid)
        plan = await self._session.provided(Plans).get(self._session, self._access, workflow_uuid, workflow["version"])
        parts.check_names(plan.graph, given.pinned, "pinned")
        wanted, inputs, output = None, dict[str, Any](), given.input
        if given.stop_after_node_id is not None:
            wanted = parts.up_to(plan.graph, given.stop_after_node_id)
        if given.only_node_id is not None:
            wanted, inputs = parts.alone(plan.graph, given.only_node_id), {given.only_node_id: given.input}
            output = next((given.pinned[node.id] for node in plan.graph.triggers() if node.id in given.pinned), None)
        asked = Request(
            # Who signs in to the console works by hand.
            "manual" if self._access.actor.kind == "session" else "api",
            output,
            node_id=given.trigger_node_id,
            variables=given.variables,
            test=given.test,
            pinned=given.pinned,
            inputs=inputs,
            wanted=wanted,
            request=request,
        )
        return await self.accept(workflow, asked)

    async def accept(self, workflow: Row, asked: Request) -> UUID:
        """Accepts an execution; its uuid."""
        return await starting.accept(self._session, self._access, workflow, asked)

    async def retry(self, uuid: UUID, asked: ExecutionRetry) -> UUID:
        """Accepts an execution that does another once more, or what is left of it; its uuid."""
        return await retrying.retry(self._session, self._access, uuid, asked)

    async def retry_many(self, query: ListQuery, asked: ExecutionsRetry) -> dict[str, Any]:
        """Accepts retries of those that have failed and were not retried; how many, and whether there are more."""
        _check_narrowed(query)
        found = await self._executions.not_retried(query, AT_ONCE)
        again = ExecutionRetry(use_current_version=asked.use_current_version)
        refused = 0
        for uuid in found[:AT_ONCE]:
            try:
                await retrying.retry(self._session, self._access, uuid, again, begin_here=False)
            except (Conflict, NotFound, TooLarge, ValidationFailed):
                refused += 1
        count = min(len(found), AT_ONCE) - refused
        return {"count": count, "refused": refused, "more": len(found) > AT_ONCE}

    # -- ending -----------------------------------------------------------------------------------------------------

    async def cancel(self, uuid: UUID) -> Row:
        """Stops an execution; one that has ended stays as it is."""
        await self._executions.get(uuid)
        await self._session.provided(Engine).cancel(self._session, self._access.workspace_uuid, uuid)
        return await self._executions.get(uuid)

    async def cancel_many(self, query: ListQuery) -> dict[str, Any]:
        """Stops those that have not ended; how many, and whether there are more."""
        _check_narrowed(query)
        found = await self._executions.lock_unfinished(query, AT_ONCE)
        engine = self._session.provided(Engine)
        for uuid in found[:AT_ONCE]:
            await engine.cancel(self._session, self._access.workspace_uuid, uuid)
        return {"count": min(len(found), AT_ONCE), "refused": 0, "more": len(found) > AT_ONCE}

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes an execution that has ended, with its log."""
        row = await self._executions.locked(uuid)
        if revision is not None and row["revision"] != revision:
            raise PreconditionFailed("It was changed since; get it again and repeat.")
        if row["finished_at"] is None:
            raise Conflict("The execution has not ended; cancel it first.", code="execution_unfinished")
        await self._executions.delete(uuid)
        self._session.record("workflow_execution.deleted", "workflow_execution", uuid)

    # -- lists and numbers ------------------------------------------------------------------------------------------

    async def page(self, query: ListQuery) -> RowPage:
        """One page of executions."""
        if "data" in query.relations and query.per_page > MOST_WITH_DATA:
            raise ValidationFailed.of("per_page", f"With data, a page has at most {MOST_WITH_DATA} executions.")
        return await self._executions.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One execution; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._executions.get(uuid)

    async def counts(self, query: ListQuery) -> dict[str, Any]:
        """How many there are, by status."""
        found, more = await self._executions.counts(query)
        names: Sequence[str] = RunStatus.__args__
        return {"total": sum(found.values()), **{name: found.get(name, 0) for name in names}, "at_least": more}

    async def errors(self, query: ListQuery) -> tuple[RowPage, list[dict[str, Any]]]:
        """One page of the ways in which executions failed."""
        rows, more = await self._executions.errors(query)
        for key in reversed(query.sort):
            rows.sort(key=lambda row, name=key.column: row[name], reverse=key.descending)
        page, shown = cut(query, rows)
        if more and query.cursor is None:
            page = by_page(query, page.rows, len(rows), more=True)
        last = await self._executions.failures([row["uuid"] for row in shown])
        return page, [_present_error(row, last[row["uuid"]]) for row in shown if row["uuid"] in last]

    # -- what there is of one ---------------------------------------------------------------------------------------

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with the relations that were asked for."""
        items = [present(row) for row in rows]
        if "workflow" in relations and rows:
            found = await WorkflowService(self._session, self._access).by_ids(
                [UUID(row["workflow_uuid"]) for row in rows]
            )
            for item, row in zip(items, rows, strict=True):
                item["workflow"] = found.get(UUID(row["workflow_uuid"]))
        if "data" in relations and rows:
            await self._add_data(items, rows)
        return items

    async def _add_data(self, items: Sequence[dict[str, Any]], rows: Sequence[Row]) -> None:
        uuids = [row["uuid"] for row in rows]
        versions = await self._versions(rows)
        events, totals = await self._executions.outer_events(uuids), await self._executions.loop_totals(uuids)
        room = Room()
        for item, row in zip(items, rows, strict=True):
            uuid = row["uuid"]
            version = versions.get((row["workflow_uuid"], row["workflow_version"]))
            told = gather(
                ((e["id"], e["type"], orjson.loads(e["data"])) for e in events if e["run_uuid"] == uuid), _link(uuid)
            )
            nodes = self._nodes(version, row)
            item["data"] = {
                "workflow_data": {name: version[name] for name in ("nodes", "edges", "variables")} if version else None,
                "nodes": nodes.all(told, [dict(total) for total in totals if total["run_uuid"] == uuid], room),
            }

    async def _versions(self, rows: Sequence[Row]) -> dict[tuple[str, int], Row]:
        wanted = {(UUID(row["workflow_uuid"]), row["workflow_version"]) for row in rows}
        found = await WorkflowService(self._session, self._access).some_versions(sorted(wanted))
        return {(str(row["workflow_uuid"]), row["number"]): row for row in found}

    @staticmethod
    def _nodes(version: Row | None, row: Row) -> Nodes:
        nodes, edges = (version["nodes"], version["edges"]) if version else ((), ())
        return Nodes(nodes, edges, node_types(), ended=row["finished_at"] is not None)

    async def passes(self, uuid: UUID, node: str, query: ListQuery) -> tuple[RowPage, list[dict[str, Any]]]:
        """One page of what became of a node, item by item."""
        row = await self._executions.get(uuid)
        nodes = self._nodes((await self._versions([row])).get((row["workflow_uuid"], row["workflow_version"])), row)
        open_as = "cancelled" if row["finished_at"] else None
        found = await self._executions.passes(uuid, node, query.filters.get("status"), open_as)
        if wanted := query.filters.get("path"):
            found = [text for text in found if orjson.loads(text) == [int(number) for number in wanted.split(".")]]
        page, paths = cut(query, found[::-1] if query.sort[0].descending else found)
        events = await self._executions.events_of(uuid, [node, *nodes.sources(node)], paths)
        told = gather(((each["id"], each["type"], orjson.loads(each["data"])) for each in events), _link(uuid))
        room = Room()
        items = [
            {**nodes.describe(node, path, told, room), "path": list(path)}
            for path in (tuple(orjson.loads(text)) for text in paths)
        ]
        return page, items

    async def value(self, uuid: UUID, name: str) -> bytes:
        """The JSON of a value that is too long to be shown with its execution."""
        if name in {"input", "output"}:
            text = await self._executions.whole_value(uuid, name)
        else:
            event_id, _, port = name.partition(".")
            known = event_id.isascii() and event_id.isdigit() and len(event_id) < 19  # noqa: PLR2004 - 63 bits
            text = await self._executions.kept_value(uuid, int(event_id), port) if known else None
        if text is None:
            raise NotFound("The execution does not exist in this workspace, or keeps no such value.")
        return text.encode()

    async def hidden_output(self, uuid: UUID, node_id: str, path: Sequence[int]) -> Any:
        """What a node with an effect gave, for whoever it was meant for; nobody else is shown it."""
        text = await self._executions.record(uuid, place(node_id, tuple(path)))
        if text is None:
            raise NotFound("The execution does not exist in this workspace, or the node gave nothing.")
        return next(iter(orjson.loads(text)["outputs"].values()))


def _check_narrowed(query: ListQuery) -> None:
    if not (query.filters or query.search or query.created_after or query.created_before):
        raise ValidationFailed("Say by at least one filter which executions are meant.", code="filter_missing")


def _link(uuid: UUID) -> Link:
    def link(event_id: int, port: str) -> str:
        return f"{PATH}/{uuid}/values/{event_id}.{quote(port, safe='')}"

    return link


def present(row: Row) -> dict[str, Any]:
    """An execution's row as the API shows it, without relations."""
    uuid = row["uuid"]

    def value(name: str) -> Any:
        return {**row[name], "url": f"{PATH}/{uuid}/values/{name}"} if row[f"{name}_is_long"] else row[name]

    return {
        "uuid": str(uuid),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "workflow_uuid": row["workflow_uuid"],
        "workflow": None,
        "workflow_version": row["workflow_version"],
        "status": row["status"],
        "trigger": row["trigger"],
        "input": value("input"),
        "output": value("output"),
        "error": row["error"],
        "usage": row["usage"],
        "started_at": clock.rfc3339_or_none(row["started_at"]),
        "finished_at": clock.rfc3339_or_none(row["finished_at"]),
        "duration_ms": row["duration_ms"],
        "source_execution_uuid": row["source_execution_uuid"],
        "parent_execution_uuid": row["parent_execution_uuid"],
        "data": None,
    }


def _present_error(row: Row, last: Row) -> dict[str, Any]:
    error: Mapping[str, Any] = last["error"] or {}
    return {
        "error_fingerprint": row["error_fingerprint"],
        "workflow_uuid": last["workflow_uuid"],
        "node_id": error.get("node_id"),
        "code": error.get("code"),
        "message": error.get("message"),
        "count": row["count"],
        "first_seen_at": clock.rfc3339(row["first_seen_at"]),
        "last_seen_at": clock.rfc3339(row["last_seen_at"]),
        "execution_uuid": str(row["uuid"]),
    }

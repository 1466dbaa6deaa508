"""All SQL of executions, which are runs of the kind `workflow`; what runs do by themselves is the engine's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from athena.engine.models import FINISHED, UNFINISHED, runs
from athena.kit.db import Row
from athena.kit.errors import NotFound
from athena.kit.pagination import ListQuery, RowPage
from athena.kit.repository import MAXIMUM_COUNT, Count, Repository, Where, containing
from athena.workflow_executions.journal import EXCERPT, SHOWN_VALUE

SEARCHED: Final = 10_000
"""Among so many a search looks, of those that the other filters leave the newest."""
SEARCHED_BYTES: Final = 50_000_000
"""As they are stored; a search stops there, too."""
COUNTED: Final = frozenset({"workflow_uuid", "workflow_version", "status", "trigger"})
"""Filters whose numbers are kept."""
NULLABLE: Final = frozenset({"duration_ms", "cost"})


def _value(column: str) -> str:
    """The value that stands in ``column``, as far as it may be shown, and whether it is longer than that."""
    value, secret = f"(runs.{column} -> 'output')", f"coalesce(runs.{column} ->> 'redacted', '') = 'true'"
    size = f"octet_length({value}::text)"
    begin = f"jsonb_build_object('truncated', true, 'size', {size}, 'begin', left({value}::text, {EXCERPT}))"
    return (
        f"CASE WHEN {secret} THEN to_jsonb('[redacted]'::text) WHEN {size} > {SHOWN_VALUE} THEN {begin} "
        f"ELSE {value} END AS {column}, coalesce({size} > {SHOWN_VALUE} AND NOT {secret}, false) AS {column}_is_long"
    )


_TEXT: Final = " || ' ' || ".join(
    f"coalesce(CASE WHEN ({column} ->> 'redacted') IS DISTINCT FROM 'true' THEN ({column} -> 'output')::text END, '')"
    for column in ("input", "output")
)
_SIZE: Final = "pg_column_size(input) + coalesce(pg_column_size(output), 0) + coalesce(pg_column_size(error), 0)"
_COLUMNS: Final = (
    "runs.uuid, runs.created_at, runs.updated_at, {revision} AS revision, runs.workflow_uuid, runs.workflow_version, "
    f"runs.status, runs.trigger, {_value('input')}, {_value('output')}, runs.error, runs.output -> 'usage' AS usage, "
    "runs.started_at, runs.finished_at, runs.duration_ms, runs.cost, runs.source_execution_uuid, "
    "runs.input #>> '{{parent,run_uuid}}' AS parent_execution_uuid"
)
_LAST_EVENT: Final = "(SELECT coalesce(max(e.id), 0) FROM run_events AS e WHERE e.run_uuid = runs.uuid)"
# An event does not change its run's row, and yet what is shown of it.
_REVISION: Final = f"runs.revision + {_LAST_EVENT}"

# What became of a node in each pass of the loops around it, from its events.
_ITEMS: Final = """
SELECT run_uuid, data ->> 'node_id' AS node_id, data ->> 'path' AS path, max(data ->> 'node_type') AS node_type,
    max(CASE WHEN type = 'node.completed' AND data ->> 'reused' = 'true' THEN 'reused'
        WHEN type = 'node.completed' THEN 'succeeded' WHEN type = 'node.failed' THEN 'failed' END) AS ended,
    bool_or(data -> 'until' IS NOT NULL) AS waits,
    bool_or(type = 'node.repeated') AS repeated, max((data ->> 'attempts')::integer) AS attempts,
    min(at) AS started_at, max(at) FILTER (WHERE type IN ('node.completed', 'node.failed')) AS finished_at,
    max((data ->> 'duration_ms')::bigint) AS duration_ms,
    sum((data #>> '{usage,input_tokens}')::bigint) AS input_tokens,
    sum((data #>> '{usage,output_tokens}')::bigint) AS output_tokens,
    sum((data #>> '{usage,cost}')::double precision) AS cost
FROM run_events WHERE workspace_uuid = $1 AND run_uuid = ANY($2) AND data ->> 'path' LIKE '[_%]' {narrowed}
GROUP BY 1, 2, 3
"""


class WorkflowExecutionRepository(Repository):
    """The executions of one workspace."""

    table = runs
    _total_known: int | None = None

    @property
    def columns(self) -> str:
        """What is shown of an execution in a list."""
        return _COLUMNS.format(revision="runs.revision")

    def within(self, where: Where) -> None:
        """The workspace's runs that are executions."""
        super().within(where)
        where.add("runs.workflow_uuid IS NOT NULL AND runs.kind = 'workflow'")

    def not_found(self) -> NotFound:
        """Says what."""
        return NotFound("The execution does not exist in this workspace.")

    async def get(self, uuid: UUID) -> Row:
        """One execution; its revision grows with each event, too."""
        where = Where()
        self._identify(where, uuid, None)
        row = await self.session.fetch_one(
            f"SELECT {_COLUMNS.format(revision=_REVISION)} FROM runs WHERE {where.sql}", *where.args
        )
        if row is None:
            raise self.not_found()
        return row

    async def locked(self, uuid: UUID) -> Row:
        """What deleting one needs to know; nobody else changes it before this transaction ends."""
        where = Where()
        self._identify(where, uuid, None)
        row = await self.session.fetch_one(
            f"SELECT uuid, finished_at, {_REVISION} AS revision FROM runs WHERE {where.sql} FOR UPDATE", *where.args
        )
        if row is None:
            raise self.not_found()
        return row

    async def to_retry(self, uuid: UUID) -> Row:
        """What running one once more needs to know."""
        where = Where()
        self._identify(where, uuid, None)
        row = await self.session.fetch_one(
            "SELECT uuid, status, input, error, workflow_uuid, workflow_version, finished_at FROM runs "
            f"WHERE {where.sql}",
            *where.args,
        )
        if row is None:
            raise self.not_found()
        return row

    async def begun_with(self, uuid: UUID) -> Row:
        """What expressions found in an execution that no node gave."""
        where = Where()
        self._identify(where, uuid, None)
        row = await self.session.fetch_one(
            "SELECT uuid, workflow_uuid, workflow_version, trigger, finished_at, input -> 'trigger' AS begun, "
            "coalesce(input ->> 'redacted', '') = 'true' AS redacted, input -> 'variables' AS variables, "
            "input -> 'workspace_variables' AS workspace_variables, input ->> 'accepted_at' AS accepted_at, "
            f"input -> 'test' AS test FROM runs WHERE {where.sql}",
            *where.args,
        )
        if row is None:
            raise self.not_found()
        return row

    # -- lists ------------------------------------------------------------------------------------------------------

    async def page(self, query: ListQuery, where: Where | None = None) -> RowPage:
        """A page; its total is exact where numbers are kept for the filters."""
        if query.cursor is None and where is None and _is_counted(query):
            self._total_known = sum((await self._kept_counts(query)).values())
        return await super().page(query, where)

    async def _total(self, where: Where, count: Count) -> tuple[int, bool]:
        if self._total_known is not None:
            return self._total_known, False
        return await super()._total(where, count)

    def narrow(self, where: Where, query: ListQuery) -> None:
        """As for other lists; a search looks at the newest alone, and what has no duration has no place by it."""
        super().narrow(where, replace(query, search=None))
        for key in query.sort:
            if key.column in NULLABLE:
                where.add(f"runs.{key.column} IS NOT NULL")
        if query.search:
            found = (
                f"SELECT uuid FROM (SELECT *, sum({_SIZE}) OVER (ORDER BY uuid DESC) AS size FROM (SELECT uuid, input, "
                f"output, error FROM runs WHERE {where.sql} ORDER BY uuid DESC LIMIT {SEARCHED}) AS newest) AS sized "
                f"WHERE size <= {SEARCHED_BYTES} AND {_TEXT} || ' ' || coalesce(error::text, '') ILIKE "
            )
            where.add(f"runs.uuid IN ({found}{where.parameter(containing(query.search))})")

    # -- numbers ----------------------------------------------------------------------------------------------------

    async def counts(self, query: ListQuery) -> tuple[Mapping[str, int], bool]:
        """How many there are by status, and whether there are more."""
        if _is_counted(query):
            return await self._kept_counts(query), False
        where = Where()
        self.within(where)
        self.narrow(where, query)
        rows = await self.session.fetch(
            f"SELECT status, count(*) AS count FROM (SELECT status FROM runs WHERE {where.sql} "
            f"LIMIT {MAXIMUM_COUNT + 1}) AS found GROUP BY status",
            *where.args,
        )
        found = {row["status"]: row["count"] for row in rows}
        return found, sum(found.values()) > MAXIMUM_COUNT

    async def _kept_counts(self, query: ListQuery) -> Mapping[str, int]:
        where = Where()
        where.add("workspace_uuid = {}", self.workspace_uuid)
        for name, value in query.filters.items():
            if name != "status":
                where.add(f"{name} = {{}}", str(value) if isinstance(value, UUID) else value)
        status = query.filters.get("status")
        only = "" if status is None else f" WHERE status = {where.parameter(status)}"
        rows = await self.session.fetch(
            f"SELECT status, sum(n)::bigint AS count FROM (SELECT status, count AS n FROM execution_counts "
            f"WHERE {where.sql} UNION ALL SELECT after, 1 FROM execution_count_deltas WHERE {where.sql} "
            f"UNION ALL SELECT before, -1 FROM execution_count_deltas WHERE {where.sql}) AS parts{only} GROUP BY 1",
            *where.args,
        )
        return {row["status"]: row["count"] for row in rows if row["status"] is not None}

    async def errors(self, query: ListQuery) -> tuple[list[Row], bool]:
        """Those that failed, by fingerprint, and whether there are more of them than were looked at."""
        where = Where()
        self.within(where)
        self.narrow(where, replace(query, sort=()))
        rows = await self.session.fetch(
            "SELECT error_fingerprint, count(*) AS count, min(created_at) AS first_seen_at, "
            "max(created_at) AS last_seen_at, (array_agg(uuid ORDER BY uuid DESC))[1] AS uuid FROM ("
            f"SELECT error_fingerprint, created_at, uuid FROM runs WHERE {where.sql} AND status = 'failed' "
            f"AND error_fingerprint IS NOT NULL ORDER BY uuid DESC LIMIT {MAXIMUM_COUNT + 1}) AS failed GROUP BY 1",
            *where.args,
        )
        return rows, sum(row["count"] for row in rows) > MAXIMUM_COUNT

    async def failures(self, uuids: Sequence[UUID]) -> Mapping[UUID, Row]:
        """The errors of some executions."""
        rows = await self.session.fetch(
            "SELECT uuid, workflow_uuid, error FROM runs WHERE workspace_uuid = $1 AND uuid = ANY($2)",
            self.workspace_uuid,
            list(uuids),
        )
        return {row["uuid"]: row for row in rows}

    # -- many at once -----------------------------------------------------------------------------------------------

    async def lock_unfinished(self, query: ListQuery, most: int) -> list[UUID]:
        """The unfinished ones, the last first, and one more than ``most``; none ends before this transaction."""
        where = Where()
        self.within(where)
        self.narrow(where, query)
        where.add("runs.status = ANY({}::text[])", list(UNFINISHED))
        rows = await self.session.fetch(
            f"SELECT uuid FROM runs WHERE {where.sql} ORDER BY position DESC LIMIT {most + 1} FOR NO KEY UPDATE",
            *where.args,
        )
        return [row["uuid"] for row in rows]

    async def not_retried(self, query: ListQuery, most: int) -> list[UUID]:
        """Those that have ended and were not run once more, the oldest first, and one more than ``most``."""
        where = Where()
        self.within(where)
        self.narrow(where, query)
        where.add("runs.status = ANY({}::text[])", list(FINISHED) if "status" in query.filters else ["failed"])
        rows = await self.session.fetch(
            f"SELECT uuid FROM runs WHERE {where.sql} AND NOT EXISTS (SELECT FROM runs AS later "
            "WHERE later.workspace_uuid = runs.workspace_uuid AND later.workflow_uuid IS NOT NULL "
            f"AND later.source_execution_uuid = runs.uuid::text) ORDER BY uuid LIMIT {most + 1}",
            *where.args,
        )
        return [row["uuid"] for row in rows]

    # -- their logs -------------------------------------------------------------------------------------------------

    async def outer_events(self, uuids: Sequence[UUID]) -> list[Row]:
        """What the logs tell of nodes that stand in no loop, in order."""
        return await self.session.fetch(
            "SELECT run_uuid, id, type, data FROM run_events WHERE workspace_uuid = $1 AND run_uuid = ANY($2) "
            "AND data ->> 'path' = '[]' ORDER BY run_uuid, id",
            self.workspace_uuid,
            list(uuids),
        )

    async def loop_totals(self, uuids: Sequence[UUID]) -> list[Row]:
        """What the logs tell of nodes in loops, all passes together."""
        return await self.session.fetch(
            "SELECT run_uuid, node_id, max(node_type) AS node_type, count(*) AS items, "
            "count(*) FILTER (WHERE ended = 'failed') AS failed, count(*) FILTER (WHERE ended = 'reused') AS reused, "
            "count(*) FILTER (WHERE ended IS NULL AND waits) AS waiting, count(*) FILTER (WHERE ended IS NULL) AS open,"
            " bool_or(repeated) AS repeated, sum(coalesce(attempts, 1)) AS attempts, min(started_at) AS started_at, "
            "max(finished_at) AS finished_at, sum(coalesce(duration_ms, 0))::bigint AS duration_ms, "
            "sum(input_tokens)::bigint AS input_tokens, sum(output_tokens)::bigint AS output_tokens, sum(cost) AS cost "
            f"FROM ({_ITEMS.replace('{narrowed}', '')}) AS items GROUP BY 1, 2",
            self.workspace_uuid,
            list(uuids),
        )

    async def edited_inputs(self, uuids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Any]]:
        """The inputs that nodes were given by who started the executions."""
        rows = await self.session.fetch(
            "SELECT uuid, input -> 'inputs' AS inputs FROM runs WHERE workspace_uuid = $1 AND uuid = ANY($2)",
            self.workspace_uuid,
            list(uuids),
        )
        return {row["uuid"]: row["inputs"] or {} for row in rows}

    async def passes(self, uuid: UUID, node: str, status: str | None, open_as: str | None) -> list[str]:
        """A node's passes, in the order of the items, by their paths; ``open_as``: what those are that did not end."""
        items = _ITEMS.replace("{narrowed}", "AND data ->> 'node_id' = $3").replace("LIKE '[_%]'", "IS NOT NULL")
        rows = await self.session.fetch(
            f"SELECT path FROM ({items}) AS items WHERE $4::text IS NULL OR $4 = coalesce(ended, $5, "
            "CASE WHEN waits THEN 'waiting' ELSE 'running' END) "
            "ORDER BY string_to_array(trim('[]' FROM path), ',')::integer[]",
            self.workspace_uuid,
            [uuid],
            node,
            status,
            open_as,
        )
        return [row["path"] for row in rows]

    async def events_of(self, uuid: UUID, nodes: Sequence[str], paths: Sequence[str]) -> list[Row]:
        """What the log tells of some nodes in some passes, in order."""
        return await self.session.fetch(
            "SELECT run_uuid, id, type, data FROM run_events WHERE workspace_uuid = $1 AND run_uuid = $2 "
            "AND data ->> 'node_id' = ANY($3) AND data ->> 'path' = ANY($4) ORDER BY id",
            self.workspace_uuid,
            uuid,
            list(nodes),
            list(paths),
        )

    async def events_at(self, uuid: UUID, paths: Sequence[str]) -> list[Row]:
        """What the log tells of all nodes in some passes, in order."""
        return await self.session.fetch(
            "SELECT run_uuid, id, type, data FROM run_events WHERE workspace_uuid = $1 AND run_uuid = $2 "
            "AND data ->> 'path' = ANY($3) ORDER BY id",
            self.workspace_uuid,
            uuid,
            list(paths),
        )

    async def ends_of_nodes(self, uuid: UUID) -> list[Row]:
        """How nodes ended, with what is kept of them beside: those outside of loops, and every step."""
        return await self.session.fetch(
            "SELECT id, type, data, record FROM run_events WHERE workspace_uuid = $1 AND run_uuid = $2 "
            "AND type IN ('node.completed', 'node.failed') AND (step IS NOT NULL OR data ->> 'path' = '[]') "
            "ORDER BY id",
            self.workspace_uuid,
            uuid,
        )

    async def whole_value(self, uuid: UUID, column: str) -> str | None:
        """The JSON text of what the trigger or the last node gave; ``None`` where that may not be shown."""
        where = Where()
        self._identify(where, uuid, None)
        return await self.session.value(
            f"SELECT ({column} -> 'output')::text FROM runs WHERE {where.sql} "
            f"AND ({column} ->> 'redacted') IS DISTINCT FROM 'true'",
            *where.args,
        )

    async def kept_value(self, uuid: UUID, event_id: int, port: str) -> str | None:
        """The JSON text of what a node gave at a port, as an event tells of it; whole, where that is kept."""
        where = Where()
        self._identify(where, uuid, None)
        place, name = where.parameter(event_id), where.parameter(port)
        return await self.session.value(
            f"SELECT CASE WHEN (e.data -> 'truncated')::jsonb ? {name} THEN e.record -> 'outputs' -> {name} "
            f"ELSE e.data -> 'outputs' -> {name} END FROM runs JOIN run_events AS e ON e.run_uuid = runs.uuid "
            f"AND e.id = {place} WHERE {where.sql.replace('workspace_uuid', 'runs.workspace_uuid', 1)} "
            "AND e.type = 'node.completed'",
            *where.args,
        )

    async def record(self, uuid: UUID, step: str) -> str | None:
        """The JSON text of what a step came to, as it is kept beside the log."""
        return await self.session.value(
            "SELECT record FROM run_events WHERE workspace_uuid = $1 AND run_uuid = $2 AND step = $3 "
            "AND record IS NOT NULL",
            self.workspace_uuid,
            uuid,
            step,
        )

    async def spent(self, uuid: UUID) -> Mapping[str, Any]:
        """What the nodes of an execution have used, from its log."""
        row = await self.session.fetch_one(
            "SELECT coalesce(sum((data #>> '{usage,input_tokens}')::bigint), 0)::bigint AS input_tokens, "
            "coalesce(sum((data #>> '{usage,output_tokens}')::bigint), 0)::bigint AS output_tokens, "
            "coalesce(sum((data #>> '{usage,cost}')::double precision), 0) AS cost FROM run_events "
            "WHERE workspace_uuid = $1 AND run_uuid = $2 AND type IN ('node.completed', 'node.failed')",
            self.workspace_uuid,
            uuid,
        )
        return dict(row) if row else {}

    async def note_end(self, uuid: UUID, labels: Mapping[str, Any], output: Mapping[str, Any]) -> None:
        """What an execution is found by that the engine brings to its end."""
        await self.session.execute(
            "UPDATE runs SET labels = labels || $3, output = $4 WHERE workspace_uuid = $1 AND uuid = $2",
            self.workspace_uuid,
            uuid,
            dict(labels),
            dict(output),
        )


def _is_counted(query: ListQuery) -> bool:
    """Whether the numbers of what the query asks for are kept."""
    timed = query.created_after or query.created_before
    sorted_by_all = all(key.column != "duration_ms" for key in query.sort)
    return not (timed or query.search) and sorted_by_all and query.filters.keys() <= COUNTED

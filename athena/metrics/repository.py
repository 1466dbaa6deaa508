"""All SQL of metrics. What was folded and what was not yet is summed in one statement, so that nothing counts twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from athena.kit.db import Row, Session
from athena.kit.pagination import ListQuery
from athena.kit.repository import Repository, Rows, Where
from athena.metrics.buckets import Piece
from athena.metrics.models import COUNTS, NAMES, metric_rollups
from athena.workspaces.models import workspaces

MAXIMUM_BREAKDOWN = 20
WHOLE = 0
"""The bucket of a whole period."""
BEFORE = -1
"""The bucket of the period before."""

_GREATEST = 2**63 - 1

Names = Mapping[str, str]
"""What is asked for among ``subject``, ``role`` and ``model``."""


class MetricRepository(Repository):
    """The rollups and deltas of one workspace."""

    table = metric_rollups

    async def series(
        self,
        resource: str,
        sums: Sequence[str],
        names: Names,
        pieces: Sequence[Piece],
        borders: Sequence[datetime],
        whole: Sequence[Piece],
    ) -> list[Row]:
        """The sums between each two ``borders`` but the first, of which ``pieces`` are kept, as ``bucket`` from 1.

        Those of all of these are :data:`WHOLE`, and those between the first two borders :data:`BEFORE`: both from
        ``whole``, which are fewer. Where nothing was there is no row.
        """
        where = Where()
        detail = bool(names)
        kept = self._parts(where, resource, sums, names, whole, (borders[0], borders[-1]), detail=detail)
        cut = self._parts(where, resource, sums, names, pieces, borders[1:], detail=detail)
        begin, edges = where.parameter(borders[1]), where.parameter(list(borders[1:]))
        return await self.session.fetch(
            f"SELECT CASE WHEN at < {begin}::timestamptz THEN {BEFORE} ELSE {WHOLE} END AS bucket, {_summed(sums)} "
            f"FROM ({kept}) AS parts GROUP BY 1 "
            f"UNION ALL SELECT width_bucket(at, {edges}::timestamptz[]) AS bucket, {_summed(sums)} "
            f"FROM ({cut}) AS parts GROUP BY 1",
            *where.args,
        )

    async def breakdown(
        self,
        resource: str,
        sums: Sequence[str],
        names: Names,
        pieces: Sequence[Piece],
        borders: Sequence[datetime],
        by: Sequence[str],
    ) -> list[Row]:
        """The sums by ``by``, the greatest first, at most :data:`MAXIMUM_BREAKDOWN`."""
        where = Where()
        parts = self._parts(where, resource, sums, names, pieces, borders, detail=True)
        keys = ", ".join(by)
        order = f"ORDER BY sum(count) DESC, {keys}"
        # Only the greatest are summed in full: most of the work is adding up durations.
        return await self.session.fetch(
            f"WITH parts AS MATERIALIZED ({parts}), greatest AS (SELECT {keys} FROM parts GROUP BY {keys} "
            f"HAVING sum(count) > 0 {order} LIMIT {MAXIMUM_BREAKDOWN}) "
            f"SELECT {keys}, {_summed(sums)} FROM parts JOIN greatest USING ({keys}) GROUP BY {keys} {order}",
            *where.args,
        )

    async def agents(
        self, sums: Sequence[str], pieces: Sequence[Piece], borders: Sequence[datetime], query: ListQuery
    ) -> list[Row]:
        """The sums of each agent that ``query`` asks for, and that did or was told something."""
        where = Where()
        parts = self._parts(where, "agent", sums, {}, pieces, borders, detail=True)
        where.add("a.workspace_uuid = $1 AND a.uuid::text = summed.subject")
        if query.search:
            where.add("strpos(lower(a.name), lower({})) > 0", query.search)
        if query.created_after:
            where.add("a.created_at > {}", query.created_after)
        if query.created_before:
            where.add("a.created_at < {}", query.created_before)
        return await self.session.fetch(
            f"SELECT a.uuid, {', '.join(f'summed.{name}' for name in (*sums, 'latency'))} "
            f"FROM (SELECT subject, {_summed(sums)} FROM ({parts}) AS parts GROUP BY 1) AS summed, agents AS a "
            f"WHERE {where.sql}",
            *where.args,
        )

    def _parts(
        self,
        where: Where,
        resource: str,
        sums: Sequence[str],
        names: Names,
        pieces: Sequence[Piece],
        borders: Sequence[datetime],
        *,
        detail: bool,
    ) -> str:
        """The rows that are to be summed: the folded ones of ``pieces``, and the others between ``borders``."""
        place = where.parameter
        workspace, kind = place(self.workspace_uuid), place(resource)
        spans, begins, ends = (place([piece[n] for piece in pieces]) for n in range(3))
        first, last = place(borders[0]), place(borders[-1])
        given = "".join(f" AND {{row}}.{name} = {place(value)}" for name, value in names.items())
        # Totals are kept without names.
        kept = given if detail else "".join(f" AND {{row}}.{name} = ''" for name in NAMES)
        columns = ", ".join(f"{{row}}.{name}" for name in ("at", *NAMES, *sums, "latency"))
        return f"""
            SELECT {columns.format(row="r")}
            -- SELECT hides how many pieces there are, so that one plan serves all; OFFSET keeps it a look into the
            -- index for each.
            FROM unnest((SELECT {spans}::text[]), (SELECT {begins}::timestamptz[]), (SELECT {ends}::timestamptz[]))
                AS piece (span, begins, ends)
            CROSS JOIN LATERAL (
                SELECT * FROM metric_rollups AS r WHERE r.workspace_uuid = {workspace} AND r.resource = {kind}
                AND r.facet = '{"detail" if detail else "total"}' AND r.span = piece.span
                AND r.at >= piece.begins AND r.at < piece.ends{kept.format(row="r")} OFFSET 0
            ) AS r
            UNION ALL
            SELECT {columns.format(row="d")} FROM metric_deltas AS d
            WHERE d.workspace_uuid = {workspace} AND d.resource = {kind} AND d.at >= {first} AND d.at < {last}
                {given.format(row="d")}
        """


def _summed(sums: Sequence[str]) -> str:
    """The sums, as plain numbers: decimals would take the driver longer than all the rest of a row."""
    return ", ".join([*map(_sum, sums), "sparsevec_send(sum(latency::vector)::sparsevec) AS latency"])


def _sum(name: str) -> str:
    if name in COUNTS:
        return f"sum({name})::bigint AS {name}"
    return f"least(sum({name}), {_GREATEST})::{'float8' if name == 'cost' else 'bigint'} AS {name}"


class MeasuredWorkspaces(Rows):
    """The workspaces that a user is in with one of some roles, from outside of any."""

    table = workspaces
    hidden = frozenset({"oidc_issuer", "oidc_organization"})

    def __init__(self, session: Session, user_uuid: UUID, roles: Sequence[str], only: UUID | None) -> None:
        super().__init__(session)
        self.user_uuid = user_uuid
        self.roles = list(roles)
        self.only = only

    def within(self, where: Where) -> None:
        """The user's, or the one that a token is bound to."""
        where.add(
            "EXISTS (SELECT FROM workspace_members AS own WHERE own.workspace_uuid = workspaces.uuid "
            "AND own.user_uuid = {} AND own.role = ANY({}))",
            self.user_uuid,
            self.roles,
        )
        if self.only is not None:
            where.add("workspaces.uuid = {}", self.only)

    async def counts(
        self, uuids: Sequence[UUID], resources: Sequence[str], pieces: Sequence[Piece], borders: Sequence[datetime]
    ) -> list[Row]:
        """What was counted of each of ``resources`` between each two ``borders``, in each workspace."""
        arguments: list[Any] = [
            list(uuids),
            self.roles,
            list(resources),
            *([piece[n] for piece in pieces] for n in range(3)),
            list(borders),
        ]
        return await self.session.fetch(
            "SELECT * FROM athena_workspaces_metrics($1, $2, $3, $4, $5, $6, $7)", *arguments
        )

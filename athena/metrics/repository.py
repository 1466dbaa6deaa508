"""All SQL of metrics. What was folded and what was not yet is summed in one statement, so that nothing counts twice."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from athena.kit.access import WorkspaceId
from athena.kit.db import Row, Session
from athena.kit.pagination import ListQuery
from athena.kit.reach import Reach
from athena.kit.repository import Repository, Rows, Where
from athena.metrics.buckets import Period, Piece, Span, pieces
from athena.metrics.models import COUNTS, NAMES, metric_rollups
from athena.workspaces.models import workspaces

MAXIMUM_BREAKDOWN = 20
OF_AGENTS = frozenset({"agent", "message", "thread"})
"""Resources whose ``subject`` is an agent."""
WHOLE = -1
"""The bucket of a whole period."""
BEFORE = -2
"""The bucket of the period before."""

_GREATEST = 2**63 - 1
_AT = "SELECT extract(epoch FROM parts.at)::bigint AS at"

Names = Mapping[str, str]
"""What is asked for among ``subject``, ``role`` and ``model``."""
Figures = tuple[Any, ...]
"""What was counted, in the order asked for; at last the durations, as :mod:`athena.metrics.latency` reads them.

A cost is text, so that it stays exact until all of it is added up.
"""


class MetricRepository(Repository):
    """The rollups and deltas of one workspace."""

    table = metric_rollups

    def __init__(self, session: Session, workspace_uuid: WorkspaceId, reach: Reach | None) -> None:
        """``reach`` as agents have it."""
        super().__init__(session, workspace_uuid)
        self._reach = reach

    async def series(
        self, resource: str, sums: Sequence[str], names: Names, period: Period, spans: Sequence[Span], now: datetime
    ) -> Mapping[int, Figures]:
        """The sums of each bucket of ``period``, from 1, and of :data:`WHOLE` and :data:`BEFORE`.

        Where nothing was there are none. The latter two come from spans of their own, which are fewer;
        of the period before only the count is summed.
        """
        where, borders = Where(), period.borders
        before, whole = (pieces(borders_of, spans, now) for borders_of in (borders[:2], (period.begin, period.end)))
        # Most buckets of an hour or a day are one stored span, which needs no sum.
        stored = pieces(borders[1:], spans, now)
        alike = [piece for piece in stored if piece.span == period.interval]
        others = [piece for piece in stored if piece.span != period.interval]
        seen = self._seen(where, resource, by_agent="subject" in names)
        of = _Of(where, self.workspace_uuid, resource, sums, names, seen, detail=bool(names))
        earlier = f"{of.stored(before)} UNION ALL {of.waiting(period.before, period.begin)}"
        waiting = of.waiting(period.begin, period.end)
        all_of_it = f"{of.stored(whole)} UNION ALL {waiting}"
        cut = [
            f"SELECT {BEFORE} AS at, {_counted(sums)} FROM ({earlier}) AS parts",
            f"SELECT {WHOLE} AS at, {_summed(sums)} FROM ({all_of_it}) AS parts HAVING count(*) > 0",
            f"{_AT}, {_summed(sums)} FROM ({waiting}) AS parts GROUP BY parts.at",
        ]
        if alike:
            cut.append(f"{_AT}, {_plain(sums)} FROM ({of.stored(alike)}) AS parts")
        if others:
            edges = where.parameter(list(borders[1:]))
            bucket = f"({edges}::timestamptz[])[width_bucket(at, {edges}::timestamptz[])]"
            cut.append(
                f"{_AT}, {_summed(sums)} FROM (SELECT {bucket} AS at, {', '.join((*sums, 'latency'))} "
                f"FROM ({of.stored(others)}) AS parts) AS parts GROUP BY parts.at"
            )
        # One row of lists: the driver takes far longer for hundreds of short rows.
        lists = ", ".join(f"array_agg({name}) AS {name}" for name in ("at", *sums, "latency"))
        [row] = await self.session.fetch(f"SELECT {lists} FROM ({' UNION ALL '.join(cut)}) AS cut", *where.args)
        return _by_bucket(row, period.seconds)

    async def breakdown(
        self,
        resource: str,
        sums: Sequence[str],
        names: Names,
        stored: Sequence[Piece],
        borders: Sequence[datetime],
        by: Sequence[str],
    ) -> list[Row]:
        """The sums by ``by``, the greatest first, at most :data:`MAXIMUM_BREAKDOWN`.

        Before them stands ``name``: what the agent is called that did it, null where there is none.
        """
        where = Where()
        seen = self._seen(where, resource, by_agent="subject" in by or "subject" in names)
        of = _Of(where, self.workspace_uuid, resource, sums, names, seen, detail=True)
        keys = ", ".join(by)
        added = ", ".join(f"sum({name}) AS {name}" for name in sums)
        name = "NULL"
        if resource in {"agent", "thread"}:
            name = (
                f"(SELECT a.name FROM agents AS a WHERE a.workspace_uuid = {where.parameter(self.workspace_uuid)} "
                "AND a.uuid = nullif(greatest.subject, '')::uuid)"
            )
        parts = f"{of.stored(stored)} UNION ALL {of.waiting(borders[0], borders[-1])}"
        # What is told of the sums is made of the greatest alone.
        return await self.session.fetch(
            f"SELECT {keys}, {name} AS name, {_plain(sums)} "
            f"FROM (SELECT {keys}, {added}, sum(latency::vector) AS latency FROM ({parts}) AS parts GROUP BY {keys} "
            f"HAVING sum(count) > 0 ORDER BY sum(count) DESC, {keys} LIMIT {MAXIMUM_BREAKDOWN}) AS greatest "
            f"ORDER BY greatest.count DESC, {keys}",
            *where.args,
        )

    async def agents(
        self, sums: Sequence[str], stored: Sequence[Piece], borders: Sequence[datetime], query: ListQuery
    ) -> list[Row]:
        """The sums of each agent that ``query`` asks for, and that did or was told something."""
        where = Where()
        of = _Of(where, self.workspace_uuid, "agent", sums, {}, "", detail=True)
        parts = f"{of.stored(stored)} UNION ALL {of.waiting(borders[0], borders[-1])}"
        where.add("a.workspace_uuid = $1 AND a.uuid::text = summed.subject")
        if self._reach is not None:
            where.add(self._reach.sees(where.parameter, "a"))
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

    def _seen(self, where: Where, resource: str, *, by_agent: bool) -> str:
        """The condition of rows of agents that exist for the caller, and of those that are not there any more."""
        if self._reach is None or not by_agent or resource not in OF_AGENTS:
            return ""
        sees = self._reach.sees(where.parameter).replace("{", "{{").replace("}", "}}")
        return (
            " AND {row}.subject NOT IN (SELECT uuid::text FROM agents "
            f"WHERE workspace_uuid = {where.parameter(self.workspace_uuid)} AND visibility = 'private' "
            f"AND {sees} IS NOT TRUE)"
        )


class _Of:
    """The rows of one number of a workspace: what was folded, and what waits for it."""

    def __init__(
        self,
        where: Where,
        workspace_uuid: UUID,
        resource: str,
        sums: Sequence[str],
        names: Names,
        seen: str,
        *,
        detail: bool,
    ) -> None:
        self._where = where
        workspace, kind = where.parameter(workspace_uuid), where.parameter(resource)
        self._facet = "detail" if detail else "total"
        given = "".join(f" AND {{row}}.{name} = {where.parameter(value)}" for name, value in names.items())
        self._given = f"{{row}}.workspace_uuid = {workspace} AND {{row}}.resource = {kind}{given}{seen}"
        # Totals are kept without names.
        self._unnamed = "" if detail else "".join(f" AND r.{name} = ''" for name in NAMES)
        self._columns = ", ".join(f"{{row}}.{name}" for name in ("at", *NAMES, *sums, "latency"))

    def stored(self, pieces: Sequence[Piece]) -> str:
        """The rows of ``pieces``."""
        spans, begins, ends = (self._where.parameter([piece[n] for piece in pieces]) for n in range(3))
        return f"""
            SELECT {self._columns.format(row="r")}
            -- SELECT hides how many pieces there are, so that one plan serves all; OFFSET keeps it a look into the
            -- index for each.
            FROM unnest((SELECT {spans}::text[]), (SELECT {begins}::timestamptz[]), (SELECT {ends}::timestamptz[]))
                AS piece (span, begins, ends)
            CROSS JOIN LATERAL (
                SELECT * FROM metric_rollups AS r WHERE {self._given.format(row="r")}{self._unnamed}
                AND r.facet = '{self._facet}' AND r.span = piece.span
                AND r.at >= piece.begins AND r.at < piece.ends OFFSET 0
            ) AS r
        """

    def waiting(self, begin: datetime, end: datetime) -> str:
        """The rows from ``begin`` to ``end`` that are not folded yet."""
        first, last = self._where.parameter(begin), self._where.parameter(end)
        return f"""
            SELECT {self._columns.format(row="d")} FROM metric_deltas AS d
            WHERE {self._given.format(row="d")} AND d.at >= {first} AND d.at < {last}
        """


def _by_bucket(lists: Row, starts: Mapping[int, int]) -> Mapping[int, Figures]:
    """What was sent, by the bucket that it lies in; ``starts`` are the buckets' begins, with their numbers."""
    at, *rows = lists
    ordered = tuple(starts)
    found: dict[int, Figures] = {}
    for second, sums in zip(at, zip(*rows, strict=True), strict=True):
        bucket = second if second < 0 else starts.get(second) or bisect_right(ordered, second)
        found[bucket] = _added(found[bucket], sums) if bucket in found else sums
    return found


def _added(one: Figures, other: Sequence[Any]) -> Figures:
    """The sums of two rows; their durations stand one after the other."""
    numbers = (_plus(first, second) for first, second in zip(one[:-1], other[:-1], strict=True))
    return (*numbers, (one[-1] or b"") + (other[-1] or b"") or None)


def _plus(one: int | str, other: int | str) -> int | str:
    if isinstance(one, str):
        return str(min(Decimal(one) + Decimal(other), _GREATEST))
    return min(one + int(other), _GREATEST)


def _summed(sums: Sequence[str]) -> str:
    """The sums as :data:`Figures`: decimals would take the driver longer than all the rest of a row."""
    added = (f"sum({name})::bigint AS {name}" if name in COUNTS else _number(name, f"sum({name})") for name in sums)
    return ", ".join([*added, "sparsevec_send(sum(latency::vector)::sparsevec) AS latency"])


def _counted(sums: Sequence[str]) -> str:
    """The count alone, as :data:`Figures`."""
    nothing = {"count": "coalesce(sum(count), 0)::bigint", "cost": "'0'::text"}
    return ", ".join([*(f"{nothing.get(name, '0::bigint')} AS {name}" for name in sums), "NULL::bytea AS latency"])


def _plain(sums: Sequence[str]) -> str:
    """What is summed already, as :data:`Figures`."""
    numbers = (f"{name}::bigint AS {name}" if name in COUNTS else _number(name, name) for name in sums)
    return ", ".join([*numbers, "sparsevec_send(latency::sparsevec) AS latency"])


def _number(name: str, value: str) -> str:
    return f"least({value}, {_GREATEST})::{'text' if name == 'cost' else 'bigint'} AS {name}"


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
        self, uuids: Sequence[UUID], resources: Sequence[str], stored: Sequence[Piece], borders: Sequence[datetime]
    ) -> list[Row]:
        """What was counted of each of ``resources`` in each workspace: ``counts`` between the two ``borders`` that
        ``buckets`` name from 1, where there was something.
        """
        arguments: list[Any] = [
            list(uuids),
            self.roles,
            list(resources),
            *([piece[n] for piece in stored] for n in range(3)),
            list(borders),
        ]
        return await self.session.fetch(
            "SELECT workspace_uuid, resource, array_agg(bucket) AS buckets, array_agg(count::bigint) AS counts "
            "FROM athena_workspaces_metrics($1, $2, $3, $4, $5, $6, $7) GROUP BY 1, 2",
            *arguments,
        )

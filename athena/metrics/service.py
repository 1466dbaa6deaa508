"""The rules of metrics: what each number counts, and how it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from athena.kit import clock
from athena.kit.access import Access, Identity
from athena.kit.db import Row, Session
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.kit.routing import dumps
from athena.metrics.buckets import DETAILS, TOTALS, Period, pieces
from athena.metrics.latency import counts, percentiles
from athena.metrics.repository import BEFORE, WHOLE, MeasuredWorkspaces, MetricRepository, Names
from athena.permissions import ROLE_PERMISSIONS, Permission

PERCENTILES = (0.5, 0.95, 0.99)
MAXIMUM_BUCKETS_OF_WORKSPACES = 100
REMEMBERED = 5_000
"""Of how many rows a process keeps what is told of them: time that has passed is asked for again and again."""

WORKSPACES = ListOptions(
    sortable={"created_at": "created_at", "updated_at": "updated_at", "name": "name", "slug": "slug"},
    searchable=("name", "slug", "description"),
    filters={"slug": str, "name": str},
)

_USED = ("input_tokens", "output_tokens", "cost", "measured", "duration_ms")
_ENDED = ("succeeded", "failed", "cancelled")


class Sums:
    """What was counted, added up by the database; nothing, without a row."""

    __slots__ = ("_row",)

    def __init__(self, row: Mapping[str, Any] | Row | None = None) -> None:
        self._row = row

    def __getitem__(self, name: str) -> int:
        return self._row[name] if self._row is not None else 0

    @property
    def cost(self) -> float:
        """US dollars."""
        return float(self._row["cost"]) if self._row is not None else 0.0

    def durations(self, shares: Sequence[float]) -> Sequence[int | None]:
        """What each share of what was counted took at most, to the place on the scale."""
        return percentiles(counts(self._row["latency"] if self._row is not None else None), shares)

    def percentiles(self) -> dict[str, int | None]:
        """How long it took."""
        return dict(zip(("p50", "p95", "p99"), self.durations(PERCENTILES), strict=True))

    def used(self) -> dict[str, Any]:
        """Tokens, cost and latency."""
        return {**self.tokens_and_cost(), "latency_ms": self.percentiles()}

    def tokens_and_cost(self) -> dict[str, Any]:
        """Tokens and cost."""
        tokens = {"input": self["input_tokens"], "output": self["output_tokens"]}
        return {"tokens": tokens, "cost": self.cost}

    def statuses(self) -> dict[str, Any]:
        """How many ended how."""
        return {"statuses": {name: self[name] for name in _ENDED}}

    def spent(self) -> dict[str, Any]:
        """Durations and cost of executions."""
        average = round(self["duration_ms"] / self["measured"]) if self["measured"] else None
        return {"duration_ms": {"average": average, **self.percentiles()}, "cost": self.cost}


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A number: which rollups it comes from, what is told beside it, and by what it is broken down."""

    resource: str
    sums: Sequence[str]
    by: Sequence[str]
    figures: Callable[[Sums], Mapping[str, Any]]


THREADS = Kind("thread", ("count",), ("subject",), lambda _: {})
MESSAGES = Kind("message", ("count", *_USED), ("role", "model"), Sums.used)
AGENTS = Kind("agent", ("count", *_ENDED, *_USED), ("subject",), lambda sums: {**sums.used(), **sums.statuses()})
WORKFLOWS = Kind("workflow", ("count", *_ENDED, *_USED), ("subject",), lambda sums: {**sums.used(), **sums.statuses()})
EXECUTIONS = Kind(
    "workflow", ("count", *_ENDED, *_USED), ("subject",), lambda sums: {**sums.spent(), **sums.statuses()}
)
OF_WORKSPACES: Mapping[str, str] = {
    "agents": "agent",
    "threads": "thread",
    "messages": "message",
    "workflow_executions": "workflow",
}


@lru_cache(REMEMBERED)
def _figures(kind: Kind, sums: tuple[Any, ...] | None) -> tuple[int, Mapping[str, Any]]:
    """What is told of the sums of a row: its value, and what stands beside it."""
    found = Sums() if sums is None else Sums(dict(zip((*kind.sums, "latency"), sums, strict=True)))
    return found["count"], kind.figures(found)


@lru_cache(REMEMBERED)
def _bucket(kind: Kind, sums: tuple[Any, ...] | None) -> str:
    """The end of a bucket's JSON, after its time."""
    value, told = _figures.__wrapped__(kind, sums)
    return dumps({"value": value, **told}).decode()[1:]


class MetricService:
    """The metrics of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._metrics = MetricRepository(session, access.workspace_uuid, access.reach)

    async def get(
        self, kind: Kind, period: Period, *, subject: UUID | None = None, **names: str | None
    ) -> dict[str, Any]:
        """A number in a period, narrowed by ``names``, with its series and breakdown."""
        given: dict[str, str] = {name: value for name, value in names.items() if value is not None}
        if subject is not None:
            given["subject"] = str(subject)
        return {
            **await self._over_time(kind, period, given),
            "breakdown": await self._breakdown(kind, period, given),
        }

    async def _over_time(self, kind: Kind, period: Period, names: Names) -> dict[str, Any]:
        found = await self._metrics.series(
            kind.resource, kind.sums, names, period, DETAILS if names else TOTALS, clock.now()
        )
        total, figures = _figures(kind, found.get(WHOLE))
        previous, _ = _figures(kind, found.get(BEFORE))
        series = ",".join(
            f'{{"at":"{at}",{_bucket(kind, found.get(number))}' for number, at in enumerate(period.shown, 1)
        )
        return {
            **show_period(period),
            **show_totals(total, previous),
            **figures,
            "series": orjson.Fragment(f"[{series}]"),
        }

    async def _breakdown(self, kind: Kind, period: Period, names: Names) -> list[dict[str, Any]]:
        borders = (period.begin, period.end)
        stored = pieces(borders, DETAILS, clock.now())
        rows = await self._metrics.breakdown(kind.resource, kind.sums, names, stored, borders, kind.by)
        items: list[dict[str, Any]] = []
        for row in rows:
            value, told = _figures(kind, row[len(kind.by) + 1 :])
            items.append({**_label(kind, row), "value": value, **told})
        return items


def _label(kind: Kind, row: Row) -> dict[str, Any]:
    """What tells the rows of a breakdown apart."""
    if kind is MESSAGES:
        return {"role": row["role"], "model": row["model"] or None}
    subject = row["subject"] or None
    if kind in {WORKFLOWS, EXECUTIONS}:
        return {"workflow_uuid": subject}
    return {"agent_uuid": subject, "name": row["name"]}


class WorkspaceMetricService:
    """The metrics of all workspaces that a user may see them of."""

    def __init__(self, session: Session, identity: Identity) -> None:
        roles = [role.value for role, permissions in ROLE_PERMISSIONS.items() if Permission.METRICS_VIEW in permissions]
        self._workspaces = MeasuredWorkspaces(session, identity.user_uuid, roles, identity.bound_to)

    async def page(self, query: ListQuery, period: Period) -> tuple[RowPage, list[dict[str, Any]]]:
        """One page of workspaces with their numbers."""
        page = await self._workspaces.page(query)
        borders = period.borders
        stored = pieces(borders, TOTALS, clock.now())
        uuids = [row["uuid"] for row in page.rows]
        rows = await self._workspaces.counts(uuids, list(OF_WORKSPACES.values()), stored, borders)
        counted = {
            (row["workspace_uuid"], row["resource"]): dict(zip(row["buckets"], row["counts"], strict=True))
            for row in rows
        }
        return page, [_show_workspace(row, period, counted) for row in page.rows]


def _show_workspace(row: Row, period: Period, counted: Mapping[tuple[UUID, str], Mapping[int, int]]) -> dict[str, Any]:
    shown: dict[str, Any] = {name: row[name] for name in ("uuid", "name", "slug")} | show_period(period)
    for name, resource in OF_WORKSPACES.items():
        found = counted.get((row["uuid"], resource), {})
        before, *values = (found.get(number, 0) for number in range(1, len(period.starts) + 2))
        shown[name] = {
            **show_totals(sum(values), before),
            "series": [{"at": at, "value": value} for at, value in zip(period.shown, values, strict=True)],
        }
    return shown


def show_period(period: Period) -> dict[str, Any]:
    """What was asked for."""
    return {
        "from": clock.rfc3339(period.begin),
        "to": clock.rfc3339(period.end),
        "interval": period.interval,
        "timezone": period.timezone,
    }


def show_totals(total: int, previous: int) -> dict[str, Any]:
    """A total beside that of the period before."""
    change = round((total - previous) / previous, 4) if previous else None
    return {"total": total, "previous_total": previous, "change": change}

"""The order of agents by score, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from athena.agents.service import AgentService
from athena.evaluations.service import EvaluationService
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Session
from athena.kit.pagination import ListOptions, ListQuery, RowPage, SortKey, cut
from athena.metrics.buckets import DETAILS, EARLIEST, down, pieces, up
from athena.metrics.repository import MetricRepository
from athena.metrics.schemas import LeaderboardPeriod
from athena.metrics.score import score
from athena.metrics.service import REMEMBERED, Sums

_SORTABLE = ("score", "runs", "success_rate", "rating", "tokens", "cost", "p50_latency_ms", "p95_latency_ms")
_SUMS = ("count", "succeeded", "failed", "likes", "dislikes", "input_tokens", "output_tokens", "cost")
_DAYS = {"week": 7, "month": 30, "quarter": 90, "year": 365}

LIST = ListOptions(
    sortable={name: name for name in _SORTABLE},
    searchable=("name",),
    filters={"period": LeaderboardPeriod},
    default_sort="-score",
)

Item = dict[str, Any]


class LeaderboardService:
    """The agents of the caller's workspace, compared."""

    def __init__(self, session: Session, access: Access) -> None:
        self._agents = AgentService(session, access)
        self._evaluations = EvaluationService(session, access)
        self._metrics = MetricRepository(session, access.workspace_uuid, access.reach)

    async def page(self, query: ListQuery) -> tuple[RowPage, list[Item]]:
        """One page of agents with their figures; those that did nothing in the period are left out."""
        period: LeaderboardPeriod = query.filters.get("period", "month")
        now = clock.now()
        begin, end = begin_of(period, now), up(now, "quarter")
        rows = await self._metrics.agents(_SUMS, pieces((begin, end), DETAILS, now), (begin, end), query)
        told = {"period": period, "from": None if period == "all" else clock.rfc3339(begin)}
        items: list[Item] = [{"uuid": row["uuid"], **_figures(row[1:]), **told} for row in rows]
        _order(items, [SortKey("score", descending=True)])
        for rank, item in enumerate(items, 1):
            item["rank"] = rank
        _order(items, query.sort)
        page, shown = cut(query, items)
        agents = await self._agents.by_ids([item["uuid"] for item in shown])
        evaluations = await self._evaluations.newest_of(list(agents))
        return page, [
            {
                "agent": agents[item["uuid"]],
                **{name: value for name, value in item.items() if name != "uuid"},
                "evaluation": _evaluation(evaluations.get(item["uuid"])),
            }
            for item in shown
            if item["uuid"] in agents
        ]


def begin_of(period: LeaderboardPeriod, now: datetime) -> datetime:
    """Where a period begins that ends now: 24 hours ago to the quarter, or at the begin of a day of UTC."""
    if period == "all":
        return EARLIEST
    if period == "day":
        return down(now - timedelta(days=1), "quarter")
    return down(now, "day") - timedelta(days=_DAYS[period] - 1)


def _evaluation(evaluation: Item | None) -> Item | None:
    """What the leaderboard shows of an agent's newest evaluation."""
    if evaluation is None:
        return None
    told = {name: evaluation[name] for name in ("uuid", "agent_version", "finished_at")}
    return {**told, **{name: evaluation["summary"][name] for name in ("score", "pass_rate")}}


@lru_cache(REMEMBERED)
def _figures(row: tuple[Any, ...]) -> Item:
    sums = Sums(dict(zip((*_SUMS, "latency"), row, strict=True)))
    succeeded, failed, likes, dislikes = (sums[name] for name in ("succeeded", "failed", "likes", "dislikes"))
    low, high = score(succeeded=succeeded, failed=failed, likes=likes, dislikes=dislikes)
    p50, p95 = sums.durations((0.5, 0.95))
    return {
        "runs": sums["count"],
        "success_rate": round(succeeded / (succeeded + failed), 4) if succeeded + failed else None,
        "rating": round((likes - dislikes) / (likes + dislikes), 4) if likes + dislikes else None,
        "ratings": likes + dislikes,
        **sums.tokens_and_cost(),
        "p50_latency_ms": p50,
        "p95_latency_ms": p95,
        "score": round(low, 4),
        "score_interval": {"low": round(low, 4), "high": round(high, 4)},
    }


def _order(items: list[Item], keys: Sequence[SortKey]) -> None:
    """Sorts by ``keys``, the first being the most important one; what has no value comes last."""
    for key in reversed(keys):
        items.sort(key=lambda item, name=key.column: _rankable(item[name]), reverse=key.descending)
        items.sort(key=lambda item, name=key.column: item[name] is None)


def _rankable(value: Any) -> Any:
    if isinstance(value, dict):
        return sum(cast("dict[str, int]", value).values())
    return 0 if value is None else value

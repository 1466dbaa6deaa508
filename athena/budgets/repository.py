"""All SQL of budgets: what they are, what was spent of them, and what is set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from athena.budgets.models import budgets
from athena.kit.db import Row, Session
from athena.kit.reached import ReachedRepository

ABANDONED = 200
"""Reservations that are released in one turn."""

_FACTS = """b.uuid AS budget_uuid, b.name, b.scope_type, b.period, b.timezone, b.limit_cost, b.limit_tokens,
    b.soft_limit, b.on_soft, b.model, b.account_uuid"""

# $1 workspace, $2 budgets, $3 the begins of their periods.
_WANTED = f"""
    SELECT {_FACTS}, w.starts_at FROM unnest($2::uuid[], $3::timestamptz[]) AS w (budget_uuid, starts_at)
    JOIN budgets AS b ON b.workspace_uuid = $1 AND b.uuid = w.budget_uuid
"""

# Rows are locked in the order of the budgets' ids, so that two calls never wait for each other in a circle. A conflict
# sees the row as it was committed last, whenever the statement began. $8 cost, $9 tokens.
_RESERVE = f"""
WITH wanted AS MATERIALIZED ({_WANTED}),
held AS (
    INSERT INTO budget_reservations
        (workspace_uuid, uuid, created_at, run_uuid, key, budget_uuids, starts_at, cost, tokens)
    SELECT $1, $4, $5, $6, $7, array_agg(budget_uuid ORDER BY budget_uuid), array_agg(starts_at ORDER BY budget_uuid),
        $8, $9 FROM wanted HAVING count(*) > 0
    ON CONFLICT (workspace_uuid, run_uuid, key) DO NOTHING RETURNING uuid
),
taken AS (
    INSERT INTO budget_periods AS p (workspace_uuid, budget_uuid, starts_at, reserved_cost, reserved_tokens)
    SELECT $1, budget_uuid, starts_at, $8, $9 FROM wanted
    WHERE EXISTS (SELECT FROM held) AND ($8 <= limit_cost) IS NOT FALSE AND ($9 <= limit_tokens) IS NOT FALSE
    ORDER BY budget_uuid
    ON CONFLICT (workspace_uuid, budget_uuid, starts_at) DO UPDATE
    SET reserved_cost = p.reserved_cost + $8, reserved_tokens = p.reserved_tokens + $9
    WHERE (
        SELECT (p.used_cost + p.reserved_cost < w.limit_cost) IS NOT FALSE
            AND (p.used_cost + p.reserved_cost + $8 <= w.limit_cost) IS NOT FALSE
            AND (p.used_tokens + p.reserved_tokens < w.limit_tokens) IS NOT FALSE
            AND (p.used_tokens + p.reserved_tokens + $9 <= w.limit_tokens) IS NOT FALSE
        FROM wanted AS w WHERE w.budget_uuid = p.budget_uuid
    )
    RETURNING p.budget_uuid, p.used_cost, p.used_tokens, p.reserved_cost, p.reserved_tokens, p.warned_at, p.exhausted_at
)
SELECT wanted.*, t.used_cost, t.used_tokens, t.reserved_cost, t.reserved_tokens, t.warned_at, t.exhausted_at,
    t.budget_uuid IS NOT NULL AS taken, EXISTS (SELECT FROM held) AS is_new
FROM wanted LEFT JOIN taken AS t USING (budget_uuid) ORDER BY budget_uuid
"""

# $3 cost, $4 tokens. A budget that was deleted meanwhile has no row any more.
_SETTLE = f"""
WITH gone AS (
    DELETE FROM budget_reservations WHERE workspace_uuid = $1 AND uuid = $2
    RETURNING budget_uuids, starts_at, cost, tokens
),
locked AS MATERIALIZED (
    SELECT p.budget_uuid, p.starts_at, gone.cost, gone.tokens
    FROM gone, unnest(gone.budget_uuids, gone.starts_at) AS place (budget_uuid, starts_at)
    JOIN budget_periods AS p
        ON p.workspace_uuid = $1 AND p.budget_uuid = place.budget_uuid AND p.starts_at = place.starts_at
    ORDER BY p.budget_uuid FOR NO KEY UPDATE OF p
)
UPDATE budget_periods AS p
SET used_cost = p.used_cost + $3, used_tokens = p.used_tokens + $4,
    reserved_cost = p.reserved_cost - locked.cost, reserved_tokens = p.reserved_tokens - locked.tokens
FROM locked JOIN budgets AS b ON b.workspace_uuid = $1 AND b.uuid = locked.budget_uuid
WHERE p.workspace_uuid = $1 AND p.budget_uuid = locked.budget_uuid AND p.starts_at = locked.starts_at
RETURNING {_FACTS}, p.starts_at, p.used_cost, p.used_tokens, p.reserved_cost, p.reserved_tokens, p.exhausted_at
"""


class BudgetRepository(ReachedRepository):
    """The budgets of one workspace, but those of agents that do not exist for the caller."""

    table = budgets
    recorded = "budget"

    async def count(self) -> int:
        """How many there are."""
        return await self.session.value("SELECT count(*) FROM budgets WHERE workspace_uuid = $1", self.workspace_uuid)

    async def scope_exists(self, scope_type: str, uuid: UUID) -> bool:
        """Whether the workspace has such a member, token, agent or workflow."""
        places: Mapping[str, str] = {
            "user": "workspace_members WHERE workspace_uuid = $1 AND user_uuid = $2",
            # Row-level security leaves the caller's own, and those of the workspace.
            "token": "tokens WHERE (workspace_uuid = $1 OR workspace_uuid IS NULL) AND uuid = $2",
            "agent": "agents WHERE workspace_uuid = $1 AND uuid = $2",
            "workflow": "workflows WHERE workspace_uuid = $1 AND uuid = $2",
        }
        return await self.session.value(f"SELECT EXISTS (SELECT FROM {places[scope_type]})", self.workspace_uuid, uuid)

    async def of_agents(self, uuids: Sequence[UUID]) -> list[Row]:
        """The budgets of agents, those of shorter periods first."""
        return await self.session.fetch(
            f"SELECT {self.columns} FROM budgets WHERE workspace_uuid = $1 AND agent_uuid = ANY($2::uuid[]) "
            "ORDER BY period, uuid",
            self.workspace_uuid,
            list(uuids),
        )

    async def spent(self, uuid: UUID, begin: datetime, end: datetime) -> list[Row]:
        """What was spent of a budget in the periods that began from ``begin`` to ``end``, inclusive."""
        return await self.session.fetch(
            "SELECT starts_at, used_cost, used_tokens FROM budget_periods "
            "WHERE workspace_uuid = $1 AND budget_uuid = $2 AND starts_at BETWEEN $3 AND $4",
            self.workspace_uuid,
            uuid,
            begin,
            end,
        )


class SpendingRepository:
    """What is spent of a workspace's budgets. Rows hold the budget's facts and the sums of one of its periods."""

    def __init__(self, session: Session, workspace_uuid: UUID) -> None:
        self.session = session
        self.workspace_uuid = workspace_uuid

    async def budgets(self) -> list[Row]:
        """Of all budgets what never changes."""
        return await self.session.fetch(
            "SELECT uuid, scope_type, scope_uuid, period, timezone FROM budgets "
            "WHERE workspace_uuid = $1 ORDER BY uuid",
            self.workspace_uuid,
        )

    async def states(self, places: Mapping[UUID, datetime]) -> list[Row]:
        """Of budgets, the sums of the periods that begin then."""
        return await self.session.fetch(
            f"""
            WITH wanted AS MATERIALIZED ({_WANTED})
            SELECT wanted.*, coalesce(p.used_cost, 0) AS used_cost, coalesce(p.used_tokens, 0) AS used_tokens,
                coalesce(p.reserved_cost, 0) AS reserved_cost, coalesce(p.reserved_tokens, 0) AS reserved_tokens,
                p.warned_at, p.exhausted_at
            FROM wanted LEFT JOIN budget_periods AS p ON p.workspace_uuid = $1 AND p.budget_uuid = wanted.budget_uuid
                AND p.starts_at = wanted.starts_at
            ORDER BY budget_uuid
            """,
            self.workspace_uuid,
            list(places),
            list(places.values()),
        )

    async def reserve(
        self, places: Mapping[UUID, datetime], held: tuple[UUID, datetime, UUID, str], cost: Decimal, tokens: int
    ) -> list[Row]:
        """Sets aside in each period; ``held`` is the reservation's uuid, time, run and key.

        In each row ``taken`` says whether there was room, and ``is_new`` whether there was no reservation of that key
        yet: unless all of them are true, the transaction must not be committed.
        """
        return await self.session.fetch(
            _RESERVE, self.workspace_uuid, list(places), list(places.values()), *held, cost, tokens
        )

    async def held(self, run_uuid: UUID, key: str) -> Row | None:
        """The reservation of that key."""
        return await self.session.fetch_one(
            "SELECT uuid, budget_uuids, starts_at FROM budget_reservations "
            "WHERE workspace_uuid = $1 AND run_uuid = $2 AND key = $3",
            self.workspace_uuid,
            run_uuid,
            key,
        )

    async def settle(self, uuid: UUID, cost: Decimal, tokens: int) -> list[Row]:
        """Puts what was spent in the place of what was set aside; nothing where that is done already."""
        return await self.session.fetch(_SETTLE, self.workspace_uuid, uuid, cost, tokens)

    async def first(self, mark: str, rows: Sequence[Row], now: datetime) -> frozenset[UUID]:
        """Marks the rows' periods as ``warned`` or ``exhausted``; the budgets of those that were not before."""
        marked = await self.session.fetch(
            f"""
            INSERT INTO budget_periods AS p (workspace_uuid, budget_uuid, starts_at, {mark}_at)
            SELECT $1, budget_uuid, starts_at, $4 FROM unnest($2::uuid[], $3::timestamptz[])
                AS given (budget_uuid, starts_at) ORDER BY budget_uuid
            ON CONFLICT (workspace_uuid, budget_uuid, starts_at) DO UPDATE SET {mark}_at = $4
            WHERE p.{mark}_at IS NULL RETURNING budget_uuid
            """,
            self.workspace_uuid,
            [row["budget_uuid"] for row in rows],
            [row["starts_at"] for row in rows],
            now,
        )
        return frozenset(row["budget_uuid"] for row in marked)


async def abandoned(session: Session, now: datetime, patience: timedelta) -> list[Row]:
    """Reservations of runs that have ended, and of no run that are older than ``patience``; in a system session."""
    return await session.fetch(
        f"""
        SELECT r.workspace_uuid, r.uuid FROM budget_reservations AS r
        LEFT JOIN runs ON runs.workspace_uuid = r.workspace_uuid AND runs.uuid = r.run_uuid
        WHERE runs.finished_at IS NOT NULL OR (runs.uuid IS NULL AND r.created_at < $1)
        LIMIT {ABANDONED}
        """,
        now - patience,
    )

"""Spending within budgets: what a call may cost is set aside before it, and what it did cost is put in its place.

    reservation = await reserve(database, spender, "turn:3", cost, tokens)   # BudgetExhausted: do not call
    …the call…
    await settle(session, reservation, cost, tokens)                         # with what the call gave

A crash in between loses nothing: whoever reserves under the same key again gets the same reservation, and what a run
leaves is released once it has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from athena.budgets.known import KnownBudget, KnownBudgets
from athena.budgets.periods import period_at
from athena.budgets.repository import SpendingRepository
from athena.budgets.state import is_full, is_soft, refusal, warning
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Database, Row, Scope, Session
from athena.kit.errors import BudgetExhausted, Conflict
from athena.kit.ids import new_uuid

TRIES: Final = 5
"""How often a reservation is tried while what it depends on is being deleted."""
DIGITS: Final = 12
"""Digits after the point of a dollar that are kept."""
PASSING: Final = frozenset({"reference_conflict", "concurrent_change"})


@dataclass(frozen=True, slots=True)
class Spender:
    """On whose and on what's account something is spent; what is not known is ``None``."""

    workspace_uuid: UUID
    user_uuid: UUID | None = None
    token_uuid: UUID | None = None
    agent_uuid: UUID | None = None
    workflow_uuid: UUID | None = None
    run_uuid: UUID | None = None

    @classmethod
    def of(cls, access: Access) -> Spender:
        """Who calls, and the agent in whose run."""
        return cls(access.workspace_uuid, access.user_uuid, access.token_uuid, agent_uuid=access.agent_uuid)

    def falls_under(self, budget: KnownBudget) -> bool:
        """Whether what it spends counts against ``budget``."""
        match budget.scope_type:
            case "workspace":
                return True
            case "user":
                return budget.scope_uuid == self.user_uuid
            case "token":
                return budget.scope_uuid == self.token_uuid
            case "agent":
                return budget.scope_uuid == self.agent_uuid
            case _:
                return budget.scope_uuid == self.workflow_uuid


@dataclass(frozen=True, slots=True)
class Soft:
    """That soft limits are reached."""

    warnings: tuple[str, ...]
    """A sentence for each of the budgets."""
    model: str | None = None
    """The model to ask in place of the one that was meant; ``None``: none of the budgets says so."""
    account_uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is set aside for one call."""

    workspace_uuid: UUID
    uuid: UUID | None = None
    """``None``: no budget applies."""
    soft: Soft | None = None


async def applies(database: Database, spender: Spender) -> bool:
    """Whether any budget applies; where nobody has one, a look into the process's memory."""
    async with database.session(Scope(spender.workspace_uuid)) as session:
        return bool(await _places(session, spender, clock.now()))


async def check(session: Session, spender: Spender) -> None:
    """:class:`BudgetExhausted` when a call would be refused whatever it costs.

    No query where no budget applies, else one.
    """
    places = await _places(session, spender, clock.now())
    if places:
        rows = await SpendingRepository(session, spender.workspace_uuid).states(places)
        _refuse([row for row in rows if is_full(row)])


async def reserve(database: Database, spender: Spender, key: str, cost: float, tokens: int) -> Reservation:
    """Sets aside what a call may cost at most, in all budgets that apply or in none.

    In a transaction of its own, of one statement; none where no budget applies. ``key`` names the call within its run:
    the same key gives the same reservation until that is settled. :class:`BudgetExhausted` where there is no room.
    """
    amount = _dollars(cost)
    for attempt in range(TRIES):
        try:
            found = await _reserve(database, spender, key, amount, tokens)
        except Conflict as error:
            # A budget, or the reservation, went in this very moment.
            if error.error_code not in PASSING or attempt == TRIES - 1:
                raise
            found = None
        if found is not None:
            return found
        database.provided(KnownBudgets).forget(spender.workspace_uuid)
    raise Conflict("The call's reservation changes hands; try again.", code="concurrent_change")


async def settle(session: Session, reservation: Reservation, cost: float, tokens: int) -> None:
    """Puts what a call has cost in the place of what was set aside; once, however often it is called.

    In the caller's transaction, as its last part: budgets that others wait for are locked from then on.
    """
    if reservation.uuid is None:
        return
    spending = SpendingRepository(session, reservation.workspace_uuid)
    rows = await spending.settle(reservation.uuid, _dollars(cost), tokens)
    await _note(spending, "exhausted", [row for row in rows if is_full(row, reserved=False)])


async def release(database: Database, reservation: Reservation) -> None:
    """Gives back what was set aside for a call that has cost nothing."""
    if reservation.uuid is not None:
        async with database.session(Scope(reservation.workspace_uuid)) as session:
            await settle(session, reservation, 0.0, 0)


async def _places(session: Session, spender: Spender, now: datetime) -> Mapping[UUID, datetime]:
    """The budgets that apply, with the begins of their present periods."""
    known = await session.provided(KnownBudgets).of(session, spender.workspace_uuid)
    return {
        budget.uuid: period_at(budget.period, budget.timezone, now).starts_at
        for budget in known
        if spender.falls_under(budget)
    }


async def _reserve(database: Database, spender: Spender, key: str, cost: Decimal, tokens: int) -> Reservation | None:
    """``None``: the key's reservation was there, and is not there any more."""
    now = clock.now()
    async with database.session(Scope(spender.workspace_uuid)) as session:
        places = await _places(session, spender, now)
        if not places:
            return Reservation(spender.workspace_uuid)
        spending = SpendingRepository(session, spender.workspace_uuid)
        uuid = new_uuid()
        run_uuid = spender.run_uuid or uuid
        rows = await spending.reserve(places, (uuid, now, run_uuid, key), cost, tokens)
        if not rows:
            return Reservation(spender.workspace_uuid)
        if all(row["taken"] for row in rows):
            return Reservation(spender.workspace_uuid, uuid, await _soft(spending, rows))
        await session.rollback()
        if not rows[0]["is_new"]:
            return await _held(spending, run_uuid, key)
        refused = {row["budget_uuid"] for row in rows if not row["taken"]}
        present = [row for row in await spending.states(places) if row["budget_uuid"] in refused]
        await _note(spending, "exhausted", present)
    _refuse(present, cost, tokens)
    return None


async def _held(spending: SpendingRepository, run_uuid: UUID, key: str) -> Reservation | None:
    """The reservation that was made under this key before."""
    row = await spending.held(run_uuid, key)
    if row is None:
        return None
    rows = await spending.states(dict(zip(row["budget_uuids"], row["starts_at"], strict=True)))
    return Reservation(spending.workspace_uuid, row["uuid"], await _soft(spending, rows))


async def _soft(spending: SpendingRepository, rows: Sequence[Row]) -> Soft | None:
    reached = [row for row in rows if is_soft(row)]
    if not reached:
        return None
    await _note(spending, "warned", reached)
    instead = next((row for row in reached if row["on_soft"] == "use_model" and row["model"]), None)
    return Soft(
        tuple(warning(row) for row in reached),
        None if instead is None else instead["model"],
        None if instead is None else instead["account_uuid"],
    )


async def _note(spending: SpendingRepository, mark: str, rows: Sequence[Row]) -> None:
    """Has the log of changes, and through it webhooks, tell once in a period that a limit was reached."""
    news = [row for row in rows if row[f"{mark}_at"] is None]
    if not news:
        return
    first = await spending.first(mark, news, clock.now())
    for row in news:
        if row["budget_uuid"] in first:
            details = {
                "scope_type": row["scope_type"],
                "period": row["period"],
                "period_started_at": clock.rfc3339(row["starts_at"]),
                "used_cost": float(row["used_cost"]),
                "used_tokens": row["used_tokens"],
            }
            spending.session.record(
                "budget.warning" if mark == "warned" else "budget.exhausted",
                "budget",
                row["budget_uuid"],
                details,
                workspace_uuid=spending.workspace_uuid,
            )


def _refuse(rows: Sequence[Row], cost: Decimal | None = None, tokens: int = 0) -> None:
    if rows:
        raise BudgetExhausted(refusal(rows[0], cost, tokens))


def _dollars(cost: float) -> Decimal:
    return Decimal(f"{max(cost, 0.0):.{DIGITS}f}")

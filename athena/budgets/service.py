"""The rules of budgets: for whom they can be, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zlib import crc32

from athena.accounts.service import AccountService
from athena.budgets.known import KnownBudgets
from athena.budgets.periods import Period, period_at, periods_between
from athena.budgets.repository import BudgetRepository, SpendingRepository
from athena.budgets.schemas import BudgetCreate, BudgetUpdate, ScopeType, amounts
from athena.budgets.state import remaining, status_of
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound, ValidationFailed
from athena.kit.ids import new_uuid
from athena.kit.pagination import ListOptions, ListQuery, RowPage
from athena.users import service as users

MOST: Final = 500
RELATIONS = ("creator",)
MOST_PERIODS: Final = 400
SHOWN_PERIODS: Final = 30
EARLIEST: Final = datetime.fromisoformat("1970-01-02T00:00:00Z")
LATEST: Final = datetime.fromisoformat("2200-01-01T00:00:00Z")
UNSPENT: Final = {"used_cost": Decimal(0), "used_tokens": 0, "reserved_cost": Decimal(0), "reserved_tokens": 0}
STANDING: Final = ("used", "reserved", "period_started_at")
CHANGED: Final = ("limit_cost", "limit_tokens", "soft_limit", "on_soft", "model")

LIST = ListOptions(
    sortable={"created_at": "uuid", "updated_at": "updated_at", "name": "name"},
    searchable=("name",),
    filters={"scope_type": ScopeType, "scope_uuid": UUID, "period": str, "name": str, "creator_uuid": UUID},
    relations=RELATIONS,
)


class BudgetService:
    """The budgets of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._budgets = BudgetRepository(session, access.workspace_uuid, access.reach)

    async def page(self, query: ListQuery) -> RowPage:
        """One page of budgets."""
        return await self._budgets.page(query)

    async def get(self, uuid: UUID) -> Row:
        """One budget; :class:`athena.kit.errors.NotFound` when there is none."""
        return await self._budgets.get(uuid)

    async def create(self, given: BudgetCreate) -> Row:
        """Stores a new budget of the caller."""
        if given.timezone not in clock.known_zones():
            raise ValidationFailed.of("timezone", "There is no such time zone; give a name such as Europe/Berlin.")
        if (given.scope_uuid is None) != (given.scope_type == "workspace"):
            raise ValidationFailed.of("scope_uuid", "The workspace's budget has none, and every other one has one.")
        values = {name: getattr(given, name) for name in CHANGED}
        _check(values)
        await self._check_account(given.account_uuid)
        if given.scope_uuid is not None and not await self._budgets.scope_exists(given.scope_type, given.scope_uuid):
            raise NotFound(f"The {given.scope_type} does not exist in this workspace.")
        if await self._budgets.count() >= MOST:
            raise Conflict(f"A workspace has at most {MOST} budgets.", code="budget_limit")
        scope = {} if given.scope_uuid is None else {f"{given.scope_type}_uuid": given.scope_uuid}
        row = await self._budgets.insert(
            {
                "uuid": new_uuid(),
                "name": given.name,
                "scope_type": given.scope_type,
                **scope,
                "period": given.period,
                "timezone": given.timezone,
                **_stored(values),
                "account_uuid": given.account_uuid,
                "creator_uuid": self._access.user_uuid,
            }
        )
        self._forget()
        return row

    async def update(self, uuid: UUID, given: BudgetUpdate, revision: int | None) -> Row:
        """Changes what ``given`` names."""
        changes = given.changes()
        # Locked, or two changes that are good by themselves could leave a budget without a limit.
        row = await self._budgets.locked(uuid)
        _check({name: changes.get(name, row[name]) for name in CHANGED})
        await self._check_account(changes.get("account_uuid"))
        return await self._budgets.update(uuid, _stored(changes), revision)

    async def delete(self, uuid: UUID, revision: int | None) -> None:
        """Deletes a budget with what it knows of former periods. Calls under way are made."""
        await self._budgets.delete(uuid, revision)
        self._forget()

    async def of_agents(self, uuids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        """The budgets of agents as the API shows them, those of shorter periods first; two queries for all."""
        found: dict[UUID, list[dict[str, Any]]] = {uuid: [] for uuid in uuids}
        rows = await self._budgets.of_agents(uuids) if uuids else []
        for row, item in zip(rows, await self.show(rows, frozenset()), strict=True):
            found[row["agent_uuid"]].append(item)
        return found

    async def usage(self, uuid: UUID, begin: datetime | None, end: datetime | None) -> dict[str, Any]:
        """What was spent of a budget in the periods of a time; left out, the last 30 up to now."""
        row = await self._budgets.get(uuid)
        periods = _periods(row, begin, end)
        rows = await self._budgets.spent(uuid, periods[0].starts_at, periods[-1].starts_at)
        spent = {each["starts_at"]: (each["used_cost"], each["used_tokens"]) for each in rows}
        series = [(period, *spent.get(period.starts_at, (Decimal(0), 0))) for period in periods]
        return {
            "total": amounts(sum(cost for _, cost, _ in series), sum(tokens for *_, tokens in series)),
            "series": [
                {
                    "starts_at": clock.rfc3339(period.starts_at),
                    "ends_at": clock.rfc3339_or_none(period.ends_at),
                    "used": amounts(cost, tokens),
                }
                for period, cost, tokens in series
            ],
        }

    async def show(self, rows: Sequence[Row], relations: frozenset[str]) -> list[dict[str, Any]]:
        """Rows as the API shows them, with how they stand and with the relations that were asked for."""
        now = clock.now()
        periods = {row["uuid"]: period_at(row["period"], row["timezone"], now) for row in rows}
        spending = SpendingRepository(self._session, self._access.workspace_uuid)
        starts = {uuid: period.starts_at for uuid, period in periods.items()}
        states = {each["budget_uuid"]: each for each in (await spending.states(starts) if starts else ())}
        items = [present(row, periods[row["uuid"]], {**UNSPENT, **row, **states.get(row["uuid"], {})}) for row in rows]
        if "creator" in relations:
            found = await users.by_ids(self._session, [row["creator_uuid"] for row in rows if row["creator_uuid"]])
            for item, row in zip(items, rows, strict=True):
                item["creator"] = found.get(row["creator_uuid"])
        return items

    async def _check_account(self, uuid: UUID | None) -> None:
        if uuid is not None:
            await AccountService(self._session, self._access).get(uuid)

    def _forget(self) -> None:
        known, workspace_uuid = self._session.provided(KnownBudgets), self._access.workspace_uuid
        self._session.after_commit(lambda: known.forget(workspace_uuid))


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of what was given."""
    cost = values.get("limit_cost")
    return {**values, "limit_cost": Decimal(str(cost))} if cost is not None else dict(values)


def _check(values: Mapping[str, Any]) -> None:
    """Refuses what says nothing: a budget without a limit, or a model that nobody would ever ask."""
    if values["limit_cost"] is None and values["limit_tokens"] is None:
        raise ValidationFailed.of("limit_cost", "A budget has a limit_cost, limit_tokens, or both.")
    if values["on_soft"] == "use_model":
        for name in ("model", "soft_limit"):
            if values[name] is None:
                raise ValidationFailed.of(name, "With on_soft use_model, name the model and the soft_limit.")


def _periods(row: Row, begin: datetime | None, end: datetime | None) -> Sequence[Period]:
    for name, moment in (("from", begin), ("to", end)):
        if moment is not None and not EARLIEST <= moment <= LATEST:
            raise ValidationFailed.of(name, "Give a time between the years 1970 and 2200.")
    end = end or clock.now()
    if begin is None:
        days = {"day": 1, "month": 30.5}.get(row["period"], 1)
        begin = max(EARLIEST, end - timedelta(days=days * (SHOWN_PERIODS - 1)))
    if begin >= end:
        raise ValidationFailed.of("to", "The end must come after the begin.")
    found: list[Period] = []
    for period in periods_between(row["period"], row["timezone"], begin, end):
        if len(found) == MOST_PERIODS:
            raise ValidationFailed.of("from", f"These are more than {MOST_PERIODS} periods; take a shorter time.")
        found.append(period)
    return found


def present(row: Row, period: Period, state: Mapping[str, Any]) -> dict[str, Any]:
    """A budget as the API shows it, without relations; ``state`` holds its limits and the sums of ``period``."""
    return {
        "uuid": str(row["uuid"]),
        "created_at": clock.rfc3339(row["created_at"]),
        "updated_at": clock.rfc3339(row["updated_at"]),
        "name": row["name"],
        "scope_type": row["scope_type"],
        "scope_uuid": None if row["scope_type"] == "workspace" else row["scope_uuid"],
        "period": row["period"],
        "timezone": row["timezone"],
        "limit_cost": _number(row["limit_cost"]),
        **{name: row[name] for name in ("limit_tokens", "soft_limit", "on_soft", "model", "account_uuid")},
        "status": status_of(state),
        "used": amounts(state["used_cost"], state["used_tokens"]),
        "reserved": amounts(state["reserved_cost"], state["reserved_tokens"]),
        "remaining": {"cost": _number(remaining(state, "cost")), "tokens": remaining(state, "tokens")},
        "period_started_at": clock.rfc3339(period.starts_at),
        "resets_at": clock.rfc3339_or_none(period.ends_at),
        "creator": None,
    }


def tag_of(item: Mapping[str, Any]) -> str:
    """Stands for how a shown budget stands: the same as long as nothing is spent."""
    return f"{crc32(repr([item[name] for name in STANDING]).encode()):08x}"


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)

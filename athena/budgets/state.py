"""How a budget stands: what is left, whether its limits are reached, and how that is said. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from athena.budgets.periods import period_at
from athena.kit.clock import rfc3339
from athena.kit.db import Row

Status = Literal["ok", "warning", "exhausted"]
State = Row | Mapping[str, Any]
"""A budget's limits, and the sums of one of its periods, by the names of their columns."""
UNITS = ("cost", "tokens")


def is_full(state: State, *, reserved: bool = True) -> bool:
    """Whether nothing is left of a limit, or with ``reserved=False``, whether all of it is used."""
    return any(
        state[f"limit_{unit}"] is not None
        and state[f"used_{unit}"] + (state[f"reserved_{unit}"] if reserved else 0) >= state[f"limit_{unit}"]
        for unit in UNITS
    )


def is_soft(state: State) -> bool:
    """Whether what is used and set aside is past the soft limit."""
    if state["soft_limit"] is None:
        return False
    part = Decimal(str(state["soft_limit"]))
    return any(
        state[f"limit_{unit}"] is not None and _taken(state, unit) > part * state[f"limit_{unit}"] for unit in UNITS
    )


def status_of(state: State) -> Status:
    """In one word."""
    return "exhausted" if is_full(state) else "warning" if is_soft(state) else "ok"


def remaining(state: State, unit: str) -> Any:
    """What is neither used nor set aside; ``None`` without a limit."""
    limit = state[f"limit_{unit}"]
    return None if limit is None else max(limit - _taken(state, unit), 0)


def refusal(state: State, cost: Decimal | None = None, tokens: int = 0) -> str:
    """Why a call is refused that may take this much; ``None``: any."""
    asked = "" if cost is None else f"; the call may take {_amounts(state, {'cost': cost, 'tokens': tokens})}"
    end = period_at(state["period"], state["timezone"], state["starts_at"]).ends_at
    anew = "" if end is None else f" It begins anew at {rfc3339(end)}."
    return f"The budget {_named(state)} is exhausted: {_told(state)}{asked}.{anew}"


def warning(state: State) -> str:
    """That the soft limit is reached."""
    return f"The budget {_named(state)} has passed {state['soft_limit'] * 100:g} % of its limit: {_told(state)}."


def _named(state: State) -> str:
    period = "in total" if state["period"] == "total" else f"per {state['period']}"
    return f"{state['name']} ({state['scope_type']}, {period})"


def _told(state: State) -> str:
    used = _amounts(state, {unit: state[f"used_{unit}"] for unit in UNITS})
    limits = _amounts(state, {unit: state[f"limit_{unit}"] for unit in UNITS})
    held = _amounts(state, {unit: state[f"reserved_{unit}"] for unit in UNITS})
    return f"of {limits}, {used} are used and {held} set aside"


def _amounts(state: State, amounts: Mapping[str, Any]) -> str:
    """The amounts that have a limit."""
    words = {"cost": "US dollars", "tokens": "tokens"}
    shown = [f"{_plain(amounts[unit])} {words[unit]}" for unit in UNITS if state[f"limit_{unit}"] is not None]
    return " and ".join(shown)


def _plain(number: Decimal | int) -> str:
    return f"{Decimal(number).normalize():f}"


def _taken(state: State, unit: str) -> Any:
    return state[f"used_{unit}"] + state[f"reserved_{unit}"]

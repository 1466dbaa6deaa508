"""Setting aside what a call of a model may cost, and paying what it did cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from athena.budgets.estimates import estimate
from athena.budgets.spending import Reservation, Spender, applies, reserve, settle
from athena.kit.db import Database, Session
from athena.large_language_models.service import ResolvedModel
from athena.llm.types import ModelRequest


async def set_aside(
    database: Database, spender: Spender, key: str, model: ResolvedModel, request: ModelRequest
) -> Reservation | None:
    """Before a call; ``None``, without a query, where no budget applies. ``key`` is as :func:`reserve` has it.

    :class:`athena.kit.errors.BudgetExhausted` when there is no room for it.
    """
    if not await applies(database, spender):
        return None
    expected = await estimate(model, request)
    return await reserve(database, spender, key, expected.cost, expected.tokens)


async def pay(session: Session, reservation: Reservation, usage: Mapping[str, Any] | None) -> None:
    """After it, as the last part of the transaction that keeps its result; ``None``: it has cost nothing.

    ``usage`` holds ``input_tokens``, ``output_tokens`` and ``cost``, which may be ``None``.
    """
    cost = usage["cost"] or 0.0 if usage else 0.0
    tokens = usage["input_tokens"] + usage["output_tokens"] if usage else 0
    await settle(session, reservation, cost, tokens)

"""Setting aside what a call of a model may cost, and paying what it did cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from athena.accounts.service import Connections
from athena.budgets.estimates import estimate
from athena.budgets.spending import Reservation, Spender, applies, release, reserve, settle
from athena.kit.access import WorkspaceId
from athena.kit.db import Database, Session
from athena.large_language_models.service import ResolvedModel, resolve
from athena.large_language_models.usage import cost_of
from athena.llm import tokens
from athena.llm.types import ModelRequest, Usage


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


@dataclass(frozen=True, slots=True)
class TextsPayment:
    """What is set aside for texts that are sent to an embedding model."""

    database: Database
    model: ResolvedModel
    expected: int
    reservation: Reservation

    async def pay(self, session: Session, read: int | None) -> None:
        """As :func:`pay`; ``read`` are the tokens that the provider tells, if it does."""
        usage = Usage(self.expected if read is None else read, 0)
        cost = await cost_of(self.model, usage)
        await settle(session, self.reservation, float(cost or 0), usage.input_tokens)

    async def release(self) -> None:
        """As :func:`athena.budgets.spending.release`."""
        await release(self.database, self.reservation)


async def set_aside_for_texts(
    session: Session, spender: Spender, model: str, account_uuid: UUID, texts: Sequence[str]
) -> TextsPayment | None:
    """As :func:`set_aside`, before texts are sent to an embedding model. Commits what ``session`` has begun."""
    database = session.database
    if not await applies(database, spender):
        return None
    connections, workspace_uuid = session.provided(Connections), WorkspaceId(spender.workspace_uuid)
    found = await resolve(session, connections, workspace_uuid, model=model, account_uuid=account_uuid)
    await session.commit()
    expected = sum(map(tokens.estimate, texts))
    cost = await cost_of(found, Usage(expected, 0))
    reservation = await reserve(database, spender, "embed", float(cost or 0), expected)
    return TextsPayment(database, found, expected, reservation)

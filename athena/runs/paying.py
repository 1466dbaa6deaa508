"""What a run spends on models, within the budgets that apply to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from athena.budgets import calls
from athena.budgets.spending import Reservation, Soft, Spender
from athena.engine import RunContext
from athena.kit.db import Database, Scope
from athena.large_language_models.service import ResolvedModel
from athena.llm.types import ModelRequest


def spender_of(run: RunContext) -> Spender:
    """On whose account a run spends."""
    given = run.input
    return Spender(
        run.workspace_uuid,
        user_uuid=_uuid(given["user_uuid"]),
        token_uuid=_uuid(given.get("token_uuid")),
        agent_uuid=_uuid(given["agent_uuid"]),
        workflow_uuid=_uuid(given.get("paid_by_workflow_uuid")),
        run_uuid=run.run_uuid,
    )


@dataclass(slots=True)
class Payer:
    """Sets aside what calls may cost, and puts what they did cost in its place."""

    run: RunContext
    database: Database

    async def set_aside(self, key: str, model: ResolvedModel, request: ModelRequest) -> Reservation | None:
        """Before a call; ``None`` where no budget applies. :class:`BudgetExhausted` when there is no room for it.

        ``key`` names the call within its run, and is the same for its repetition after a crash.
        """
        spender = spender_of(self.run)
        reservation = await self.run.patiently(lambda: calls.set_aside(self.database, spender, key, model, request))
        if reservation is not None and reservation.soft is not None:
            self.run.emit("budget.warned", _warned(self.run, reservation.soft))
        return reservation

    async def pay(self, reservation: Reservation | None, usage: Mapping[str, Any] | None) -> None:
        """After a call whose result is kept nowhere; ``None``: it has cost nothing."""
        if reservation is None:
            return

        async def once() -> None:
            async with self.database.session(Scope(self.run.workspace_uuid)) as session:
                await calls.pay(session, reservation, usage)

        await self.run.patiently(once)


def _warned(run: RunContext, soft: Soft) -> dict[str, Any]:
    about = {"message_uuid": run.input["message_uuid"]}
    return {**about, "warnings": list(soft.warnings), "model": soft.model}


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None

"""Asking a model: where it is served, what its answers took, and whether the budgets leave room for them."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import msgspec

from athena.accounts.service import Connections
from athena.budgets.calls import pay, set_aside
from athena.budgets.spending import Reservation, Soft, Spender, release
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Session
from athena.large_language_models.service import ResolvedModel, resolve
from athena.large_language_models.usage import charged, usage_of, used
from athena.llm.errors import ModelError
from athena.llm.types import Completed, ModelRequest
from athena.node_types.base import EffectCall, NodeFailed, Usage
from athena.node_types.failures import patient

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Payer:
    """Who pays for a model's answers, and by which name the budgets know these calls."""

    database: Database
    workspace_uuid: WorkspaceId
    spender: Spender
    key: str
    """The same for a repetition after a crash."""
    session: Callable[[], Session]

    @classmethod
    def of(cls, call: EffectCall) -> Payer:
        """Who pays for a node's call."""
        return cls(call.database, call.access.workspace_uuid, call.spender, call.idempotency_key, call.session)

    @classmethod
    def caller(cls, session: Session, access: Access) -> Payer:
        """Who asks for something outside of any run pays for it."""
        database = session.database
        spender = Spender(access.workspace_uuid, access.user_uuid, access.token_uuid)
        return cls(database, access.workspace_uuid, spender, "request", lambda: database.session(access.scope))

    async def in_transaction(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """What ``work`` gives in a transaction of the workspace; see :func:`athena.node_types.failures.patient`."""

        async def once() -> T:
            async with self.session() as session:
                return await work(session)

        return await patient(once)


class Model:
    """A model that a node asks, once or several times. :meth:`found` makes one."""

    def __init__(self, connections: Connections, resolved: ResolvedModel, seconds: float, payer: Payer) -> None:
        self.usage = Usage()
        """What all answers so far took."""
        self._connections = connections
        self._resolved = resolved
        self._seconds = seconds
        self._payer = payer
        self._asked = 0

    @classmethod
    async def found(cls, call: EffectCall, name: str | None, account_uuid: UUID | None) -> Model:
        """The model of this name, as the workspace's accounts offer it; :class:`NodeFailed` when none does."""
        connections = call.database.provided(Connections)
        payer = Payer.of(call)
        resolved = await payer.in_transaction(
            lambda session: resolve(session, connections, payer.workspace_uuid, model=name, account_uuid=account_uuid)
        )
        return cls(connections, resolved, call.seconds, payer)

    @property
    def name(self) -> str:
        """Of the model that was asked last: past a soft limit of a budget it is another one than was meant."""
        return self._resolved.model_id

    async def ask(self, request: ModelRequest) -> Completed:
        """The model's answer; :class:`athena.llm.errors.ModelError` when there is none.

        :class:`NodeFailed` ``budget_exhausted`` when a budget has no room for it.
        """
        reservation = await self._reserve(request)
        if reservation is not None and reservation.soft is not None:
            await self._use_cheaper(reservation.soft)
        timeout = min(self._resolved.endpoint.timeout, self._seconds)
        endpoint = dataclasses.replace(self._resolved.endpoint, timeout=timeout)
        asked = msgspec.structs.replace(request, model=self.name)
        try:
            completed = await self._connections.models.complete(endpoint, asked)
        except ModelError:
            if reservation is not None:
                await patient(lambda: release(self._payer.database, reservation))
            raise
        usage, _ = used(asked, completed)
        taken = usage_of(usage, await charged(self._resolved, usage))
        self.usage += Usage(usage.input_tokens, usage.output_tokens, taken["cost"] or 0.0)
        if reservation is not None:
            await self._payer.in_transaction(lambda session: pay(session, reservation, taken))
        return completed

    async def _reserve(self, request: ModelRequest) -> Reservation | None:
        """What is set aside for the answer; ``None`` where no budget applies."""
        payer = self._payer
        self._asked += 1
        key = f"{payer.key}:{self._asked}"
        try:
            return await patient(lambda: set_aside(payer.database, payer.spender, key, self._resolved, request))
        except NodeFailed as error:
            error.usage = self.usage
            raise

    async def _use_cheaper(self, soft: Soft) -> None:
        """Asks the model from now on that the budget names. Where nobody offers it, the one that was meant goes on."""
        if soft.model is None:
            return
        with contextlib.suppress(NodeFailed):
            self._resolved = await self._payer.in_transaction(
                lambda session: resolve(
                    session,
                    self._connections,
                    self._payer.workspace_uuid,
                    model=soft.model,
                    account_uuid=soft.account_uuid,
                )
            )

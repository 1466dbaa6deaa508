"""One call of a model within a run's step: its retries, the models that stand in for it, and what it took."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Self
from uuid import UUID

import msgspec

from athena.accounts.service import Connections
from athena.agents.schemas import Cause
from athena.budgets.spending import Reservation
from athena.engine import RunContext
from athena.guardrails.stages import Decision, Refused
from athena.kit.access import WorkspaceId
from athena.kit.db import Database, Scope
from athena.kit.errors import AthenaError, BudgetExhausted, Unavailable
from athena.large_language_models.service import ResolvedModel, resolve
from athena.large_language_models.usage import charged, usage_of, used
from athena.llm.errors import ErrorKind, ModelError, retry_delay
from athena.llm.types import Completed, FinishReason, ModelRequest, TextDelta, Usage
from athena.runs.circuit_breaker import CircuitBreaker
from athena.runs.looking_ahead import LookingAhead
from athena.runs.paying import Payer
from athena.runs.prompt import Prompt
from athena.runs.resolved_models import ResolvedModels
from athena.runs.speech import Speech

DATABASE_PAUSE_SECONDS: Final = 0.5
CAUSES: Final[Mapping[ErrorKind, Cause]] = {
    ErrorKind.RATE_LIMITED: "rate_limit",
    ErrorKind.QUOTA: "rate_limit",
    ErrorKind.CONTEXT_TOO_LONG: "context_too_long",
    ErrorKind.REFUSED: "refusal",
}
"""What a failure is to those who stand in; all others are errors."""
OWN_FAULT: Final = frozenset({ErrorKind.INVALID_REQUEST, ErrorKind.CONTEXT_TOO_LONG, ErrorKind.REFUSED})
"""Failures that say nothing of how well the model's server is."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may answer, and what it stands in for."""

    model: str | None
    account_uuid: str | None
    causes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """One of an agent's ``fallback_models``."""
        return cls(given["model"], given["account_uuid"], frozenset(given["causes"]))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said, and what that took."""

    model: str
    completed: Completed
    usage: Usage
    cost: Decimal | None
    is_estimate: bool
    duration_ms: int
    refused: Decision | None = None
    """Why nothing of it may be shown."""
    reservation: Reservation | None = None
    """What was set aside for it, to be settled with its result."""

    @property
    def record(self) -> dict[str, Any]:
        """As it is kept in the log for the run's next turns."""
        completed = self.completed
        return {
            "text": completed.text,
            "tool_calls": [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in completed.tool_calls],
            "opaque": completed.opaque,
            "model": self.model,
            "finish_reason": completed.finish_reason.value,
            "usage": usage_of(self.usage, self.cost),
            "is_estimate": self.is_estimate,
            "duration_ms": self.duration_ms,
        }


class CallFailed(Exception):
    """No model answered. ``code`` is stable, the text for the user."""

    def __init__(self, code: str, message: str, cause: Cause = "error", kind: ErrorKind | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.cause: Cause = cause
        self.kind = kind

    @classmethod
    def of(cls, error: AthenaError | ModelError) -> Self:
        """What a failed call or a model that cannot be reached means."""
        if isinstance(error, ModelError):
            return cls(error.kind.value, str(error), CAUSES.get(error.kind, "error"), error.kind)
        return cls(error.error_code, error.detail)


@dataclass(frozen=True, slots=True)
class ModelCalls:
    """What calls of models need of their process."""

    database: Database
    connections: Connections
    resolved: ResolvedModels
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    ahead: LookingAhead = field(default_factory=LookingAhead)

    async def answer(
        self,
        run: RunContext,
        key: str,
        candidates: Sequence[Candidate],
        prompt: Prompt,
        speech: Speech,
        *,
        attempt: int,
        is_void: bool,
    ) -> Answer:
        """The answer of the first candidate, or of one that stands in; :class:`CallFailed` when there is none.

        ``key`` and ``attempt`` are the step's; ``is_void``: whether what was shown of this turn before is void.
        """
        latest = asyncio.get_running_loop().time() + self.connections.timeout
        call = _Call(self, run, key, prompt, speech, attempt, latest, is_void)
        left = self._ready(run, candidates)
        while True:
            candidate, *left = left
            # Who could stand in is asked at once, rather than the same model again.
            alone = not any({"error", "rate_limit"} & each.causes for each in left)
            try:
                return await call.ask(candidate, retry=alone, refusable=_refusable(left))
            except CallFailed as failed:
                left = [each for each in left if failed.cause in each.causes]
                if not left:
                    raise
                run.emit("model.fallback", call.told(candidate, left[0], failed))

    def look_ahead(self, run: RunContext, candidates: Sequence[Candidate]) -> None:
        """Looks for the model that :meth:`answer` will ask first; see :class:`LookingAhead`."""
        candidate = self._ready(run, candidates)[0]
        self.ahead.begin(run.run_uuid, candidate, self.found(run, candidate.model, candidate.account_uuid))

    async def beside(
        self, run: RunContext, key: str, model: str | None, account_uuid: str | UUID | None, request: ModelRequest
    ) -> tuple[Completed, dict[str, Any]]:
        """An answer that nobody is shown, and what it took; :class:`ModelError` or :class:`AthenaError` without one.

        ``request`` names no model; ``key`` names the call within its run.
        """
        resolved = await self.found(run, model, account_uuid)
        asked = msgspec.structs.replace(request, model=resolved.model_id)
        payer = Payer(run, self.database)
        reservation = await payer.set_aside(key, resolved, asked)
        try:
            completed = await self.connections.models.complete(resolved.endpoint, asked)
        except ModelError:
            await payer.pay(reservation, None)
            raise
        usage, _ = used(asked, completed)
        taken = usage_of(usage, await charged(resolved, usage))
        await payer.pay(reservation, taken)
        return completed, taken

    async def found(self, run: RunContext, model: str | None, account_uuid: str | UUID | None) -> ResolvedModel:
        """The way to a model; while the database is away, the run only pauses."""
        while True:
            try:
                async with self.database.session(Scope(run.workspace_uuid)) as session:
                    return await resolve(
                        session,
                        self.connections,
                        WorkspaceId(run.workspace_uuid),
                        model=model,
                        account_uuid=UUID(str(account_uuid)) if account_uuid else None,
                    )
            except Unavailable:
                await asyncio.sleep(DATABASE_PAUSE_SECONDS)

    def _ready(self, run: RunContext, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The candidates without those that just failed again and again, as long as there is another."""
        ready = list(candidates)
        while len(ready) > 1 and self.breaker.is_open(_circuit(run.workspace_uuid, ready[0])):
            following = [each for each in ready[1:] if "error" in each.causes]
            if not following:
                break
            ready = following
        return ready


def _unheard(speech: Speech) -> Completed:
    """An answer that was not listened to up to its end."""
    return Completed(text=speech.heard, finish_reason=FinishReason.CONTENT_FILTER)


def _accepted(completed: Completed, *, refusable: bool) -> Completed:
    """The answer, unless the model refused and another one could be asked."""
    if refusable and completed.finish_reason is FinishReason.CONTENT_FILTER:
        raise ModelError(ErrorKind.REFUSED, "The model refused to answer.")
    return completed


def _circuit(workspace_uuid: UUID, candidate: Candidate) -> tuple[UUID, str | None, str | None]:
    return workspace_uuid, candidate.account_uuid, candidate.model


def _refusable(candidates: Sequence[Candidate]) -> bool:
    return any("refusal" in each.causes for each in candidates)


@dataclass(slots=True)
class _Call:
    """One call under way, whichever models it asks."""

    calls: ModelCalls
    run: RunContext
    key: str
    prompt: Prompt
    speech: Speech
    tried: int
    latest: float
    is_void: bool
    """Whether listeners have something of this turn that no longer holds, and do not know it yet."""
    asked: int = 0
    spent: dict[str, Any] | None = None
    """What the candidate that was asked last has cost, though it failed; as far as that can be known."""

    async def ask(self, candidate: Candidate, *, retry: bool, refusable: bool) -> Answer:
        """A candidate's answer; :class:`CallFailed` when there is none."""
        circuit = _circuit(self.run.workspace_uuid, candidate)
        self.spent = None
        begun = time.monotonic()
        try:
            model = await self._resolved(candidate)
            way = _Way(model, self.prompt.request(model))
            await self._set_aside(way)
            completed = await self._paid(way, retry=retry, refusable=refusable)
        except BudgetExhausted:
            # Nobody stands in for what may not be spent.
            raise
        except (AthenaError, ModelError) as error:
            failed = CallFailed.of(error)
            if failed.kind not in OWN_FAULT:
                self.calls.breaker.failed(circuit)
            raise failed from error
        self.calls.breaker.succeeded(circuit)
        usage, is_estimate = used(way.request, completed)
        cost = await charged(way.model, usage)
        duration = int((time.monotonic() - begun) * 1000)
        return Answer(way.model.model_id, completed, usage, cost, is_estimate, duration, way.refused, way.reservation)

    async def _set_aside(self, way: _Way) -> None:
        """Takes what the call may cost out of the budgets, which may have a cheaper model asked."""
        self.asked += 1
        payer = Payer(self.run, self.calls.database)
        way.reservation = await payer.set_aside(f"{self.key}:{self.asked}", way.model, way.request)
        soft = way.reservation.soft if way.reservation else None
        if soft is not None and soft.model is not None:
            # Where nobody offers it, the one that was meant goes on.
            with contextlib.suppress(AthenaError):
                way.model = await self.calls.found(self.run, soft.model, soft.account_uuid)
                way.request = self.prompt.request(way.model)

    async def _paid(self, way: _Way, *, retry: bool, refusable: bool) -> Completed:
        """The answer. What was set aside for one that fails is settled here, and else with its result."""
        try:
            return _accepted(await self._completed(way, retry=retry), refusable=refusable)
        except Refused as error:
            # The rest of the answer is not waited for.
            way.refused = error.decision
            return _unheard(self.speech)
        except BaseException:
            if self.speech.heard:
                usage, _ = used(way.request, _unheard(self.speech))
                self.spent = usage_of(usage, await charged(way.model, usage))
            if way.reservation is not None and not self.run.changes_hands:
                await Payer(self.run, self.calls.database).pay(way.reservation, self.spent)
            raise

    async def _completed(self, way: _Way, *, retry: bool) -> Completed:
        """The whole answer. Providers that know no schemas are asked without."""
        while True:
            if self.is_void or self.speech.turn:
                self.speech.restart(self.tried)
                self.is_void = False
            else:
                self.speech.forget_turn()
            try:
                return await self._stream(way.model, way.request)
            except ModelError as error:
                if error.kind is ErrorKind.INVALID_REQUEST and way.request.response_schema is not None:
                    way.request = self.prompt.request(way.model, with_schema=False)
                    continue
                delay = retry_delay(error, self.tried, jitter=secrets.randbelow(1000) / 1000) if retry else None
                if delay is None or asyncio.get_running_loop().time() + delay > self.latest:
                    raise
                await asyncio.sleep(delay)
                self.tried += 1

    async def _stream(self, model: ResolvedModel, request: ModelRequest) -> Completed:
        completed = Completed()
        async with contextlib.aclosing(self.calls.connections.models.stream(model.endpoint, request)) as events:
            async for event in events:
                match event:
                    case TextDelta(text):
                        self.speech.add(text)
                    case Completed():
                        completed = event
                    case _:
                        pass
        if completed.text and not self.speech.heard:
            self.speech.add(completed.text)
        await self.speech.complete()
        return completed

    async def _resolved(self, candidate: Candidate) -> ResolvedModel:
        """The way to the model; who has accepted the run may have found it already."""
        model = self.calls.resolved.take(self.run.run_uuid) if not candidate.causes else None
        if model is not None:
            return model
        search = self.calls.ahead.take(self.run.run_uuid, candidate)
        return await (search or self.calls.found(self.run, candidate.model, candidate.account_uuid))

    def told(self, failing: Candidate, following: Candidate, failed: CallFailed) -> dict[str, Any]:
        """The event of a candidate that failed, with what it cost all the same."""
        return {
            "from": failing.model,
            "to": following.model,
            "cause": failed.cause,
            "error": {"code": failed.code, "message": failed.message},
            "usage": self.spent,
        }


@dataclass(slots=True)
class _Way:
    """A model that is asked, and what it is asked."""

    model: ResolvedModel
    request: ModelRequest
    reservation: Reservation | None = None
    refused: Decision | None = None

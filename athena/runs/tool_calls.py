"""The calls of one turn: made side by side, each a step of the run, after a human's approval where one is needed."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from athena.approvals import service as approvals
from athena.approvals.service import Question
from athena.engine import LATE, Event, RunContext, StepOutcomeUnknown, StepResult
from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Session
from athena.kit.ids import derived_uuid
from athena.runs.guards import Guards
from athena.runs.spent import Judged
from athena.tools.base import JsonObject, ToolResult

AT_ONCE: Final = 8
"""How many calls of a turn are at work at a time."""
CALLS_OF_A_TURN: Final = 128
"""What a model calls beyond these in one turn is left out, as if it had not been said."""
SHOWN: Final = 2_000
"""Characters of a result that its event shows; the answer's message has all of it."""
APPROVAL_SECONDS = 7 * 86_400.0

UNKNOWN_OUTCOME = "It is not known whether this call took effect: Athena was interrupted. Check before calling again."
TOO_MANY = "Not called: this run may not call any more tools. Answer with what you have."
NOT_ALLOWED = "Not called: {message}"
UNKNOWN_FUNCTION = "There is no such function. Those that there are: {names}."


@dataclass(frozen=True, slots=True)
class Offer:
    """A function that a model may call in this run."""

    name: str
    description: str
    parameters: JsonObject
    call: Callable[[str, str], Awaitable[ToolResult]]
    """``call(arguments, idempotency_key)``: what it came to. The arguments are JSON text, as a model wrote it."""
    repeatable: bool = False
    to_approve: Callable[[str], Mapping[str, Any] | None] = lambda _: None
    """The arguments' values, where a human must approve a call with them before it is made."""
    shown: JsonObject = field(default_factory=dict[str, Any])
    """What events tell of it beside its name."""


@dataclass(frozen=True, slots=True)
class Made:
    """A call with its result, as parts of a message."""

    call: Mapping[str, Any]
    content: str
    is_error: bool
    usage: Mapping[str, Any] | None = None
    details: JsonObject = field(default_factory=dict[str, Any])

    @property
    def result_part(self) -> dict[str, Any]:
        """The part that holds the result."""
        part = {"type": "tool_result", "tool_call_id": self.call["id"], "content": self.content}
        return {**part, "is_error": True} if self.is_error else part


def call_part(call: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a message that holds a call."""
    return {"type": "tool_call", **{name: call[name] for name in ("id", "name", "arguments")}}


@dataclass(slots=True)
class ToolCalls:
    """The calls of one run."""

    run: RunContext
    offers: Mapping[str, Offer]
    message_uuid: str
    left: int
    """How many calls the run may still make."""
    guards: Guards
    alone: bool = False
    """Whether the turn has one call, so that its result is committed with the beginning of the model's next one."""

    async def make(self, turn: int, calls: Sequence[Mapping[str, Any]]) -> list[Made]:
        """Makes the calls of a turn, in any order; the results in the order of the calls."""
        allowed = max(self.left, 0)
        self.left -= len(calls)
        self.alone = len(calls) == 1
        places = [_Place(self, f"{turn}:{number}", call) for number, call in enumerate(calls)]
        asking = {place.key: place for place in places[:allowed] if place.to_approve is not None}
        slots = asyncio.Semaphore(AT_ONCE)
        await _all(place.make(slots) for place in places[:allowed] if place.key not in asking)
        await self._approved(asking, slots)
        for place in places[allowed:]:
            place.made = Made(place.call, TOO_MANY, is_error=True)
        return [place.result for place in places]

    async def _approved(self, asking: Mapping[str, _Place], slots: asyncio.Semaphore) -> None:
        """Asks about all at once, and makes each call when it was decided about it."""
        waits: dict[str, datetime | None] = {}
        for place in asking.values():
            waits[place.signal] = await place.ask()
        by_signal = {place.signal: place for place in asking.values()}
        while waits:
            decided = await self.run.wait_for_any(waits)
            await _all(by_signal[signal].decided(answer, slots) for signal, answer in decided.items())
            for signal in decided:
                del waits[signal]


async def _all(works: Any) -> None:
    """Does them side by side; the first that is raised ends all."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


@dataclass
class _Place:
    """One call."""

    calls: ToolCalls
    key: str
    call: Mapping[str, Any]
    made: Made | None = None

    @property
    def result(self) -> Made:
        assert self.made is not None  # noqa: S101 - all have been made by now
        return self.made

    @property
    def offer(self) -> Offer | None:
        return self.calls.offers.get(self.call["name"])

    @property
    def signal(self) -> str:
        return f"approval:{self.key}"

    @functools.cached_property
    def to_approve(self) -> Mapping[str, Any] | None:
        """The arguments that a human must approve; ``None`` where nobody needs to be asked."""
        return self.offer.to_approve(self.call["arguments"]) if self.offer else None

    async def make(self, slots: asyncio.Semaphore, **told: Any) -> None:
        """Makes the call, unless it was made before; ``told`` is what its events tell of the approval."""
        async with slots:
            await self._make(**told)

    async def _make(self, **told: Any) -> None:
        run, offer = self.calls.run, self.offer
        if offer is None:
            names = ", ".join(self.calls.offers)
            await self._record(ToolResult(UNKNOWN_FUNCTION.format(names=names), is_error=True), **told)
            return
        step, judged = f"tool_call:{self.key}", Judged()

        async def execute(_: int) -> StepResult:
            begun = time.monotonic()
            with judged.taken():
                arguments, refused, before = await self.calls.guards.called(self.call["arguments"])
            result = (
                ToolResult(NOT_ALLOWED.format(message=refused), is_error=True)
                if refused is not None
                else await offer.call(arguments, f"{run.run_uuid}:{step}")
            )
            with judged.taken():
                content, withheld, after = await self.calls.guards.gave(result.content)
            if content != result.content:
                result = dataclasses.replace(result, content=content, is_error=result.is_error or withheld)
            made = self._step_result(result, int((time.monotonic() - begun) * 1000), events=[*before, *after])
            return dataclasses.replace(made, record={**made.record, "judged": judged.usage})

        started = Event("tool_call.started", {**self._about, "arguments": self.call["arguments"], **told})
        try:
            record = await run.step(step, execute, started=started, repeatable=offer.repeatable)
            judged.count_known(self.calls.guards.spent, record)
            self._take(record)
        except StepOutcomeUnknown:
            await self._record(ToolResult(UNKNOWN_OUTCOME, is_error=True))

    async def _record(self, result: ToolResult, **told: Any) -> None:
        """Keeps a result that needed no call."""

        async def execute(_: int) -> StepResult:
            return self._step_result(result, 0, **told)

        self._take(await self.calls.run.step(f"tool_result:{self.key}", execute))

    def _step_result(
        self, result: ToolResult, duration_ms: int, *, events: Sequence[Event] = (), **told: Any
    ) -> StepResult:
        usage = result.usage and {
            "input_tokens": result.usage.input_tokens,
            "output_tokens": result.usage.output_tokens,
            "cost": result.usage.cost,
        }
        record = {"content": result.content, "is_error": result.is_error, "usage": usage, "details": result.details}
        cut = len(result.content) > SHOWN
        shown = {
            **self._about,
            "is_error": result.is_error,
            "content": result.content[:SHOWN],
            **({"is_cut": True} if cut else {}),
            "usage": usage,
            "details": result.details,
            "duration_ms": duration_ms,
            **told,
        }
        return StepResult(record, [*events, Event("tool_call.completed", shown)], final=self.calls.alone)

    def _take(self, record: Mapping[str, Any]) -> None:
        self.made = Made(self.call, **{name: value for name, value in record.items() if name != "judged"})

    @property
    def _about(self) -> dict[str, Any]:
        offer = self.offer
        return {
            "message_uuid": self.calls.message_uuid,
            "tool_call_id": self.call["id"],
            "name": self.call["name"],
            **(offer.shown if offer else {}),
        }

    async def ask(self) -> datetime:
        """Asks for approval, once; until when there is time to answer."""
        run = self.calls.run
        question = Question(
            uuid=derived_uuid(run.run_uuid, self.signal),
            kind="approval",
            run_uuid=run.run_uuid,
            node_id=self.call["id"][:64],
            signal=self.signal,
            title=f"Call {self.call['name']}?",
            payload={"name": self.call["name"], "arguments": self.to_approve},
            editable=True,
            link=True,
            expires_at=clock.now() + timedelta(seconds=APPROVAL_SECONDS),
        )

        async def execute(_: int) -> StepResult:
            shown = {**self._about, "approval_uuid": str(question.uuid), "kind": "approval", "title": question.title}
            shown |= {"arguments": self.call["arguments"], "expires_at": clock.rfc3339_or_none(question.expires_at)}
            return StepResult(shown["expires_at"], [Event("approval.required", shown)], apply)

        async def apply(session: Session) -> None:
            await approvals.ask(session, WorkspaceId(run.workspace_uuid), question)

        return datetime.fromisoformat(await run.step(self.signal, execute))

    async def decided(self, answer: Any, slots: asyncio.Semaphore) -> None:
        """Makes the call as it was approved, or tells the model that it was not."""
        status = "expired" if answer is LATE else answer["status"]
        told: dict[str, Any] = {"approval": {"uuid": str(derived_uuid(self.calls.run.run_uuid, self.signal))}}
        told["approval"]["status"] = status
        if status != "approved":
            comment = answer["answers"][-1]["comment"] if answer is not LATE and answer["answers"] else ""
            await self._record(ToolResult(_refusal(status, comment), is_error=True), **told)
            return
        if "payload" in answer:
            edited = answer["payload"].get("arguments") if isinstance(answer["payload"], dict) else None
            self.call = {**self.call, "arguments": orjson.dumps(edited).decode()}
            told["approval"]["edited"] = True
        await self.make(slots, **told)


def _refusal(status: str, comment: str) -> str:
    if status == "expired":
        return "Not called: nobody approved this call in time."
    reason = f" The reason: {comment}" if comment else ""
    return f"Not called: a human refused this call.{reason}"

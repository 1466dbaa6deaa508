"""The loop behind every answer: the model is asked, what it calls is done, and it is asked again, until it answers.

Each call of the model and of a tool is a step of the run. After a crash or a wait the loop is gone through again, and
what is done gives its records.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from athena.agents.schemas import AgentLimits
from athena.budgets.calls import pay
from athena.engine import Event, Finished, RunContext, StepResult
from athena.kit.db import Session
from athena.llm import structured
from athena.llm.types import FinishReason, Message, ToolCall, ToolSpec
from athena.runs import keeping, reflection
from athena.runs.conversation import CALL, call_started
from athena.runs.guards import Guards, told
from athena.runs.model_calls import Answer, CallFailed, Candidate, ModelCalls
from athena.runs.paying import Payer
from athena.runs.prompt import Prompt
from athena.runs.remembering import cited
from athena.runs.speech import Speech
from athena.runs.spent import NOTHING, Judged, Spent
from athena.runs.thinking import Thinking
from athena.runs.tool_calls import CALLS_OF_A_TURN, Made, Offer, ToolCalls, call_part
from athena.runs.toolbox import HAND_OVER

ANSWER: Final = "answer"
REPAIRS: Final = 2
"""How often an answer that does not fit its schema is sent back."""
LIMIT_REACHED = "The run reached its limit of {limit}."


@dataclass(slots=True)
class Turns:
    """One answer's loop."""

    run: RunContext
    calls: ModelCalls
    candidates: Sequence[Candidate]
    prompt: Prompt
    speech: Speech
    guards: Guards
    offers: Mapping[str, Offer] = field(default_factory=dict[str, Offer])
    callers_tools: tuple[ToolSpec, ...] = ()
    """What is not called here: a turn that calls any of it is the answer."""
    limits: AgentLimits = field(default_factory=AgentLimits)
    spent: Spent = field(default_factory=Spent)
    thinking: Thinking | None = None
    memories: Sequence[Mapping[str, Any]] = ()
    """What was recalled, as a message keeps it."""
    hand_over: Callable[[Turns, UUID, int], Awaitable[None]] | None = None
    """Has another agent go on."""
    agent_uuid: UUID | None = None
    """The agent to whom the conversation was handed over."""
    repairs: int = 0
    anew: bool = False
    """Whether what was said last is to be said anew."""

    async def answer(self) -> Finished:
        """The answer; :class:`CallFailed` when there is none."""
        try:
            return await self._answer()
        finally:
            self.calls.ahead.drop(self.run.run_uuid)

    async def _answer(self) -> Finished:
        tools = ToolCalls(self.run, self.offers, self._uuid, self.limits.tool_calls, self.guards)
        if self.thinking is not None:
            await self.thinking.plan()
        number = 0
        while True:
            number += 1
            self._check_limits()
            offered = (ToolSpec(each.name, each.description, dict(each.parameters)) for each in self.offers.values())
            self.prompt.tools = (*offered, *self.callers_tools)
            if number >= self.limits.turns or tools.left <= 0:
                self.prompt.tool_choice = "none"
            record = await self._turn(number)
            if "message" in record:
                return finished(record["message"])
            self.spent.add(record["usage"], is_estimate=record["is_estimate"])
            if record["tool_calls"]:
                self.calls.look_ahead(self.run, self.candidates)
                made = await tools.make(number, record["tool_calls"])
                self._take(record, made)
                to = next((each.details[HAND_OVER] for each in made if HAND_OVER in each.details), None)
                if to is not None and self.hand_over is not None:
                    await self.hand_over(self, UUID(to), number)
                    tools.offers = self.offers
            elif "problems" in record:
                self.repairs += 1
                self._send_back(record["text"], structured.correction(record["problems"]))
            elif self.thinking is not None and (problems := await self.thinking.problems(number, record["text"])):
                self._send_back(record["text"], reflection.revision(problems))
            else:
                kept = await self.run.step(ANSWER, functools.partial(self._drafted, record))
                return finished(kept["message"])

    async def refuse(self, message: str) -> Finished:
        """Answers with why nothing is answered, without asking a model."""
        given = self.run.input

        async def execute(_: int) -> StepResult:
            self.speech.replace(message, 1)
            record = {
                "text": message,
                "model": given["model"],
                "finish_reason": FinishReason.CONTENT_FILTER.value,
                "usage": NOTHING,
                "is_estimate": False,
            }
            return self._answered(record, None)

        started = call_started(self._uuid, given["model"])
        return finished((await self.run.step(CALL, execute, started=started))["message"])

    @property
    def _uuid(self) -> str:
        return self.run.input["message_uuid"]

    async def _turn(self, number: int) -> Mapping[str, Any]:
        key = CALL if number == 1 else f"{CALL}:{number}"
        if number == 1:
            started = call_started(self._uuid, self.run.input["model"])
        else:
            started = Event("model_call.started", {"message_uuid": self._uuid, "turn": number})
        judged = Judged()

        async def execute(attempt: int) -> StepResult:
            with judged.taken():
                result = await self._asked(key, attempt)
            return dataclasses.replace(result, record={**result.record, "judged": judged.usage})

        record = await self.run.step(key, execute, started=started)
        if "message" not in record:
            # An answer's own usage has it already.
            judged.count_known(self.spent, record)
        return record

    async def _asked(self, key: str, attempt: int) -> StepResult:
        """One call of the model; what it came to is kept, and the answer with it, when this is one."""
        answer = await self.calls.answer(
            self.run,
            key,
            self.candidates,
            self.prompt,
            self.speech,
            attempt=attempt,
            is_void=self.anew or attempt > 1,
        )
        result = await self._result(answer, attempt)
        reservation = answer.reservation
        if reservation is None:
            return result

        async def apply(session: Session) -> None:
            if result.apply is not None:
                await result.apply(session)
            await pay(session, reservation, answer.record["usage"])

        return dataclasses.replace(result, apply=apply)

    async def _result(self, answer: Answer, attempt: int) -> StepResult:
        decided = told(self.speech.decisions, message_uuid=self._uuid)
        record = answer.record
        if self.speech.is_guarded:
            record["text"] = self.speech.turn
        if answer.refused is not None:
            self.speech.replace(answer.refused.message, attempt)
            return self._answered({**record, "text": answer.refused.message}, None, decided)
        record["tool_calls"] = self._named_apart(record["tool_calls"]) if self.prompt.tool_choice != "none" else []
        shown = {name: record[name] for name in ("model", "finish_reason", "usage", "duration_ms")}
        event = Event("model_call.completed", {"message_uuid": self._uuid, **shown})
        if record["tool_calls"] and self.callers_tools:
            self.speech.parts += map(call_part, record["tool_calls"])
            return self._answered({**record, "finish_reason": FinishReason.TOOL_CALLS.value}, None, [*decided, event])
        if record["tool_calls"]:
            # Committed with the beginning of what follows, before anything is called.
            return StepResult(record, [*decided, event], final=True)
        value, problems = self._read(record)
        if problems and self.repairs < REPAIRS:
            rejected = Event("answer.rejected", {"message_uuid": self._uuid, **shown, "problems": problems})
            return StepResult({**record, "problems": problems}, [*decided, rejected])
        if problems:
            await Payer(self.run, self.calls.database).pay(answer.reservation, record["usage"])
            raise CallFailed("invalid_structure", f"The answer does not fit its schema: {problems[0]}")
        if self.thinking is not None:
            return StepResult({**record, "value": value}, [*decided, event])
        return self._answered(record, value, decided)

    async def _drafted(self, record: Mapping[str, Any], _: int) -> StepResult:
        """A draft that is good enough becomes the answer; what it took is counted already."""
        return self._answered({**record, "usage": NOTHING}, record["value"])

    def _answered(self, record: Mapping[str, Any], value: Any, events: Sequence[Event] = ()) -> StepResult:
        spent = self.spent.with_(record["usage"], is_estimate=record["is_estimate"])
        message: dict[str, Any] = {
            "uuid": self._uuid,
            "role": "assistant",
            "content": record["text"],
            "model": record["model"],
            "finish_reason": record["finish_reason"],
            "usage": spent.usage,
        }
        content = self.speech.content_with(record["text"])
        metadata: dict[str, Any] = {"usage_estimated": spent.is_estimate}
        if not isinstance(content, str):
            message["parts"] = content
        if self.prompt.schema is not None:
            message["data"] = value
        if self.agent_uuid is not None:
            metadata["answered_by"] = str(self.agent_uuid)
        if self.memories:
            message["sources"] = metadata["sources"] = cited(self.memories, record["text"])
        apply = keeping.keep(self.run, message, content, metadata)
        return StepResult({"message": message}, [*events, keeping.completed_event(message)], apply, final=True)

    def _read(self, record: Mapping[str, Any]) -> tuple[Any, list[str]]:
        """The value of a structured answer, and what is wrong with it."""
        schema = self.prompt.schema
        if schema is None:
            return None, []
        if record["finish_reason"] == FinishReason.LENGTH:
            return None, ["It was cut off before its end."]
        return structured.read(record["text"], schema)

    def _named_apart(self, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Calls with ids that tell them apart, whatever the model or its server gave them."""
        seen: set[str] = set()
        apart: list[dict[str, Any]] = []
        for number, call in enumerate(calls[:CALLS_OF_A_TURN]):
            uuid = call["id"]
            if not 0 < len(uuid) <= 128 or uuid in seen:  # noqa: PLR2004 - the length of a part's id
                uuid = f"call_{self.run.run_uuid.hex[-12:]}_{len(self.speech.parts)}_{number}"
            seen.add(uuid)
            apart.append({**call, "id": uuid, "name": call["name"][:128] or "unnamed"})
        return apart

    def _take(self, record: Mapping[str, Any], made: Sequence[Made]) -> None:
        """Goes on from a turn's calls and their results."""
        calls = tuple(ToolCall(each.call["id"], each.call["name"], each.call["arguments"]) for each in made)
        said = Message("assistant", record["text"], tool_calls=calls, opaque=record["opaque"])
        results = [Message("tool", each.content, tool_call_id=each.call["id"], is_error=each.is_error) for each in made]
        self.prompt.said += [said, *results]
        for each in made:
            self.spent.add_tool(each.usage)
        parts = [*(call_part(each.call) for each in made), *(each.result_part for each in made)]
        self.speech.end_turn(record["text"], parts)
        self.anew = False

    def _send_back(self, text: str, why: str) -> None:
        """Has the model say it anew."""
        self.prompt.said += [Message("assistant", text or "-"), Message("user", why)]
        self.speech.forget_turn()
        self.anew = True

    def _check_limits(self) -> None:
        """:class:`CallFailed` when the run has taken as much as it may."""
        limits = self.limits
        if limits.tokens is not None and self.spent.tokens >= limits.tokens:
            raise CallFailed("limit_reached", LIMIT_REACHED.format(limit=f"{limits.tokens:,} tokens"))
        if limits.cost is not None and self.spent.cost >= limits.cost:
            raise CallFailed("limit_reached", LIMIT_REACHED.format(limit=f"${limits.cost}"))


def finished(message: Mapping[str, Any]) -> Finished:
    """The run's end with an answer."""
    output = {"message": message}
    return Finished(output, data={"output": output, "usage": message["usage"]})

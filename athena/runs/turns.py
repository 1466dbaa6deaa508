"""The loop behind every answer: the model is asked, what it calls is done, and it is asked again, until it answers.

Each call of the model and of a tool is a step of the run. After a crash or a wait the loop is gone through again, and
what is done gives its records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from athena.agents.schemas import AgentLimits
from athena.engine import Event, Finished, RunContext, StepResult
from athena.llm import structured
from athena.llm.types import FinishReason, Message, ToolCall, ToolSpec
from athena.runs import keeping
from athena.runs.conversation import CALL, call_started
from athena.runs.model_calls import Answer, CallFailed, Candidate, ModelCalls
from athena.runs.prompt import Prompt
from athena.runs.speech import Speech
from athena.runs.tool_calls import CALLS_OF_A_TURN, Made, Offer, ToolCalls, call_part

REPAIRS: Final = 2
"""How often an answer that does not fit its schema is sent back."""
LIMIT_REACHED = "The run reached its limit of {limit}."


@dataclass(slots=True)
class Spent:
    """What the run took so far; ``tools`` is what others did for it, which their own runs count."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    tools: float = 0.0
    tools_tokens: int = 0
    is_estimate: bool = False

    def add(self, usage: Mapping[str, Any], *, is_estimate: bool = False) -> None:
        """Adds a call of the model."""
        self.input_tokens += usage["input_tokens"]
        self.output_tokens += usage["output_tokens"]
        if usage["cost"] is not None:
            self.cost = (self.cost or 0.0) + usage["cost"]
        self.is_estimate = self.is_estimate or is_estimate

    def add_tool(self, usage: Mapping[str, Any] | None) -> None:
        """Adds what a tool took."""
        if usage is not None:
            self.tools += usage["cost"] or 0.0
            self.tools_tokens += usage["input_tokens"] + usage["output_tokens"]

    @property
    def usage(self) -> dict[str, Any]:
        """As runs and messages show it."""
        return {"input_tokens": self.input_tokens, "output_tokens": self.output_tokens, "cost": self.cost}


@dataclass(slots=True)
class Turns:
    """One answer's loop."""

    run: RunContext
    calls: ModelCalls
    candidates: Sequence[Candidate]
    prompt: Prompt
    speech: Speech
    offers: Mapping[str, Offer] = field(default_factory=dict[str, Offer])
    limits: AgentLimits = field(default_factory=AgentLimits)
    spent: Spent = field(default_factory=Spent)
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    """What is kept with the answer's message beside it."""
    repairs: int = 0
    repairing: bool = False

    async def answer(self) -> Finished:
        """The answer; :class:`CallFailed` when there is none."""
        tools = ToolCalls(self.run, self.offers, self.run.input["message_uuid"], self.limits.tool_calls)
        self.prompt.tools = tuple(
            ToolSpec(offer.name, offer.description, dict(offer.parameters)) for offer in self.offers.values()
        )
        number = 0
        while True:
            number += 1
            self._check_limits(number)
            if number == self.limits.turns or tools.left <= 0:
                self.prompt.tool_choice = "none"
            record = await self._turn(number)
            self.spent.add(record["usage"], is_estimate=record["is_estimate"])
            if "message" in record:
                output = {"message": record["message"]}
                return Finished(output, data={"output": output, "usage": record["message"]["usage"]})
            if "problems" in record:
                self._send_back(record)
            else:
                self._take(record, await tools.make(number, record["tool_calls"]))

    async def _turn(self, number: int) -> Mapping[str, Any]:
        uuid = self.run.input["message_uuid"]
        if number == 1:
            return await self.run.step(CALL, self._asked, started=call_started(uuid, self.run.input["model"]))
        started = Event("model_call.started", {"message_uuid": uuid, "turn": number})
        return await self.run.step(f"{CALL}:{number}", self._asked, started=started)

    async def _asked(self, attempt: int) -> StepResult:
        """One call of the model; what it came to is kept, and the answer with it, when this is one."""
        if self.repairing and attempt == 1:
            self.speech.restart(1)
        answer = await self.calls.answer(self.run, self.candidates, self.prompt, self.speech, attempt=attempt)
        record = answer.record
        record["tool_calls"] = self._named_apart(record["tool_calls"]) if self.prompt.tool_choice != "none" else []
        about = {"message_uuid": self.run.input["message_uuid"]}
        told = {**about, **{name: record[name] for name in ("model", "finish_reason", "usage", "duration_ms")}}
        if record["tool_calls"]:
            return StepResult(record, [Event("model_call.completed", told)])
        value, problems = self._read(answer)
        if problems and self.repairs < REPAIRS:
            return StepResult(
                {**record, "problems": problems}, [Event("answer.rejected", {**told, "problems": problems})]
            )
        if problems:
            raise CallFailed("invalid_structure", f"The answer does not fit its schema: {problems[0]}", "error")
        return self._answered(record, value)

    def _answered(self, record: dict[str, Any], value: Any) -> StepResult:
        spent = Spent(**{name: getattr(self.spent, name) for name in ("input_tokens", "output_tokens", "cost")})
        spent.add(record["usage"])
        message: dict[str, Any] = {
            "uuid": self.run.input["message_uuid"],
            "role": "assistant",
            "content": record["text"],
            "model": record["model"],
            "finish_reason": record["finish_reason"],
            "usage": spent.usage,
        }
        content = self.speech.content
        if not isinstance(content, str):
            message["parts"] = content
        if self.prompt.schema is not None:
            message["data"] = value
        is_estimate = self.spent.is_estimate or record["is_estimate"]
        apply = keeping.keep(self.run, message, content, {"usage_estimated": is_estimate, **self.metadata})
        kept = {**record, "message": message}
        return StepResult(kept, [keeping.completed_event(message)], apply, final=True)

    def _read(self, answer: Answer) -> tuple[Any, list[str]]:
        """The value of a structured answer, and what is wrong with it."""
        schema = self.prompt.schema
        if schema is None:
            return None, []
        if answer.completed.finish_reason is FinishReason.LENGTH:
            return None, ["It was cut off before its end."]
        return structured.read(answer.completed.text, schema)

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
        self.repairing = False

    def _send_back(self, record: Mapping[str, Any]) -> None:
        """Shows the model what is wrong with its answer."""
        wrong = structured.correction(record["problems"])
        self.prompt.said += [Message("assistant", record["text"] or "-"), Message("user", wrong)]
        self.speech.forget_turn()
        self.repairs += 1
        self.repairing = True

    def _check_limits(self, number: int) -> None:
        spent, limits = self.spent, self.limits
        tokens = spent.input_tokens + spent.output_tokens + spent.tools_tokens
        if limits.tokens is not None and tokens >= limits.tokens:
            raise CallFailed("limit_reached", LIMIT_REACHED.format(limit=f"{limits.tokens:,} tokens"), "error")
        if limits.cost is not None and (spent.cost or 0) + spent.tools >= limits.cost:
            raise CallFailed("limit_reached", LIMIT_REACHED.format(limit=f"${limits.cost}"), "error")
        if number > limits.turns + self.repairs:
            raise CallFailed("limit_reached", LIMIT_REACHED.format(limit=f"{limits.turns} turns"), "error")

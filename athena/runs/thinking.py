"""Reflection as steps of a run: the plan before an answer, and the verdict on each draft of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from athena.engine import Event, RunContext, StepResult
from athena.kit.errors import AthenaError
from athena.llm.errors import ModelError
from athena.llm.structured import Schema
from athena.llm.types import ModelRequest
from athena.runs import reflection
from athena.runs.model_calls import ModelCalls
from athena.runs.prompt import Prompt
from athena.runs.spent import NOTHING, Spent, sum_of


@dataclass(slots=True)
class Thinking:
    """The reflection of one run. Where a thought fails, the run goes on without it."""

    run: RunContext
    calls: ModelCalls
    prompt: Prompt
    spent: Spent
    rounds: int
    """How often an answer may still be sent back."""

    async def plan(self) -> None:
        """Plans, and has the answer follow that."""
        request = reflection.plan_request(self._conversation)
        plan = await self._thought("plan", request, reflection.PLAN, "reflection.planned")
        if plan is not None:
            self.prompt.system = "\n\n".join(filter(None, (self.prompt.system, reflection.followed(plan))))

    async def problems(self, turn: int, answer: str) -> Sequence[str]:
        """What is wrong with a draft; nothing where it is good, or may not be sent back any more."""
        if self.rounds == 0:
            return ()
        request = reflection.verdict_request(self._conversation, answer)
        verdict = await self._thought(f"verify:{turn}", request, reflection.VERDICT, "reflection.verified")
        if verdict is None or verdict["good"] or not verdict["problems"]:
            return ()
        self.rounds -= 1
        return verdict["problems"]

    @property
    def _conversation(self) -> str:
        return reflection.transcript(self.prompt.texts())

    async def _thought(self, key: str, request: ModelRequest, schema: Schema, event: str) -> Mapping[str, Any] | None:
        given = self.run.input
        about = {"message_uuid": given["message_uuid"]}

        async def execute(_: int) -> StepResult:
            asked, usage = request, NOTHING
            for number in range(reflection.REPAIRS + 1):
                name = f"reflection:{key}:{number}"
                try:
                    completed, used = await self.calls.beside(
                        self.run, name, given["model"], given["account_uuid"], asked
                    )
                except (AthenaError, ModelError) as error:
                    return StepResult({"value": None, "usage": usage}, [_failed(about, str(error))])
                usage = sum_of(usage, used)
                value, problems = reflection.value_of(completed, schema)
                if not problems:
                    return StepResult(
                        {"value": value, "usage": usage}, [Event(event, {**about, **value, "usage": usage})]
                    )
                asked = msgspec.structs.replace(asked, messages=reflection.again(asked, completed, problems))
            return StepResult({"value": None, "usage": usage}, [_failed(about, "The model's thought cannot be read.")])

        record = await self.run.step(f"reflection:{key}", execute)
        self.spent.add(record["usage"])
        return record["value"]


def _failed(about: Mapping[str, Any], message: str) -> Event:
    return Event("reflection.failed", {**about, "message": message})

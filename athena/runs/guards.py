"""The guardrails of one run: what is asked is looked at before the answer, and what is said and called as it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from athena.engine import Event, RunContext, StepResult
from athena.guardrails.checking import StreamFilter, check
from athena.guardrails.judging import AskModel, Row
from athena.guardrails.service import present_decision
from athena.guardrails.stages import Decision, StageName
from athena.runs.prompt import History
from athena.runs.spent import Judged, Spent

INPUT: Final = "guardrails:input"
WITHHELD: Final = "Withheld: {message}"


def told(decisions: Sequence[Decision], **about: Any) -> list[Event]:
    """The events of decisions."""
    return [
        Event(
            "guardrail.decided",
            {**about, **present_decision(each)},
        )
        for each in decisions
    ]


@dataclass(slots=True)
class Guards:
    """Those of the agent, in its order."""

    run: RunContext
    rows: Sequence[Row]
    ask_model: AskModel
    spent: Spent
    """What the run took, to which ``ask_model`` adds."""
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What their events tell beside the decision."""

    def at(self, stage: StageName) -> bool:
        """Whether any looks at this stage."""
        return any(each["enabled"] and stage in each["stages"] for each in self.rows)

    def output(self) -> StreamFilter | None:
        """What an answer passes through as it comes."""
        return StreamFilter(self.rows, "output", ask_model=self.ask_model) if self.at("output") else None

    async def asked(self, history: History) -> tuple[History, str | None]:
        """The conversation, what was asked last masked where need be; and the message, where it is refused.

        A step of the run, so that a model's verdict is the same after a crash.
        """
        place = next((n for n in range(len(history.rows) - 1, -1, -1) if history.rows[n]["role"] == "user"), None)
        if place is None or not self.at("input"):
            return history, None
        row: Mapping[str, Any] = {key: history.rows[place][key] for key in ("uuid", "role", "status", "content")}

        judged = Judged()

        async def execute(_: int) -> StepResult:
            with judged.taken():
                content, refused, decisions = await self._content(row["content"])
            record = {"content": content, "refused": refused, "judged": judged.usage}
            return StepResult(record, told(decisions, **self.about))

        record = await self.run.step(INPUT, execute)
        judged.count_known(self.spent, record)
        rows = [*history.rows]
        rows[place] = {**row, "content": record["content"]}
        return History(rows, history.attached, history.inline), record["refused"]

    async def _content(self, content: Any) -> tuple[Any, str | None, list[Decision]]:
        """Content as it may go on, why it may not, and what was decided."""
        parts: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content
        decisions: list[Decision] = []
        passed: list[Any] = []
        for part in parts:
            if part["type"] != "text":
                passed.append(part)
                continue
            verdict = await check(self.rows, "input", part["text"], ask_model=self.ask_model)
            decisions += verdict.decisions
            if verdict.refused is not None:
                return content, verdict.refused.message, decisions
            passed.append({**part, "text": verdict.text})
        return (passed[0]["text"] if isinstance(content, str) else passed), None, decisions

    async def called(self, arguments: str) -> tuple[str, str | None, list[Event]]:
        """A call's arguments as they may go on, and why they may not."""
        if not self.at("tool_call"):
            return arguments, None, []
        verdict = await check(self.rows, "tool_call", arguments, ask_model=self.ask_model)
        message = verdict.refused.message if verdict.refused else None
        return verdict.text, message, told(verdict.decisions, **self.about)

    async def gave(self, content: str) -> tuple[str, bool, list[Event]]:
        """A call's result as the model may read it, and whether it is withheld."""
        if not self.at("tool_result"):
            return content, False, []
        verdict = await check(self.rows, "tool_result", content, ask_model=self.ask_model)
        events = told(verdict.decisions, **self.about)
        if verdict.refused is not None:
            return WITHHELD.format(message=verdict.refused.message), True, events
        return verdict.text, False, events

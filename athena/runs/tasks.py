"""The durable function behind every answer, and what it needs of its process."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from athena.accounts.service import Connections
from athena.agents.schemas import AgentLimits, AgentMemory
from athena.config import Settings
from athena.engine import EndedRun, Engine, Finished, RunContext, RunFailed
from athena.guardrails.judging import AskModel
from athena.guardrails.service import GuardrailService
from athena.kit import tracing
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Scope, Session
from athena.kit.errors import AthenaError
from athena.llm.structured import Schema
from athena.llm.types import Completed, ModelRequest
from athena.runs import history, toolbox
from athena.runs.agent_tool import AgentTool
from athena.runs.guards import Guards
from athena.runs.handing_over import taking_over
from athena.runs.keeping import access_of, end_message
from athena.runs.model_calls import CallFailed, Candidate, ModelCalls
from athena.runs.prompt import Prompt
from athena.runs.remembering import recalled
from athena.runs.repository import RunRepository
from athena.runs.resolved_models import ResolvedModels
from athena.runs.speech import Speech
from athena.runs.spent import Spent, count_judged
from athena.runs.thinking import Thinking
from athena.runs.tool_calls import Offer
from athena.runs.turns import Turns
from athena.runs.wishes import Wishes
from athena.tools.base import ToolKinds

Given: TypeAlias = tuple[Mapping[str, Offer], Sequence[Mapping[str, Any]]]
KINDS = ("agent", "thread", "prompt")
KEEP_SAID_SECONDS = 10.0
WITH_TOOLS_SECONDS = 3_600.0
"""How long a run may be at work that does more than answer, unless its agent's limits say otherwise."""


def register(engine: Engine, database: Database, settings: Settings) -> None:
    """Makes ``engine`` able to answer, for agents, threads and prompts alike."""
    database.provided(ToolKinds).add(AgentTool())
    resolved = ResolvedModels()
    database.provide(resolved)
    work = Answering(database, ModelCalls(database, database.provided(Connections), resolved))

    def deadline(given: Any) -> float:
        abilities = given.get("abilities")
        if abilities is None:
            return settings.model_timeout_seconds * 2
        return abilities["limits"].get("seconds") or max(WITH_TOOLS_SECONDS, settings.model_timeout_seconds * 2)

    for kind in KINDS:
        engine.register(kind, work.answer, deadline_seconds=deadline, on_end=work.ended)


@dataclass(frozen=True, slots=True)
class Answering:
    """What the function needs of its process."""

    database: Database
    calls: ModelCalls
    said: dict[UUID, Speech] = field(default_factory=dict[UUID, Speech])
    """What was said so far, by run; what a cancelled answer keeps."""

    async def answer(self, run: RunContext) -> Finished:
        """Answers a conversation once."""
        tracing.current().set(_told(run), "invoke_agent")
        speech = Speech(run, run.input["message_uuid"])
        self.said[run.run_uuid] = speech
        try:
            turns, setup = await run.patiently(lambda: self._prepared(run, speech))
            return await (self._able(turns, setup) if setup else turns.answer())
        except CallFailed as error:
            raise _failed(run, error.code, error.message, speech) from error
        except AthenaError as error:
            raise _failed(run, error.error_code, error.detail, speech) from error
        finally:
            # The end is written after this function has ended; what was said is needed until then.
            asyncio.get_running_loop().call_later(KEEP_SAID_SECONDS, self._forget, run.run_uuid, speech)

    def _forget(self, run_uuid: UUID, speech: Speech) -> None:
        if self.said.get(run_uuid) is speech:
            del self.said[run_uuid]

    async def ended(self, session: Session, run: EndedRun) -> None:
        """Puts the answer's message at an end too, when a run was ended from outside its function."""
        said = self.said.get(run.uuid)
        repository = RunRepository(session, WorkspaceId(run.workspace_uuid))
        content = await repository.said(run.uuid) if said is None else said.content
        status = "cancelled" if run.status == "cancelled" else "failed"
        error = {key: run.error[key] for key in ("code", "message")} if run.error else None
        await end_message(session, access_of(run.workspace_uuid, run.input), run.input, status, content, error)

    async def _prepared(self, run: RunContext, speech: Speech) -> tuple[Turns, Mapping[str, Any] | None]:
        """The conversation, and what the agent may do to answer it."""
        given = run.input
        access = access_of(run.workspace_uuid, given)
        abilities: Mapping[str, Any] | None = given.get("abilities")
        offers: Mapping[str, Offer] = {}
        guardrails: Sequence[Mapping[str, Any]] = ()
        async with self.database.session(Scope(run.workspace_uuid)) as session:
            if abilities:
                offers, guardrails = await self._given_to(session, access, run, abilities)
            said = await history.load(session, access, given)
        prompt = Prompt(said, given["system_prompt"], given["temperature"], given["max_tokens"])
        wishes = Wishes.of(given)
        wishes.put_into(prompt)
        spent = Spent()
        guards = Guards(run, guardrails, self._asker(run, spent), spent, {"message_uuid": given["message_uuid"]})
        candidates = [Candidate(given["model"], given["account_uuid"])]
        turns = Turns(run, self.calls, candidates, prompt, speech, guards, offers, spent=spent)
        turns.callers_tools = wishes.tool_specs
        return turns, abilities

    async def _able(self, turns: Turns, abilities: Mapping[str, Any]) -> Finished:
        """The answer of an agent that does more than answer."""
        run, prompt = turns.run, turns.prompt
        if abilities["output_schema"] and prompt.schema is None:
            prompt.schema = Schema(abilities["output_schema"])
        turns.candidates = [*turns.candidates, *map(Candidate.of, abilities["fallback_models"])]
        turns.limits = AgentLimits.model_validate(abilities["limits"])
        turns.speech.guarded = turns.guards.output
        prompt.history, refused = await turns.guards.asked(prompt.history)
        if refused is not None:
            return await turns.refuse(refused)
        memory = AgentMemory.model_validate(abilities["memory"])
        if memory.recall:
            access = access_of(run.workspace_uuid, run.input)
            found = await recalled(run, self.database, access, prompt.asked, memory.limit)
            prompt.system = "\n\n".join(filter(None, (prompt.system, found["text"])))
            turns.memories = found["memories"]
        if abilities["reflection"]:
            rounds = abilities["reflection"]["rounds"]
            turns.thinking = Thinking(run, self.calls, prompt, turns.spent, rounds)
        turns.hand_over = self._hand_over
        return await turns.answer()

    async def _hand_over(self, turns: Turns, agent_uuid: UUID, turn: int) -> None:
        """The agent goes on as it is; the run's limits stay, and so do its guardrails, beside the agent's own."""
        run, prompt = turns.run, turns.prompt
        access = access_of(run.workspace_uuid, run.input)
        agent = await taking_over(run, self.database, access, agent_uuid, turn)
        if agent is None:
            return
        turns.agent_uuid = agent_uuid
        # It was not told of them.
        turns.memories = ()
        turns.candidates = [Candidate(agent["model"], agent["account_uuid"])]
        prompt.system, prompt.temperature = agent["system_prompt"], agent["temperature"]
        prompt.max_tokens, prompt.schema = agent["max_tokens"], None
        abilities: Mapping[str, Any] = agent["abilities"] or {"tool_uuids": [], "team_uuids": []}

        async def look() -> Given:
            async with self.database.session(Scope(run.workspace_uuid)) as session:
                return await self._given_to(session, access, run, abilities)

        turns.offers, guardrails = await run.patiently(look)
        known = {row["uuid"] for row in turns.guards.rows}
        turns.guards.rows = [*turns.guards.rows, *(row for row in guardrails if row["uuid"] not in known)]
        if agent["abilities"]:
            turns.candidates = [*turns.candidates, *map(Candidate.of, abilities["fallback_models"])]
            prompt.schema = Schema(abilities["output_schema"]) if abilities["output_schema"] else None
        # Whoever answers: the caller asked for it.
        wished = Wishes.of(run.input).schema
        if wished is not None:
            prompt.schema = Schema(wished)

    async def _given_to(self, session: Session, access: Access, run: RunContext, abilities: Mapping[str, Any]) -> Given:
        """What an agent may call, and its guardrails."""
        offers = await toolbox.offers(session, self.database, access, run, abilities)
        uuids = list(map(UUID, abilities.get("guardrail_uuids", ())))
        return offers, [dict(row) for row in await GuardrailService(session, access).for_agent(uuids)]

    def _asker(self, run: RunContext, spent: Spent) -> AskModel:
        """Asks the model of a guardrail; what that took counts as the run's."""
        numbers = itertools.count(1)

        async def ask(guardrail: Mapping[str, Any], request: ModelRequest) -> Completed:
            config, key = guardrail["config"], f"guardrail:{run.lease_number}:{next(numbers)}"
            completed, usage = await self.calls.beside(run, key, config["model"], config["account_uuid"], request)
            count_judged(spent, usage)
            return completed

        return ask


def _told(run: RunContext) -> Mapping[str, str | None]:
    """What a trace tells of an answer, in OpenTelemetry's words."""
    labels = run.labels
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.id": labels.get("agent_uuid"),
        "gen_ai.conversation.id": labels.get("thread_uuid"),
    }


def _failed(run: RunContext, code: str, message: str, speech: Speech) -> RunFailed:
    """The run's end, with which the answer's message ends, too; what was said so far is kept."""
    content = speech.content

    async def keep(session: Session) -> None:
        access = access_of(run.workspace_uuid, run.input)
        await end_message(session, access, run.input, "failed", content, {"code": code, "message": message})

    return RunFailed(code, message, apply=keep)

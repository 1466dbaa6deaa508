"""The rules of generation: a model drafts, the draft is tried, what is wrong goes back to it, up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from athena.accounts.service import Connections
from athena.agent_generation import changing
from athena.agent_generation.drafts import DRAFT, Draft, DraftRefused, instructions, read_draft
from athena.agent_generation.schemas import AgentGeneration
from athena.agent_generation.trial import JUDGEMENT, converse, judging, problems_of
from athena.agents import comparison
from athena.agents.service import RELATIONS, AgentService
from athena.agents.service import present as show
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import UpstreamFailed, UpstreamTimeout
from athena.kit.repository import Rows
from athena.large_language_models.parameters import show_metadata
from athena.large_language_models.service import resolve
from athena.llm.errors import ModelError
from athena.llm.structured import Schema
from athena.llm.types import Completed, Message, ModelRequest
from athena.node_types.asking import Model, Payer
from athena.node_types.base import NodeFailed
from athena.node_types.failures import model_failed, upstream
from athena.node_types.structured import ask_for_json
from athena.permissions import Permission
from athena.tools.service import ToolService

SECONDS: Final = 300.0
"""For all of it."""
MAXIMUM_TOKENS: Final = 4_000
"""Of one draft."""
ALL_TOKENS: Final = 200_000
"""That one generation takes at most, before another answer is asked for."""
TOOLS_MOST: Final = 100
WRONG: Final = "That agent is not good yet:\n{problems}\n\nAnswer again, with the whole agent, corrected."


@dataclass(frozen=True, slots=True)
class Tried:
    """A draft that holds, and how it did."""

    draft: Draft
    conversation: list[dict[str, str]]
    assessment: str
    repairs: int


class GenerationService:
    """Drafts agents for the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._agents = AgentService(session, access)

    async def generate(self, given: AgentGeneration, revision: int | None) -> tuple[dict[str, Any], Row | None]:
        """An agent as it is described, and its row if it was to be saved. Holds no connection meanwhile.

        ``revision`` is what the agent that is to be changed must have, :class:`PreconditionFailed` otherwise.
        """
        if given.save:
            self._access.require(Permission.AGENTS_UPDATE if given.agent_uuid else Permission.AGENTS_CREATE)
        present = await self._present(given.agent_uuid, revision) if given.agent_uuid else None
        tools = await self._tools(present)
        model = await self._model(given, present)
        await self._session.commit()
        try:
            async with asyncio.timeout(SECONDS):
                tried = await Generation(model, given, tools, present).tried()
        except TimeoutError as error:
            raise UpstreamTimeout("The model took too long to draft an agent.", code="timeout") from error
        except NodeFailed as error:
            raise upstream(error) from error
        row = await self._save(tried.draft, present) if given.save else None
        return _shown(tried, row, present, model), row

    async def _present(self, uuid: UUID, revision: int | None) -> Row:
        self._access.require(Permission.AGENTS_VIEW)
        row = await self._agents.get(uuid)
        Rows.check_revision(row, revision)
        return row

    async def _tools(self, present: Row | None) -> list[Row]:
        """What an agent may be given: the newest, and what it has already."""
        service = ToolService(self._session, self._access)
        newest = await service.newest(TOOLS_MOST)
        own = await service.by_ids(present["tool_uuids"]) if present else {}
        return [*own.values(), *(tool for tool in newest if tool["uuid"] not in own)]

    async def _save(self, draft: Draft, present: Row | None) -> Row:
        if present is None:
            return await self._agents.create(draft.agent)
        return await self._agents.update(present["uuid"], changing.update(draft, present), present["revision"])

    async def _model(self, given: AgentGeneration, present: Row | None) -> Model:
        connections = self._session.provided(Connections)
        model, account_uuid = given.model, given.account_uuid
        if present is not None and model is None and account_uuid is None:
            model, account_uuid = present["model"], present["account_uuid"]
        found = await resolve(
            self._session, connections, self._access.workspace_uuid, model=model, account_uuid=account_uuid
        )
        return Model(connections, found, SECONDS, Payer.caller(self._session, self._access))


class Generation:
    """One generation at work. It fails with :class:`NodeFailed`, and :class:`UpstreamFailed` when no draft was good."""

    def __init__(self, model: Model, given: AgentGeneration, tools: Sequence[Row], present: Row | None) -> None:
        self._model = model
        self._given = given
        self._tools = tools
        self._present = present
        self._asked = given.description if present is None else changing.asked(present, tools, given.description)
        self._schema = Schema(DRAFT)
        self._repairs = 0

    async def tried(self) -> Tried:
        """The first draft that holds; what is wrong with the ones before it goes back to the model."""
        request = ModelRequest(
            model=self._model.name,
            messages=(Message("user", self._asked),),
            system=instructions(self._tools),
            max_tokens=MAXIMUM_TOKENS,
        )
        while True:
            value, said = await self._json(request, self._schema)
            try:
                return await self._try(value)
            except DraftRefused as refused:
                if self._repairs >= self._given.max_repairs:
                    raise UpstreamFailed(
                        f"The model's agent has problems after {self._repairs} repairs: {refused}", code="invalid_agent"
                    ) from refused
                wrong = WRONG.format(problems="\n".join(f"- {problem}" for problem in refused.problems))
                messages = (*request.messages, Message("assistant", said), Message("user", wrong))
                request = msgspec.structs.replace(request, messages=messages)
                self._repairs += 1

    async def _try(self, value: Mapping[str, Any]) -> Tried:
        """A draft, read and talked to; :class:`DraftRefused` when it is not good."""
        given, present = self._given, self._present
        model, account_uuid = given.model or self._model.name, given.account_uuid
        if present is not None:
            model, account_uuid = present["model"], present["account_uuid"]
        draft = read_draft(value, self._tools, model, account_uuid, present["metadata"] if present else {})
        conversation = await converse(draft, self._model.name, self._ask)
        judgement, _ = await self._json(judging(self._asked, conversation, self._model.name), JUDGEMENT)
        problems = problems_of(judgement, conversation)
        if problems:
            raise DraftRefused(problems)
        return Tried(draft, conversation, judgement["assessment"], self._repairs)

    async def _json(self, request: ModelRequest, schema: Schema) -> tuple[Any, str]:
        """JSON that fits, and the text that held it."""
        self._check_spent()
        answer = await ask_for_json(self._model, request, schema, max(0, self._given.max_repairs - self._repairs))
        self._repairs += answer.repairs
        return answer.value, answer.completed.text

    async def _ask(self, request: ModelRequest) -> Completed:
        self._check_spent()
        try:
            return await self._model.ask(request)
        except ModelError as error:
            raise model_failed(error) from error

    def _check_spent(self) -> None:
        usage = self._model.usage
        if usage.input_tokens + usage.output_tokens > ALL_TOKENS:
            raise UpstreamFailed(f"No good agent came of {ALL_TOKENS:,} tokens.", code="invalid_agent")


def _shown(tried: Tried, row: Row | None, present: Row | None, model: Model) -> dict[str, Any]:
    usage = model.usage
    changed = None if present is None else changing.changed(tried.draft, present)
    generation = {
        "model": model.name,
        "repairs": tried.repairs,
        "usage": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, "cost": usage.cost},
        "conversation_starters": list(tried.draft.starters),
        "test_conversation": tried.conversation,
        "assessment": tried.assessment,
        "changes": None if changed is None else changed.changes,
        "summary": None if changed is None else comparison.in_words(changed.changes),
    }
    shown = row if row is not None or changed is None else changed.row
    if shown is not None:
        return {**show(shown), "generation": generation}
    agent = tried.draft.agent.model_dump(mode="json", exclude={"with_"})
    metadata = show_metadata(tried.draft.agent.metadata.model_dump(exclude_unset=True))
    unsaved = dict.fromkeys(("uuid", "created_at", "updated_at", "version", *RELATIONS))
    return {**unsaved, **agent, "metadata": metadata, "generation": generation}

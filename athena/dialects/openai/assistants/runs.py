"""Runs of assistants in threads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final, NoReturn
from uuid import UUID

from athena.agents.service import AgentService
from athena.dialects.asking import Acceptance, Asked
from athena.dialects.named import Target
from athena.dialects.openai.assistants.schemas import RunCreate, RunFields, schema_of
from athena.dialects.openai.assistants.service import AssistantService, AssistantThreads
from athena.dialects.openai.ids import unknown, uuid_of
from athena.dialects.openai.slices import slice_of
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound
from athena.kit.pagination import RowPage
from athena.large_language_models.parameters import ModelMetadata
from athena.permissions import Permission
from athena.runs.schemas import ThreadRun
from athena.runs.service import LIST, RunService

DIALECT: Final = "assistants"
CANCELLED_WITHIN: Final = 5.0
"""Seconds."""


class AssistantRuns:
    """The runs in threads of the caller's workspace."""

    def __init__(self, session: Session, access: Access) -> None:
        self._session = session
        self._access = access
        self._runs = RunService(session, access)
        self._threads = AssistantThreads(session, access)

    async def accept(self, thread: Row, given: RunFields) -> UUID:
        """Accepts the answer of an assistant to a thread's last user message; the run's uuid."""
        agent = await AssistantService(self._session, self._access).get(given.assistant_id, "assistant_id")
        if isinstance(given, RunCreate) and given.additional_messages:
            self._access.require(Permission.MESSAGES_CREATE)
            await self._threads.add(thread, given.additional_messages, "additional_messages.")
        settings = {"temperature": given.temperature, "max_tokens": given.max_completion_tokens}
        prompt = await self._prompt(thread, agent["uuid"], given)
        wanted: dict[str, Any] = {**settings, "system_prompt": prompt}
        metadata = {key: value for key, value in wanted.items() if value is not None}
        asked = Asked(metadata, top_p=given.top_p, schema=schema_of(given.response_format), request=_request(given))
        asked.check(Target("agent", given.assistant_id, agent["uuid"]), "response_format.json_schema.schema", "")
        options = ThreadRun(agent_uuid=agent["uuid"], model=given.model, metadata=ModelMetadata(**metadata))
        return await Acceptance(self._session, self._access, asked).runs.run_thread(thread["uuid"], options)

    async def _prompt(self, thread: Row, agent_uuid: UUID, given: RunFields) -> str | None:
        """The instructions of this run, where they are not the agent's and the thread's own."""
        if not isinstance(given, RunCreate) or given.additional_instructions is None:
            return given.instructions
        agent = await AgentService(self._session, self._access).get(agent_uuid)
        own = given.instructions or thread["metadata"].get("system_prompt") or agent["system_prompt"]
        return "\n\n".join(filter(None, (own, given.additional_instructions)))

    async def page(self, thread_id: str, *, after: str | None, limit: int, ascending: bool) -> RowPage:
        """Some of a thread's runs."""
        filters = {"thread_uuid": (await self._threads.get(thread_id))["uuid"]}
        place = None if after is None else uuid_of("run_", after)
        return await self._runs.page(slice_of(LIST, after=place, limit=limit, ascending=ascending, filters=filters))

    async def get(self, thread_id: str, run_id: str) -> Row:
        """One run of a thread."""
        thread = await self._threads.get(thread_id)
        try:
            row = await self._runs.get(uuid_of("run_", run_id))
        except NotFound as error:
            raise unknown("run_", run_id) from error
        if row["labels"].get("thread_uuid") != str(thread["uuid"]):
            raise unknown("run_", run_id)
        return row

    async def step(self, thread_id: str, run_id: str, step_id: str) -> Row:
        """The run whose step this is."""
        row = await self.get(thread_id, run_id)
        if uuid_of("step_", step_id) != row["uuid"]:
            raise unknown("step_", step_id)
        return row

    async def cancel(self, thread_id: str, run_id: str) -> Row:
        """Stops a run, and waits for that, but not for long; one at its end stays as it is."""
        uuid = (await self.get(thread_id, run_id))["uuid"]
        await self._runs.cancel(uuid)
        await self._session.commit()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCELLED_WITHIN):
                await self._runs.finished(uuid)
        return await self._runs.get(uuid)

    async def submit(self, thread_id: str, run_id: str) -> NoReturn:
        """Refuses outputs of tools: agents call their own, and no run waits for others'."""
        await self.get(thread_id, run_id)
        raise Conflict("This run does not wait for outputs of tools: its agent's tools are called here.")


def _request(given: RunFields) -> Mapping[str, Any]:
    names = ("temperature", "top_p", "max_completion_tokens")
    shown = {name: getattr(given, name) for name in names}
    return {
        "dialect": DIALECT,
        "shown": {**shown, "instructions": given.instructions or "", "metadata": given.metadata or {}},
    }

"""Another agent goes on with a conversation: in the same run, within its limits, and with what was said so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from athena.agents.service import AgentService
from athena.engine import Event, RunContext, StepResult
from athena.kit.access import Access
from athena.kit.db import Database
from athena.kit.errors import NotFound
from athena.runs.conversation import abilities_of, instructions


async def taking_over(
    run: RunContext, database: Database, access: Access, agent_uuid: UUID, turn: int
) -> Mapping[str, Any] | None:
    """What the agent is as it takes over, kept with the run; ``None`` when it was deleted.

    ``name``, ``model``, ``account_uuid``, ``system_prompt``, ``temperature``, ``max_tokens`` and ``abilities``.
    """

    async def look() -> Mapping[str, Any] | None:
        async with database.session(access.scope) as session:
            try:
                agent = await AgentService(session, access).get(agent_uuid)
            except NotFound:
                return None
            settings = instructions(agent, None, {}, {})
            return {
                "name": agent["name"],
                "model": settings.model,
                "account_uuid": str(agent["account_uuid"]) if agent["account_uuid"] else None,
                "system_prompt": settings.system_prompt,
                "temperature": settings.temperature,
                "max_tokens": settings.max_tokens,
                "abilities": abilities_of(agent),
            }

    async def execute(_: int) -> StepResult:
        found = await run.patiently(look)
        about = {"message_uuid": run.input["message_uuid"], "agent_uuid": str(agent_uuid)}
        name = found["name"] if found else None
        return StepResult(found, [Event("agent.handed_over", {**about, "name": name})])

    return await run.step(f"hand_over:{turn}", execute)

"""What an agent may call in a run: its tools, and the agents of its team."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final
from uuid import UUID

from athena.agents.service import AgentService
from athena.engine import RunContext
from athena.kit.access import Access
from athena.kit.db import Database, Row, Session
from athena.runs.agent_tool import QUESTION
from athena.runs.children import SECONDS, ask_agent
from athena.runs.tool_calls import Offer
from athena.tools.base import ToolFailed, ToolResult
from athena.tools.calling import OfferedFunction, call_function, needs_approval, offered, read_arguments
from athena.tools.naming import free_name, function_name
from athena.tools.refreshing import Refresher
from athena.tools.service import ToolService

DESCRIBED: Final = 500
HAND_OVER: Final = "hand_over"
"""In a result's details: the agent with whom the conversation goes on."""
NOTHING_TO_SAY: Final[Mapping[str, Any]] = {"type": "object", "properties": {}, "additionalProperties": False}


async def offers(
    session: Session, database: Database, access: Access, run: RunContext, abilities: Mapping[str, Any]
) -> dict[str, Offer]:
    """By name. What was deleted since the run was accepted is not there any more."""
    found: dict[str, Offer] = {}
    tools = await ToolService(session, access).for_agent([UUID(uuid) for uuid in abilities["tool_uuids"]])
    database.provided(Refresher).use(tools, access)
    for function in offered(tools):
        found[function.name] = _tool(database, access, run, function)
    team = abilities["team_uuids"]
    if team:
        for agent in await AgentService(session, access).rows(list(map(UUID, team))):
            asking = _asking(database, access, run, agent, found)
            found[asking.name] = asking
            handing_over = _handing_over(agent, found)
            found[handing_over.name] = handing_over
    return found


def _tool(database: Database, access: Access, run: RunContext, function: OfferedFunction) -> Offer:
    tool = function.tool

    async def call(arguments: str, key: str) -> ToolResult:
        return await call_function(
            database,
            access,
            tool,
            function.function,
            arguments,
            idempotency_key=key,
            run_uuid=run.run_uuid,
            agent_uuid=_uuid(run.input["agent_uuid"]),
            thread_uuid=_uuid(run.input["thread_uuid"]),
            ancestors=_ancestors(run),
        )

    def to_approve(arguments: str) -> Mapping[str, Any] | None:
        if not tool["requires_approval"] and tool["approval_condition"] is None:
            return None
        try:
            values = read_arguments(arguments, function.parameters)
        except ToolFailed:
            # What cannot be called as it is wastes nobody's time.
            return None
        return values if needs_approval(tool, function.function, values) else None

    return Offer(
        function.name,
        function.description,
        function.parameters,
        call,
        repeatable=function.repeatable,
        to_approve=to_approve,
        shown={"tool_uuid": str(tool["uuid"]), "function": function.function},
    )


def _asking(database: Database, access: Access, run: RunContext, agent: Row, taken: Container[str]) -> Offer:
    async def call(arguments: str, key: str) -> ToolResult:
        try:
            asked: str = read_arguments(arguments, QUESTION)["question"]
        except ToolFailed as error:
            return ToolResult(error.message, is_error=True)
        return await ask_agent(
            database,
            access,
            agent["uuid"],
            asked,
            key=key,
            parent=run.run_uuid,
            ancestors=_ancestors(run),
            seconds=SECONDS,
        )

    return Offer(
        free_name(f"ask_{function_name(agent['name'])}", taken),
        f"Asks the agent {agent['name']}, and waits for its answer. {_about(agent)}".strip(),
        QUESTION,
        call,
        # The run that it starts is found again.
        repeatable=True,
        shown={"agent_uuid": str(agent["uuid"])},
    )


def _handing_over(agent: Row, taken: Container[str]) -> Offer:
    async def call(_: str, __: str) -> ToolResult:
        return ToolResult(f"The conversation goes on with {agent['name']}.", details={HAND_OVER: str(agent["uuid"])})

    return Offer(
        free_name(f"hand_over_to_{function_name(agent['name'])}", taken),
        f"Hands the conversation over to the agent {agent['name']}, who answers in your place. {_about(agent)}".strip(),
        NOTHING_TO_SAY,
        call,
        repeatable=True,
        shown={"agent_uuid": str(agent["uuid"])},
    )


def _about(agent: Row) -> str:
    return agent["description"] or (agent["system_prompt"] or "")[:DESCRIBED]


def _ancestors(run: RunContext) -> list[UUID]:
    """The agents that asked each other up to this run, its own among them."""
    return [UUID(uuid) for uuid in (*run.input.get("ancestors", ()), run.input["agent_uuid"]) if uuid]


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None

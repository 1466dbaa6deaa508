"""Agents and workflows as tools: how they are told, and which run a call is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from athena.dialects.checking import checked
from athena.dialects.mcp.calls import Call
from athena.dialects.mcp.names import PAGE, called, name_of, next_page, place
from athena.dialects.mcp.schemas import AgentArguments, CallParams, ListParams
from athena.dialects.mcp.talk import Talk
from athena.dialects.repository import NamedRepository
from athena.kit.db import Row
from athena.kit.errors import NotFound
from athena.permissions import Permission
from athena.runs.schemas import AgentRun
from athena.runs.service import RunService
from athena.workflow_executions.service import WorkflowExecutionService
from athena.workflow_executions.starting import Request
from athena.workflows.interface import arguments_schema, input_of
from athena.workflows.service import WorkflowService

LABEL: Final = "mcp_request"
KINDS: Final[Mapping[str, Permission]] = {"agent": Permission.AGENTS_RUN, "workflow": Permission.WORKFLOWS_RUN}
"""What tools there are, and what the caller needs to call them."""
AGENT_INPUT: Final = AgentArguments.model_json_schema()


async def listed(talk: Talk, given: ListParams) -> dict[str, Any]:
    """What the caller may call."""
    mine = [kind for kind, permission in KINDS.items() if permission in talk.access.permissions]
    rows = await _named(talk).tools(mine, place(given.cursor), PAGE + 1)
    return {"tools": [told(row) for row in rows[:PAGE]], **next_page(rows)}


def told(row: Row) -> dict[str, Any]:
    """A tool."""
    output = _object_schema(row["output_schema"])
    return {
        "name": name_of(row),
        "title": row["name"],
        "description": row["description"] or f"The {row['kind']} {row['name']}.",
        "inputSchema": AGENT_INPUT if row["kind"] == "agent" else arguments_schema(_input_schema(row)),
        "annotations": {"title": row["name"], "openWorldHint": True},
        **({"outputSchema": output} if output else {}),
    }


async def accepted(talk: Talk, given: CallParams) -> Call:
    """Accepts the run of a call; :class:`NotFound` for what the caller cannot call."""
    row = await _called(talk, given.name)
    label = talk.mcp_session.label(talk.number) if talk.mcp_session else None
    labels = {LABEL: label} if label else {}
    begin = _agent if row["kind"] == "agent" else _workflow
    run_uuid = await begin(talk, row, given.arguments or {}, labels)
    token = given.meta.progressToken if given.meta else None
    structured = _object_schema(row["output_schema"]) is not None
    return Call(run_uuid, talk.number, token, row["kind"], structured)


async def _called(talk: Talk, name: str) -> Row:
    named, wanted = _named(talk), called(name)
    found = await (named.by_uuid(wanted) if isinstance(wanted, UUID) else named.by_slug(wanted))
    mine = [row for row in found if KINDS[row["kind"]] in talk.access.permissions]
    if len(found) != 1 or not mine:
        raise NotFound(f"There is no tool {name[:100]}, or you may not call it.")
    return mine[0]


async def _agent(talk: Talk, row: Row, arguments: Mapping[str, Any], labels: Mapping[str, str]) -> UUID:
    asked = checked(AgentArguments, arguments, "arguments")
    runs = RunService(talk.session, talk.access, labels)
    given = AgentRun(
        input=asked.input,
        thread_uuid=asked.thread_uuid,
        variables=asked.variables or {},
        metadata={},  # pyright: ignore[reportArgumentType] - none of the caller's
    )
    return await runs.run_agent(row["uuid"], given)


async def _workflow(talk: Talk, row: Row, arguments: Mapping[str, Any], labels: Mapping[str, str]) -> UUID:
    workflow = await WorkflowService(talk.session, talk.access).to_run(row["uuid"])
    asked = Request("api", input_of(_input_schema(row), arguments), labels=labels)
    return await WorkflowExecutionService(talk.session, talk.access).accept(workflow, asked)


def _input_schema(row: Row) -> dict[str, Any] | None:
    trigger = next(node for node in row["nodes"] if node["type"] == "manual_trigger" and not node.get("disabled"))
    return trigger["data"].get("input_schema")


def _object_schema(schema: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Results have a structure where it is an object's: the protocol knows no other."""
    return schema if schema and schema.get("type") == "object" else None


def _named(talk: Talk) -> NamedRepository:
    return NamedRepository(talk.session, talk.access.workspace_uuid, talk.access.reach)

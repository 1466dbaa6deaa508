"""Accepting executions: everything that one needs is frozen, so that a change of its workflow changes it no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import jsonschema_rs

from athena.budgets.spending import Spender, check
from athena.engine import PARENT_LABEL, EndedRun, Engine
from athena.engine.events import encode
from athena.expressions import ExpressionError, compile_text
from athena.kit import clock
from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import AthenaError, Conflict, TooLarge, ValidationFailed
from athena.kit.ids import new_uuid
from athena.node_types.base import NodeFailed
from athena.variables import service as workspace_variables
from athena.workflow_executions.given import Plan
from athena.workflow_executions.plans import Plans
from athena.workflows.graph import Graph, GraphNode
from athena.workflows.service import WorkflowService

MAXIMUM_INPUT: Final = 5_000_000
"""Bytes of JSON that an execution may be started with."""
MAXIMUM_REUSED: Final = 20_000_000
"""Bytes of JSON of the outputs that an execution may have from another one."""
MAXIMUM_DEPTH: Final = 10
"""How many executions may stand within each other."""
KEY_NAMES: Final = frozenset({"trigger", "variables"})
TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a new execution."""

    trigger: str
    """How it came about: manual, webhook, schedule, event, error, agent, api, retry."""
    output: Any
    """What the trigger node gives."""
    node_types: tuple[str, ...] = ("manual_trigger",)
    """The types of trigger nodes of which the first one begins it."""
    node_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What expressions find under ``trigger`` beside `type`, `node_id`, `at` and `input`."""
    begun: Mapping[str, Any] | None = None
    """`type` and `at` of the execution that this one repeats."""
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seeds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])
    """Outputs that are known from another execution, by the node's place in the loops around it."""
    pinned: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What nodes give without being run, by their ids."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What nodes outside of loops get, whatever leads to them, by their ids."""
    wanted: frozenset[str] | None = None
    test: bool = False
    version: int | None = None
    parent: Mapping[str, Any] | None = None
    depth: int = 0
    ancestors: Sequence[UUID] = ()
    """The agents and workflows that led here, outermost first."""
    labels: Mapping[str, Any] = field(default_factory=dict[str, Any])
    run_uuid: UUID | None = None
    queued: bool = False
    """Whether it waits for those before it that the same trigger node has started."""
    request: Mapping[str, Any] | None = None
    """The request as it came, where another dialect shows it again."""


async def accept(session: Session, access: Access, workflow: Row, asked: Request, *, begin_here: bool = True) -> UUID:
    """Accepts an execution of a workflow as it is now, or as of a version; its uuid, which is that of its run.

    ``workflow`` is what :meth:`WorkflowService.to_run` gives. ``begin_here``: in this process at once, if it has room.
    :class:`athena.kit.errors.BudgetExhausted` when a budget that it falls under has nothing left.
    """
    if asked.depth > MAXIMUM_DEPTH:
        raise Conflict(f"Workflows may start each other {MAXIMUM_DEPTH} times.", code="too_deep")
    await check(session, spender_of(access, workflow["uuid"]))
    version = workflow["version"] if asked.version is None else asked.version
    plan = await session.provided(Plans).get(session, access, workflow["uuid"], version)
    node = _trigger(plan.graph, asked)
    _check_input(node, asked)
    given = _given(access, workflow, asked, version, plan, node)
    if plan.graph.uses_workspace:
        known = await workspace_variables.load(session, access.workspace_uuid, ())
        given["workspace_variables"] = dict(known.variables)
    _check_size(given)
    key, limit = _queue(workflow["uuid"], plan, given, queued=asked.queued)
    uuid = asked.run_uuid or new_uuid()
    labels = {
        "workflow_uuid": str(workflow["uuid"]),
        "workflow_version": version,
        "trigger": asked.trigger,
        **asked.labels,
    }
    await session.provided(Engine).accept(
        session,
        kind="workflow",
        workspace_uuid=access.workspace_uuid,
        run_uuid=uuid,
        input=given,
        labels=labels,
        queue_key=key,
        queue_limit=limit,
        begin_here=begin_here,
    )
    return uuid


def spender_of(access: Access, workflow_uuid: UUID, run_uuid: UUID | None = None) -> Spender:
    """On whose account an execution spends."""
    return Spender(
        access.workspace_uuid,
        access.user_uuid,
        access.token_uuid,
        workflow_uuid=workflow_uuid,
        run_uuid=run_uuid,
    )


def _check_size(given: Mapping[str, Any]) -> None:
    reused = len(encode(given["seeds"])) if given["seeds"] else 0
    if reused > MAXIMUM_REUSED:
        raise TooLarge(f"The outputs that would be reused are {reused} bytes; {MAXIMUM_REUSED} are the most.")
    if len(encode({**given, "seeds": None})) > MAXIMUM_INPUT:
        raise TooLarge(f"An execution is started with at most {MAXIMUM_INPUT} bytes.")


def _given(access: Access, workflow: Row, asked: Request, version: int, plan: Plan, node: GraphNode) -> dict[str, Any]:
    """What the run is accepted with."""
    settings = plan.settings
    at = clock.rfc3339(clock.now())
    return {
        "user_uuid": str(access.user_uuid),
        "token_uuid": access.token_uuid and str(access.token_uuid),
        "acts_for": str(access.acts_for or access.user_uuid),
        "workflow_uuid": str(workflow["uuid"]),
        "workflow_name": workflow["name"],
        "version": version,
        "trigger": {
            "input": asked.output,
            **asked.facts,
            **(asked.begun or {"type": asked.trigger, "at": at}),
            "node_id": node.id,
        },
        "output": asked.output,
        "redacted": node.spec.redact,
        "variables": _variables(plan.variables, asked.variables),
        "workspace_variables": {},
        "accepted_at": at,
        "seeds": dict(asked.seeds),
        "pinned": dict(asked.pinned),
        "inputs": dict(asked.inputs),
        "wanted": None if asked.wanted is None else sorted(asked.wanted),
        "test": asked.test,
        "timeout_seconds": settings.get("timeout_seconds"),
        "budget": settings.get("budget"),
        "error_workflow_uuid": settings.get("error_workflow_uuid"),
        "parent": asked.parent,
        "depth": asked.depth,
        "ancestors": [str(each) for each in asked.ancestors],
        **({"request": dict(asked.request)} if asked.request else {}),
    }


def _trigger(graph: Graph, asked: Request) -> GraphNode:
    """The trigger node that begins it."""
    for node in graph.triggers():
        if node.id == asked.node_id if asked.node_id else node.spec.type in asked.node_types:
            return node
    if asked.node_id:
        raise ValidationFailed.of("node_id", f"The workflow has no trigger {asked.node_id}.")
    kinds = " or ".join(asked.node_types)
    raise Conflict(f"The workflow has no trigger of the type {kinds}.", code="no_trigger")


def _check_input(node: GraphNode, asked: Request) -> None:
    schema: dict[str, Any] | None = node.spec.data.get("input_schema")
    if schema is None or (asked.wanted is not None and node.id not in asked.wanted):
        return
    errors: dict[str, list[str]] = {}
    for error in jsonschema_rs.validator_for(schema, retriever=_nothing).iter_errors(asked.output):
        path = ".".join(["input", *map(str, error.instance_path)])
        errors.setdefault(path, []).append(f"{error.message}.")
    if errors:
        path, messages = next(iter(errors.items()))
        raise ValidationFailed(f"{path}: {messages[0]}", errors=errors)


def _nothing(_uri: str) -> Any:
    """A schema refers to nothing outside of itself."""
    raise ValueError("schemas of other addresses are not fetched")


def _variables(declared: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Each variable's value: what was given, or else its default."""
    errors: dict[str, list[str]] = {}
    found: dict[str, Any] = {}
    for variable in declared:
        name = variable["name"]
        value = given.get(name, variable["default"])
        kinds = TYPES[variable["type"]]
        if value is None:
            if variable["required"]:
                errors[f"variables.{name}"] = ["This variable is required."]
        elif not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            errors[f"variables.{name}"] = [f"It must be of the type {variable['type']}."]
        found[name] = value
    for name in given.keys() - found.keys():
        errors[f"variables.{name[:64]}"] = ["The workflow has no such variable."]
    if errors:
        path, messages = min(errors.items())
        raise ValidationFailed(f"{path}: {messages[0]}", errors=dict(sorted(errors.items())))
    return found


def _queue(workflow_uuid: UUID, plan: Plan, given: Mapping[str, Any], *, queued: bool) -> tuple[str | None, int]:
    """The queue that the execution stands in, and how many of it run at a time."""
    concurrency = plan.settings.get("concurrency")
    if not concurrency:
        return (f"workflow {workflow_uuid} {given['trigger']['node_id']}", 1) if queued else (None, 1)
    value: Any = ""
    if concurrency["key"]:
        try:
            value = compile_text(concurrency["key"], KEY_NAMES).evaluate({name: given[name] for name in KEY_NAMES})
        except ExpressionError as error:
            raise ValidationFailed.of("settings.concurrency.key", error.message) from error
    return f"workflow {workflow_uuid} {encode(value)[:500]}", concurrency["limit"]


async def accept_child(  # noqa: PLR0913 - each is a fact of the execution
    session: Session,
    access: Access,
    workflow_uuid: UUID,
    value: Any,
    *,
    run_uuid: UUID,
    depth: int,
    ancestors: Sequence[UUID],
    parent: Mapping[str, Any] | None = None,
) -> UUID:
    """Accepts an execution that another one starts; errors as nodes have them."""
    try:
        workflow = await WorkflowService(session, access).to_run(workflow_uuid)
        labels = {PARENT_LABEL: parent["run_uuid"]} if parent else {}
        asked = Request(
            "workflow", value, parent=parent, depth=depth, ancestors=ancestors, run_uuid=run_uuid, labels=labels
        )
        return await accept(session, access, workflow, asked)
    except AthenaError as error:
        raise NodeFailed(error.error_code, error.detail) from error


async def start_error_workflow(session: Session, access: Access, run: EndedRun) -> None:
    """Starts the workflow that is told of failures, if it is there, active, and takes them."""
    try:
        workflow = await WorkflowService(session, access).to_run(UUID(run.input["error_workflow_uuid"]))
        if workflow["status"] != "active":
            return
        told = {
            "execution_uuid": str(run.uuid),
            "workflow_uuid": run.input["workflow_uuid"],
            "workflow_name": run.input["workflow_name"],
            "trigger": run.input["trigger"]["type"],
            "error": run.error,
        }
        await accept(session, access, workflow, Request("error", told, node_types=("error_trigger",)))
    except AthenaError:
        return

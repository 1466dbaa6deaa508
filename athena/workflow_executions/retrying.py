"""Running an execution once more: what of it is done again, and which outputs are reused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import orjson

from athena.kit.access import Access
from athena.kit.db import Row, Session
from athena.kit.errors import Conflict, NotFound, ValidationFailed
from athena.node_types.base import ERROR, PureNode
from athena.workflow_executions.journal import REDACTED, Path, place
from athena.workflow_executions.parts import after_in_pass, known, loops_around
from athena.workflow_executions.plans import Plans
from athena.workflow_executions.repository import WorkflowExecutionRepository
from athena.workflow_executions.schemas import ExecutionRetry
from athena.workflow_executions.starting import Request, accept
from athena.workflows.graph import Graph, GraphNode
from athena.workflows.service import WorkflowService

SAME: Final = ("type", "data", "on_error", "default_output", "disabled")
"""What must be the same of a node for its output to be what it would give now."""
LED: Final = ("source", "source_handle", "target_handle", "condition")
"""The same of the edges that lead to it."""

Outputs = dict[str, dict[str, Any]]


async def retry(
    session: Session, access: Access, uuid: UUID, asked: ExecutionRetry, *, begin_here: bool = True
) -> UUID:
    """Accepts an execution that does again what ``asked`` says of another; its uuid. ``begin_here``: see `accept`."""
    executions = WorkflowExecutionRepository(session, access.workspace_uuid)
    source = await executions.to_retry(uuid)
    if source["finished_at"] is None:
        raise Conflict("The execution has not ended; cancel it first.", code="execution_unfinished")
    workflow_uuid, before = UUID(source["workflow_uuid"]), source["workflow_version"]
    workflows = WorkflowService(session, access)
    try:
        workflow = await workflows.to_run(workflow_uuid)
    except NotFound as error:
        raise Conflict("The execution's workflow was deleted.", code="workflow_deleted") from error
    version = workflow["version"] if asked.use_current_version else before
    plan = await session.provided(Plans).get(session, access, workflow_uuid, version)
    graph = plan.graph
    given: Mapping[str, Any] = source["input"]
    trigger_id = given["trigger"]["node_id"]
    first = _first(graph, source, asked, trigger_id)
    again = graph.after(first) if first is not None and _begins_anew(source, asked) else set[str]()
    if version != before:
        older, newer = await workflows.version(workflow_uuid, before), await workflows.version(workflow_uuid, version)
        for name in _changed(older, newer) - {trigger_id}:
            again |= after_in_pass(graph, name)
    output, inputs = _edited(graph, given, asked, first, trigger_id)
    ends = await executions.ends_of_nodes(uuid)
    kept = {} if trigger_id in again else _reused(graph, given["seeds"], ends, {trigger_id, *again})
    declared = {variable["name"] for variable in plan.variables}
    kept_variables = {name: value for name, value in given["variables"].items() if name in declared}
    request = Request(
        "retry",
        output,
        node_id=trigger_id,
        facts={name: value for name, value in given["trigger"].items() if name != "input"},
        begun={name: given["trigger"][name] for name in ("type", "at")},
        variables={**kept_variables, **asked.variables},
        seeds=kept,
        pinned=given["pinned"],
        inputs=inputs,
        wanted=None if given["wanted"] is None else frozenset(given["wanted"]),
        test=given["test"],
        version=version,
        depth=given["depth"],
        ancestors=[UUID(each) for each in given.get("ancestors", ())],
        labels={"source_execution_uuid": str(uuid)},
    )
    return await accept(session, access, workflow, request, begin_here=begin_here)


def _first(graph: Graph, source: Row, asked: ExecutionRetry, trigger_id: str) -> str | None:
    """The node outside of loops with which it begins; ``None``: with whatever was not done."""
    if trigger_id not in graph.nodes:
        raise Conflict(f"The workflow has no trigger {trigger_id} any more.", code="no_trigger")
    if asked.from_node_id is not None:
        known(graph, asked.from_node_id, "from_node_id")
        return _outermost(graph, asked.from_node_id)
    if source["status"] == "succeeded":
        return trigger_id
    error: Mapping[str, Any] = source["error"] or {}
    failed = error.get("node_id")
    return _outermost(graph, failed) if failed in graph.nodes else None


def _begins_anew(source: Row, asked: ExecutionRetry) -> bool:
    """Whether what was done from the first node on is done again. Else only what was not done is done."""
    return asked.from_node_id is not None or source["status"] == "succeeded" or "input" in asked.model_fields_set


def _outermost(graph: Graph, node_id: str) -> str:
    return next(reversed(loops_around(graph, node_id)), node_id)


def _edited(
    graph: Graph, given: Mapping[str, Any], asked: ExecutionRetry, first: str | None, trigger_id: str
) -> tuple[Any, dict[str, Any]]:
    """What the trigger gives, and what nodes get in place of what comes to them."""
    inputs = {name: value for name, value in given["inputs"].items() if name in graph.nodes}
    if "input" not in asked.model_fields_set:
        return given["output"], inputs
    if first is None:
        raise ValidationFailed.of("input", "It is not known which node's; name it as from_node_id.")
    if asked.from_node_id is not None and first != asked.from_node_id:
        raise ValidationFailed.of("input", f"{asked.from_node_id} stands in the loop {first}, which gives its input.")
    if first == trigger_id:
        return asked.input, inputs
    return given["output"], {**inputs, first: asked.input}


def _changed(before: Row, now: Row) -> set[str]:
    """The nodes of a version that do something else than those of another, or get it from elsewhere."""
    older, newer = _traits(before), _traits(now)
    return {name for name, traits in newer.items() if older.get(name) != traits}


def _traits(version: Row) -> dict[str, list[Any]]:
    found = {node["id"]: [node[name] for name in SAME] for node in version["nodes"]}
    for edge in version["edges"]:
        if edge["target"] in found:
            found[edge["target"]].append([edge[name] for name in LED])
    return found


def _reused(graph: Graph, before: Mapping[str, Any], ends: Iterable[Row], again: set[str]) -> Outputs:
    """Outputs by the places of their nodes. Of loops that are not done, those of the steps in them that are."""
    found: Outputs = {}
    whole: set[str] = set()
    for row in ends:
        data = orjson.loads(row["data"])
        path: Path = tuple(data["path"])
        node = graph.nodes.get(data["node_id"])
        if node is None or node.id in again or (path and isinstance(node.type, PureNode)):
            continue
        key = place(node.id, path)
        outputs = _outputs(node, row, data, before.get(key))
        if outputs is not None:
            found[key] = outputs
            if not path:
                whole.add(node.id)
    return {
        key: outputs for key, outputs in found.items() if not whole.intersection(loops_around(graph, key.split("@")[0]))
    }


def _outputs(
    node: GraphNode, row: Row, data: Mapping[str, Any], before: dict[str, Any] | None
) -> dict[str, Any] | None:
    """What a node gave, if all of it is known."""
    if row["type"] == "node.failed":
        match data["handled"]:
            case "continue":
                return {node.first_output: node.spec.default_output}
            case "branch":
                return {ERROR: {"error": data["error"], "node_id": node.id}}
            case _:
                return None
    if data.get("reused") and before is not None:
        return before
    kept: dict[str, Any] = orjson.loads(row["record"])["outputs"] if row["record"] else {}
    outputs: dict[str, Any] = {**data["outputs"], **kept}
    cut = {port for port in data.get("truncated", ()) if port not in kept}
    secret = any(value == REDACTED for value in outputs.values())
    return None if cut or secret else outputs

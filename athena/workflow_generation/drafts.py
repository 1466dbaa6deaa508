"""A model's draft as a workflow: read, checked and run dry, or else what is wrong with it, in words for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from athena.kit.errors import ValidationFailed
from athena.node_types.base import NodeFailed
from athena.node_types.registry import node_types
from athena.workflow_generation.catalogue import sample
from athena.workflow_generation.layout import place
from athena.workflow_generation.rehearsal import rehearse
from athena.workflows.graph import Graph
from athena.workflows.graph_schemas import GraphProblem
from athena.workflows.schemas import WorkflowCreate
from athena.workflows.service import compiled

PROBLEMS_MOST: Final = 20
OWN: Final = frozenset({"sample_output", "example_input"})


class DraftRefused(Exception):
    """A draft that is no workflow; the problems are for who drafted it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems[:PROBLEMS_MOST]))
        self.problems = problems[:PROBLEMS_MOST]


@dataclass(frozen=True, slots=True)
class Draft:
    """A workflow without problems, and what its dry run gave."""

    workflow: WorkflowCreate
    output: Any


async def read_draft(given: Mapping[str, Any]) -> Draft:
    """The workflow that a draft describes; :class:`DraftRefused` says why it is none."""
    nodes = [{key: value for key, value in node.items() if key not in OWN} for node in given["nodes"]]
    edges = list(given["edges"])
    place(nodes, edges)
    parts = {
        "name": given["name"],
        "description": given.get("description") or "",
        "nodes": nodes,
        "edges": edges,
        "variables": given.get("variables") or [],
    }
    try:
        workflow = WorkflowCreate.model_validate(parts)
    except ValidationError as error:
        raise DraftRefused(
            [f"{'.'.join(map(str, issue['loc']))}: {issue['msg']}" for issue in error.errors(include_url=False)]
        ) from error
    graph, problems = compiled(workflow.model_dump(mode="json"))
    if problems:
        raise DraftRefused([_told(problem) for problem in problems])
    return Draft(workflow, await _rehearsed(given, workflow, graph))


async def _rehearsed(given: Mapping[str, Any], workflow: WorkflowCreate, graph: Graph) -> Any:
    outputs = {node["id"]: node["sample_output"] for node in given["nodes"] if "sample_output" in node}
    trigger = graph.triggers()[0]
    schema = trigger.spec.data.get("input_schema") or node_types()[trigger.spec.type].output_schema
    example = given["example_input"] if "example_input" in given else sample(schema)
    variables = {
        each.name: each.default if each.default is not None else sample({"type": each.type})
        for each in workflow.variables
    }
    try:
        return await rehearse(graph, example, outputs, variables)
    except NodeFailed as error:
        where = f" at the node {error.details['node_id']}" if "node_id" in error.details else ""
        raise DraftRefused([f"A dry run with your examples fails{where}: {error.message}"]) from error
    except ValidationFailed as error:
        raise DraftRefused([error.detail]) from error


def _told(problem: GraphProblem) -> str:
    place_of = f"node {problem.node_id}" if problem.node_id else f"edge {problem.edge_id}" if problem.edge_id else ""
    parts = [part for part in (place_of, problem.path) if part]
    return f"{', '.join(parts)}: {problem.message}" if parts else problem.message

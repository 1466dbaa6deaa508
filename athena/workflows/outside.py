"""What keeps a workflow from being active, but is outside of its graph: missing secrets, times that never come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from athena.kit import clock
from athena.kit.access import WorkspaceId
from athena.kit.db import Session
from athena.variables import service as variables
from athena.workflows.graph import Graph
from athena.workflows.graph_schemas import GraphProblem
from athena.workflows.triggers import never_comes


async def problems_outside(
    session: Session, workspace_uuid: WorkspaceId, graph: Graph, running: Mapping[str, Any]
) -> list[GraphProblem]:
    """In the order of the nodes. ``running``: the schedules that are at work, by node; those may come to their end."""
    nodes = [node for node in graph.nodes.values() if not node.spec.disabled]
    wanted = {name for node in nodes for name in node.configuration.secrets}
    missing = await variables.missing_secrets(session, workspace_uuid, wanted) if wanted else frozenset[str]()
    now = clock.now()
    found: list[GraphProblem] = []
    for node in nodes:
        for name, (path, position) in node.configuration.secrets.items():
            if name in missing:
                text = f"The workspace has no secret {name}."
                found.append(_problem("secret_missing", text, node.id, path, position))
        is_schedule = node.spec.type == "schedule_trigger" and not node.configuration.problems
        if is_schedule and running.get(node.id) != node.spec.data and never_comes(node.spec.data, now):
            found.append(_problem("never_due", "None of its times is still to come.", node.id, "data.schedule", None))
    return found


def _problem(code: str, message: str, node_id: str, path: str, position: int | None) -> GraphProblem:
    return GraphProblem(code=code, message=message, node_id=node_id, path=path, position=position)

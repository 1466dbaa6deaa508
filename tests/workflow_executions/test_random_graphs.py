"""A thousand random graphs give what a small reference interpreter says: order, each item once, no branch lost."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from athena.engine import Engine
from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database, Scope
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.workflow_executions.starting import Request, accept
from athena.workflows.schemas import WorkflowCreate
from athena.workflows.service import WorkflowService
from tests.conftest import Tenant
from tests.workflow_executions.graphs import Drawing
from tests.workflow_executions.reference import interpret

GRAPHS = 1_000
BESIDE = 8


async def executed(database: Database, access: Access, body: dict[str, Any]) -> tuple[Any, dict[str, list[Any]]]:
    """The output of an execution of the workflow, and each node's outputs in the order of the passes."""
    async with database.session(access.scope) as session:
        service = WorkflowService(session, access)
        row = await service.create(WorkflowCreate.model_validate(body))
        assert row["problems"] == [], row["problems"]
        run_uuid = await accept(session, access, await service.to_run(row["uuid"]), Request("api", 4))
    done = await database.provided(Engine).result(access.workspace_uuid, run_uuid, timeout=20)
    assert done.status == "succeeded", done.error
    async with database.session(Scope(access.workspace_uuid)) as session:
        rows = await session.fetch(
            "SELECT data FROM run_events WHERE run_uuid = $1 AND type = 'node.completed'", run_uuid
        )
    told = [orjson.loads(each["data"]) for each in rows]
    outputs: dict[str, list[Any]] = {node["id"]: [] for node in body["nodes"]}
    for data in sorted(told, key=lambda data: data["path"]):
        outputs[data["node_id"]].append(next(iter(data["outputs"].values())))
    return done.output["output"], outputs


@pytest.mark.parametrize("first", range(0, GRAPHS, 100))
async def test_a_graph_gives_what_the_reference_says(owner: Tenant, database: Database, first: int) -> None:
    access = Access(WorkspaceId(owner.workspace_uuid), owner.user_uuid, Role.OWNER, ROLE_PERMISSIONS[Role.OWNER])
    room = asyncio.Semaphore(BESIDE)

    async def compared(seed: int) -> None:
        drawing = Drawing(seed)
        async with room:
            found = await executed(database, access, drawing.body)
        graph = {"nodes": drawing.nodes, "edges": drawing.edges}
        assert found == interpret(graph, 4), f"seed {seed}"

    await asyncio.gather(*(compared(seed) for seed in range(first, first + 100)))

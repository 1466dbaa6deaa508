"""Workflows to run, and what they did."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from athena.node_types import registry
from tests.conftest import Tenant
from tests.workflow_executions.plugin import CALLS, FAILING, POINTS, Point

PATH = "/api/v1/workflow-executions"

Edge = tuple[str, str] | tuple[str, str, str | None] | tuple[str, str, str | None, str | None]


def node(node_id: str, kind: str, data: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"id": node_id, "type": kind, "data": data or {}, **more}


def edge(ends: Edge) -> dict[str, Any]:
    return dict(zip(("source", "target", "source_handle", "target_handle"), ends, strict=False))


async def create(tenant: Tenant, nodes: Sequence[dict[str, Any]], edges: Sequence[Edge], **more: Any) -> dict[str, Any]:
    """A workflow that begins with a manual trigger `start`, unless there is another trigger."""
    given = list(nodes)
    if not any(each["type"].endswith("_trigger") for each in given):
        given.insert(0, node("start", "manual_trigger"))
    body = {"name": "W", "nodes": given, "edges": [edge(each) for each in edges], **more}
    answer = await tenant.post("/api/v1/workflows", body)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def run(tenant: Tenant, workflow: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
    """The finished run; its status says how it ended."""
    path = f"/api/v1/workflows/{workflow['uuid']}/run"
    answer = await tenant.post(path, {"input": given, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture(autouse=True, scope="module")
def plugin() -> Generator[None]:
    """The types of :mod:`tests.workflow_executions.plugin` beside Athena's own."""

    def found(group: str) -> list[Point]:
        return POINTS

    patch = pytest.MonkeyPatch()
    patch.setattr(registry, "entry_points", found)
    registry.node_types.cache_clear()
    yield
    patch.undo()
    registry.node_types.cache_clear()


@pytest.fixture(autouse=True)
def nothing_done() -> Generator[None]:
    """No effect took place yet, and none fails."""
    yield
    CALLS.clear()
    FAILING.clear()


def probe(node_id: str, value: Any = None, **more: Any) -> dict[str, Any]:
    """A node with an effect that is counted by the node's id."""
    data = {"key": more.pop("key", node_id), "value": value, "cost": more.pop("cost", 0)}
    return node(node_id, "probe", data, **more)


async def start(tenant: Tenant, workflow: dict[str, Any], given: Any = None, **more: Any) -> str:
    """The uuid of an execution that was begun."""
    path = f"/api/v1/workflows/{workflow['uuid']}/run"
    answer = await tenant.post(path, {"input": given, "background": True, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()["data"]["uuid"]


async def execution(tenant: Tenant, uuid: str, *statuses: str) -> dict[str, Any]:
    """An execution, as soon as its status is one of these; ended, unless they are named."""
    wanted = statuses or ("succeeded", "failed", "cancelled")
    found: dict[str, Any] = {}
    for _ in range(400):
        answer = await tenant.get(f"{PATH}/{uuid}")
        assert answer.status_code == 200, answer.text
        found = answer.json()["data"]
        if found["status"] in wanted:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError(found["status"])


async def ended(tenant: Tenant, workflow: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
    """The execution of a workflow, when it has ended."""
    return await execution(tenant, await start(tenant, workflow, given, **more))


async def retry(tenant: Tenant, uuid: str, **body: Any) -> dict[str, Any]:
    """The execution that an execution is retried by, when it has ended."""
    answer = await tenant.post(f"{PATH}/{uuid}/retry", {"background": True, **body})
    assert answer.status_code == 202, answer.text
    return await execution(tenant, answer.json()["data"]["uuid"])


def statuses(execution_: dict[str, Any]) -> dict[str, str]:
    """What became of each node."""
    return {name: each["status"] for name, each in execution_["data"]["nodes"].items()}

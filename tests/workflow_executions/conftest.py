"""Workflows to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.conftest import Tenant

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

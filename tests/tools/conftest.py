"""Tools, and calls of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from tests.conftest import Tenant
from tests.node_types.server import Server
from tests.providers.conftest import built_in

__all__ = ["built_in"]

PATH = "/api/v1/tools"
NUMBERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"numbers": {"type": "array", "items": {"type": "number"}}},
    "required": ["numbers"],
}
CODE: Mapping[str, Any] = {"code": "result = sum(numbers)"}
EMPTY: Mapping[str, Any] = {"type": "object", "properties": {}}


async def make(tenant: Tenant, type_: str = "code", **fields: Any) -> dict[str, Any]:
    """A tool; one of code adds numbers unless it is told otherwise."""
    if type_ == "code":
        fields = {"config": CODE, "parameters": NUMBERS, **fields}
    answer = await tenant.post(PATH, {"name": "Sum", "description": "Adds.", "type": type_, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


async def call(
    tenant: Tenant, tool: Mapping[str, Any], function: str | None = None, **arguments: Any
) -> dict[str, Any]:
    """What a test call comes to."""
    body = {"arguments": arguments, **({"function": function} if function else {})}
    answer = await tenant.post(f"{PATH}/{tool['uuid']}/call", body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    """A server of somebody else's."""
    started = Server()
    await started.start()
    yield started
    await started.stop()

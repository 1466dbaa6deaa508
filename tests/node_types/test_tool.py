"""The node `tool`: a call of one of the workspace's tools."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Tenant
from tests.node_types.conftest import Bench, problems
from tests.node_types.server import Server, answer
from tests.tools.conftest import PATH, make

TOOL = "tool"


async def data(tenant: Tenant, *numbers: Any, **fields: Any) -> dict[str, Any]:
    """A node's configuration that has a new tool add numbers."""
    options = {name: fields.pop(name) for name in ("approved", "function") if name in fields}
    tool = await make(tenant, **fields)
    return {"tool_uuid": tool["uuid"], "arguments": {"numbers": list(numbers)}, **options}


async def test_the_result_is_given_as_text_and_as_json(bench: Bench, owner: Tenant) -> None:
    result = await bench.perform(TOOL, await data(owner, "{{ input.a }}", 2), given={"a": 1.5})
    assert result.outputs == {"output": {"content": "3.5", "data": 3.5}}


async def test_the_tool_s_failure_is_the_node_s(bench: Bench, owner: Tenant) -> None:
    failure = await bench.failure(TOOL, await data(owner, "x"))
    assert (failure.code, failure.retryable) == ("invalid_arguments", False)
    assert "/numbers/0" in failure.message
    failure = await bench.failure(TOOL, await data(owner, 1, function="other"))
    assert failure.code == "unknown_function"


async def test_what_may_pass_is_tried_again_under_the_same_key(bench: Bench, owner: Tenant, server: Server) -> None:
    config = {"url": server.url, "method": "POST", "idempotency_header": "Idempotency-Key"}
    tool = await make(owner, "http", name="Order", config=config)
    server.answers = [answer({"why": "busy"}, status=504)]
    given = {"tool_uuid": tool["uuid"]}
    failure = await bench.failure(TOOL, given, key="key-7")
    assert (failure.code, failure.retryable, failure.unknown) == ("http_status", True, True)
    await bench.perform(TOOL, given, key="key-7")
    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["key-7", "key-7"]


async def test_a_call_that_needs_approval_is_made_only_where_that_was_given(bench: Bench, owner: Tenant) -> None:
    condition = "arguments.numbers.size() > 1"
    alone = await data(owner, 1, approval_condition=condition)
    assert (await bench.perform(TOOL, alone)).outputs["output"]["data"] == 1
    both = {**alone, "arguments": {"numbers": [1, 2]}}
    assert (await bench.failure(TOOL, both)).code == "approval_needed"
    assert (await bench.perform(TOOL, {**both, "approved": True})).outputs["output"]["data"] == 3


async def test_tools_that_are_not_there_or_not_enabled_are_not_called(
    bench: Bench, owner: Tenant, stranger: Tenant
) -> None:
    assert (await bench.failure(TOOL, await data(stranger, 1))).code == "not_found"
    given = await data(owner, 1)
    await owner.put(f"{PATH}/{given['tool_uuid']}", {"enabled": False})
    assert (await bench.failure(TOOL, given)).code == "tool_disabled"


@pytest.mark.parametrize(("given", "path"), [({}, "data.tool_uuid"), ({"tool_uuid": "x"}, "data.tool_uuid")])
def test_a_tool_must_be_named(given: dict[str, Any], path: str) -> None:
    assert [found for found, _ in problems(TOOL, given)] == [path]

"""Calls of tools: arguments are checked, time and result are limited, and every failure is told as a result."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson
import pytest

from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.kit.ids import new_uuid
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.tools.base import (
    Discovery,
    JsonObject,
    ToolCall,
    ToolConfig,
    ToolFailed,
    ToolFunction,
    ToolKind,
    ToolKinds,
    ToolResult,
)
from athena.tools.calling import call_function, needs_approval
from tests.conftest import Tenant
from tests.tools.conftest import EMPTY, NUMBERS, call, make


class Scripted(ToolKind[ToolConfig]):
    """Does what its test says."""

    type = "scripted"
    config = ToolConfig
    calls: Sequence[ToolCall] = ()

    async def functions(self, config: ToolConfig, parameters: JsonObject | None, call: Discovery) -> list[ToolFunction]:
        del config, call
        return [ToolFunction("does", "", parameters or EMPTY)]

    async def call(self, config: ToolConfig, call: ToolCall) -> ToolResult:  # noqa: ARG002 - the type's interface
        self.calls = [*self.calls, call]
        match call.function:
            case "fails":
                raise ToolFailed("sold_out", "There are none left.")
            case "breaks":
                raise RuntimeError("password=hunter2")
            case "slow":
                await asyncio.sleep(60)
            case "odd":
                return ToolResult("fine", {"when": {1, 2}})
            case _:
                pass
        return ToolResult("fine", {"a": 1})


def row(*names: str, **fields: Any) -> dict[str, Any]:
    functions = [{"name": name, "description": "", "parameters": NUMBERS, "repeatable": False} for name in names]
    usual = {
        "uuid": new_uuid(),
        "seconds": None,
        "max_result_bytes": 65_536,
        "account_uuid": None,
        "requires_approval": False,
    }
    return {"type": "scripted", "config": {}, "functions": functions, "approval_condition": None, **usual, **fields}


@pytest.fixture
def scripted(database: Database) -> Scripted:
    kind = Scripted()
    database.provided(ToolKinds).add(kind)
    return kind


@pytest.fixture
def access(owner: Tenant) -> Access:
    return Access(WorkspaceId(owner.workspace_uuid), owner.user_uuid, "owner", ROLE_PERMISSIONS[Role.OWNER])


async def called(database: Database, access: Access, tool: Any, function: str | None, arguments: Any) -> ToolResult:
    return await call_function(database, access, tool, function, arguments, idempotency_key="key")


def code_of(result: ToolResult) -> str:
    assert result.is_error
    assert result.details["error"]["message"] in result.content
    return result.details["error"]["code"]


async def test_a_test_call_gives_what_an_agent_would_get(owner: Tenant) -> None:
    result = await call(owner, await make(owner), numbers=[1, 2.5])
    assert result["duration_ms"] >= 0
    assert result == {
        "content": "3.5",
        "data": 3.5,
        "is_error": False,
        "error": None,
        "details": {},
        "duration_ms": result["duration_ms"],
        "usage": None,
    }


async def test_a_call_that_fails_is_told_as_a_result(owner: Tenant) -> None:
    tool = await make(owner, config={"code": "print('so far')\nresult = numbers[7]"})
    result = await call(owner, tool, numbers=[1])
    assert result["is_error"]
    assert result["error"]["code"] == "code_runtime"
    assert "IndexError" in result["content"]
    assert "so far" in result["content"]


async def test_the_call_knows_what_it_is_made_for(database: Database, access: Access, scripted: Scripted) -> None:
    run, agent, thread, account, ancestors = uuid4(), uuid4(), uuid4(), uuid4(), [uuid4()]
    tool = row("f", seconds=3.0, account_uuid=account)
    arguments = '{"numbers": [1]}'
    result = await call_function(
        database,
        access,
        tool,
        "f",
        arguments,
        idempotency_key="key",
        run_uuid=run,
        agent_uuid=agent,
        thread_uuid=thread,
        ancestors=ancestors,
    )
    assert (result.content, result.data, result.is_error) == ("fine", {"a": 1}, False)
    [made] = scripted.calls
    assert (made.function, made.arguments, made.idempotency_key, made.seconds) == ("f", {"numbers": [1]}, "key", 3.0)
    assert (made.run_uuid, made.agent_uuid, made.thread_uuid) == (run, agent, thread)
    assert (made.account_uuid, made.ancestors, made.access) == (account, ancestors, access)
    async with made.session() as session:
        assert await session.value("SELECT count(*) FROM workspaces") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("{numbers: 1", "no valid JSON"),
        ("[1]", "one JSON object"),
        ("7", "one JSON object"),
        ("", "required"),
        ({"numbers": "x"}, "/numbers"),
        ({"numbers": [1, "x"]}, "/numbers/1"),
        ({"numbers": [1], "text": "\0"}, "NUL"),
        ({"numbers": [1], "text": "x" * 1_000_001}, "bytes"),
    ],
)
async def test_arguments_that_do_not_fit_are_told_so_that_a_model_can_mend_them(
    database: Database, access: Access, scripted: Scripted, arguments: Any, told: str
) -> None:
    result = await called(database, access, row("f"), "f", arguments)
    assert code_of(result) == "invalid_arguments"
    assert told in result.content
    assert not scripted.calls


@pytest.mark.usefixtures("scripted")
async def test_a_model_may_put_its_json_in_a_fence(database: Database, access: Access) -> None:
    result = await called(database, access, row("f"), "f", '```json\n{"numbers": []}\n```')
    assert not result.is_error


@pytest.mark.usefixtures("scripted")
async def test_a_function_that_is_not_there_is_told_with_those_that_are(database: Database, access: Access) -> None:
    for name in ("h", None):
        result = await called(database, access, row("f", "g"), name, {})
        assert code_of(result) == "unknown_function"
        assert "f, g" in result.content


async def test_a_type_that_this_process_does_not_know_cannot_be_called(database: Database, access: Access) -> None:
    assert code_of(await called(database, access, row("f", type="gone"), "f", {})) == "tool_unavailable"


@pytest.mark.usefixtures("scripted")
async def test_what_the_tool_says_of_its_failure_is_handed_on(database: Database, access: Access) -> None:
    result = await called(database, access, row("fails"), None, {"numbers": []})
    assert code_of(result) == "sold_out"
    assert "There are none left." in result.content


@pytest.mark.usefixtures("scripted")
async def test_nothing_of_an_unexpected_error_is_shown(database: Database, access: Access) -> None:
    result = await called(database, access, row("breaks"), None, {"numbers": []})
    assert code_of(result) == "tool_error"
    assert "hunter2" not in str(result)


@pytest.mark.usefixtures("scripted")
async def test_a_result_that_is_no_json_is_an_error(database: Database, access: Access) -> None:
    assert code_of(await called(database, access, row("odd"), None, {"numbers": []})) == "tool_error"


@pytest.mark.usefixtures("scripted")
async def test_a_call_ends_with_its_time(database: Database, access: Access) -> None:
    result = await called(database, access, row("slow", seconds=0.01), None, {"numbers": []})
    assert code_of(result) == "timeout"
    assert "not known whether it took effect" in result.content


async def test_what_is_too_long_is_cut_and_says_so(owner: Tenant) -> None:
    tool = await make(owner, config={"code": "result = ['x' * 1000] * 1000"}, parameters=None, max_result_bytes=1000)
    result = await call(owner, tool)
    assert not result["is_error"]
    kept, note = result["content"].split("\n")
    assert orjson.loads(kept) == result["data"]
    assert len(kept) <= 1000
    assert "1,003,001 bytes" in note
    assert result["details"]["cut"] == {"bytes": 1_003_001, "limit": 1000}


@pytest.mark.parametrize(
    ("fields", "arguments", "needed"),
    [
        ({}, {}, False),
        ({"requires_approval": True}, {}, True),
        ({"requires_approval": True, "approval_condition": "false"}, {}, True),
        ({"approval_condition": "arguments.amount > 100"}, {"amount": 100}, False),
        ({"approval_condition": "arguments.amount > 100"}, {"amount": 100.5}, True),
        ({"approval_condition": "arguments.amount > 100"}, {}, True),
        ({"approval_condition": "function_name.startsWith('delete')"}, {}, True),
        ({"approval_condition": "function_name == 'other'"}, {}, False),
        ({"approval_condition": "'yes'"}, {}, True),
    ],
)
def test_who_must_approve(fields: dict[str, Any], arguments: dict[str, Any], needed: bool) -> None:
    assert needs_approval({**row("f"), **fields}, "delete_order", arguments) is needed


@pytest.mark.usefixtures("scripted")
async def test_no_text_at_all_is_no_arguments(database: Database, access: Access) -> None:
    tool = row("f")
    tool["functions"][0]["parameters"] = EMPTY
    assert not (await called(database, access, tool, "f", " ")).is_error

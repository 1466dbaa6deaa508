"""The tools that Athena brings along, called as agents call them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from athena.kit.access import Access, WorkspaceId
from athena.kit.db import Database
from athena.kit.egress import Egress
from athena.kit.ids import new_uuid
from athena.permissions import ROLE_PERMISSIONS, Role
from athena.tools.calling import call_function
from athena.tools.service import ToolService
from tests.conftest import MakeTenant, Tenant
from tests.documents.files import pdf
from tests.node_types.server import Server, answer
from tests.tools.conftest import PATH, call, make

PAGE = b"""<html><head><title>Tyres</title><script>alert(1)</script></head><body><nav>Menu</nav>
<h1>Gravel</h1><p>Wide tyres, <b>low</b> pressure.</p></body></html>"""


async def builtin(tenant: Tenant, name: str, **config: Any) -> dict[str, Any]:
    return await make(tenant, "builtin", name="Tool", description="", config={"name": name, **config})


async def test_they_are_listed_with_what_they_are_made_with(owner: Tenant) -> None:
    found = (await owner.get(f"{PATH}/builtins")).json()["data"]
    names = ["time", "calculator", "fetch", "memory_search", "memory_write", "python", "workspace_search"]
    assert [each["name"] for each in found] == names
    for each in found:
        tool = await make(owner, "builtin", name=each["title"], description="", config=each["config"])
        [function] = tool["functions"]
        assert (function["name"], function["description"]) == (each["name"], each["description"])
        assert tool["parameters"] == each["parameters"]


async def test_what_is_no_built_in_tool_is_refused(owner: Tenant) -> None:
    body = {"name": "Tool", "type": "builtin"}
    for config, path in (
        ({"name": "shell"}, "config.name"),
        ({}, "config.name"),
        ({"name": "time", "hosts": ["a.example"]}, "config"),
    ):
        answered = await owner.post(PATH, {**body, "config": config})
        assert answered.status_code == 422
        assert list(answered.json()["errors"]) == [path]
    parameters = {"type": "object"}
    answered = await owner.post(PATH, {**body, "config": {"name": "time"}, "parameters": parameters})
    assert list(answered.json()["errors"]) == ["parameters"]


async def test_the_time_is_told_in_a_zone(owner: Tenant) -> None:
    tool = await builtin(owner, "time")
    told = await call(owner, tool, timezone="Asia/Kolkata", at="2026-03-01T20:00:00Z")
    assert told["data"] == {
        "timezone": "Asia/Kolkata",
        "time": "2026-03-02T01:30:00+05:30",
        "weekday": "Monday",
        "week": 10,
        "utc": "2026-03-01T20:00:00.000Z",
    }
    now = datetime.fromisoformat((await call(owner, tool))["data"]["time"])
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60


@pytest.mark.parametrize(
    "arguments",
    [
        {"timezone": "Mars/Olympus"},
        {"timezone": "Europe"},
        {"timezone": "../../etc/passwd"},
        {"at": "yesterday"},
        {"at": "2026-02-30T00:00:00Z"},
        {"at": "0001-01-01T00:00:00Z", "timezone": "America/New_York"},
        {"zone": "UTC"},
    ],
)
async def test_what_is_no_zone_or_moment_is_told(owner: Tenant, arguments: dict[str, str]) -> None:
    result = await call(owner, await builtin(owner, "time"), **arguments)
    assert result["error"]["code"] == "invalid_arguments"


async def test_the_calculator_says_whether_it_rounded(owner: Tenant) -> None:
    tool = await builtin(owner, "calculator")
    exact = await call(owner, tool, expression="0.1 + 0.2")
    assert (exact["content"], exact["data"]) == ("0.3", {"result": "0.3", "exact": True})
    rounded = await call(owner, tool, expression="10 / 3")
    assert rounded["content"] == "3.333333333333333333333333333333333 (rounded)"
    failed = await call(owner, tool, expression="1 / 0")
    assert failed["error"] == {"code": "cannot_compute", "message": "This divides by zero."}


async def test_a_page_is_fetched_as_text_that_can_be_read(owner: Tenant, server: Server) -> None:
    server.answers = [answer(PAGE, content_type="text/html; charset=utf-8")]
    result = await call(owner, await builtin(owner, "fetch"), url=f"{server.url}/tyres")
    assert result["content"].startswith(f"Tyres\n{server.url}/tyres\n\n")
    assert "Wide tyres, **low** pressure." in result["content"]
    assert not re.search("alert|Menu", result["content"])
    assert result["data"]["title"] == "Tyres"
    assert result["details"]["url"] == f"{server.url}/tyres"


async def test_json_is_fetched_as_json_and_text_as_text_from_where_one_wants(owner: Tenant, server: Server) -> None:
    tool = await builtin(owner, "fetch")
    server.answers = [answer({"a": [1]}), answer("Grüße".encode("latin-1"), content_type="text/plain; charset=latin-1")]
    assert (await call(owner, tool, url=server.url))["data"] == {"a": [1]}
    text = await call(owner, tool, url=server.url, start=3)
    assert (text["data"]["text"], text["data"]["characters"]) == ("ße", 5)


async def test_a_pdf_is_read(owner: Tenant, server: Server) -> None:
    server.answers = [answer(pdf(["Frames are made of steel."]), content_type="application/pdf")]
    result = await call(owner, await builtin(owner, "fetch"), url=server.url)
    assert "Frames are made of steel." in result["content"]


async def test_what_cannot_be_fetched_is_told(owner: Tenant, server: Server) -> None:
    tool = await builtin(owner, "fetch")
    server.answers = [
        answer({"why": "gone"}, status=404),
        answer(b"\x00\xff", content_type="image/png"),
        answer(b"%PDF-broken", content_type="application/pdf"),
        answer(b"x" * 5_000_001, content_type="text/plain"),
    ]
    codes = [(await call(owner, tool, url=server.url))["error"]["code"] for _ in range(4)]
    assert codes == ["http_status", "unsupported_content", "document_damaged", "response_too_large"]


async def test_no_private_address_is_reached(owner: Tenant, process: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = Egress(())
    monkeypatch.setitem(process.database._provided, Egress, strict)
    tool = await builtin(owner, "fetch")
    for url in ("http://127.0.0.1:9/", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://10.0.0.1"):
        assert (await call(owner, tool, url=url))["error"]["code"] == "address_refused", url
    assert (await call(owner, tool, url="file:///etc/passwd"))["error"]["code"] == "invalid_arguments"
    await strict.close()


async def test_where_hosts_are_named_no_other_is_reached_not_even_by_redirect(owner: Tenant, server: Server) -> None:
    tool = await builtin(owner, "fetch", hosts=["127.0.0.1"])
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    assert (await call(owner, tool, url=elsewhere))["error"]["code"] == "address_refused"
    assert not server.asked
    server.answers = [answer(status=302, Location=elsewhere)]
    assert "redirects to" in (await call(owner, tool, url=server.url))["content"]
    assert len(server.asked) == 1
    assert (await call(owner, tool, url=server.url))["data"] == {"ok": True}


async def test_a_memory_is_stored_and_found(owner: Tenant) -> None:
    write, search = await builtin(owner, "memory_write"), await builtin(owner, "memory_search")
    stored = await call(owner, write, content="Ada rides a steel gravel bike.", kind="preference")
    assert stored["data"]["scope"] == "user"
    kept = (await owner.get(f"/api/v1/memories/{stored['data']['uuid']}")).json()["data"]
    assert (kept["kind"], kept["user_uuid"], kept["source"]) == ("preference", str(owner.user_uuid), None)
    found = await call(owner, search, query="Which bicycle does Ada have?")
    assert [each["content"] for each in found["data"]] == ["Ada rides a steel gravel bike."]
    assert found["details"]["memory_uuids"] == [stored["data"]["uuid"]]
    used = (await owner.get(f"/api/v1/memories/{stored['data']['uuid']}")).json()["data"]
    assert used["used_count"] == 1


async def test_nobody_finds_what_another_member_alone_should_know(owner: Tenant, make_tenant: MakeTenant) -> None:
    write, search = await builtin(owner, "memory_write"), await builtin(owner, "memory_search")
    colleague = await make_tenant(Role.ADMIN, owner.workspace_uuid)
    await call(owner, write, content="Ada is looking for another job.")
    await call(owner, write, content="The office job has a garden.", scope="workspace")
    found = await call(colleague, search, query="job")
    assert [each["content"] for each in found["data"]] == ["The office job has a garden."]


async def test_a_memory_of_an_agent_or_a_conversation_needs_one(owner: Tenant) -> None:
    write = await builtin(owner, "memory_write")
    for scope in ("agent", "thread"):
        result = await call(owner, write, content="Be brief.", scope=scope)
        assert result["error"]["code"] == "invalid_arguments"


async def test_a_repeated_call_stores_one_memory_which_goes_with_its_thread(owner: Tenant, database: Database) -> None:
    tool = UUID((await builtin(owner, "memory_write"))["uuid"])
    thread = UUID((await owner.post("/api/v1/threads", {"name": "Bikes"})).json()["data"]["uuid"])
    access = Access(WorkspaceId(owner.workspace_uuid), owner.user_uuid, "owner", ROLE_PERMISSIONS[Role.OWNER])
    run = new_uuid()
    async with database.session(access.scope) as session:
        row = await ToolService(session, access).get(tool)
    for _ in range(2):
        result = await call_function(
            database,
            access,
            row,
            None,
            {"content": "Ada likes steel.", "scope": "thread"},
            idempotency_key="turn-1",
            run_uuid=run,
            thread_uuid=thread,
        )
        assert not result.is_error, result.content
    [memory] = (await owner.get("/api/v1/memories")).json()["data"]
    assert (memory["thread_uuid"], memory["source"]["uuid"]) == (str(thread), str(thread))
    await owner.delete(f"/api/v1/threads/{thread}")
    assert (await owner.get("/api/v1/memories")).json()["data"] == []


@pytest.mark.parametrize(("name", "needed"), [("memory_search", "memories.view"), ("memory_write", "memories.create")])
async def test_a_tool_may_no_more_than_who_calls_it(owner: Tenant, database: Database, name: str, needed: str) -> None:
    tool = UUID((await builtin(owner, name))["uuid"])
    access = Access(WorkspaceId(owner.workspace_uuid), owner.user_uuid, "viewer", frozenset())
    async with database.session(access.scope) as session:
        row = await ToolService(session, access).get(tool)
    arguments = {"content": "x"} if name == "memory_write" else {"query": "x"}
    result = await call_function(database, access, row, None, arguments, idempotency_key="key")
    assert result.details["error"]["code"] == "permission_denied"
    assert needed in result.content


async def test_python_runs_apart(owner: Tenant) -> None:
    tool = await builtin(owner, "python")
    code = "print('adding')\nresult = sum(numbers)"
    result = await call(owner, tool, code=code, inputs={"numbers": [1, 2]})
    assert (result["content"], result["data"]) == ("Printed:\nadding\n\nResult:\n3", 3)
    failed = await call(owner, tool, code="open('/etc/passwd')")
    assert failed["is_error"]
    assert "root:" not in failed["content"]


async def test_the_workspace_is_searched_as_far_as_one_may_see_it(owner: Tenant, stranger: Tenant) -> None:
    for tenant in (owner, stranger):
        await tenant.post("/api/v1/agents", {"name": "Gravel adviser", "description": "Knows tyres."})
        await tenant.post("/api/v1/prompts", {"name": "Summary", "content": "Sum up what gravel needs."})
        thread = (await tenant.post("/api/v1/threads", {"name": "About gravel"})).json()["data"]["uuid"]
        await tenant.post("/api/v1/messages", {"thread_uuid": thread, "content": "Is GRAVEL hard?"})
    tool = await builtin(owner, "workspace_search")
    found = (await call(owner, tool, query="gravel"))["data"]
    assert [(each["type"], each["title"], each["text"]) for each in found] == [
        ("agent", "Gravel adviser", "Knows tyres."),
        ("prompt", "Summary", ""),
        ("thread", "About gravel", "About gravel"),
        ("message", "user", "Is GRAVEL hard?"),
    ]
    only = (await call(owner, tool, query="gravel", types=["message"], limit=1))["data"]
    assert [each["type"] for each in only] == ["message"]
    assert (await call(owner, tool, query="gravel", types=["secret"]))["error"]["code"] == "invalid_arguments"


async def test_a_search_leaves_out_what_the_caller_may_not_see(owner: Tenant, database: Database) -> None:
    await owner.post("/api/v1/agents", {"name": "Gravel adviser"})
    await owner.post("/api/v1/prompts", {"name": "Gravel", "content": "x"})
    tool = UUID((await builtin(owner, "workspace_search"))["uuid"])
    access = Access(WorkspaceId(owner.workspace_uuid), owner.user_uuid, "viewer", frozenset({"prompts.view"}))
    async with database.session(access.scope) as session:
        row = await ToolService(session, access).get(tool)
    result = await call_function(database, access, row, None, {"query": "gravel"}, idempotency_key="key")
    assert [each["type"] for each in result.data] == ["prompt"]

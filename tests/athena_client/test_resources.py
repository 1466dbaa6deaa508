"""Resources, lists, errors and settings of the client for Python."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from athena_client import AsyncAthena, Athena, AthenaError, ConnectionFailed, Invalid, NotFound, Unauthorized
from scripts.client import PACKAGE, made
from tests.athena_client.conftest import Desk
from tests.conftest import Tenant, free_port


async def test_a_resource_is_created_read_changed_and_deleted(desk: Desk) -> None:
    async with desk.client() as client:
        prompt = await client.prompts.create(name="Summary", content="Summarise {{text}}")
        assert (await client.prompts.get(prompt["uuid"], with_="creator"))["name"] == "Summary"
        assert (await client.prompts.update(prompt["uuid"], name="Short"))["name"] == "Short"
        await client.prompts.delete(prompt["uuid"])
        with pytest.raises(NotFound) as caught:
            await client.prompts.get(prompt["uuid"])
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    assert caught.value.request_id


async def test_the_waiting_client_does_the_same(desk: Desk) -> None:
    def work(client: Athena) -> list[str]:
        made = client.variables.create(name="LIMIT", value=3)
        client.variables.update(made["uuid"], value=4)
        found = [each["name"] for each in client.variables.list()]
        client.variables.delete(made["uuid"])
        return [*found, *(each["name"] for each in client.variables.list())]

    assert await desk.wait(work) == ["LIMIT"]


async def test_a_list_is_walked_through_page_by_page(desk: Desk) -> None:
    async with desk.client() as client:
        for number in range(5):
            await client.threads.create(name=f"Thread {number}")
        found = [each["name"] async for each in client.threads.list(sort="created_at")]
        assert found == [f"Thread {number}" for number in range(5)]
        assert [each["name"] async for each in client.threads.list(limit=2, sort="-created_at")] == [
            "Thread 4",
            "Thread 3",
        ]
        assert [each async for each in client.threads.list(limit=0)] == []


async def test_pages_follow_one_another(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("athena_client.async_resources.PAGE", 2)
    async with desk.client() as client:
        for number in range(5):
            await client.threads.create(name=f"Thread {number}")
        assert len([each async for each in client.threads.list()]) == 5
        assert len([each async for each in client.threads.list(limit=3)]) == 3


async def test_a_list_begins_where_it_is_told_to_and_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("athena_client.async_resources.PAGE", 1)
    async with desk.client() as client:
        for number in range(3):
            await client.threads.create(name=f"Thread {number}")
        page = await client.request("GET", "/threads", query={"cursor": "", "per_page": 1, "sort": "created_at"})
        rest = client.threads.list(limit=5, cursor=page["meta"]["next_cursor"], sort="created_at")
        assert [each["name"] async for each in rest] == ["Thread 1", "Thread 2"]


async def test_an_id_is_one_part_of_a_path(desk: Desk) -> None:
    async with desk.client() as client:
        thread = await client.threads.create(name="Kept")
        for given in (f"x/../../threads/{thread['uuid']}", f"{thread['uuid']}?x=1", "é/#"):
            for attempt in (client.prompts.delete(given), client.prompts.update(given, name="Mine")):
                with pytest.raises((NotFound, Invalid)):
                    await attempt
        assert (await client.threads.get(thread["uuid"]))["name"] == "Kept"


async def test_approvals_and_forms_are_answered(desk: Desk) -> None:
    nodes: list[dict[str, Any]] = [
        {"id": "start", "type": "manual_trigger"},
        {"id": "ask", "type": "form", "data": {"title": "Size?", "fields": [{"name": "size", "type": "number"}]}},
        {"id": "yes", "type": "approval", "data": {"title": "Order?"}},
    ]
    edges = [{"source": "start", "target": "ask"}, {"source": "ask", "target": "yes"}]
    async with desk.client() as client:
        made = await client.workflows.create(name="Order", nodes=nodes, edges=edges)
        run = (await client.workflows.run(made["uuid"], background=True))["data"]
        seen: list[str] = []
        async with asyncio.timeout(20), client.runs.events(run["uuid"]) as stream:
            async for event in stream:
                seen.append(event.type)
                if event.type == "approval.required":
                    question = await client.approvals.get(event.data["approval_uuid"])
                    given: Any = {"values": {"size": 40}} if question["kind"] == "form" else {"decision": "approved"}
                    await client.approvals.answer(question["uuid"], **given)
        assert (seen.count("approval.required"), seen[-1]) == (2, "run.completed")


async def test_an_answer_that_is_no_json_is_told_so() -> None:
    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 7\r\n\r\nWelcome")
        writer.close()

    async with await asyncio.start_server(welcome, "127.0.0.1", 0) as server:
        client = AsyncAthena(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "token")
        with pytest.raises(AthenaError, match="is the address right"):
            await client.request("GET", "/user")
        await client.close()


async def test_a_bad_request_tells_where(desk: Desk) -> None:
    async with desk.client() as client:
        with pytest.raises(Invalid) as caught:
            await client.agents.create(name="", colour="red")
    assert {"name", "colour"} <= set(caught.value.problems)
    assert "colour: " in str(caught.value)


async def test_what_belongs_to_another_tenant_is_not_there(desk: Desk, stranger: Tenant) -> None:
    async with Desk(stranger, "", desk.server_url).client() as client:
        assert [each async for each in client.agents.list()] == []
        for attempt in (
            client.agents.get(desk.agent_uuid),
            client.agents.update(desk.agent_uuid, name="Mine"),
            client.agents.delete(desk.agent_uuid),
            client.agents.run(desk.agent_uuid, input="Hello"),
        ):
            with pytest.raises(NotFound):
                await attempt
        with pytest.raises(NotFound):
            await anext(client.agents.stream(desk.agent_uuid, input="Hello"))


async def test_a_file_is_uploaded(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("Hello", "utf-8")
    async with desk.client() as client:
        assert (await client.media.upload(tmp_path / "note.txt"))["size"] == 5


async def test_figures_and_any_other_operation(desk: Desk) -> None:
    async with desk.client() as client:
        assert "series" in await client.metrics.get("agents", interval="day")
        assert (await client.request("GET", "/user"))["data"]["email"] == desk.tenant.email


async def test_url_and_token_come_from_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATHENA_URL", desk.server_url + "/")
    monkeypatch.setenv("ATHENA_TOKEN", desk.tenant.token)
    async with AsyncAthena() as client:
        assert (await client.agents.get(desk.agent_uuid))["name"] == "Teller"
        assert desk.tenant.token not in repr(vars(client))
    async with AsyncAthena(token="athena_wrong") as client:
        with pytest.raises(Unauthorized):
            await client.agents.get(desk.agent_uuid)
    async with AsyncAthena(token="") as client:
        with pytest.raises(Unauthorized, match="credentials_missing"):
            await client.agents.get(desk.agent_uuid)


@pytest.mark.parametrize("address", ["localhost:8000", "http://[::1", "http://.example", "http://"])
def test_an_address_must_be_one(address: str) -> None:
    with pytest.raises(AthenaError, match="address"):
        Athena(address)


def test_a_server_that_is_not_there_is_an_error_of_its_own() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with Athena(url, "token", max_retries=1) as client, pytest.raises(ConnectionFailed, match=url):
        client.request("GET", "/user")


def test_what_is_generated_is_current() -> None:
    stale = [name for name, text in made().items() if (PACKAGE / name).read_text("utf-8") != text]
    assert not stale, "python -m scripts.client"


def test_the_client_needs_nothing_of_the_server() -> None:
    code = (
        "import sys, athena_client\n"
        "print(*[name for name in sys.modules if name.split('.')[0] in {'athena', 'pydantic'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.stdout.split() == []


def test_the_distribution_of_its_own_has_the_servers_version_and_one_dependency() -> None:
    own = tomllib.loads((PACKAGE.parent / "clients" / "python" / "pyproject.toml").read_text("utf-8"))["project"]
    server = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    assert own["version"] == server["version"]
    assert len(own["dependencies"]) == 1
    assert set(own["dependencies"]) <= set(server["dependencies"])

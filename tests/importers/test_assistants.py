"""OpenAI's assistants with their threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web

from athena.importers.conversion import convert
from athena.importers.kinds import Kind
from athena.importers.openai_api import AssistantsServer
from athena.importers.source import ImportRefused
from athena.kit.egress import Egress
from tests.importers.conftest import only, outcomes, sample, sound, why


def test_an_assistant_is_an_agent() -> None:
    found = sample("assistants.json")
    assert only(found.bundle, "agents") == {
        "name": "Bike helper",
        "description": "Knows bikes.",
        "model": "mock-t6",
        "account_uuid": {"$ref": "accounts/openai"},
        "system_prompt": "You help riders. Be brief.",
        "metadata": {"team": "service", "temperature": 0.2},
        "tool_uuids": [{"$ref": "tools/python"}, {"$ref": "tools/book"}],
        "memory": {"recall": True},
    }
    assert outcomes(found) == {
        "Bike helper": "mapped",
        "Bike helper: code_interpreter": "approximated",
        "Bike helper: file_search": "approximated",
        "Bike helper: book": "approximated",
        "Bike helper: top_p": "dropped",
        "Bike helper: tool_resources": "dropped",
        "thread thread_1": "approximated",
        "thread thread_2": "dropped",
    }


def test_functions_keep_their_parameters_and_are_switched_off() -> None:
    (tool,) = [dict(each.spec) for each in sample("assistants.json").bundle.resources if each.key == "book"]
    assert tool["enabled"] is False
    assert tool["parameters"]["required"] == ["day"]


def test_threads_are_kept_in_their_order_beside_the_bundle() -> None:
    found = sample("assistants.json")
    (thread,) = found.conversations
    assert (thread.source, thread.name, thread.agent) == ("thread_1", "A flat tyre", "Bike helper")
    assert [(said.role, said.text) for said in thread.messages] == [
        ("user", "My tyre is flat."),
        ("assistant", "Patch it."),
    ]
    assert "1 images and files are left out" in why(found, "thread thread_1")


@pytest.mark.parametrize("form", ["object", "array", "list"])
def test_answers_of_the_api_are_taken_as_they_are(form: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    format_ = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    row = {"id": "asst_1", "object": "assistant", "name": None, "model": "gpt-4o", "response_format": format_}
    forms: dict[str, Any] = {"object": row, "array": [row], "list": {"object": "list", "data": [row]}}
    found = sound(convert(orjson.dumps(forms[form])))
    agent = only(found.bundle, "agents")
    assert (agent["name"], agent["output_schema"]) == ("Assistant", schema)


class Server:
    """Lists assistants on two pages, and one thread."""

    def __init__(self) -> None:
        self.headers: list[tuple[str | None, str | None]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.headers.append((request.headers.get("Authorization"), request.headers.get("OpenAI-Beta")))
        match request.path:
            case "/v1/assistants":
                after = request.query.get("after")
                row = {"id": "a2" if after else "a1", "object": "assistant", "name": "B" if after else "A"}
                return web.json_response({"data": [row], "has_more": not after, "last_id": row["id"]})
            case "/v1/threads/t1":
                return web.json_response({"id": "t1", "object": "thread"})
            case "/v1/threads/t1/messages":
                return web.json_response({"data": [{"role": "user", "content": [{"text": {"value": "Hi"}}]}]})
            case _:
                return web.json_response({"error": "canary"}, status=404)


@pytest.fixture
async def served() -> AsyncIterator[tuple[Server, str]]:
    server, app = Server(), web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield server, f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


async def test_they_are_read_from_a_server_page_by_page(served: tuple[Server, str]) -> None:
    server, url = served
    egress = Egress(["127.0.0.1"])
    document = await AssistantsServer(egress, url, "sk-1").document(["t1"])
    await egress.close()
    found = sound(convert(document, Kind.ASSISTANTS))
    assert [each.key for each in found.bundle.resources] == ["a", "b"]
    assert [thread.name for thread in found.conversations] == ["Hi"]
    assert set(server.headers) == {("Bearer sk-1", "assistants=v2")}


async def test_what_the_server_refuses_is_told_without_the_key(served: tuple[Server, str]) -> None:
    egress = Egress(["127.0.0.1"])
    with pytest.raises(ImportRefused) as refused:
        await AssistantsServer(egress, served[1], "sk-1").document(["t2"])
    assert str(refused.value) == "The server answered /threads/t2/messages with the status 404."
    await egress.close()


async def test_private_addresses_are_not_reached() -> None:
    egress = Egress()
    with pytest.raises(ImportRefused, match="could not be read"):
        await AssistantsServer(egress, "http://127.0.0.1:1/v1", "sk-1").document([])
    await egress.close()

"""Agents answer other agents that speak A2A: proved by its official client, in both bindings."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from a2a.client.errors import A2AClientError
from a2a.types import (
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    Part,
    StreamResponse,
    SubscribeToTaskRequest,
    TaskState,
)
from a2a.utils.errors import (
    ContentTypeNotSupportedError,
    InvalidParamsError,
    TaskNotCancelableError,
    TaskNotFoundError,
    UnsupportedOperationError,
)
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Value

from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant
from tests.dialects.a2a_client import BINDINGS, V1, client_of, folded, rpc, saying, send, states, text_of, updates
from tests.runs.conftest import Scene, until
from tests.runs.model_server import calling, failing
from tests.runs.model_server import saying as answering
from tests.tools.conftest import make

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def data(value: Any) -> Part:
    return Part(data=ParseDict(value, Value()))


@pytest.mark.parametrize("binding", BINDINGS)
async def test_an_agent_answers_and_goes_on_in_its_context(scene: Scene, server_url: str, binding: str) -> None:
    agent = await scene.agent(name="Bike Shop")
    async with client_of(scene.tenant, server_url, "bike-shop", binding) as client:
        first = await send(client, "Which tyres?")
        assert first.status.state == TaskState.TASK_STATE_COMPLETED
        assert text_of(first) == "Answer 1."
        assert [part.text for part in first.history[0].parts] == ["Which tyres?"]
        second = await send(client, "How wide?", context_id=first.context_id)
        assert second.context_id == first.context_id
        assert second.id != first.id
        assert await client.get_task(GetTaskRequest(id=second.id)) == second
    said = [each[1] for each in await scene.said(first.context_id)]
    assert said == ["Which tyres?", "Answer 1.", "How wide?", "Answer 2."]
    run = await scene.run(first.id)
    assert (run["agent_uuid"], run["thread_uuid"]) == (agent["uuid"], first.context_id)


@pytest.mark.parametrize("binding", BINDINGS)
async def test_a_stream_tells_the_task_and_its_answer_as_it_grows(scene: Scene, server_url: str, binding: str) -> None:
    await scene.agent(name="Shop")
    more = asyncio.Event()
    scene.model.scripts = [answering("Wide", " ones.", until=more)]
    async with client_of(scene.tenant, server_url, "shop", binding, streaming=True) as client:
        asked = asyncio.create_task(updates(client, "Which?"))
        await until(lambda: scene.model.requests)
        more.set()
        told = await asked
    assert told[0].HasField("task")
    assert folded(told) == "Wide ones."
    assert states(told) == ["TASK_STATE_WORKING", "TASK_STATE_COMPLETED"]
    assert told[-2].artifact_update.last_chunk


async def test_what_an_agent_says_between_its_tools_is_replaced_by_its_answer(scene: Scene, server_url: str) -> None:
    tool = await make(scene.tenant)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]}), says="Let me see."), answering("3 in all.")]
    async with client_of(scene.tenant, server_url, "shop", streaming=True) as client:
        told = await updates(client, "1 and 2?")
    assert folded(told) == "3 in all."
    said = [each.status_update.status.message.parts[0].text for each in told if each.status_update.status.message.parts]
    assert said == ["sum is called.", "sum has answered."]


async def test_an_answer_with_a_schema_is_data_too(scene: Scene, server_url: str) -> None:
    schema = {"type": "object", "properties": {"tyre": {"type": "string"}}, "required": ["tyre"]}
    await scene.agent(name="Shop", output_schema=schema)
    scene.model.scripts = [answering('{"tyre": "wide"}')] * 2
    async with client_of(scene.tenant, server_url, "shop") as client:
        [artifact] = (await send(client, "Which?")).artifacts
        assert MessageToDict(artifact.parts[1])["data"] == {"tyre": "wide"}
        with pytest.raises(ContentTypeNotSupportedError, match="text/plain"):
            await send(client, "Which?", config={"accepted_output_modes": ["audio/mpeg"]})
        assert await send(client, "Which?", config={"accepted_output_modes": ["application/json"]})


@pytest.mark.parametrize("binding", BINDINGS)
async def test_who_does_not_wait_gets_the_task_and_follows_it_from_its_beginning(
    scene: Scene, server_url: str, binding: str
) -> None:
    await scene.agent(name="Shop")
    more = asyncio.Event()
    scene.model.scripts = [answering("Wide", " ones.", until=more)]
    async with client_of(scene.tenant, server_url, "shop", binding) as client:
        task = await send(client, "Which?", config={"return_immediately": True})
        assert task.status.state in {TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING}
        await until(lambda: scene.model.requests)
    async with client_of(scene.tenant, server_url, "shop", binding, streaming=True) as client:
        told: list[StreamResponse] = []
        async for each in client.subscribe(SubscribeToTaskRequest(id=task.id)):
            told.append(each)
            more.set()
        assert folded(told) == "Wide ones."
        with pytest.raises(UnsupportedOperationError):
            assert [each async for each in client.subscribe(SubscribeToTaskRequest(id=task.id))]


async def test_a_stream_that_broke_off_goes_on_after_any_event(scene: Scene) -> None:
    agent = await scene.agent(name="Shop")
    scene.model.scripts = [answering("Wide", " ", "ones.")]
    path = f"/a2a/{agent['uuid']}"
    whole = (await scene.tenant.post(path, rpc("SendStreamingMessage", saying("Which?")), headers=V1)).text
    blocks = [block for block in whole.split("\n\n") if block]
    task = json.loads(blocks[0].removeprefix("data: "))["result"]["task"]
    for number, block in enumerate(blocks):
        if not block.startswith("id: "):
            continue
        last = block.split("\n")[0].removeprefix("id: ")
        headers = {**V1, "Last-Event-ID": last}
        again = await scene.tenant.post(path, rpc("SubscribeToTask", {"id": task["id"]}), headers=headers)
        assert [each for each in again.text.split("\n\n") if each] == blocks[number + 1 :]


@pytest.mark.parametrize("binding", BINDINGS)
async def test_a_task_is_cancelled_once(scene: Scene, server_url: str, binding: str) -> None:
    await scene.agent(name="Shop")
    never = asyncio.Event()
    scene.model.scripts = [answering("Wide", " ones.", until=never)]
    async with client_of(scene.tenant, server_url, "shop", binding) as client:
        task = await send(client, "Which?", config={"return_immediately": True})
        await until(lambda: scene.model.requests)
        cancelled = await client.cancel_task(CancelTaskRequest(id=task.id))
        assert cancelled.status.state == TaskState.TASK_STATE_CANCELED
        with pytest.raises(TaskNotCancelableError):
            await client.cancel_task(CancelTaskRequest(id=task.id))
        with pytest.raises(UnsupportedOperationError):
            await send(client, "And?", task_id=task.id)
    never.set()


async def test_a_task_that_failed_says_why(scene: Scene, server_url: str) -> None:
    await scene.agent(name="Shop")
    scene.model.scripts = [failing(400, "No such thing.")]
    async with client_of(scene.tenant, server_url, "shop") as client:
        task = await send(client, "Which?")
    assert task.status.state == TaskState.TASK_STATE_FAILED
    assert task.status.message.parts[0].text
    assert not task.artifacts


@pytest.mark.parametrize("binding", BINDINGS)
async def test_tasks_are_listed_by_context_and_state_in_pages(scene: Scene, server_url: str, binding: str) -> None:
    await scene.agent(name="Shop")
    await scene.agent(name="Other")
    async with client_of(scene.tenant, server_url, "other", binding) as client:
        await send(client, "Elsewhere")
    async with client_of(scene.tenant, server_url, "shop", binding) as client:
        tasks = [await send(client, f"Number {number}") for number in range(3)]
        page = await client.list_tasks(ListTasksRequest(page_size=2, include_artifacts=True))
        assert [each.id for each in page.tasks] == [tasks[2].id, tasks[1].id]
        assert (page.total_size, page.page_size) == (3, 2)
        assert text_of(page.tasks[0])
        rest = await client.list_tasks(ListTasksRequest(page_size=2, page_token=page.next_page_token))
        assert [each.id for each in rest.tasks] == [tasks[0].id]
        assert (rest.next_page_token, len(rest.tasks[0].artifacts)) == ("", 0)
        found = await client.list_tasks(ListTasksRequest(context_id=tasks[1].context_id))
        assert [each.id for each in found.tasks] == [tasks[1].id]
        for state, count in (("COMPLETED", 3), ("WORKING", 0), ("INPUT_REQUIRED", 0), ("REJECTED", 0)):
            wanted = ListTasksRequest(status=f"TASK_STATE_{state}")
            assert len((await client.list_tasks(wanted)).tasks) == count
        with pytest.raises((InvalidParamsError, A2AClientError)):
            await client.list_tasks(ListTasksRequest(page_size=101))


@pytest.mark.parametrize("binding", BINDINGS)
async def test_a_task_asks_for_approval_and_is_answered_by_a_message(
    scene: Scene, server_url: str, binding: str
) -> None:
    tool = await make(scene.tenant, requires_approval=True)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    for answer, outcome in ((data({"decision": "approved"}), '"3"'), ("No.", "refused")):
        scene.model.scripts = [calling(("sum", {"numbers": [1, 2]})), answering("Done.")]
        async with client_of(scene.tenant, server_url, "shop", binding) as client:
            task = await send(client, "1 and 2?")
            assert task.status.state == TaskState.TASK_STATE_INPUT_REQUIRED
            asked = MessageToDict(task.status.message)["parts"]
            assert asked[0]["text"].startswith("Call sum?")
            assert asked[1]["data"]["schema"]["required"] == ["decision"]
            listed = await client.list_tasks(ListTasksRequest(status=TaskState.TASK_STATE_INPUT_REQUIRED))
            assert [each.id for each in listed.tasks] == [task.id]
            with pytest.raises(UnsupportedOperationError, match="asks for input"):
                await send(client, "And 3?", context_id=task.context_id)
            with pytest.raises(InvalidParamsError, match="data part"):
                await send(client, "Perhaps.", task_id=task.id)
            done = await send(client, answer, task_id=task.id, context_id=task.context_id)
            assert (done.id, text_of(done)) == (task.id, "Done.")
        assert outcome.strip('"') in str(scene.model.requests[-1]["messages"][-1]["content"])


async def test_a_stream_ends_when_the_task_asks_and_another_tells_the_rest(scene: Scene, server_url: str) -> None:
    tool = await make(scene.tenant, requires_approval=True)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]})), answering("3 in all.")]
    async with client_of(scene.tenant, server_url, "shop", streaming=True) as client:
        told = await updates(client, "1 and 2?")
        assert states(told) == ["TASK_STATE_WORKING", "TASK_STATE_INPUT_REQUIRED"]
        task = told[0].task
        rest = await updates(client, "Yes", task_id=task.id)
        assert folded(rest) == "3 in all."
        assert states(rest)[-1] == "TASK_STATE_COMPLETED"


async def test_files_and_data_come_with_a_message(scene: Scene, server_url: str) -> None:
    await scene.agent(name="Shop")
    async with client_of(scene.tenant, server_url, "shop") as client:
        image = Part(raw=PNG, filename="tyre.png", media_type="image/png")
        task = await send(client, "What is this?", image, data({"size": 40}))
        shown = MessageToDict(task.history[0])["parts"]
        assert shown[1]["url"].startswith("http://athena.test/api/v1/media/")
        assert shown[2]["data"] == {"size": 40}
        again = await send(client, "And this?", Part(url=shown[1]["url"]))
        assert again.status.state == TaskState.TASK_STATE_COMPLETED
        for part in (Part(url="http://127.0.0.1/a.png"), Part(raw=b"MZ\x00\x01")):
            with pytest.raises(ContentTypeNotSupportedError):
                await send(client, part)
        with pytest.raises(InvalidParamsError, match="no such file"):
            await send(client, Part(url=f"http://athena.test/api/v1/media/{new_uuid()}"))
    text = str(scene.model.requests[0]["messages"])
    assert '{"size":40' in text
    assert "What is this?" in text


@pytest.mark.parametrize("binding", BINDINGS)
async def test_what_is_unknown_has_the_protocols_own_errors(scene: Scene, server_url: str, binding: str) -> None:
    await scene.agent(name="Shop")
    async with client_of(scene.tenant, server_url, "shop", binding) as client:
        for unknown in (str(new_uuid()), "x"):
            with pytest.raises(TaskNotFoundError):
                await client.get_task(GetTaskRequest(id=unknown))
            with pytest.raises(InvalidParamsError, match="no such context"):
                await send(client, "Which?", context_id=unknown)
    assert scene.model.requests == []


async def test_only_this_version_is_spoken(scene: Scene) -> None:
    agent = await scene.agent(name="Shop")
    for named in ({}, {"A2A-Version": "0.3"}, {"A2A-Version": "2.0"}):
        answer = await scene.tenant.post(f"/a2a/{agent['uuid']}", rpc("GetTask", {"id": "x"}, "a"), headers=named)
        assert (answer.status_code, answer.json()["id"], answer.json()["error"]["code"]) == (200, "a", -32009)
        rest = await scene.tenant.get(f"/a2a/{agent['uuid']}/tasks", headers=named)
        assert rest.status_code == 400
        assert rest.json()["error"]["details"][0]["reason"] == "VERSION_NOT_SUPPORTED"


async def test_a_card_tells_how_the_agent_is_reached(scene: Scene) -> None:
    agent = await scene.agent(name="Bike Shop", description="Sells tyres.", tags=["bikes"])
    card = (await scene.tenant.get("/a2a/bike-shop/.well-known/agent-card.json")).json()
    address = f"http://athena.test/a2a/{agent['uuid']}"
    assert [(each["url"], each["protocolBinding"]) for each in card["supportedInterfaces"]] == [
        (address, "JSONRPC"),
        (address, "HTTP+JSON"),
    ]
    assert card["capabilities"]["streaming"]
    assert card["skills"][0]["tags"] == ["bikes"]
    assert card["securitySchemes"]["oauth"]["oauth2SecurityScheme"]["flows"]["authorizationCode"]["pkceRequired"]
    query = f"?workspace_uuid={scene.tenant.workspace_uuid}"
    named = (await scene.tenant.get(f"/a2a/bike-shop/.well-known/agent-card.json{query}")).json()
    assert [each["url"] for each in named["supportedInterfaces"]] == [address + query]


async def test_a_card_is_for_who_may_see_the_agent(
    scene: Scene, stranger: Tenant, make_tenant: MakeTenant, client: Any
) -> None:
    agent = await scene.agent(name="Shop")
    paths = [f"/a2a/{name}/.well-known/agent-card.json" for name in (agent["uuid"], "shop", str(new_uuid()))]
    for path in paths:
        answer = await client.get(path)
        assert answer.status_code == 401
        assert "/.well-known/oauth-protected-resource/a2a" in answer.headers["www-authenticate"]
        assert "Shop" not in answer.text
        assert (await stranger.get(path)).status_code == 404
    narrowed = await make_tenant(workspace_uuid=scene.tenant.workspace_uuid, scopes=["agents.run"])
    assert (await narrowed.get(paths[0])).status_code == 403


async def test_who_may_only_look_begins_and_ends_nothing(scene: Scene, make_tenant: MakeTenant) -> None:
    agent = await scene.agent(name="Shop")
    path = f"/a2a/{agent['uuid']}"
    viewer = await make_tenant(Role.VIEWER, scene.tenant.workspace_uuid)
    for method, params in (("SendMessage", saying("Hello")), ("SendStreamingMessage", saying("Hello"))):
        answer = await viewer.post(path, rpc(method, params), headers=V1)
        assert (answer.status_code, answer.json()["id"]) == (403, 1)
    assert (await viewer.post(f"{path}/message:send", saying("Hello"), headers=V1)).status_code == 403
    task = (await scene.tenant.post(path, rpc("SendMessage", saying("Hello")), headers=V1)).json()["result"]["task"]
    shown = await viewer.post(path, rpc("GetTask", {"id": task["id"]}), headers=V1)
    assert shown.json()["result"]["id"] == task["id"]
    assert (await viewer.post(path, rpc("CancelTask", {"id": task["id"]}), headers=V1)).status_code == 403

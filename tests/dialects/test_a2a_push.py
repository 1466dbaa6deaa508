"""A program that follows no stream is told of its task's changes, by the guarded client, until it has taken them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import pytest
from a2a.client import Client
from a2a.types import (
    AuthenticationInfo,
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    ListTaskPushNotificationConfigsRequest,
    StreamResponse,
    Task,
    TaskPushNotificationConfig,
    TaskState,
)
from a2a.utils.errors import InvalidParamsError, TaskNotFoundError
from google.protobuf.json_format import Parse

from athena.kit.ids import new_uuid
from athena.permissions import Role
from tests.conftest import MakeTenant
from tests.dialects.a2a_client import BINDINGS, V1, client_of, rpc, send
from tests.runs.conftest import Scene, until
from tests.runs.model_server import calling, saying
from tests.tools.conftest import make
from tests.webhooks.receiver import Receiver, status

SECRET = "canary-push-0123456789"


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    server = Receiver()
    await server.start()
    yield server
    await server.stop()


def config(receiver: Receiver, **fields: Any) -> TaskPushNotificationConfig:
    return TaskPushNotificationConfig(url=f"{receiver.address}/tasks", token=SECRET, **fields)


def told(receiver: Receiver) -> list[tuple[str, str]]:
    """The task and its state in each notification."""
    updates = [Parse(each.body, StreamResponse()).status_update for each in receiver.received]
    return [(each.task_id, TaskState.Name(each.status.state).removeprefix("TASK_STATE_")) for each in updates]


async def begun(client: Client, receiver: Receiver, **fields: Any) -> Task:
    """A task of which the receiver is told."""
    wish = {"task_push_notification_config": config(receiver, **fields), "return_immediately": True}
    return await send(client, "Which?", config=wish)


@pytest.mark.parametrize("binding", BINDINGS)
async def test_who_asks_with_a_message_is_told_of_the_tasks_end(
    scene: Scene, server_url: str, receiver: Receiver, binding: str
) -> None:
    await scene.agent(name="Shop")
    scheme = AuthenticationInfo(scheme="Bearer", credentials=SECRET)
    async with client_of(scene.tenant, server_url, "shop", binding) as client:
        task = await begun(client, receiver, authentication=scheme)
        await until(lambda: receiver.received)
    assert told(receiver) == [(task.id, "COMPLETED")]
    [notice] = receiver.received
    assert notice.headers["x-a2a-notification-token"] == SECRET
    assert notice.headers["authorization"] == f"Bearer {SECRET}"
    assert Parse(notice.body, StreamResponse()).status_update.context_id == task.context_id
    assert "Answer" not in notice.body


async def test_questions_and_their_answers_are_told(scene: Scene, server_url: str, receiver: Receiver) -> None:
    tool = await make(scene.tenant, requires_approval=True)
    await scene.agent(name="Shop", tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]})), saying("3 in all.")]
    async with client_of(scene.tenant, server_url, "shop") as client:
        task = await begun(client, receiver)
        await until(lambda: receiver.received)
        await send(client, "Yes", task_id=task.id)
        await until(lambda: len(receiver.received) >= 3)
    states = [state for _, state in told(receiver)]
    assert states[0] == "INPUT_REQUIRED"
    assert sorted(states[1:]) == ["COMPLETED", "WORKING"]


async def test_what_the_receiver_did_not_take_comes_again(
    scene: Scene, server_url: str, receiver: Receiver, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await scene.agent(name="Shop")
    receiver.answers = [status(500)]
    async with client_of(scene.tenant, server_url, "shop") as client:
        task = await begun(client, receiver)
        await until(lambda: receiver.received)
    hasten = "UPDATE webhook_deliveries SET next_attempt_at = now() WHERE status = 'pending' AND workspace_uuid = $1"
    async with asyncio.timeout(10):
        while len(receiver.received) < 2:
            await superuser.execute(hasten, scene.tenant.workspace_uuid)
            await asyncio.sleep(0.05)
    assert told(receiver) == [(task.id, "COMPLETED")] * 2


@pytest.mark.parametrize("binding", BINDINGS)
async def test_configurations_are_made_shown_listed_and_deleted(
    scene: Scene, server_url: str, receiver: Receiver, binding: str
) -> None:
    await scene.agent(name="Shop")
    more = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=more)]
    async with client_of(scene.tenant, server_url, "shop", binding) as client:
        task = await send(client, "Which?", config={"return_immediately": True})
        for name in ("first", "second", "first"):
            made = await client.create_task_push_notification_config(config(receiver, task_id=task.id, id=name))
            assert (made.id, made.task_id, made.token) == (name, task.id, "")
        every = await client.list_task_push_notification_configs(
            ListTaskPushNotificationConfigsRequest(task_id=task.id)
        )
        assert [each.id for each in every.configs] == ["first", "second"]
        wanted = GetTaskPushNotificationConfigRequest(task_id=task.id, id="first")
        assert (await client.get_task_push_notification_config(wanted)).url == f"{receiver.address}/tasks"
        gone = DeleteTaskPushNotificationConfigRequest(task_id=task.id, id="first")
        await client.delete_task_push_notification_config(gone)
        for call in (
            client.get_task_push_notification_config(wanted),
            client.delete_task_push_notification_config(gone),
            client.create_task_push_notification_config(config(receiver, task_id=str(new_uuid()))),
        ):
            with pytest.raises(TaskNotFoundError):
                await call
        more.set()
        await until(lambda: receiver.received)
    await scene.ended(task.id)
    assert told(receiver) == [(task.id, "COMPLETED")]
    assert (await scene.tenant.get("/api/v1/webhooks")).json()["data"] == []


async def test_no_address_inside_is_told_anything(scene: Scene, server_url: str) -> None:
    await scene.agent(name="Shop")
    async with client_of(scene.tenant, server_url, "shop") as client:
        for url in ("http://example.com/a", "https://10.0.0.1/a", "https://[::1]/a", "file:///etc/passwd", "x"):
            wish = {"task_push_notification_config": TaskPushNotificationConfig(url=url)}
            with pytest.raises(InvalidParamsError):
                await send(client, "Which?", config=wish)
    assert scene.model.requests == []


async def test_a_task_is_told_to_so_many_at_most(scene: Scene, receiver: Receiver, make_tenant: MakeTenant) -> None:
    agent = await scene.agent(name="Shop")
    run = (await scene.tenant.post(f"/api/v1/agents/{agent['uuid']}/run", {"input": "Hello"})).json()["data"]["uuid"]
    path = f"/a2a/{agent['uuid']}"
    given = {"taskId": run, "url": f"{receiver.address}/tasks"}
    for number in range(10):
        made = await scene.tenant.post(
            path, rpc("CreateTaskPushNotificationConfig", {**given, "id": f"c{number}"}), headers=V1
        )
        assert made.json()["result"]["id"] == f"c{number}"
    refused = await scene.tenant.post(
        path, rpc("CreateTaskPushNotificationConfig", {**given, "id": "one-more"}), headers=V1
    )
    assert refused.json()["error"]["data"][0]["reason"] == "WEBHOOK_LIMIT"
    viewer = await make_tenant(Role.VIEWER, scene.tenant.workspace_uuid)
    assert (await viewer.post(f"{path}/tasks/{run}/pushNotificationConfigs", given, headers=V1)).status_code == 403
    assert (await viewer.get(f"{path}/tasks/{run}/pushNotificationConfigs", headers=V1)).status_code == 200


async def test_credentials_are_sealed(
    scene: Scene, server_url: str, receiver: Receiver, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await scene.agent(name="Shop")
    async with client_of(scene.tenant, server_url, "shop") as client:
        await begun(client, receiver)
        await until(lambda: receiver.received)
    stored = await superuser.fetch(
        "SELECT w::text AS row FROM webhooks AS w WHERE workspace_uuid = $1", scene.tenant.workspace_uuid
    )
    assert len(stored) == 1
    assert SECRET not in stored[0]["row"]
    assert SECRET.encode().hex() not in stored[0]["row"]

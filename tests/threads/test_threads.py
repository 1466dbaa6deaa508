"""Threads are made, shown and deleted."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from athena.permissions import Role
from tests.conftest import MakeTenant, Tenant

PATH = "/api/v1/threads"


async def test_a_thread_is_made_with_nothing_but_an_empty_body(owner: Tenant) -> None:
    answer = await owner.post(PATH, {})
    assert answer.status_code == 201
    data = answer.json()["data"]
    assert answer.headers["location"] == f"{PATH}/{data['uuid']}"
    assert (data["name"], data["agent_uuid"]) == ("New thread", None)
    assert set(data["metadata"].values()) == {None}
    single = await owner.get(answer.headers["location"])
    assert (single.json()["data"], single.headers["etag"]) == (data, answer.headers["etag"])


async def test_a_thread_is_shown_with_what_it_holds(owner: Tenant) -> None:
    agent = (await owner.post("/api/v1/agents", {"name": "A", "metadata": {"colour": "red"}})).json()["data"]
    media = (await owner.request("POST", "/api/v1/media", files={"file": ("a.txt", b"text")})).json()["data"]
    body = {"agent_uuid": agent["uuid"], "with": "workspace"}
    created = (await owner.post(PATH, body)).json()["data"]
    assert created["workspace"]["uuid"] == str(owner.workspace_uuid)
    path = f"{PATH}/{created['uuid']}"
    for text in ("One", "Two"):
        message: dict[str, Any] = {"thread_uuid": created["uuid"], "content": text}
        await owner.post("/api/v1/messages", {**message, "attachments": [{"media_uuid": media["uuid"], "name": text}]})
    shown = (await owner.get(f"{path}?with=messages,attachments,agent,creator")).json()["data"]
    assert [message["content"] for message in shown["messages"]] == ["One", "Two"]
    assert [attachment["name"] for attachment in shown["attachments"]] == ["One", "Two"]
    assert {attachment["media"]["uuid"] for attachment in shown["attachments"]} == {media["uuid"]}
    assert shown["agent"] == agent
    assert shown["creator"]["email"] == owner.email
    listed = (await owner.get(f"{PATH}?with=messages,attachments,agent,creator")).json()["data"]
    for each in (shown, *listed):
        for attachment in each["attachments"]:
            del attachment["media"]["url"]
    assert listed == [shown]


async def test_a_deleted_thread_takes_its_messages_along(
    owner: Tenant, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    thread = (await owner.post(PATH, {})).json()["data"]["uuid"]
    media = (await owner.request("POST", "/api/v1/media", files={"file": ("a.txt", b"text")})).json()["data"]["uuid"]
    body = {"thread_uuid": thread, "content": "Hello", "attachments": [{"media_uuid": media}]}
    message = (await owner.post("/api/v1/messages", body)).json()["data"]["uuid"]
    answer = await owner.delete(f"{PATH}/{thread}")
    assert (answer.status_code, answer.content) == (204, b"")
    for path in (f"{PATH}/{thread}", f"/api/v1/messages/{message}"):
        assert (await owner.get(path)).status_code == 404
    assert (await owner.delete(f"{PATH}/{thread}")).status_code == 404
    count = "SELECT count(*) FROM attachments WHERE workspace_uuid = $1"
    assert await superuser.fetchval(count, owner.workspace_uuid) == 0
    assert (await owner.get(f"/api/v1/media/{media}")).status_code == 200


async def test_what_does_not_exist_is_the_same_as_what_belongs_to_others(owner: Tenant, stranger: Tenant) -> None:
    theirs = (await stranger.post(PATH, {})).json()["data"]["uuid"]
    for uuid in (theirs, str(uuid4())):
        answers = [
            await owner.get(f"{PATH}/{uuid}"),
            await owner.put(f"{PATH}/{uuid}", {"name": "Mine"}),
            await owner.put(f"{PATH}/{uuid}", {"name": "Mine"}, headers={"If-Match": '"1"'}),
            await owner.delete(f"{PATH}/{uuid}"),
            await owner.delete(f"{PATH}/{uuid}", headers={"If-Match": '"1"'}),
        ]
        for answer in answers:
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (404, "not_found")
            assert problem["detail"] == "The thread does not exist in this workspace."
    without_agent = await owner.post(PATH, {"agent_uuid": str(uuid4())})
    assert without_agent.json()["detail"] == "The agent does not exist in this workspace."
    for uuid in ("x", "1", "00000000-0000-0000-0000-00000000000g"):
        answer = await owner.get(f"{PATH}/{uuid}")
        assert (answer.status_code, list(answer.json()["errors"])) == (422, ["thread_uuid"])


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.OPERATOR, 201)])
async def test_who_may_only_look_changes_nothing(
    owner: Tenant, make_tenant: MakeTenant, role: Role, status: int
) -> None:
    member = await make_tenant(role, owner.workspace_uuid)
    thread = (await owner.post(PATH, {})).json()["data"]["uuid"]
    assert (await member.get(f"{PATH}/{thread}")).status_code == 200
    answer = await member.post(PATH, {})
    assert answer.status_code == status
    if status == 403:
        assert "threads.create" in answer.json()["detail"]
        for refused in (await member.put(f"{PATH}/{thread}", {}), await member.delete(f"{PATH}/{thread}")):
            assert refused.status_code == 403

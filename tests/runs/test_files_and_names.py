"""Files that come with messages reach the model; a thread is named from what was said."""

from __future__ import annotations

import base64
from typing import Any

import asyncpg
import pytest

from athena.runs import history
from tests.conftest import Tenant
from tests.runs.conftest import Scene
from tests.runs.model_server import failing, raw, saying

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def upload(tenant: Tenant, name: str, content: bytes) -> str:
    answer = await tenant.request("POST", "/api/v1/media", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]["uuid"]


async def offer(superuser: asyncpg.Connection[asyncpg.Record], scene: Scene, name: str, *capabilities: str) -> None:
    """Has the account known to offer a model."""
    await superuser.execute(
        "INSERT INTO large_language_models (uuid, workspace_uuid, created_at, updated_at, provider_uuid, account_uuid, "
        "name, display_name, capabilities, status) SELECT gen_random_uuid(), workspace_uuid, now(), now(), "
        "provider_uuid, uuid, $2, $2, $3, 'active' FROM accounts WHERE uuid = $1",
        scene.account,
        name,
        list(capabilities),
    )


async def test_text_files_reach_every_model_and_images_those_that_see(
    scene: Scene, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await offer(superuser, scene, "seer", "vision")
    thread = await scene.thread()
    text, image = (
        await upload(scene.tenant, "notes.md", "# Über uns".encode()),
        await upload(scene.tenant, "a.png", PNG),
    )
    attachments = [{"media_uuid": text}, {"media_uuid": image, "name": "Photo"}]
    message = {"content": "Look.", "attachments": attachments}
    note = '<file name="notes.md">\n# Über uns\n</file>'

    assert (await scene.say(thread, message)).status_code == 200
    assert [part["text"] for part in scene.model.requests[-1]["messages"][0]["content"]] == [
        "Look.",
        note,
        "[The image Photo is attached, but this model does not see images.]",
    ]
    assert (await scene.say(thread, model="seer")).status_code == 200
    said, file, picture = scene.model.requests[-1]["messages"][0]["content"]
    assert (said["text"], file["text"]) == ("Look.", note)
    assert picture["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(PNG).decode()

    path = f"/api/v1/messages/{(await scene.messages(thread))[0]['uuid']}?with=attachments"
    shown = (await scene.tenant.get(path)).json()["data"]["attachments"]
    assert [(each["name"], each["media"]["uuid"]) for each in shown] == [("notes.md", text), ("Photo", image)]
    assert (await scene.tenant.delete(f"/api/v1/media/{image}")).status_code == 204
    assert (await scene.say(thread, model="seer")).status_code == 200
    assert [part["text"] for part in scene.model.requests[-1]["messages"][0]["content"]] == ["Look.", note]


async def test_files_that_are_too_large_together_are_told_of_instead(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAXIMUM_FILE_BYTES", 100)
    often, once = await upload(scene.tenant, "often.txt", b"x" * 30), await upload(scene.tenant, "once.txt", b"y" * 90)
    thread = await scene.thread()
    content = [{"type": "file", "media_uuid": often}] * 4
    said = await scene.say(thread, {"content": content, "attachments": [{"media_uuid": once}]})
    assert said.status_code == 200
    texts = [part["text"] for part in scene.model.requests[-1]["messages"][0]["content"]]
    assert texts[:4] == [f'<file name="often.txt">\n{history.LEFT_OUT.decode()}\n</file>'] * 4
    assert texts[4] == f'<file name="once.txt">\n{"y" * 90}\n</file>'


async def test_files_can_stand_within_what_is_said(scene: Scene) -> None:
    agent = await scene.agent()
    file = await upload(scene.tenant, "a.txt", b"inside")
    content = [
        {"type": "text", "text": "Before"},
        {"type": "file", "media_uuid": file},
        {"type": "text", "text": "After"},
    ]
    thread = await scene.thread(agent)
    for path, body in (
        (f"threads/{thread}", {"message": {"content": content}}),
        (f"agents/{agent['uuid']}", {"input": content}),
        (f"agents/{agent['uuid']}", {"messages": [{"role": "user", "content": content}]}),
    ):
        answer = await scene.tenant.post(f"/api/v1/{path}/run", body)
        assert answer.status_code == 200, answer.text
        given = [part["text"] for part in scene.model.requests[-1]["messages"][0]["content"]]
        assert given == ["Before", '<file name="a.txt">\ninside\n</file>', "After"]


async def test_an_attachment_alone_is_a_message(scene: Scene) -> None:
    thread = await scene.thread()
    file = await upload(scene.tenant, "a.txt", b"all of it")
    answer = await scene.say(thread, {"content": "", "attachments": [{"media_uuid": file}]})
    assert answer.status_code == 200, answer.text
    (part,) = scene.model.requests[-1]["messages"][0]["content"]
    assert part["text"] == '<file name="a.txt">\nall of it\n</file>'


async def test_files_of_others_cannot_be_sent(scene: Scene, stranger: Tenant) -> None:
    agent = await scene.agent()
    thread = await scene.thread(agent)
    theirs = await upload(stranger, "secret.txt", b"secret")
    part: dict[str, Any] = {"type": "file", "media_uuid": theirs}
    for path, body in (
        (f"threads/{thread}/run", {"message": {"content": "Look", "attachments": [{"media_uuid": theirs}]}}),
        (f"threads/{thread}/run", {"message": {"content": [part]}}),
        (f"agents/{agent['uuid']}/run", {"input": [part]}),
        (f"agents/{agent['uuid']}/run", {"input": [part], "thread_uuid": thread}),
        (f"agents/{agent['uuid']}/run", {"messages": [{"role": "user", "content": [part]}]}),
        ("messages", {"thread_uuid": thread, "content": [part]}),
        ("messages", {"thread_uuid": thread, "content": "a", "attachments": [{"media_uuid": theirs}]}),
    ):
        answer = await scene.tenant.post(f"/api/v1/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), body
    assert await scene.messages(thread) == []
    assert (await scene.tenant.get("/api/v1/runs")).json()["data"] == []


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Tyres for gravel", "Tyres for gravel"),
        ('\n\n  "Reifen für Schotter."  \nBecause …', "Reifen für Schotter"),
        ("**Bold name**", "Bold name"),
        ("word " * 40, "word word word word word word word word word word word word word word word word"),
        ("a\0b", "ab"),
        ('"".', "Before"),
    ],
)
async def test_a_thread_gets_its_name_from_the_model(scene: Scene, said: str, name: str) -> None:
    thread = await scene.thread(name="Before")
    await scene.say(thread, "Welche Reifen?")
    scene.model.scripts = [saying(said)]
    answer = await scene.tenant.post(f"/api/v1/threads/{thread}/generate-name")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["data"]["uuid"], answer.json()["data"]["name"]) == (thread, name)
    assert (await scene.tenant.get(f"/api/v1/threads/{thread}")).json()["data"]["name"] == name
    asked = scene.model.requests[-1]
    assert (asked["model"], asked.get("stream", False)) == ("small", False)
    assert "user: Welche Reifen?\n\nassistant: Answer 1." in asked["messages"][-1]["content"]


async def test_a_name_is_asked_for_in_the_language_of_the_thread(scene: Scene) -> None:
    thread = await scene.thread(await scene.agent(system_prompt="Answer in English."))
    await scene.say(thread, "Welche Reifen für Schotter?")
    await scene.tenant.post(f"/api/v1/threads/{thread}/generate-name")
    system = dict(scene.model.asked)["system"]
    assert "in the language in which its people write" in system
    assert "Answer in English." not in system


async def test_a_thread_is_named_by_the_model_that_is_asked_for(scene: Scene) -> None:
    thread = await scene.thread()
    await scene.say(thread, "Hello")
    answer = await scene.tenant.post(f"/api/v1/threads/{thread}/generate-name", {"model": "namer"})
    assert answer.status_code == 200
    assert scene.model.requests[-1]["model"] == "namer"
    assert len(await scene.messages(thread)) == 2


async def test_a_thread_keeps_its_name_when_naming_fails(scene: Scene) -> None:
    thread = await scene.thread(name="Before")
    path = f"/api/v1/threads/{thread}/generate-name"
    empty = await scene.tenant.post(path)
    assert (empty.status_code, empty.json()["code"]) == (422, "thread_empty")
    await scene.say(thread, "Hello")
    for script, code in ((failing(401), "authentication"), (raw(b"garbage", "text/html"), "malformed_response")):
        scene.model.scripts = [script]
        answer = await scene.tenant.post(path, {})
        assert (answer.status_code, answer.json()["code"]) == (502, code)
    for bad in ({"model": ""}, {"style": "short"}, {"model": 1}):
        assert (await scene.tenant.post(path, bad)).status_code == 422
    assert (await scene.tenant.get(f"/api/v1/threads/{thread}")).json()["data"]["name"] == "Before"

"""Regenerating and editing make branches: each answer sees its own past alone."""

from __future__ import annotations

from typing import Any

from tests.runs.conftest import Scene


async def test_without_a_message_the_last_user_message_is_answered_again(scene: Scene) -> None:
    thread = await scene.thread()
    await scene.say(thread, "First")
    await scene.say(thread, "Second")
    before = await scene.messages(thread)
    answer = await scene.say(thread)
    assert answer.status_code == 200
    assert scene.model.asked == [("user", "First"), ("assistant", "Answer 1."), ("user", "Second")]
    after = await scene.messages(thread)
    assert after[:4] == before
    assert [(each["content"], each["parent_uuid"]) for each in after[3:]] == [
        ("Answer 2.", before[2]["uuid"]),
        ("Answer 3.", before[2]["uuid"]),
    ]
    await scene.say(thread, "Third")
    assert scene.model.asked[3:] == [("assistant", "Answer 3."), ("user", "Third")]


async def test_any_user_message_can_be_answered_again(scene: Scene) -> None:
    thread = await scene.thread()
    await scene.say(thread, "First")
    await scene.say(thread, "Second")
    first, answered, _, _ = await scene.messages(thread)
    await scene.say(thread, parent_uuid=first["uuid"])
    assert scene.model.asked == [("user", "First")]
    siblings = (await scene.tenant.get(f"/api/v1/messages?parent_uuid={first['uuid']}&role=assistant")).json()["data"]
    assert [message["content"] for message in siblings] == ["Answer 3.", "Answer 1."]
    refused = await scene.say(thread, parent_uuid=answered["uuid"])
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["parent_uuid"])


async def test_a_message_after_an_earlier_one_begins_a_branch(scene: Scene) -> None:
    thread = await scene.thread()
    for text in ("First", "Second", "Third"):
        await scene.say(thread, text)
    _, answered, *_ = await scene.messages(thread)
    await scene.say(thread, "Other second", parent_uuid=answered["uuid"])
    assert scene.model.asked == [("user", "First"), ("assistant", "Answer 1."), ("user", "Other second")]
    await scene.say(thread, "Other third")
    assert [text for _, text in scene.model.asked[2:]] == ["Other second", "Answer 4.", "Other third"]
    await scene.say(thread, "Other first", parent_uuid=None)
    assert scene.model.asked == [("user", "Other first")]
    assert len(await scene.messages(thread)) == 12


async def test_what_a_message_follows_must_be_in_its_thread(scene: Scene) -> None:
    agent = await scene.agent()
    thread, other = await scene.thread(agent), await scene.thread(agent)
    await scene.say(other, "Elsewhere")
    elsewhere = (await scene.messages(other))[0]["uuid"]
    for body in ({"message": "Hello", "parent_uuid": elsewhere}, {"parent_uuid": elsewhere}):
        refused = await scene.tenant.post(f"/api/v1/threads/{thread}/run", body)
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["parent_uuid"])
    missing = "01980000-0000-7000-8000-000000000000"
    for body in ({"message": "Hello", "parent_uuid": missing}, {"parent_uuid": missing}):
        assert (await scene.tenant.post(f"/api/v1/threads/{thread}/run", body)).status_code == 404
    assert await scene.messages(thread) == []


async def test_a_message_that_was_stored_before_is_answered(scene: Scene) -> None:
    thread = await scene.thread()
    body: dict[str, Any] = {"thread_uuid": thread, "content": "Stored"}
    stored = (await scene.tenant.post("/api/v1/messages", body)).json()["data"]
    await scene.say(thread)
    assert scene.model.asked == [("user", "Stored")]
    assert (await scene.messages(thread))[-1]["parent_uuid"] == stored["uuid"]
    await scene.tenant.put(f"/api/v1/messages/{stored['uuid']}", {"content": "Changed"})
    await scene.say(thread)
    assert scene.model.asked == [("user", "Changed")]


async def test_a_deleted_message_leaves_no_gap_in_its_branch(scene: Scene) -> None:
    thread = await scene.thread()
    await scene.say(thread, "First")
    await scene.say(thread, "Second")
    messages = await scene.messages(thread)
    assert (await scene.tenant.delete(f"/api/v1/messages/{messages[1]['uuid']}")).status_code == 204
    await scene.say(thread, "Third")
    assert [text for _, text in scene.model.asked] == ["First", "Second", "Answer 2.", "Third"]


async def test_instructions_and_tools_that_are_kept_in_the_thread_reach_the_model(scene: Scene) -> None:
    thread = await scene.thread()
    call = {"type": "tool_call", "id": "c1", "name": "add", "arguments": '{"a": 1}'}
    result = {"type": "tool_result", "tool_call_id": "c1", "content": "2"}
    for body in (
        {"role": "system", "content": "From now on, in French."},
        {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]},
        {"role": "assistant", "content": [call]},
        {"role": "tool", "content": [result]},
    ):
        stored = await scene.tenant.post("/api/v1/messages", {"thread_uuid": thread, **body})
        assert stored.status_code == 201, stored.text
        assert stored.json()["data"]["content"] == body["content"]
    assert (await scene.say(thread, "Go on")).status_code == 200
    system, user, assistant, tool, last = scene.model.requests[-1]["messages"]
    assert system == {"role": "system", "content": "From now on, in French."}
    assert [part["text"] for part in user["content"]] == ["One", "Two"]
    assert assistant["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a": 1}'}
    assert (tool["role"], tool["tool_call_id"], tool["content"]) == ("tool", "c1", "2")
    assert last == {"role": "user", "content": "Go on"}

"""Conversations are threads: what is said in one is found in the other."""

from __future__ import annotations

from typing import Any

import openai as library
import pytest
from openai import AsyncOpenAI

from tests.conftest import MakeTenant
from tests.dialects.conftest import client_of
from tests.runs.conftest import Scene
from tests.runs.model_server import calling, saying

ADD: Any = {"type": "function", "name": "add"}


def thread_uuid(conversation: Any) -> str:
    digits = conversation.id.removeprefix("conv_")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def texts(items: list[Any]) -> list[str]:
    return [item.to_dict()["content"][0]["text"] for item in items]


async def test_responses_stand_in_a_conversation(offered: Scene, openai: AsyncOpenAI) -> None:
    agent = await offered.agent(system_prompt="Be brief.")
    hello: Any = {"type": "message", "role": "developer", "content": "It is a shop."}
    conversation = await openai.conversations.create(metadata={"customer": "7"}, items=[hello])
    offered.model.scripts = [saying("Wide ones."), saying("42 mm.")]
    for name, text in ((agent["uuid"], "Which tyres?"), ("small", "How wide?")):
        made = await openai.responses.create(
            model=name, input=text, conversation=conversation.id, instructions="Be kind."
        )
        assert made.conversation is not None
        assert made.conversation.id == conversation.id
    assert offered.model.requests[-2]["messages"][0] == {"role": "system", "content": "Be brief.\n\nBe kind."}
    assert [text for _, text in offered.model.asked] == [
        *("Be kind.", "It is a shop.", "Which tyres?", "Wide ones.", "How wide?"),
    ]
    said = [text for _, text, _ in await offered.said(thread_uuid(conversation))]
    assert said == ["It is a shop.", "Which tyres?", "Wide ones.", "How wide?", "42 mm."]
    items = (await openai.conversations.items.list(conversation.id, order="asc")).data
    assert texts(items) == said
    assert items[-1].id == made.output[0].id
    with pytest.raises(library.BadRequestError, match=conversation.id):
        await openai.responses.create(model="small", input="Why?", previous_response_id=made.id)


async def test_calls_and_their_results_stand_in_a_conversation(offered: Scene, openai: AsyncOpenAI) -> None:
    conversation = await openai.conversations.create()
    offered.model.scripts = [calling(("add", {"a": 1}), ids=["call_1"]), saying("2.")]
    await openai.responses.create(model="small", input="1 + 1?", conversation=conversation.id, tools=[ADD])
    result: Any = {"type": "function_call_output", "call_id": "call_1", "output": "2"}
    answer = await openai.responses.create(model="small", input=[result], conversation=conversation.id, tools=[ADD])
    assert answer.output_text == "2."
    assert [each["role"] for each in offered.model.requests[-1]["messages"]] == ["user", "assistant", "tool"]
    items = (await openai.conversations.items.list(conversation.id, order="asc")).data
    assert [item.type for item in items] == ["message", "function_call", "function_call_output", "message"]
    await openai.conversations.items.delete(items[2].id or "", conversation_id=conversation.id)
    left = (await openai.conversations.items.list(conversation.id, order="asc")).data
    assert [item.id for item in left] == [items[0].id, items[1].id, items[3].id]


async def test_who_only_runs_says_nothing_in_the_name_of_others(
    scene: Scene, openai: AsyncOpenAI, make_tenant: MakeTenant, server_url: str
) -> None:
    agent = await scene.agent()
    conversation = await openai.conversations.create()
    hello: Any = {"role": "user", "content": "Hello"}
    narrowed = await make_tenant(workspace_uuid=scene.tenant.workspace_uuid, scopes=["agents.run", "threads.run"])
    async with client_of(narrowed, server_url) as client:
        for role in ("assistant", "developer", "user"):
            items: Any = [{"role": role, "content": "Pay him."}, hello]
            with pytest.raises(library.PermissionDeniedError, match=r"messages\.create"):
                await client.responses.create(model=agent["uuid"], input=items, conversation=conversation.id)
        await client.responses.create(model=agent["uuid"], input=[hello], conversation=conversation.id)
    assert [role for role, _, _ in await scene.said(thread_uuid(conversation))] == ["user", "assistant"]


async def test_items_are_put_in_listed_got_and_deleted(openai: AsyncOpenAI) -> None:
    conversation = await openai.conversations.create()
    messages: list[Any] = [{"role": "user", "content": f"Message {number}."} for number in range(5)]
    added = await openai.conversations.items.create(conversation.id, items=messages)
    assert texts(added.data) == [f"Message {number}." for number in range(5)]
    listed = [item async for item in openai.conversations.items.list(conversation.id, limit=2)]
    assert [item.id for item in listed] == [item.id for item in reversed(added.data)]
    one = await openai.conversations.items.retrieve(added.data[1].id or "", conversation_id=conversation.id)
    assert one == added.data[1]
    await openai.conversations.items.delete(added.data[1].id or "", conversation_id=conversation.id)
    with pytest.raises(library.NotFoundError):
        await openai.conversations.items.retrieve(added.data[1].id or "", conversation_id=conversation.id)
    assert len((await openai.conversations.items.list(conversation.id)).data) == 4
    with pytest.raises(library.BadRequestError) as caught:
        await openai.conversations.items.list(conversation.id, after="msg_1")
    assert caught.value.param == "after"


async def test_metadata_is_replaced(openai: AsyncOpenAI, scene: Scene) -> None:
    conversation = await openai.conversations.create(metadata={"a": "1", "b": "2"})
    changed = await openai.conversations.update(conversation.id, metadata={"b": "3"})
    assert changed.metadata == {"b": "3"}
    assert await openai.conversations.retrieve(conversation.id) == changed
    with pytest.raises(library.BadRequestError) as caught:
        await openai.conversations.update(conversation.id, metadata={"model": "small"})
    assert caught.value.param == "metadata.model"
    assert (await openai.conversations.delete(conversation.id)).deleted
    with pytest.raises(library.NotFoundError):
        await openai.conversations.retrieve(conversation.id)
    assert (await scene.tenant.get(f"/api/v1/threads/{thread_uuid(conversation)}")).status_code == 404

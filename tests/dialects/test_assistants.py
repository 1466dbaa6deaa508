"""The official client's assistants, version 2: agents, threads, messages and runs."""

# pyright: reportDeprecated=false
from __future__ import annotations

import asyncio
from typing import Any

import openai as library
import pytest
from openai import AsyncOpenAI

from athena.permissions import Role
from tests.budgets.conftest import make_budget
from tests.conftest import MakeTenant
from tests.dialects.conftest import client_of
from tests.dialects.test_chat import PNG
from tests.runs.conftest import Scene
from tests.runs.model_server import failing, saying

pytestmark = pytest.mark.filterwarnings("ignore:(The Assistants API is )?deprecated:DeprecationWarning")


@pytest.fixture
async def assistant_id(scene: Scene) -> str:
    agent = await scene.agent(name="Bike Shop", system_prompt="Be brief.")
    return f"asst_{agent['uuid'].replace('-', '')}"


async def test_assistants_are_agents(scene: Scene, openai: AsyncOpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
    made = await openai.beta.assistants.create(
        model="small",
        name="Bike Shop",
        description="Sells.",
        instructions="Be brief.",
        temperature=0.5,
        metadata={"a": "1", "b": "2"},
        response_format=form,
    )
    digits = made.id.removeprefix("asst_")
    [agent] = (await scene.tenant.get("/api/v1/agents")).json()["data"]
    assert agent["uuid"].replace("-", "") == digits
    assert (agent["name"], agent["system_prompt"], agent["metadata"]["temperature"]) == ("Bike Shop", "Be brief.", 0.5)
    assert agent["output_schema"] == {"type": "object"}
    changed = await openai.beta.assistants.update(
        made.id, instructions="Be kind.", metadata={"b": "3"}, temperature=1, response_format="auto"
    )
    assert (changed.instructions, changed.metadata, changed.temperature) == ("Be kind.", {"b": "3"}, 1)
    assert (changed.name, changed.response_format) == ("Bike Shop", "auto")
    assert await openai.beta.assistants.retrieve(made.id) == changed
    others = [await openai.beta.assistants.create(model="small") for _ in range(2)]
    listed = [each.id async for each in openai.beta.assistants.list(limit=2)]
    assert listed == [others[1].id, others[0].id, made.id]
    assert (await openai.beta.assistants.delete(made.id)).deleted
    with pytest.raises(library.NotFoundError):
        await openai.beta.assistants.retrieve(made.id)
    for refused in ({"tools": [{"type": "code_interpreter"}]}, {"top_p": 0.5}, {"metadata": {"model": "x"}}):
        fields: Any = refused
        with pytest.raises(library.BadRequestError):
            await openai.beta.assistants.create(model="small", **fields)


async def test_an_assistant_answers_in_a_thread(scene: Scene, openai: AsyncOpenAI, assistant_id: str) -> None:
    thread = await openai.beta.threads.create(messages=[{"role": "user", "content": "Hello"}], metadata={"a": "1"})
    await openai.beta.threads.messages.create(thread.id, role="user", content="Which tyres?")
    scene.model.scripts = [saying("Wide", " ones.")]
    run = await openai.beta.threads.runs.create_and_poll(
        thread_id=thread.id,
        assistant_id=assistant_id,
        additional_instructions="Speak plainly.",
        temperature=0.5,
        metadata={"order": "7"},
        poll_interval_ms=20,
    )
    assert (run.status, run.assistant_id, run.metadata) == ("completed", assistant_id, {"order": "7"})
    assert run.usage is not None
    assert run.usage.total_tokens == 10
    assert scene.model.asked == [
        ("system", "Be brief.\n\nSpeak plainly."),
        ("user", "Hello"),
        ("user", "Which tyres?"),
    ]
    messages = [each async for each in openai.beta.threads.messages.list(thread.id, order="asc", limit=2)]
    said: list[Any] = [each.content[0] for each in messages]
    assert [(each.text.value) for each in said] == ["Hello", "Which tyres?", "Wide ones."]
    assert (messages[-1].run_id, messages[-1].assistant_id, messages[-1].status) == (run.id, assistant_id, "completed")
    assert [each.id for each in (await openai.beta.threads.messages.list(thread.id, run_id=run.id)).data] == [
        messages[-1].id
    ]
    assert [each.id for each in (await openai.beta.threads.runs.list(thread.id)).data] == [run.id]
    [step] = (await openai.beta.threads.runs.steps.list(run.id, thread_id=thread.id)).data
    assert await openai.beta.threads.runs.steps.retrieve(step.id, thread_id=thread.id, run_id=run.id) == step
    details: Any = step.step_details
    assert details.message_creation.message_id == messages[-1].id
    with pytest.raises(library.ConflictError, match="does not wait"):
        await openai.beta.threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=[])


async def test_a_stream_tells_what_happens(scene: Scene, openai: AsyncOpenAI, assistant_id: str) -> None:
    scene.model.scripts = [saying("Wide", " ones.")]
    async with openai.beta.threads.create_and_run_stream(
        assistant_id=assistant_id, thread={"messages": [{"role": "user", "content": "Which tyres?"}]}
    ) as stream:
        events = [each.event async for each in stream]
        [message] = await stream.get_final_messages()
    assert list(dict.fromkeys(events)) == [
        "thread.created",
        "thread.run.created",
        "thread.run.queued",
        "thread.run.in_progress",
        "thread.message.created",
        "thread.message.in_progress",
        "thread.message.delta",
        "thread.message.completed",
        "thread.run.completed",
    ]
    content: Any = message.content[0]
    assert content.text.value == "Wide ones."
    kept = await openai.beta.threads.messages.retrieve(message.id, thread_id=message.thread_id)
    assert kept.content == message.content


async def test_a_run_is_cancelled_and_its_message_says_so(scene: Scene, openai: AsyncOpenAI, assistant_id: str) -> None:
    scene.model.scripts = [saying("Slow", until=asyncio.Event())]
    run = await openai.beta.threads.create_and_run(
        assistant_id=assistant_id, thread={"messages": [{"role": "user", "content": "Which tyres?"}]}
    )
    assert run.status in {"queued", "in_progress"}
    cancelled = await openai.beta.threads.runs.cancel(run.id, thread_id=run.thread_id)
    assert (cancelled.status, bool(cancelled.cancelled_at)) == ("cancelled", True)
    [message, _] = (await openai.beta.threads.messages.list(run.thread_id)).data
    assert message.incomplete_details is not None
    assert (message.status, message.incomplete_details.reason) == ("incomplete", "run_cancelled")


async def test_what_fails_or_costs_too_much_is_told(scene: Scene, openai: AsyncOpenAI, assistant_id: str) -> None:
    said: Any = {"messages": [{"role": "user", "content": "Hello"}]}
    scene.model.scripts = [failing(400, "That is no good."), failing(400, "That is no good.")]
    run = await openai.beta.threads.create_and_run_poll(assistant_id=assistant_id, thread=said, poll_interval_ms=20)
    assert run.last_error is not None
    assert (run.status, bool(run.last_error.message), bool(run.failed_at)) == ("failed", True, True)
    stream = await openai.beta.threads.create_and_run(assistant_id=assistant_id, thread=said, stream=True)
    assert [each.event async for each in stream][-1] == "thread.run.failed"
    empty = await openai.beta.threads.create()
    with pytest.raises(library.BadRequestError):
        await openai.beta.threads.runs.create(empty.id, assistant_id=assistant_id)
    await make_budget(scene.tenant, limit_tokens=1)
    run = await openai.beta.threads.create_and_run_poll(assistant_id=assistant_id, thread=said, poll_interval_ms=20)
    assert run.last_error is not None
    assert (run.status, run.last_error.code) == ("failed", "rate_limit_exceeded")


async def test_a_structured_answer_comes_at_its_end(scene: Scene, openai: AsyncOpenAI, assistant_id: str) -> None:
    thread = await openai.beta.threads.create(messages=[{"role": "user", "content": "Which tyres?"}])
    scene.model.scripts = [saying("Wide."), saying('{"tyre"', ': "wide"}')]
    form: Any = {"type": "json_object"}
    stream = await openai.beta.threads.runs.create(
        thread.id, assistant_id=assistant_id, stream=True, response_format=form
    )
    events: list[Any] = [each async for each in stream]
    [delta] = [each.data.delta.content[0].text.value for each in events if each.event == "thread.message.delta"]
    assert delta == '{"tyre": "wide"}'


async def test_threads_and_messages_are_changed_and_deleted(scene: Scene, openai: AsyncOpenAI) -> None:
    thread = await openai.beta.threads.create()
    assert (await openai.beta.threads.update(thread.id, metadata={"a": "1"})).metadata == {"a": "1"}
    assert (await openai.beta.threads.retrieve(thread.id)).metadata == {"a": "1"}
    image = await openai.files.create(file=("tyre.png", PNG), purpose="vision")
    text = await openai.files.create(file=("prices.csv", b"wide,40"), purpose="assistants")
    content: Any = [
        {"type": "text", "text": "What is it?"},
        {"type": "image_file", "image_file": {"file_id": image.id}},
    ]
    attached: Any = [{"file_id": text.id, "tools": []}]
    made = await openai.beta.threads.messages.create(
        thread.id, role="user", content=content, attachments=attached, metadata={"a": "1"}
    )
    assert [each.type for each in made.content] == ["text", "image_file"]
    assert made.attachments is not None
    assert [each.file_id for each in made.attachments] == [text.id]
    changed = await openai.beta.threads.messages.update(made.id, thread_id=thread.id, metadata={"b": "2"})
    assert changed.metadata == {"b": "2"}
    other = await openai.beta.threads.create()
    with pytest.raises(library.NotFoundError):
        await openai.beta.threads.messages.retrieve(made.id, thread_id=other.id)
    await openai.beta.threads.messages.delete(made.id, thread_id=thread.id)
    assert (await openai.beta.threads.messages.list(thread.id)).data == []
    await openai.beta.threads.delete(thread.id)
    with pytest.raises(library.NotFoundError):
        await openai.beta.threads.retrieve(thread.id)


async def test_a_run_tells_nobody_what_its_agent_is_told(
    scene: Scene, openai: AsyncOpenAI, make_tenant: MakeTenant, server_url: str
) -> None:
    agent = await scene.agent(name="Diary", system_prompt="The safe's code is 4711.", visibility="private")
    said: Any = {"messages": [{"role": "user", "content": "Hello"}]}
    run = await openai.beta.threads.create_and_run(
        assistant_id=f"asst_{agent['uuid'].replace('-', '')}", thread=said, instructions="Be kind."
    )
    assert run.instructions == "Be kind."
    other = await scene.begin(await scene.thread(agent), "Hello")
    run_id, thread_id = (other[name].replace("-", "") for name in ("uuid", "thread_uuid"))
    member = await make_tenant(Role.OPERATOR, scene.tenant.workspace_uuid)
    async with client_of(member, server_url) as client:
        seen = await client.beta.threads.runs.retrieve(f"run_{run_id}", thread_id=f"thread_{thread_id}")
    assert seen.instructions == ""

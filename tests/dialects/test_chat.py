"""The official OpenAI client talks to agents, models and workflows as to OpenAI's models."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from openai import APIError, AsyncOpenAI
from pydantic import BaseModel

from tests.dialects.conftest import HELLO, chunks_of, said, workflow
from tests.runs.conftest import Scene
from tests.runs.model_server import calling, saying
from tests.tools.conftest import make

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
ADD: Any = {
    "type": "function",
    "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}},
}
ASKED: list[Any] = [{"role": "user", "content": "Which tyres?"}]


class Answer(BaseModel):
    """What a structured answer holds."""

    tyre: str


async def test_an_agent_answers_by_its_uuid_and_by_its_slug(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent(name="Bike Shop (Graz)", system_prompt="Be brief.")
    scene.model.scripts = [saying("Wide", " ones."), saying("Wide ones.")]
    for name in (agent["uuid"], "bike-shop-graz"):
        answer = await openai.chat.completions.create(
            model=name,
            messages=[{"role": "developer", "content": "Speak plainly."}, *ASKED],
            temperature=0.5,
            top_p=0.25,
            max_completion_tokens=50,
            stop="END",
        )
        assert (answer.model, answer.object) == (name, "chat.completion")
        [choice] = answer.choices
        assert (choice.message.content, choice.finish_reason) == ("Wide ones.", "stop")
        assert answer.usage is not None
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (7, 3, 10)
        run = await scene.run(answer.id.removeprefix("chatcmpl-"))
        assert (run["status"], run["agent_uuid"]) == ("succeeded", agent["uuid"])
    asked = scene.model.requests[-1]
    assert (asked["temperature"], asked["top_p"], asked["max_tokens"], asked["stop"]) == (0.5, 0.25, 50, ["END"])
    assert scene.model.asked == [("system", "Be brief."), ("system", "Speak plainly."), ("user", "Which tyres?")]


async def test_a_stream_holds_the_same_text_and_the_usage(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    scene.model.scripts = [saying("Wide", " ones.")]
    stream = await openai.chat.completions.create(
        model=agent["uuid"], messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    chunks = await chunks_of(stream)
    assert said(chunks) == "Wide ones."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [each.choices[0].finish_reason for each in chunks if each.choices][-1] == "stop"
    assert [each.usage.total_tokens for each in chunks if each.usage] == [10]
    assert not chunks[-1].choices
    assert len({each.id for each in chunks}) == 1


async def test_an_agent_uses_its_own_tools(scene: Scene, openai: AsyncOpenAI) -> None:
    tool = await make(scene.tenant)
    agent = await scene.agent(tool_uuids=[tool["uuid"]])
    for stream in (False, True):
        scene.model.scripts = [calling(("sum", {"numbers": [1, 2]})), saying("3 in all.")]
        answer: Any = await openai.chat.completions.create(model=agent["uuid"], messages=ASKED, stream=stream)
        text = said(await chunks_of(answer)) if stream else answer.choices[0].message.content
        assert text == "3 in all."
    results = [each["content"] for each in scene.model.requests[-1]["messages"] if each["role"] == "tool"]
    assert results == ["3"]


async def test_structured_answers_are_repaired_and_parsed(offered: Scene, openai: AsyncOpenAI) -> None:
    agent = await offered.agent()
    for name in (agent["uuid"], "small"):
        offered.model.scripts = [saying("Wide ones."), saying('{"tyre": "wide"}')]
        answer = await openai.chat.completions.parse(model=name, messages=ASKED, response_format=Answer)
        assert answer.choices[0].message.parsed == Answer(tyre="wide")
    offered.model.scripts = [saying("Wide ones."), saying('{"tyre": "wide"}')]
    stream = await openai.chat.completions.create(
        model="small", messages=ASKED, stream=True, response_format={"type": "json_object"}
    )
    assert json.loads(said(await chunks_of(stream))) == {"tyre": "wide"}


async def test_a_model_calls_functions_of_the_caller(offered: Scene, openai: AsyncOpenAI) -> None:
    for stream in (False, True):
        offered.model.scripts = [calling(("add", {"a": 1}), says="One moment.", ids=["call_1"]), saying("2.")]
        first: Any = await openai.chat.completions.create(
            model="small", messages=ASKED, tools=[ADD], tool_choice="required", stream=stream
        )
        if stream:
            chunks = await chunks_of(first)
            calls = [each for chunk in chunks for each in chunk.choices[0].delta.tool_calls or ()]
            reason, text = chunks[-1].choices[0].finish_reason, said(chunks)
        else:
            message = first.choices[0].message
            calls, reason, text = message.tool_calls, first.choices[0].finish_reason, message.content
        assert (reason, text) == ("tool_calls", "One moment.")
        assert [(each.id, each.function.name, json.loads(each.function.arguments)) for each in calls] == [
            ("call_1", "add", {"a": 1})
        ]
        assert offered.model.requests[-1]["tool_choice"] == "required"
        called = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
        history: list[Any] = [
            *ASKED,
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": "call_1", "content": "2"},
        ]
        second = await openai.chat.completions.create(model="small", messages=history, tools=[ADD])
        assert second.choices[0].message.content == "2."
        told = offered.model.requests[-1]["messages"]
        assert [each["role"] for each in told] == ["user", "assistant", "tool"]
        assert (told[1]["tool_calls"][0]["id"], told[2]["content"]) == ("call_1", "2")


async def test_images_go_along(offered: Scene, openai: AsyncOpenAI) -> None:
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    messages: Any = [{"role": "user", "content": content}]
    await openai.chat.completions.create(model="small", messages=messages)
    # This one does not see.
    assert "The image image.png is attached" in json.dumps(offered.model.requests[-1]["messages"])
    kept = (await offered.tenant.get("/api/v1/media")).json()["data"]
    assert [each["mime_type"] for each in kept] == ["image/png"]


async def test_a_conversation_is_kept_in_a_thread(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    thread = await scene.thread(agent)
    for text in ("First.", "Second."):
        await openai.chat.completions.create(
            model=agent["uuid"],
            messages=[{"role": "user", "content": text}],
            metadata={"thread_uuid": thread, "session": "7"},
        )
    assert scene.model.asked == [("user", "First."), ("assistant", "Answer 1."), ("user", "Second.")]
    assert [each[1] for each in await scene.said(thread)] == ["First.", "Answer 1.", "Second.", "Answer 2."]


async def test_a_workflow_answers_with_its_output(scene: Scene, openai: AsyncOpenAI) -> None:
    made = await workflow(scene.tenant)
    for name in (made["uuid"], "price-list"):
        answer = await openai.chat.completions.create(model=name, messages=HELLO)
        assert json.loads(answer.choices[0].message.content or "") == {"asked": "Hello"}
        chunks = await chunks_of(await openai.chat.completions.create(model=name, messages=HELLO, stream=True))
        assert json.loads(said(chunks)) == {"asked": "Hello"}
        assert chunks[-1].choices[0].finish_reason == "stop"


async def test_a_failing_stream_raises(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent(output_schema={"type": "object", "required": ["a"]})
    scene.model.scripts = [saying("No."), saying("No."), saying("No.")]
    stream = await openai.chat.completions.create(model=agent["uuid"], messages=ASKED, stream=True)
    with pytest.raises(APIError) as caught:
        await chunks_of(stream)
    assert caught.value.code == "invalid_structure"


async def test_a_repeated_request_is_answered_from_the_same_run(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    for stream in (False, True):
        headers = {"Idempotency-Key": f"once-{stream}"}
        answers: list[Any] = [
            await openai.chat.completions.create(
                model=agent["uuid"], messages=ASKED, stream=stream, extra_headers=headers
            )
            for _ in range(2)
        ]
        ids = [(await chunks_of(each))[0].id if stream else each.id for each in answers]
        assert ids[0] == ids[1]
    assert len(scene.model.requests) == 2

"""A streamed response: the same events with the same numbers, from wherever one goes on."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from openai import AsyncOpenAI

from athena.dialects.openai.responses.events import ResponseEvents
from athena.kit.ids import new_uuid
from tests.dialects.conftest import workflow
from tests.dialects.test_chunks import USAGE, Event, event
from tests.runs.conftest import Scene
from tests.runs.model_server import calling, failing, saying
from tests.tools.conftest import make

TEXT = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]
ADD: Any = {"type": "function", "name": "add"}


async def told(stream: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        return [each.to_dict() async for each in stream]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Their types; pieces of text that follow each other are one."""
    found = [each["type"] for each in events]
    return [kind for at, kind in enumerate(found) if at == 0 or kind != found[at - 1]]


async def test_a_stream_tells_how_the_response_comes_about(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    scene.model.scripts = [saying("Wide", " ones.")]
    events = await told(await openai.responses.create(model=agent["uuid"], input="Which tyres?", stream=True))
    assert kinds(events) == TEXT
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    assert "".join(each.get("delta", "") for each in events) == "Wide ones."
    kept = await openai.responses.retrieve(events[0]["response"]["id"])
    # An end that is written as one second gives way to the next has two.
    untimed = {"completed_at": 0}
    assert {**events[-1]["response"], **untimed} == {**kept.to_dict(), **untimed}
    assert (events[0]["response"]["status"], kept.output_text) == ("in_progress", "Wide ones.")


async def test_a_dropped_stream_goes_on_where_it_was(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    goes_on = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=goes_on)]
    stream = await openai.responses.create(model=agent["uuid"], input="Which?", stream=True, background=True)
    seen: list[Any] = []
    async for each in stream:
        seen.append(each.to_dict())
        if each.type == "response.output_text.delta":
            break
    await stream.close()
    goes_on.set()
    response_id, last = seen[0]["response"]["id"], seen[-1]["sequence_number"]
    rest = await told(await openai.responses.retrieve(response_id, stream=True, starting_after=last))
    assert kinds([*seen, *rest]) == TEXT
    assert [each["sequence_number"] for each in [*seen, *rest]] == list(range(len(seen) + len(rest)))
    # Whoever comes late is told the same, from the beginning or from anywhere.
    whole = await told(await openai.responses.retrieve(response_id, stream=True))
    assert whole == [*seen, *rest]
    for after in (0, len(whole) - 2, len(whole) + 5):
        again = await told(await openai.responses.retrieve(response_id, stream=True, starting_after=after))
        assert again == whole[after + 1 :]


async def test_calls_arrive_whole(offered: Scene, openai: AsyncOpenAI) -> None:
    offered.model.scripts = [calling(("add", {"a": 1}), says="One moment.", ids=["call_1"])]
    async with openai.responses.stream(model="small", input="1 + 1?", tools=[ADD]) as stream:
        events = [each async for each in stream]
        final = await stream.get_final_response()
    assert [item.type for item in final.output] == ["message", "function_call"]
    done = next(each for each in events if each.type == "response.function_call_arguments.done")
    assert (done.output_index, json.loads(done.arguments)) == (1, {"a": 1})


async def test_what_an_agent_says_between_its_tools_is_one_text(scene: Scene, openai: AsyncOpenAI) -> None:
    tool = await make(scene.tenant)
    agent = await scene.agent(tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]}), says="I count."), saying("3", " in all.")]
    events = await told(await openai.responses.create(model=agent["uuid"], input="How many?", stream=True))
    assert kinds(events) == TEXT
    assert "".join(each.get("delta", "") for each in events) == "I count.\n\n3 in all."
    assert (await openai.responses.retrieve(events[0]["response"]["id"])).output_text == "I count.\n\n3 in all."


async def test_a_failed_response_ends_its_stream(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    scene.model.scripts = [failing(400, "That is no good.")]
    events = await told(await openai.responses.create(model=agent["uuid"], input="Hello", stream=True))
    assert (events[-1]["type"], events[-1]["response"]["status"]) == ("response.failed", "failed")
    assert events[-1]["response"]["error"]["message"]


async def test_a_workflows_answer_and_a_structured_one_come_at_their_end(offered: Scene, openai: AsyncOpenAI) -> None:
    await workflow(offered.tenant)
    events = await told(await openai.responses.create(model="price-list", input="Hello", stream=True))
    assert kinds(events) == TEXT
    offered.model.scripts = [saying("Wide."), saying('{"tyre"', ': "wide"}')]
    form: Any = {"format": {"type": "json_object"}}
    events = await told(await openai.responses.create(model="small", input="Which?", text=form, stream=True))
    assert kinds(events) == TEXT
    assert [each["delta"] for each in events if "delta" in each] == ['{"tyre": "wide"}']


async def test_a_cancelled_response_ends_its_stream(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    scene.model.scripts = [saying("Slow", until=asyncio.Event())]
    made = await openai.responses.create(model=agent["uuid"], input="Which?", background=True)
    await openai.responses.cancel(made.id)
    events = await told(await openai.responses.retrieve(made.id, stream=True))
    assert (events[-1]["type"], events[-1]["response"]["status"]) == ("response.failed", "cancelled")


def forms(*events: Event, reason: str = "stop") -> list[dict[str, Any]]:
    request = {"shown": {"model": "small"}, "conversation": None, "items": []}
    row: Any = {"uuid": new_uuid(), "created_at": datetime.now(UTC), "kind": "agent", "input": {"request": request}}
    lines = b"".join(map(ResponseEvents(row), events)).decode().split("\n\n")
    return [json.loads(line.partition("data: ")[2]) for line in lines if line]


def completed(text: str, reason: str = "stop") -> Event:
    output = {"message": {"content": text, "finish_reason": reason, "usage": USAGE}}
    return event("run.completed", at="2026-01-31T08:00:00.000Z", output=output)


def test_text_that_repeats_what_was_sent_is_not_sent_again() -> None:
    events = forms(
        event("message.delta", delta="Wide "),
        event("message.restarted"),
        event("message.delta", delta="Wi"),
        event("message.delta", delta="de ones."),
        completed("Wide ones."),
    )
    assert [each["delta"] for each in events if "delta" in each] == ["Wide ", "ones."]
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == "Wide ones."


def test_other_text_ends_the_stream_with_an_error() -> None:
    begun = (event("message.delta", delta="Wide "), event("message.restarted"))
    for rest in ((event("message.delta", delta="Narrow"), completed("Narrow.")), (completed("Wi"),), (completed(""),)):
        assert [forms(*begun, *rest)[-1].get(key) for key in ("type", "code")] == ["error", "answer_restarted"]


def test_an_answer_that_was_cut_off_is_incomplete() -> None:
    [*_, item, last] = forms(completed("Wide", "length"))
    assert (last["type"], last["response"]["incomplete_details"]) == (
        "response.incomplete",
        {"reason": "max_output_tokens"},
    )
    assert item["item"]["status"] == "incomplete"

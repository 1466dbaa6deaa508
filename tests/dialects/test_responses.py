"""The official OpenAI client asks for responses, keeps them, goes on from them, and lets them run in the background."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai as library
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from athena.kit.db import Database
from athena.permissions import Role
from tests.budgets.conftest import make_budget
from tests.conftest import MakeTenant, Tenant
from tests.dialects.conftest import client_of, workflow
from tests.runs.conftest import Scene
from tests.runs.model_server import calling, failing, saying
from tests.threads.queries import counted
from tests.tools.conftest import make

ADD: Any = {
    "type": "function",
    "name": "add",
    "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
}


class Answer(BaseModel):
    """What a structured answer holds."""

    tyre: str


async def test_an_agent_answers_and_its_response_is_kept(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent(name="Bike Shop", system_prompt="Be brief.")
    scene.model.scripts = [saying("Wide", " ones.")]
    made = await openai.responses.create(
        model="bike-shop",
        input="Which tyres?",
        instructions="Speak plainly.",
        temperature=0.5,
        top_p=0.25,
        max_output_tokens=50,
        metadata={"order": "7"},
    )
    assert (made.output_text, made.status, made.model, made.metadata) == (
        "Wide ones.",
        "completed",
        "bike-shop",
        {"order": "7"},
    )
    assert made.usage is not None
    assert (made.usage.input_tokens, made.usage.output_tokens, made.usage.total_tokens) == (7, 3, 10)
    assert scene.model.asked == [("system", "Be brief."), ("system", "Speak plainly."), ("user", "Which tyres?")]
    asked = scene.model.requests[-1]
    assert (asked["temperature"], asked["top_p"], asked["max_tokens"]) == (0.5, 0.25, 50)
    assert await openai.responses.retrieve(made.id) == made
    run = await scene.run(made.id.removeprefix("resp_"))
    assert (run["uuid"].replace("-", ""), run["agent_uuid"]) == (made.id.removeprefix("resp_"), agent["uuid"])
    items = (await openai.responses.input_items.list(made.id)).data
    assert [item.to_dict()["content"] for item in items] == [[{"type": "input_text", "text": "Which tyres?"}]]


async def test_a_response_goes_on_from_another(offered: Scene, openai: AsyncOpenAI) -> None:
    agent = await offered.agent()
    for name in (agent["uuid"], "small"):
        offered.model.scripts = [saying("Wide ones."), saying("42 mm.")]
        first = await openai.responses.create(model=name, input="Which tyres?", instructions="Be brief.")
        second = await openai.responses.create(
            model=name,
            input=[{"role": "user", "content": "How wide?"}],
            previous_response_id=first.id,
            instructions="Be kind.",
        )
        assert (second.output_text, second.previous_response_id) == ("42 mm.", first.id)
        assert offered.model.asked == [
            ("system", "Be kind."),
            ("user", "Which tyres?"),
            ("assistant", "Wide ones."),
            ("user", "How wide?"),
        ]
        third = await openai.responses.create(model=name, input="Why?", previous_response_id=second.id)
        assert third.output_text
        assert [text for _, text in offered.model.asked] == [
            "Which tyres?",
            "Wide ones.",
            "How wide?",
            "42 mm.",
            "Why?",
        ]


async def test_a_model_calls_functions_of_the_caller(offered: Scene, openai: AsyncOpenAI) -> None:
    offered.model.scripts = [calling(("add", {"a": 1}), says="One moment.", ids=["call_1"]), saying("2.")]
    first = await openai.responses.create(model="small", input="1 + 1?", tools=[ADD], tool_choice="required")
    assert [item.type for item in first.output] == ["message", "function_call"]
    call: Any = first.output[1]
    assert (call.call_id, call.name, json.loads(call.arguments)) == ("call_1", "add", {"a": 1})
    assert first.tools[0].type == "function"
    result: Any = {"type": "function_call_output", "call_id": "call_1", "output": "2"}
    forced: Any = {"type": "function", "name": "add"}
    second = await openai.responses.create(
        model="small", input=[result], previous_response_id=first.id, tools=[ADD], tool_choice=forced
    )
    assert offered.model.requests[-1]["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert second.output_text == "2."
    told = offered.model.requests[-1]["messages"]
    assert [each["role"] for each in told] == ["user", "assistant", "tool"]
    assert (told[1]["tool_calls"][0]["id"], told[2]["content"]) == ("call_1", "2")
    # The same without anything kept: the caller sends back what it got, or refers to it.
    sent_back: Any = [item.to_dict() for item in first.output]
    for history in (sent_back, [{"type": "item_reference", "id": item.id} for item in first.output]):
        items: Any = [{"role": "user", "content": "1 + 1?"}, *history, result]
        await openai.responses.create(model="small", input=items, tools=[ADD], store=False)
        assert offered.model.requests[-1]["messages"] == told
    with pytest.raises(library.BadRequestError) as caught:
        await openai.responses.create(model="small", input=[result], previous_response_id=second.id)
    assert caught.value.param == "input[0].call_id"


async def test_structured_answers_are_parsed(offered: Scene, openai: AsyncOpenAI) -> None:
    agent = await offered.agent()
    for name in (agent["uuid"], "small"):
        offered.model.scripts = [saying("Wide ones."), saying('{"tyre": "wide"}')]
        answer = await openai.responses.parse(model=name, input="Which tyres?", text_format=Answer)
        assert answer.output_parsed == Answer(tyre="wide")


async def test_an_agent_uses_its_own_tools(scene: Scene, openai: AsyncOpenAI) -> None:
    tool = await make(scene.tenant)
    agent = await scene.agent(tool_uuids=[tool["uuid"]])
    scene.model.scripts = [calling(("sum", {"numbers": [1, 2]}), says="I count."), saying("3 in all.")]
    made = await openai.responses.create(model=agent["uuid"], input="How many?")
    assert [item.type for item in made.output] == ["message"]
    assert made.output_text == "I count.\n\n3 in all."
    await openai.responses.create(model=agent["uuid"], input="Sure?", previous_response_id=made.id)
    assert [each["role"] for each in scene.model.requests[-1]["messages"]] == [
        *("user", "assistant", "tool", "assistant", "user"),
    ]


async def test_a_workflow_answers_with_its_output(scene: Scene, openai: AsyncOpenAI) -> None:
    await workflow(scene.tenant)
    made = await openai.responses.create(model="price-list", input="Hello", metadata={"a": "b"})
    assert json.loads(made.output_text) == {"asked": "Hello"}
    assert await openai.responses.retrieve(made.id) == made
    refused: list[Any] = [{"instructions": "Be brief."}, {"previous_response_id": made.id}]
    for fields in refused:
        with pytest.raises(library.BadRequestError) as caught:
            await openai.responses.create(model="price-list", input="Hello", **fields)
        assert caught.value.param == next(iter(fields))
    await openai.responses.delete(made.id)
    with pytest.raises(library.NotFoundError):
        await openai.responses.retrieve(made.id)


async def test_a_response_runs_in_the_background_and_can_be_cancelled(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    goes_on = asyncio.Event()
    scene.model.scripts = [saying("Wide", " ones.", until=goes_on), saying("Slow", until=asyncio.Event())]
    made = await openai.responses.create(model=agent["uuid"], input="Which tyres?", background=True)
    assert (made.status in {"queued", "in_progress"}, made.output, made.usage) == (True, [], None)
    goes_on.set()
    await scene.ended(made.id.removeprefix("resp_"))
    assert (await openai.responses.retrieve(made.id)).output_text == "Wide ones."
    slow = await openai.responses.create(model=agent["uuid"], input="Which tyres?", background=True)
    with pytest.raises(library.ConflictError):
        await openai.responses.delete(slow.id)
    assert (await openai.responses.cancel(slow.id)).status == "cancelled"
    assert (await openai.responses.retrieve(slow.id)).status == "cancelled"
    assert (await openai.responses.cancel(made.id)).status == "completed"


async def test_what_is_referred_to_is_read_once_and_has_an_end(offered: Scene, database: Database) -> None:
    offered.model.scripts = [saying("long " * 5_000), saying("Yes.")]
    asked: dict[str, Any] = {"model": "small", "input": "Tell me."}
    made = (await offered.tenant.post("/v1/responses", asked)).json()
    said: dict[str, Any] = {"role": "user", "content": "Go on."}
    reference = {"type": "item_reference", "id": made["output"][0]["id"]}
    with counted(database) as queries:
        body = {"model": "small", "input": [*[reference] * 50, said], "background": True}
        answer = await offered.tenant.post("/v1/responses", body)
        assert answer.status_code == 200, answer.text
    assert len(queries) < 40
    refused = await offered.tenant.post("/v1/responses", {**body, "input": [*[reference] * 100, said]})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "input")


async def test_what_is_not_stored_or_deleted_is_not_there(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    made = await openai.responses.create(model=agent["uuid"], input="Hello", store=False)
    kept = await openai.responses.create(model=agent["uuid"], input="Hello")
    await openai.responses.delete(kept.id)
    plain = (await scene.tenant.post(f"/api/v1/agents/{agent['uuid']}/run", {"input": "Hello"})).json()["data"]
    for response_id in (made.id, kept.id, f"resp_{plain['uuid'].replace('-', '')}"):
        with pytest.raises(library.NotFoundError):
            await openai.responses.retrieve(response_id)
        with pytest.raises(library.NotFoundError) as caught:
            await openai.responses.create(model=agent["uuid"], input="Go on", previous_response_id=response_id)
        assert caught.value.param == "previous_response_id"
    assert (await scene.run(kept.id.removeprefix("resp_")))["status"] == "gone"
    [event] = (await scene.tenant.get("/api/v1/audit-events?action=run.deleted")).json()["data"]
    assert event["resource_uuid"].replace("-", "") == kept.id.removeprefix("resp_")
    assert event["actor_user_uuid"] == str(scene.tenant.user_uuid)


async def test_an_answer_that_is_cut_off_is_incomplete(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent(fallback_models=[])
    scene.model.scripts = [failing(400, "That is no good.")]
    made = await openai.responses.create(model=agent["uuid"], input="Hello", background=True)
    await scene.ended(made.id.removeprefix("resp_"))
    failed = await openai.responses.retrieve(made.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.message
    scene.model.scripts = [failing(400, "That is no good.")]
    with pytest.raises(library.InternalServerError) as caught:
        await openai.responses.create(model=agent["uuid"], input="Hello")
    assert caught.value.request_id


async def test_who_may_not_or_has_nothing_left_is_told_so(
    scene: Scene, make_tenant: MakeTenant, server_url: str, openai: AsyncOpenAI
) -> None:
    agent = await scene.agent()
    made = await openai.responses.create(model=agent["uuid"], input="Hello")
    viewer = await make_tenant(Role.VIEWER, scene.tenant.workspace_uuid)
    async with client_of(viewer, server_url) as client:
        assert (await client.responses.retrieve(made.id)).output_text == made.output_text
        for call, missing in (
            (client.responses.create(model=agent["uuid"], input="Hello"), r"agents\.run"),
            (client.responses.cancel(made.id), r"runs\.cancel"),
            (client.responses.delete(made.id), r"messages\.delete"),
            (client.conversations.create(), r"threads\.create"),
            (client.files.create(file=b"text", purpose="user_data"), r"media\.create"),
        ):
            with pytest.raises(library.PermissionDeniedError, match=missing):
                await call
    await make_budget(scene.tenant, limit_tokens=5)
    with pytest.raises(library.RateLimitError) as caught:
        await openai.responses.create(model=agent["uuid"], input="Hello")
    assert (caught.value.code, bool(caught.value.request_id)) == ("insufficient_quota", True)


async def test_a_repeated_request_is_answered_from_the_same_run(scene: Scene, openai: AsyncOpenAI) -> None:
    agent = await scene.agent()
    headers = {"Idempotency-Key": "once"}
    answers = [
        await openai.responses.create(model=agent["uuid"], input="Hello", extra_headers=headers) for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len(scene.model.requests) == 1


BAD: list[tuple[dict[str, Any], str | None, str]] = [
    ({"max_tool_calls": 1}, "max_tool_calls", "unsupported_parameter"),
    ({"reasoning": {"effort": "high"}}, "reasoning.effort", "validation_failed"),
    ({"truncation": "disabled"}, "truncation", "validation_failed"),
    ({"parallel_tool_calls": False}, "parallel_tool_calls", "validation_failed"),
    ({"input": []}, "input", "validation_failed"),
    ({"input": " "}, "input", "validation_failed"),
    ({"input": [{"role": "user"}]}, "input[0].content", "validation_failed"),
    ({"input": [{"type": "reasoning", "summary": []}]}, "input[0]", "validation_failed"),
    ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].id", "validation_failed"),
    (
        {"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]},
        "input[0].call_id",
        "validation_failed",
    ),
    ({"tools": [{"type": "web_search"}]}, "tools[0]", "validation_failed"),
    (
        {"text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "no"}}}},
        "text.format.schema",
        "validation_failed",
    ),
    ({"metadata": {"a": 1}}, "metadata.a", "validation_failed"),
    ({"conversation": "conv_1"}, "conversation", "not_found"),
    ({"conversation": "conv_1", "previous_response_id": "resp_1"}, None, "validation_failed"),
    ({"background": True, "store": False}, None, "validation_failed"),
]


@pytest.mark.parametrize(("fields", "param", "code"), BAD)
async def test_a_bad_request_names_its_parameter(owner: Tenant, fields: dict[str, Any], param: str, code: str) -> None:
    answer = await owner.post("/v1/responses", {"model": "small", "input": "Hello", **fields})
    assert answer.status_code == (404 if code == "not_found" else 400), answer.text
    error = answer.json()["error"]
    assert (error["code"], error["type"]) == (code, "invalid_request_error")
    assert param is None or error["param"] == param

"""An agent answers: in the three ways to be told, and with everything that was said and set before it."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from tests.runs.conftest import Scene, check_told, text_of, until
from tests.runs.model_server import saying


async def test_the_finished_run_is_the_answer(scene: Scene) -> None:
    thread = await scene.thread()
    scene.model.scripts = [saying("Wide ", "ones.")]
    answer = await scene.say(thread, "Which tyres?")
    assert answer.status_code == 200
    run = answer.json()["data"]
    assert answer.headers["location"] == f"/api/v1/runs/{run['uuid']}"
    assert (run["kind"], run["status"], run["thread_uuid"], run["error"]) == ("thread", "succeeded", thread, None)
    message = run["output"]["message"]
    assert (message["role"], message["content"], message["model"]) == ("assistant", "Wide ones.", "small")
    assert run["usage"] == message["usage"] == {"input_tokens": 7, "output_tokens": 3, "cost": None}
    assert run["duration_ms"] >= 0
    assert await scene.said(thread) == [("user", "Which tyres?", "completed"), ("assistant", "Wide ones.", "completed")]
    user, stored = await scene.messages(thread)
    assert stored["parent_uuid"] == user["uuid"]
    assert (stored["uuid"], stored["run_uuid"]) == (message["uuid"], run["uuid"])
    assert stored["usage"] == run["usage"]
    assert stored["metadata"]["finish_reason"] == "stop"


async def test_a_run_in_the_background_is_accepted_at_once_and_polled(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("Wide ", "ones.", until=gate)]
    answer = await scene.say(thread, "Which tyres?", background=True)
    assert answer.status_code == 202
    run = answer.json()["data"]
    assert answer.headers["location"] == f"/api/v1/runs/{run['uuid']}"
    assert run["status"] in {"queued", "running"}
    assert (run["output"], run["usage"], run["finished_at"]) == (None, None, None)
    gate.set()
    ended = await scene.ended(run["uuid"])
    assert (ended["status"], ended["output"]["message"]["content"]) == ("succeeded", "Wide ones.")


@pytest.mark.parametrize("way", ["stream", "accept"])
async def test_a_stream_tells_the_run_event_by_event(scene: Scene, way: str) -> None:
    thread = await scene.thread()
    scene.model.scripts = [saying("Wide ", "ones.")]
    body = {"message": "Which tyres?", **({"stream": True} if way == "stream" else {})}
    headers = {"Accept": "text/event-stream"} if way == "accept" else {}
    told = await scene.stream("POST", f"/api/v1/threads/{thread}/run", body, headers)
    run = told[0].data["run_uuid"]
    check_told(told, run)
    kinds = [event.type for event in told]
    assert kinds[:2] == ["run.started", "message.started"]
    assert set(kinds[2:-2]) == {"message.delta"}
    assert kinds[-2:] == ["message.completed", "run.completed"]
    assert text_of(told) == told[-2].data["content"] == "Wide ones."
    assert len({event.data["message_uuid"] for event in told[1:-1]}) == 1
    assert told[-1].data["usage"] == {"input_tokens": 7, "output_tokens": 3, "cost": None}
    assert told == await scene.events_of(run)


async def test_background_in_the_body_wins_over_the_accept_header(scene: Scene) -> None:
    thread = await scene.thread()
    path, body = f"/api/v1/threads/{thread}/run", {"message": "Hello", "background": True}
    answer = await scene.tenant.post(path, body, headers={"Accept": "text/event-stream"})
    assert answer.status_code == 202
    await scene.ended(answer.json()["data"]["uuid"])
    refused = await scene.say(thread, "Hello", background=True, stream=True)
    assert refused.status_code == 422


async def test_an_agent_answers_an_input_without_a_thread(scene: Scene) -> None:
    agent = await scene.agent(system_prompt="Be brief.")
    answer = await scene.tenant.post(f"/api/v1/agents/{agent['uuid']}/run", {"input": "Which tyres?"})
    assert answer.status_code == 200
    run = answer.json()["data"]
    assert (run["kind"], run["agent_uuid"], run["thread_uuid"]) == ("agent", agent["uuid"], None)
    assert run["output"]["message"]["content"] == "Answer 1."
    assert scene.model.asked == [("system", "Be brief."), ("user", "Which tyres?")]
    assert (await scene.tenant.get("/api/v1/messages")).json()["data"] == []


async def test_an_agent_continues_a_conversation_that_is_given_along(scene: Scene) -> None:
    agent = await scene.agent()
    messages = [
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": [{"type": "text", "text": "Two"}]},
        {"role": "user", "content": "Three"},
    ]
    answer = await scene.tenant.post(f"/api/v1/agents/{agent['uuid']}/run", {"messages": messages})
    assert answer.status_code == 200, answer.text
    assert scene.model.asked == [("user", "One"), ("assistant", "Two"), ("user", "Three")]


async def test_an_agent_answers_in_a_thread_of_another_agent(scene: Scene) -> None:
    thread = await scene.thread()
    await scene.say(thread, "Hello")
    other = await scene.agent(name="Other", system_prompt="You are another.")
    body = {"input": "And you?", "thread_uuid": thread}
    run = (await scene.tenant.post(f"/api/v1/agents/{other['uuid']}/run", body)).json()["data"]
    assert (run["agent_uuid"], run["thread_uuid"]) == (other["uuid"], thread)
    assert scene.model.asked == [
        ("system", "You are another."),
        ("user", "Hello"),
        ("assistant", "Answer 1."),
        ("user", "And you?"),
    ]
    assert [message["agent_uuid"] for message in await scene.messages(thread)][-1] == other["uuid"]


async def test_the_run_overrides_the_thread_which_overrides_the_agent(scene: Scene) -> None:
    agent = await scene.agent(
        model="of-agent",
        system_prompt="You help {{ who }} and {{nobody}}.",
        metadata={"temperature": 0.1, "max_tokens": 10, "conversation_style": "formal"},
    )
    thread = await scene.thread(agent)
    await scene.say(thread, "Hello", variables={"who": "Ada"})
    asked = scene.model.requests[-1]
    assert (asked["model"], asked["temperature"]) == ("of-agent", 0.1)
    assert asked["max_tokens"] == 10
    system = "You help Ada and {{nobody}}.\n\nConversation style: formal"
    assert asked["messages"][0] == {"role": "system", "content": system}

    metadata = {"model": "of-thread", "max_tokens": 20, "system_prompt": "Thread's.", "temperature": 0}
    await scene.tenant.put(f"/api/v1/threads/{thread}", {"metadata": metadata})
    await scene.say(thread, "Hello")
    asked = scene.model.requests[-1]
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("of-thread", 0, 20)
    assert asked["messages"][0]["content"] == "Thread's.\n\nConversation style: formal"

    own = {"max_tokens": 30, "conversation_style": "curt", "model": "of-metadata"}
    await scene.say(thread, "Hello", metadata=own)
    asked = scene.model.requests[-1]
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("of-metadata", 0, 30)
    assert asked["messages"][0]["content"] == "Thread's.\n\nConversation style: curt"
    await scene.say(thread, "Hello", metadata=own, model="of-run")
    assert scene.model.requests[-1]["model"] == "of-run"
    assert [message["model"] for message in await scene.messages(thread)][1::2] == [
        "of-agent",
        "of-thread",
        "of-metadata",
        "of-run",
    ]


async def test_a_thread_without_an_agent_names_its_model(scene: Scene) -> None:
    thread = (await scene.tenant.post("/api/v1/threads", {})).json()["data"]["uuid"]
    refused = await scene.say(thread, "Hello")
    assert (refused.status_code, refused.json()["code"]) == (422, "model_missing")
    assert await scene.messages(thread) == []
    refused = await scene.say(thread, "Hello", model="nowhere")
    assert (refused.status_code, refused.json()["code"]) == (422, "model_unavailable")
    agent = await scene.agent()
    answer = await scene.say(thread, "Hello", agent_uuid=agent["uuid"])
    assert answer.json()["data"]["agent_uuid"] == agent["uuid"]


async def test_what_a_run_uses_is_frozen_when_it_is_accepted(scene: Scene) -> None:
    agent = await scene.agent(system_prompt="Old.")
    thread, gate = await scene.thread(agent), asyncio.Event()
    scene.model.scripts = [saying("One ", "two", until=gate)]
    first = await scene.begin(thread, "First")
    second = await scene.begin(thread, "Second")
    await scene.tenant.put(f"/api/v1/agents/{agent['uuid']}", {"system_prompt": "New.", "model": "other"})
    gate.set()
    for run in (first, second):
        assert (await scene.ended(run["uuid"]))["status"] == "succeeded"
    assert [(each["model"], each["messages"][0]["content"]) for each in scene.model.requests] == [("small", "Old.")] * 2


async def test_messages_to_a_running_thread_are_answered_in_order(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    runs = [await scene.begin(thread, text) for text in ("First", "Second", "Third")]
    assert [(await scene.run(run["uuid"]))["status"] for run in runs] == ["running", "queued", "queued"]
    assert [status for _, _, status in await scene.said(thread)][1::2] == ["pending"] * 3
    gate.set()
    for run in runs:
        assert (await scene.ended(run["uuid"]))["status"] == "succeeded"
    assert [text for _, text, _ in await scene.said(thread)] == [
        "First",
        "One two.",
        "Second",
        "Answer 2.",
        "Third",
        "Answer 3.",
    ]
    assert scene.model.asked == [
        ("user", "First"),
        ("assistant", "One two."),
        ("user", "Second"),
        ("assistant", "Answer 2."),
        ("user", "Third"),
    ]


async def test_threads_do_not_wait_for_each_other(scene: Scene) -> None:
    agent, gate = await scene.agent(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two.", until=gate)]
    slow = await scene.begin(await scene.thread(agent), "First")
    await until(lambda: scene.model.requests)
    assert (await scene.say(await scene.thread(agent), "Second")).status_code == 200
    assert (await scene.run(slow["uuid"]))["status"] == "running"
    gate.set()
    await scene.ended(slow["uuid"])


async def test_old_messages_are_left_out_when_they_do_not_fit_and_stay_stored(scene: Scene) -> None:
    agent = await scene.agent(system_prompt="Always here.")
    thread = await scene.thread(agent)
    long = "word " * 1_500
    for number in range(8):
        role = "user" if number % 2 == 0 else "assistant"
        body = {"thread_uuid": thread, "role": role, "content": f"{number} {long}"}
        assert (await scene.tenant.post("/api/v1/messages", body)).status_code == 201
    assert (await scene.say(thread, "What now?")).status_code == 200
    asked = scene.model.asked
    assert asked[0] == ("system", "Always here.")
    assert asked[-1] == ("user", "What now?")
    assert [text[:2] for _, text in asked[1:-1]] == ["6 ", "7 "]
    assert len(await scene.messages(thread)) == 10
    too_long = await scene.say(thread, "word " * 10_000)
    assert (too_long.status_code, too_long.json()["code"]) == (502, "context_too_long")
    assert (await scene.messages(thread))[-1]["error"]["code"] == "context_too_long"


async def test_usage_is_estimated_and_cost_counted_where_they_can_be(
    scene: Scene, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    thread = await scene.thread()
    await superuser.execute(
        "INSERT INTO large_language_models (uuid, workspace_uuid, created_at, updated_at, provider_uuid, account_uuid, "
        "name, display_name, input_price, output_price, capabilities, status) "
        "SELECT gen_random_uuid(), workspace_uuid, now(), now(), provider_uuid, uuid, 'small', 'Small', 2, 10, "
        "'{}', 'active' FROM accounts WHERE uuid = $1",
        scene.account,
    )
    scene.model.scripts = [saying("Yes", usage={"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100})]
    run = (await scene.say(thread, "Hello")).json()["data"]
    assert run["usage"] == {"input_tokens": 1000, "output_tokens": 100, "cost": 0.003}
    stored = (await scene.messages(thread))[-1]
    assert (stored["usage"], stored["metadata"]["usage_estimated"]) == (run["usage"], False)


async def test_nothing_is_said_with_nothing(scene: Scene) -> None:
    agent = await scene.agent()
    thread = await scene.thread(agent)
    for body in ({"message": ""}, {"message": " \n"}, {"message": {"content": ""}}, {"message": {"content": []}}):
        assert (await scene.tenant.post(f"/api/v1/threads/{thread}/run", body)).status_code == 422, body
    for body in ({}, {"input": ""}, {"messages": []}, {"input": "a", "messages": [{"role": "user", "content": "b"}]}):
        assert (await scene.tenant.post(f"/api/v1/agents/{agent['uuid']}/run", body)).status_code == 422, body
    ends = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    assert (await scene.tenant.post(f"/api/v1/agents/{agent['uuid']}/run", ends)).status_code == 422
    refused = await scene.say(thread)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["message"])
    assert await scene.messages(thread) == []
    assert (await scene.tenant.get("/api/v1/runs")).json()["data"] == []
    assert scene.model.requests == []

"""The model fails, in every way that it can: the caller learns why, and nothing is left half-done."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import Any

import httpx2
import pytest

from athena.app import create_app
from athena.config import Settings
from athena.process import opened
from tests.conftest import Connect, Tenant
from tests.runs.conftest import Scene, check_told, text_of, until
from tests.runs.model_server import failing, raw, saying

HTML = raw(b"<html>It works!</html>", "text/html")
CUT_JSON = raw(b'data: {"choices": [{"delta": {"content"\n\n')


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "authentication", "credentials"),
        (403, "permission", "not allowed"),
        (404, "not_found", "does not know this model"),
        (400, "invalid_request", "did not accept the request: no"),
    ],
)
async def test_what_will_not_pass_by_itself_fails_at_once(scene: Scene, status: int, code: str, words: str) -> None:
    thread = await scene.thread()
    scene.model.scripts = [failing(status)]
    answer = await scene.say(thread, "Hello")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (502, code)
    assert words in problem["detail"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert "sk-canary" not in answer.text
    assert len(scene.model.requests) == 1
    message = (await scene.messages(thread))[-1]
    assert (message["status"], message["content"]) == ("failed", "")
    assert message["error"] == {"code": code, "message": problem["detail"]}
    run = await scene.run(message["run_uuid"])
    assert (run["status"], run["error"], run["output"]) == ("failed", message["error"], None)


async def test_a_failure_is_told_in_the_stream_and_by_the_polled_run(scene: Scene) -> None:
    thread = await scene.thread()
    scene.model.scripts = [failing(401), failing(401)]
    told = await scene.stream("POST", f"/api/v1/threads/{thread}/run", {"message": "Hello", "stream": True})
    check_told(told, told[0].data["run_uuid"])
    assert told[-1].type == "run.failed"
    assert told[-1].data["error"]["code"] == "authentication"
    run = await scene.ended((await scene.begin(thread, "Hello"))["uuid"])
    assert (run["status"], run["error"]) == ("failed", told[-1].data["error"])


async def test_a_failed_answer_is_not_part_of_what_the_model_reads_later(scene: Scene) -> None:
    thread = await scene.thread()
    scene.model.scripts = [failing(401)]
    await scene.say(thread, "First")
    assert (await scene.say(thread, "Second")).status_code == 200
    assert scene.model.asked == [("user", "First"), ("user", "Second")]


async def test_what_may_pass_is_tried_again(scene: Scene) -> None:
    threads = [await scene.thread() for _ in range(4)]
    faults = [failing(500), failing(503), HTML, CUT_JSON]
    for thread, fault in zip(threads, faults, strict=True):
        scene.model.scripts = [fault, saying("After all.")]
        answer = await scene.say(thread, "Hello")
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["output"]["message"]["content"] == "After all."
        told = await scene.events_of(answer.json()["data"]["uuid"])
        assert "message.restarted" not in {event.type for event in told}


async def test_the_providers_retry_after_is_honoured(scene: Scene) -> None:
    thread, clock = await scene.thread(), asyncio.get_running_loop()
    scene.model.scripts = [failing(429, headers={"Retry-After": "1"})]
    begun = clock.time()
    assert (await scene.say(thread, "Hello")).status_code == 200
    assert 1.0 <= clock.time() - begun < 4.0
    scene.model.scripts = [failing(429, headers={"Retry-After": "3600"})]
    refused = await scene.say(thread, "Hello")
    assert (refused.status_code, refused.json()["code"]) == (502, "rate_limited")
    assert len(scene.model.requests) == 3


async def test_text_that_was_shown_before_a_failure_is_void_when_the_call_begins_anew(scene: Scene) -> None:
    thread = await scene.thread()
    scene.model.scripts = [saying("Half an ", "ans", drop=True), saying("A whole ", "answer.")]
    told = await scene.stream("POST", f"/api/v1/threads/{thread}/run", {"message": "Hello", "stream": True})
    check_told(told, told[0].data["run_uuid"])
    kinds = [event.type for event in told]
    assert kinds.count("message.restarted") == 1
    restarted = kinds.index("message.restarted")
    assert "message.delta" in kinds[:restarted]
    assert told[restarted].data["message_uuid"] == told[1].data["message_uuid"]
    assert text_of(told) == "A whole answer."
    assert (await scene.said(thread))[-1] == ("assistant", "A whole answer.", "completed")


async def test_every_fault_that_stays_ends_the_run_with_its_code(scene: Scene, connect: Connect, mockllm: str) -> None:
    """All at once, because each is tried four times."""
    mock = str(await connect(scene.tenant, mockllm))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = str(await connect(scene.tenant, f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"))
        expected = {
            (mock, "[[error:500]]"): "server_error",
            (mock, "[[error:503]]"): "overloaded",
            (mock, "[[error:429]]"): "rate_limited",
            (mock, "[[drop:2]]"): "connection",
            (closed, "Hello"): "connection",
        }
        agents = {account: await scene.agent(account_uuid=account) for account in (mock, closed)}
        threads = [await scene.thread(agents[account]) for account, _ in expected]
        begun = [await scene.begin(thread, text) for thread, (_, text) in zip(threads, expected, strict=True)]
        ended = [await scene.ended(run["uuid"]) for run in begun]
    assert [run["status"] for run in ended] == ["failed"] * len(expected)
    assert [run["error"]["code"] for run in ended] == list(expected.values())
    for thread, run in zip(threads, ended, strict=True):
        message = (await scene.messages(thread))[-1]
        assert (message["status"], message["error"]) == ("failed", run["error"])
        told = await scene.events_of(run["uuid"])
        check_told(told, run["uuid"])
        assert text_of(told) == message["content"]
    dropped = await scene.events_of(ended[3]["uuid"])
    assert [event.type for event in dropped].count("message.restarted") == 3
    assert text_of(dropped) == "the quick "


async def test_an_answer_with_what_a_database_cannot_store_is_kept_without_it(scene: Scene) -> None:
    thread = await scene.thread()
    nul = b'data: {"choices": [{"index": 0, "delta": {"content": "a\\u0000b"}, "finish_reason": "stop"}]}\n\n'
    scene.model.scripts = [raw(nul + b"data: [DONE]\n\n")]
    answer = await scene.say(thread, "Hello")
    assert answer.status_code == 200, answer.text
    assert (await scene.said(thread))[-1] == ("assistant", "a\ufffdb", "completed")
    assert answer.json()["data"]["output"]["message"]["content"] == "a\ufffdb"
    scene.model.scripts = [failing(400, "a\0b")]
    assert (await scene.say(thread, "Hello")).status_code == 502
    assert (await scene.messages(thread))[-1]["status"] == "failed"


async def test_an_empty_answer_is_an_answer(scene: Scene) -> None:
    thread = await scene.thread()
    scene.model.scripts = [saying()]
    assert (await scene.say(thread, "Hello")).json()["data"]["output"]["message"]["content"] == ""
    await scene.say(thread, "Still there?")
    assert scene.model.asked == [("user", "Hello"), ("user", "Still there?")]


async def test_an_account_that_goes_before_its_turn_fails_the_run(scene: Scene) -> None:
    thread, gate = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("One ", "two", until=gate)]
    first = await scene.begin(thread, "First")
    await until(lambda: scene.model.requests)
    second = await scene.begin(thread, "Second")
    assert (await scene.tenant.delete(f"/api/v1/accounts/{scene.account}")).status_code == 204
    gate.set()
    assert (await scene.ended(first["uuid"]))["status"] == "succeeded"
    ended = await scene.ended(second["uuid"])
    assert (ended["status"], ended["error"]["code"]) == ("failed", "not_found")
    assert (await scene.said(thread))[-1] == ("assistant", "", "failed")


@pytest.fixture
async def hasty(settings: Settings, database_url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """The application of a process that waits one second for a model."""
    async with opened(settings.model_copy(update={"model_timeout_seconds": 1.0}), database_url) as process:
        # Beside the loop: making it takes long on a busy machine, and other processes are not to think this one dead.
        transport = httpx2.ASGITransport(app=await asyncio.to_thread(create_app, process))
        async with httpx2.AsyncClient(transport=transport, base_url="http://athena.test", timeout=20) as client:
            yield client


async def test_a_model_that_hangs_ends_the_run_in_time(
    hasty: httpx2.AsyncClient, owner: Tenant, connect: Connect, mockllm: str
) -> None:
    agent = await owner.post("/api/v1/agents", {"name": "A", "model": "m", "account_uuid": str(await connect(owner))})
    path = f"/api/v1/agents/{agent.json()['data']['uuid']}/run"
    begun = asyncio.get_running_loop().time()
    answers: list[Any] = await asyncio.gather(
        *(
            hasty.post(path, json={"input": text}, headers=owner.headers)
            for text in ("[[hang]]", "[[tokens:100]] [[delay:100]]")
        )
    )
    assert asyncio.get_running_loop().time() - begun < 4
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
        assert "in time" in answer.json()["detail"]


async def test_absurd_counts_of_a_provider_are_estimated_instead(scene: Scene) -> None:
    thread = await scene.thread()
    for usage in ({"prompt_tokens": 10**30, "completion_tokens": 3}, {"prompt_tokens": 3, "completion_tokens": -3}):
        scene.model.scripts = [saying("Yes", usage=usage)]
        answer = await scene.say(thread, "Hello")
        assert answer.status_code == 200, answer.text
        assert 0 < answer.json()["data"]["usage"]["input_tokens"] < 100
        assert (await scene.messages(thread))[-1]["metadata"]["usage_estimated"] is True

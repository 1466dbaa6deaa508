"""A run that is asked for again with its `Idempotency-Key` is the same run, and the model is called once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.runs.conftest import Scene, check_told, events, text_of, until
from tests.runs.model_server import failing, saying


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def ask(scene: Scene, thread: str, headers: dict[str, str], **body: Any) -> Any:
    return await scene.tenant.post(f"/api/v1/threads/{thread}/run", {"message": "Hello", **body}, headers=headers)


async def test_a_finished_run(scene: Scene) -> None:
    thread, headers = await scene.thread(), key()
    first = await ask(scene, thread, headers)
    again = await ask(scene, thread, headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert len(scene.model.requests) == 1
    assert len(await scene.messages(thread)) == 2
    other = await ask(scene, thread, headers, message="Something else")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_run_in_the_background(scene: Scene) -> None:
    thread, headers = await scene.thread(), key()
    first = await ask(scene, thread, headers, background=True)
    assert first.status_code == 202
    await scene.ended(first.json()["data"]["uuid"])
    again = await ask(scene, thread, headers, background=True)
    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(scene.model.requests) == 1


async def test_a_run_that_is_waited_for_is_in_flight_until_its_end(scene: Scene) -> None:
    thread, headers, go_on = await scene.thread(), key(), asyncio.Event()
    scene.model.scripts = [saying("All ", "is well.", until=go_on)]
    first = asyncio.create_task(ask(scene, thread, headers))
    await until(lambda: scene.model.requests)
    early = await ask(scene, thread, headers)
    assert (early.status_code, early.json()["code"]) == (409, "idempotency_in_flight")
    assert early.headers["retry-after"] == "1"
    assert "idempotency-replayed" not in early.headers
    go_on.set()
    done = await first
    again = await ask(scene, thread, headers)
    assert (again.status_code, again.json()) == (200, done.json())
    assert len(scene.model.requests) == 1


async def test_who_lost_the_connection_gets_the_same_run(
    scene: Scene, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    thread, headers = await scene.thread(), key()
    first = await ask(scene, thread, headers)
    # As a process leaves it that was killed while it waited for the run.
    await superuser.execute(
        "UPDATE idempotency_keys SET status = NULL, headers = NULL, sealed_body = NULL WHERE user_uuid = $1",
        scene.tenant.user_uuid,
    )
    again = await ask(scene, thread, headers)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert len(scene.model.requests) == 1


async def test_a_run_that_failed_has_failed_for_a_repetition_too(scene: Scene) -> None:
    thread, headers = await scene.thread(), key()
    scene.model.scripts = [failing(401)]
    first = await ask(scene, thread, headers)
    again = await ask(scene, thread, headers)
    assert (first.status_code, again.status_code) == (502, 502)
    assert again.json()["code"] == first.json()["code"] == "authentication"
    assert again.headers["idempotency-replayed"] == "true"
    assert len(scene.model.requests) == 1


@pytest.mark.parametrize("by", ["body", "header"])
async def test_a_stream_is_told_from_its_start_also_while_it_goes_on(scene: Scene, by: str) -> None:
    thread, headers, go_on = await scene.thread(), key(), asyncio.Event()
    path = f"/api/v1/threads/{thread}/run"
    body: dict[str, Any] = {"message": "Hello"}
    if by == "body":
        body["stream"] = True
    else:
        headers["Accept"] = "text/event-stream"
    scene.model.scripts = [saying("All ", "is well.", until=go_on)]
    async with scene.open("POST", path, body, headers) as first:
        assert first.status_code == 200
        location = first.headers["location"]
        told = events(first)
        while (await anext(told)).type != "message.delta":
            pass
    # The connection is lost; the run is not.
    async with scene.open("POST", path, body, headers) as second:
        assert second.headers["location"] == location
        assert second.headers["idempotency-replayed"] == "true"
        go_on.set()
        whole = [event async for event in events(second)]
    check_told(whole, location.rpartition("/")[2])
    assert text_of(whole) == "All is well."
    again = await scene.stream("POST", path, body, headers)
    assert again == whole
    assert len(scene.model.requests) == 1


async def test_an_agents_run(scene: Scene) -> None:
    agent, headers = await scene.agent(), key()
    path = f"/api/v1/agents/{agent['uuid']}/run"
    answers = [await scene.tenant.post(path, {"input": "Hello"}, headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert len(scene.model.requests) == 1


async def test_naming_that_failed_may_be_asked_for_again(
    scene: Scene, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    thread, headers = await scene.thread(name="Before"), key()
    await scene.say(thread, "Hello")
    path = f"/api/v1/threads/{thread}/generate-name"
    scene.model.scripts = [failing(401), saying("Ships")]
    failed = await scene.tenant.post(path, {}, headers=headers)
    assert failed.status_code == 502
    assert not await superuser.fetchval(
        "SELECT count(*) FROM idempotency_keys WHERE user_uuid = $1", scene.tenant.user_uuid
    )
    named = await scene.tenant.post(path, {}, headers=headers)
    assert (named.status_code, named.json()["data"]["name"]) == (200, "Ships")
    again = await scene.tenant.post(path, {}, headers=headers)
    assert (again.content, again.headers["etag"]) == (named.content, named.headers["etag"])
    assert len(scene.model.requests) == 3


async def test_the_head_of_a_stream_ends_at_once_and_has_the_usual_headers(scene: Scene) -> None:
    thread, go_on = await scene.thread(), asyncio.Event()
    scene.model.scripts = [saying("All ", "is well.", until=go_on)]
    run = await scene.begin(thread, "Hello")
    path = f"/api/v1/runs/{run['uuid']}/events"
    async with asyncio.timeout(5), scene.open("HEAD", path) as head:
        assert [line async for line in head.aiter_lines()] == []
    async with scene.open("GET", path) as shown:
        assert shown.status_code == head.status_code == 200
        for name in ("content-type", "x-content-type-options", "content-security-policy", "ratelimit-policy"):
            assert shown.headers[name] == head.headers[name]
        assert shown.headers["content-type"].startswith("text/event-stream")
    go_on.set()
    await scene.ended(run["uuid"])
